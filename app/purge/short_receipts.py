"""Receipts of people who keep them for less long than most: found by the people, not by looking at everybody's."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, delete

from app import clock
from app.consents.receipts import AccessRecord, ReceiptDetail
from app.consents.receipts.keeping import CHOICES, USUAL, select_shorter
from app.database.access import expect_reads
from app.purge.batches import Pace, write_batch


def purge_short_receipts(engine: Engine, pace: Pace) -> dict[str, int]:
    """Delete what is over, in batches that each stand. Returns how many rows of each table went."""
    deleted: dict[str, int] = {}
    for model in (AccessRecord, ReceiptDetail):
        for days in CHOICES:
            if days < USUAL:
                name = model.__tablename__
                deleted[name] = deleted.get(name, 0) + _purge(engine, pace, model, days)
    return deleted


def _purge(engine: Engine, pace: Pace, model: Any, days: int) -> int:
    deleted, at = 0, clock.now()
    while True:
        with expect_reads(), engine.connect() as connection:
            keys: Sequence[Any] = connection.scalars(select_shorter(model, days, at, pace.rows)).all()
        if not keys:
            return deleted
        count, took = write_batch(engine, partial(_delete, model, keys))
        deleted += count
        pace.learn(len(keys), took)
        # Somebody holds them all: the next purge comes again.
        if not pace.let_others(took) or not count:
            return deleted


def _delete(model: Any, keys: Sequence[Any], connection: Connection) -> int:
    count: int = connection.execute(delete(model).where(model.id.in_(keys))).rowcount
    return count
