"""How many connections this process has, and what they do."""

from sqlalchemy import Engine, QueuePool


def count_connections(engine: Engine) -> dict[tuple[str, ...], float]:
    """Returns the connections in use, those that wait to be used, and those beyond the pool's size."""
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return {}
    return {
        ("in_use",): pool.checkedout(),
        ("idle",): pool.checkedin(),
        # Below the size it counts up to it from a negative number.
        ("overflow",): max(0, pool.overflow()),
    }
