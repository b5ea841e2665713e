"""Statements that are built once: building one costs more than running it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam
from sqlalchemy.orm import Session

from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.memories.never_shared import is_kept_back

#: Conditions on :class:`Memory` that hold for what is counted and shown, whatever the mementos say.
Limits = Sequence[ColumnElement[bool]]
#: What leaves out what ``user_id`` never shares.
SHARED_ONLY: Limits = (~is_kept_back(bindparam("user_id", type_=String)),)


class BuiltOnce:
    """A statement about what is a person's: built once without limits and once with :data:`SHARED_ONLY`, and anew with others."""

    def __init__(self, build: Callable[[Limits], Select]) -> None:
        self._build = build
        self._built = cache(lambda is_limited: build(SHARED_ONLY if is_limited else ()))
        self._ready = cache(lambda is_limited: Statement(self._built(is_limited)))

    def __call__(self, limits: Limits = ()) -> Select:
        """Returns the statement, for who gives it the values that it names."""
        return self._build(limits) if _are_others(limits) else self._built(bool(limits))

    def read(self, session: Session, user_id: str, limits: Limits = ()) -> Iterable[Any]:
        """Returns the rows of one that needs nothing else."""
        if _are_others(limits):
            return session.execute(self._build(limits), {"user_id": user_id})
        return SessionConnection(session).all(self._ready(bool(limits)), user_id=user_id)


def _are_others(limits: Limits) -> bool:
    return bool(limits) and limits is not SHARED_ONLY
