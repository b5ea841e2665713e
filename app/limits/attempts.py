"""How often sign-in may fail and sign-up may be tried, counted in the database that all processes share."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from math import ceil
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app import clock
from app.credentials import digest
from app.database.connections import connect
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db
from app.limits.models import RateLimitCounter
from app.sentences import ngettext

SIGN_IN_PER_ACCOUNT = RateLimitItemPerMinute(10, 15, namespace="sign-in/account")
SIGN_IN_PER_ADDRESS = RateLimitItemPerMinute(50, 15, namespace="sign-in/address")
REGISTRATION_PER_ADDRESS = RateLimitItemPerHour(20, namespace="registration/address")
SIGN_UP_PER_ADDRESS = RateLimitItemPerHour(20, namespace="sign-up/address")


class TooManyAttempts(Exception):
    """The limit is reached; ``seconds`` says how long it lasts, the message says it to a person."""

    def __init__(self, seconds: int):
        minutes = ceil(seconds / 60)
        super().__init__(
            ngettext(
                "Too many attempts. Wait %(num)s minute and try again.",
                "Too many attempts. Wait %(num)s minutes and try again.",
                minutes,
            )
        )
        self.seconds = seconds


def take_attempt(limit: RateLimitItem, subject: str) -> None:
    """Count one attempt of ``subject``, at once. Raises :class:`TooManyAttempts` when it is one too many."""
    if not _limiter.hit(limit, subject):
        reset_at = _limiter.get_window_stats(limit, subject).reset_time
        raise TooManyAttempts(max(1, ceil(reset_at - clock.now().timestamp())))


def give_back_attempt(limit: RateLimitItem, subject: str) -> None:
    """Uncount an attempt that was taken and turned out to be none."""
    _limiter.hit(limit, subject, cost=-1)


def network_of(address: str) -> str:
    """What is counted as one address: an IPv4 address, or the /64 that one IPv6 customer has at least."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False))


class DatabaseStorage(Storage):
    """The counters of the ``limits`` library in our table, one statement an operation.

    Each runs on a connection of its own and stands at once, so that what was counted stays
    counted whatever becomes of the request. On SQLite the caller may therefore not hold a
    write transaction.
    """

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        at = clock.now()
        with connect(db.engine) as connection:
            return connection.first(
                _COUNT[db.engine.dialect.name],
                key=digest(key),
                amount=amount,
                first_count=max(amount, 0),
                at=at,
                window_end=at + timedelta(seconds=expiry),
            ).count

    def get(self, key: str) -> int:
        row = self._find(key)
        return 0 if row is None else row.count

    def get_expiry(self, key: str) -> float:
        row = self._find(key)
        return (clock.now() if row is None else row.expires_at).timestamp()

    def check(self) -> bool:
        self._find("")
        return True

    def reset(self) -> int:
        with connect(db.engine) as connection:
            return connection.run(_CLEAR_ALL)

    def clear(self, key: str) -> None:
        with connect(db.engine) as connection:
            connection.run(_CLEAR, key_=digest(key))

    def _find(self, key: str) -> Any:
        with connect(db.engine) as connection:
            return connection.first(_FIND, key_=digest(key), at=clock.now())


def _count_statement(insert: Callable[..., Any]) -> Statement:
    """Start a window, or add to the one that runs: atomic, so that parallel attempts count each."""
    row = RateLimitCounter.__table__.c
    insertion = insert(RateLimitCounter).values(
        key=bindparam("key"),
        count=bindparam("first_count", type_=row["count"].type),
        expires_at=bindparam("window_end", type_=UtcDateTime),
    )
    is_over = row.expires_at <= bindparam("at", type_=UtcDateTime)
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


_COUNT = {"sqlite": _count_statement(sqlite.insert), "postgresql": _count_statement(postgresql.insert)}
_FIND = Statement(
    select(RateLimitCounter.count, RateLimitCounter.expires_at).where(
        RateLimitCounter.key == bindparam("key_"),
        RateLimitCounter.expires_at > bindparam("at", type_=UtcDateTime),
    )
)
_CLEAR = Statement(delete(RateLimitCounter).where(RateLimitCounter.key == bindparam("key_")))
_CLEAR_ALL = Statement(delete(RateLimitCounter))

_limiter = FixedWindowRateLimiter(DatabaseStorage())
