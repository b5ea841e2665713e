"""What a request may do with the database, and that it never waits for itself.

A request has two doors to the database: the ORM's session, in one transaction, and driver connections, whose statements
stand alone unless they say otherwise. Each has a connection of its own, so if both wrote, one could wait for what the
other holds, and with it for its own end. That cannot be:

* where the ORM may only read, the database itself refuses it anything else, locks included, and whoever only reads
  keeps nobody waiting;
* whichever of the two writes first, the other gets :class:`WaitsForItself` at once, on both databases.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import ReferenceType, ref

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session


class Access(Struct, frozen=True):
    """What a request may do. The door that it came in by says it, for each method."""

    #: Whether the ORM's transactions may write.
    orm_writes: bool
    #: Whether driver connections may.
    driver_writes: bool
    #: Whether it may be noted that somebody was here. All that a request notes goes through :func:`may_note`.
    notes: bool


#: What a command, a thread or a test may do.
EVERYTHING = Access(orm_writes=True, driver_writes=True, notes=True)

_access: ContextVar[Access] = ContextVar("access", default=EVERYTHING)
_orm_writer: ContextVar[ReferenceType[Connection] | None] = ContextVar("orm_writer", default=None)
_driver_writes_now: ContextVar[bool] = ContextVar("driver_writes_now", default=False)
_has_committed: ContextVar[bool] = ContextVar("has_committed", default=False)


class WaitsForItself(RuntimeError):
    """One request would write by both of its doors to the database, where one can wait for the other for ever."""


class MayNotWrite(RuntimeError):
    """A request would write that by its door and its method may only read."""


def set_access(access: Access) -> None:
    """Say what this context may do from now on. Called at the beginning and the end of each request, and nowhere else."""
    _access.set(access)
    # To ask costs less than to say it once more.
    if _has_committed.get():
        _has_committed.set(False)


def may_orm_write() -> bool:
    """Returns whether the ORM's next transaction may write."""
    return _access.get().orm_writes


def may_note() -> bool:
    """Returns whether a visit may be noted in memory, to be written down later: a HEAD leaves everything as it is."""
    return _access.get().notes


@contextmanager
def expect_reads() -> Iterator[None]:
    """Let the ORM's transactions of a ``with`` block, or of a function, only read: nobody has to wait for them."""
    before = _access.set(Access(False, _access.get().driver_writes, _access.get().notes))
    try:
        yield
    finally:
        _access.reset(before)


@contextmanager
def expect_writes() -> Iterator[None]:
    """Let the ORM's transactions of a ``with`` block write, whatever is expected around it."""
    before = _access.set(EVERYTHING)
    try:
        yield
    finally:
        _access.reset(before)


# -- letting go ------------------------------------------------------------------------------------


@contextmanager
def outside_transaction(session: Session | scoped_session[Any]) -> Iterator[None]:
    """Hold no transaction for the length of a ``with`` block: it takes a while, and nobody is to wait for it.

    What was read before it is read anew when it is asked for after it.
    """
    read_anew(session)
    yield


def read_anew(session: Session | scoped_session[Any]) -> None:
    """End the transaction that has only read: what is asked for from here on is as it is now.

    Raises ``RuntimeError`` when something in it is still to be written, which would be lost.
    """
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("Something was changed in this transaction. Commit it, or say that it failed.")
    session.rollback()


# -- what stands -----------------------------------------------------------------------------------


def has_committed() -> bool:
    """Returns whether a transaction that may have written was committed in this request: then it is not done once more."""
    return _has_committed.get()


def note_commit() -> None:
    """A transaction that may have written is about to be committed."""
    _has_committed.set(True)


# -- one writer a request --------------------------------------------------------------------------


def begin_orm_writing(connection: Connection) -> None:
    """The ORM begins a transaction that may write. Raises :class:`WaitsForItself` beside one of a driver connection."""
    if is_driver_writing() or is_orm_writing():
        raise WaitsForItself("A transaction that may write is open in this request already.")
    _orm_writer.set(ref(connection))


def is_orm_writing() -> bool:
    """Returns whether a transaction of the ORM that may write is open in this context."""
    found = _orm_writer.get()
    connection = found() if found is not None else None
    return connection is not None and not connection.closed and connection.in_transaction()


def check_driver_write() -> None:
    """Raises :class:`MayNotWrite` or :class:`WaitsForItself` where a driver connection must not write now."""
    if not _access.get().driver_writes:
        raise MayNotWrite("By this door, this method only reads. What notes a visit is kept in memory (app.notes).")
    if _orm_writer.get() is not None and is_orm_writing():
        raise WaitsForItself("The ORM's transaction in this request may write: commit it first.")


def is_driver_writing() -> bool:
    """Returns whether a transaction of a driver connection is open in this context."""
    return _driver_writes_now.get()


@contextmanager
def driver_transaction() -> Iterator[None]:
    """Mark a transaction of a driver connection, for the length of a ``with`` block."""
    check_driver_write()
    before = _driver_writes_now.set(True)
    try:
        yield
    finally:
        _driver_writes_now.reset(before)
