"""Counters in our database, which all processes share."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from limits.storage import Storage
from sqlalchemy import Engine, bindparam, case, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app import clock
from app.credentials import digest
from app.database.access import expect_writes
from app.database.connections import connect
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.limits.models import RateLimitCounter
from app.limits.process import WINDOWS_AHEAD

# So long does a count wait for whoever writes to SQLite. Then it is counted in the process.
_MILLISECONDS = 500


class DatabaseStorage(Storage):
    """The counters of the ``limits`` library in our table, one statement an operation.

    Each runs on a connection of its own and stands at once, so that what was counted stays
    counted whatever becomes of the request. On SQLite the caller may therefore not hold a
    write transaction.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        at = clock.now()
        # Whatever the method is: who only asks for the head of a page knocks, too.
        with expect_writes(), connect(self._engine) as connection, connection.waiting_at_most(_MILLISECONDS):
            return connection.first(
                _count_statement(self._engine.dialect.name),
                key=digest(key),
                amount=amount,
                first_count=max(amount, 0),
                at=at,
                window_end=at + timedelta(seconds=expiry),
                out_of_reach=at + timedelta(seconds=WINDOWS_AHEAD * expiry),
            ).count

    def get(self, key: str) -> int:
        row = self._find(key)
        return 0 if row is None else row.count

    def get_expiry(self, key: str) -> float:
        row = self._find(key)
        return (clock.now() if row is None else row.expires_at).timestamp()

    def check(self) -> bool:
        """Returns whether something can be counted; a database that only reads cannot."""
        self.incr("check", 1)
        return True

    def reset(self) -> int:
        with connect(self._engine) as connection:
            return connection.run(_CLEAR_ALL)

    def clear(self, key: str) -> None:
        with connect(self._engine) as connection:
            connection.run(_CLEAR, key_=digest(key))

    def _find(self, key: str) -> Any:
        with connect(self._engine) as connection:
            return connection.first(_FIND, key_=digest(key), at=clock.now())


@cache
def _count_statement(dialect: str) -> Statement:
    """Start a window, or add to the one that runs: atomic, so that parallel attempts count each."""
    insert: Callable[..., Any] = (postgresql if dialect == "postgresql" else sqlite).insert
    row = RateLimitCounter.__table__.c
    insertion = insert(RateLimitCounter).values(
        key=bindparam("key"),
        count=bindparam("first_count", type_=row["count"].type),
        expires_at=bindparam("window_end", type_=UtcDateTime),
    )
    is_over = or_(
        row.expires_at <= bindparam("at", type_=UtcDateTime),
        row.expires_at > bindparam("out_of_reach", type_=UtcDateTime),
    )
    added = row["count"] + bindparam("amount", type_=row["count"].type)
    return Statement(
        insertion.on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "count": case((is_over, insertion.excluded["count"]), (added < 0, 0), else_=added),
                "expires_at": case((is_over, insertion.excluded.expires_at), else_=row.expires_at),
            },
        ).returning(row["count"])
    )


_FIND = Statement(
    select(RateLimitCounter.count, RateLimitCounter.expires_at).where(
        RateLimitCounter.key == bindparam("key_"),
        RateLimitCounter.expires_at > bindparam("at", type_=UtcDateTime),
    )
)
_CLEAR = Statement(delete(RateLimitCounter).where(RateLimitCounter.key == bindparam("key_")))
_CLEAR_ALL = Statement(delete(RateLimitCounter))
