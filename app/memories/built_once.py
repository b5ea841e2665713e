"""Statements that are built once: building one costs more than running it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from app.database.session_connection import SessionConnection
from app.database.statements import Statement

#: Conditions on :class:`Memory` that hold for what is counted and shown, whatever the mementos say.
Limits = Sequence[ColumnElement[bool]]


class BuiltOnce:
    """A statement about what is a person's: built once, and anew only where there are limits to what it counts or shows."""

    def __init__(self, build: Callable[[Limits], Select]) -> None:
        self._build = build
        self._unlimited = cache(lambda: build(()))
        self._ready = cache(lambda: Statement(self._unlimited()))

    def __call__(self, limits: Limits = ()) -> Select:
        """Returns the statement, for who gives it the values that it names."""
        return self._build(limits) if limits else self._unlimited()

    def read(self, session: Session, user_id: str, limits: Limits = ()) -> Iterable[Any]:
        """Returns the rows of one that needs nothing else."""
        if limits:
            return session.execute(self._build(limits), {"user_id": user_id})
        return SessionConnection(session).all(self._ready(), user_id=user_id)
