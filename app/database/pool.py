"""How many connections this process has, and what they do."""

from sqlalchemy import Engine, QueuePool

from app.database.connections import count_kept


def count_connections(engine: Engine) -> dict[tuple[str, ...], float]:
    """Returns the connections in use, those that wait to be used, and those beyond the pool's size."""
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return {}
    kept = count_kept(engine)
    return {
        ("in_use",): max(0, pool.checkedout() - kept),
        ("idle",): pool.checkedin() + kept,
        # Below the size it counts up to it from a negative number.
        ("overflow",): max(0, pool.overflow()),
    }
