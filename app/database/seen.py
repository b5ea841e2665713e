"""What the database looks like from here, for the metrics: whether it answers, and which schema it has."""

from collections.abc import Iterable

from sqlalchemy import Engine

from app import metrics
from app.database.connections import connect
from app.database.schema import Revisions, find_present


def measure_database(engine: Engine, revisions: Revisions) -> None:
    """Say whether the database answers, and its revision beside ours."""
    metrics.SCHEMA_EXPECTED.set(_number(revisions.heads))
    try:
        with connect(engine) as connection:
            present = find_present(connection)
    # Whatever it is, the database gave no answer.
    except Exception:
        metrics.DATABASE_UP.set(0)
        return
    metrics.DATABASE_UP.set(1)
    metrics.SCHEMA_REVISION.set(_number(present))


def _number(revisions: Iterable[str]) -> int:
    """The number of the latest; ours are counted up, and 0 is none."""
    return max((int(revision) for revision in revisions if revision.isdecimal()), default=0)
