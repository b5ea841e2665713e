"""Work that one process of all does at a time, on whichever machine: whoever has taken its lease.

A lease is a row, taken, renewed and given back by one statement each, which hold behind a pooler too. It runs out by the
*database's* clock, the only one that all machines share: the lease of a process that died, or that was stopped for too
long, is another's after it.
"""

import os
import socket
from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Engine, Integer, String, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.credentials import new_id
from app.database.connections import connect
from app.database.statements import Statement
from app.database.types import Base

_MICROSECONDS = 1_000_000
_LONGEST_HOLDER = 80


class Lease(Base):
    """One job: who does it, or did it last, until when the lease runs, and when the job was last finished.

    Both in microseconds since 1970, by the database's clock: a machine's own has nothing to compare them with.
    """

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(_LONGEST_HOLDER))
    expires_at: Mapped[int] = mapped_column(BigInteger)
    done_at: Mapped[int | None] = mapped_column(BigInteger)


class DatabaseNow(ColumnElement[int]):
    """This instant as the database sees it, in microseconds since 1970; the same on both databases."""

    type = BigInteger()
    inherit_cache = True


@compiles(DatabaseNow, "sqlite")
def _sqlite_now(_element: DatabaseNow, _compiler: Any, **_how: Any) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


@compiles(DatabaseNow, "postgresql")
def _postgresql_now(_element: DatabaseNow, _compiler: Any, **_how: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"


class LeaseState(Struct, frozen=True):
    """What a lease's row says now. ``done_ago`` is in seconds, None for a job that was never finished.

    It is negative where the clock has been put back since.
    """

    holder: str
    is_held: bool
    done_ago: float | None


def new_holder() -> str:
    """Returns a name for this process as a holder, which tells an operator where to look and is never given twice."""
    place = f"{socket.gethostname()}, process {os.getpid()}"
    return f"{place[: _LONGEST_HOLDER - 34]} ({new_id('run')})"


def take_lease(engine: Engine, name: str, holder: str, *, seconds: int, every: float = 0) -> bool:
    """Take the lease for so long, unless another has it, or the job was finished less than ``every`` seconds ago.

    Returns whether it was taken.
    """
    bounds = {"seconds": seconds * _MICROSECONDS, "every": round(every * _MICROSECONDS)}
    with connect(engine) as connection:
        # Looking first keeps nobody waiting: on SQLite even an INSERT that changes nothing is a writer.
        found = connection.first(_LOOK, lease=name, **bounds)
        return (found is None or bool(found.is_free)) and (
            connection.run(_take(engine.dialect.name), name=name, holder=holder, **bounds) == 1
        )


def renew_lease(engine: Engine, name: str, holder: str, *, seconds: int) -> bool:
    """Have it run for so long from now. Returns whether it was still the holder's."""
    with connect(engine) as connection:
        return connection.run(_RENEW, lease=name, by=holder, seconds=seconds * _MICROSECONDS) == 1


def give_back_lease(engine: Engine, name: str, holder: str, *, is_done: bool) -> None:
    """End it now, if it is the holder's, and write down whether the job was finished."""
    with connect(engine) as connection:
        connection.run(_GIVE_BACK, lease=name, by=holder, is_done=int(is_done))


def forget_lease(engine: Engine, name: str) -> None:
    """Have nobody ever have done the job."""
    with connect(engine) as connection:
        connection.run(_FORGET, lease=name)


def find_lease(engine: Engine, name: str) -> LeaseState | None:
    """Returns what is known of a job; None when nobody ever did it."""
    with connect(engine) as connection:
        found = connection.first(_FIND, lease=name)
    if found is None:
        return None
    done_ago = None if found.done_before is None else found.done_before / _MICROSECONDS
    return LeaseState(found.holder, bool(found.is_held), done_ago)


def read_clock(engine: Engine) -> float:
    """Returns this instant by the database's clock, in seconds since 1970."""
    with connect(engine) as connection:
        microseconds: int = connection.scalar(_READ_CLOCK)
    return microseconds / _MICROSECONDS


_LEASE = Lease.__table__.c
_NOW = DatabaseNow()
_READ_CLOCK = Statement(select(_NOW.label("now")))
_SECONDS = bindparam("seconds", type_=BigInteger)
_EVERY = bindparam("every", type_=BigInteger)
_IS_HELD = (_LEASE.expires_at > _NOW) & (_LEASE.holder == bindparam("by"))
# An instant further away than it can have been set was set by a clock that has been put back since.
_IS_FREE = ((_LEASE.expires_at <= _NOW) | (_LEASE.expires_at > _NOW + _SECONDS)) & (
    _LEASE.done_at.is_(None) | (_LEASE.done_at <= _NOW - _EVERY) | (_LEASE.done_at > _NOW)
)

_LOOK = Statement(select(case((_IS_FREE, 1), else_=0).label("is_free")).where(_LEASE.name == bindparam("lease")))
_FIND = Statement(
    select(
        _LEASE.holder,
        case((_LEASE.expires_at > _NOW, 1), else_=0).label("is_held"),
        (_NOW - _LEASE.done_at).label("done_before"),
    ).where(_LEASE.name == bindparam("lease"))
)


@cache
def _take(dialect: str) -> Statement:
    insert: Callable[..., Any] = (postgresql if dialect == "postgresql" else sqlite).insert
    insertion = insert(Lease).values(name=bindparam("name"), holder=bindparam("holder"), expires_at=_NOW + _SECONDS)
    return Statement(
        insertion.on_conflict_do_update(
            index_elements=[_LEASE.name],
            set_={"holder": insertion.excluded.holder, "expires_at": insertion.excluded.expires_at},
            where=_IS_FREE,
        )
    )


_RENEW = Statement(update(Lease).where(_LEASE.name == bindparam("lease"), _IS_HELD).values(expires_at=_NOW + _SECONDS))
_FORGET = Statement(delete(Lease).where(_LEASE.name == bindparam("lease")))
_GIVE_BACK = Statement(
    update(Lease)
    .where(_LEASE.name == bindparam("lease"), _LEASE.holder == bindparam("by"))
    .values(expires_at=_NOW, done_at=case((bindparam("is_done", type_=Integer) == 1, _NOW), else_=_LEASE.done_at))
)
