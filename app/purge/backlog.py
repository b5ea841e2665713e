"""How far the purge is behind: counted by the indexes alone, and only so far that it costs next to nothing."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Engine, func, select

from app.config import Settings
from app.database.access import expect_reads
from app.purge.accounts import find_rule_of_leaving
from app.purge.rules import Rule, find_rules
from app.purge.unused_clients import find_rule_of_reviews

#: Of each table; where there are more, there are so many at least.
MOST_COUNTED = 10_000


class Backlog(Struct, frozen=True):
    """Of one table: how many rows are over, up to :data:`MOST_COUNTED`, and for how many seconds the oldest is."""

    rows: int
    seconds: float


def find_backlog(engine: Engine, settings: Settings) -> dict[str, Backlog]:
    """Returns what waits to be purged, by table. What must be looked through to know it is not counted."""
    found: dict[str, Backlog] = {}
    with expect_reads(), engine.connect() as connection:
        for rule in (*find_rules(settings), find_rule_of_reviews(), find_rule_of_leaving()):
            if rule.is_certain:
                told = _look(connection, rule)
                before = found.get(rule.name, Backlog(0, 0))
                found[rule.name] = Backlog(before.rows + told.rows, max(before.seconds, told.seconds))
    return found


def _look(connection: Connection, rule: Rule) -> Backlog:
    oldest: datetime | None = connection.scalar(select(func.min(rule.by)))
    if oldest is None or rule.until is None or oldest > rule.until:
        return Backlog(0, 0)
    over: Any = select(rule.by).where(rule.by <= rule.until).limit(MOST_COUNTED).subquery()
    rows: int = connection.scalar(select(func.count()).select_from(over)) or 0
    # Since when it could have gone: its instant is so much older than the rule demands.
    return Backlog(rows, max(0.0, (rule.until - oldest).total_seconds()))
