"""What a search asks of the index of whichever database there is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select
from sqlalchemy.orm import Session

from app.memories.index.marks import Mark
from app.memories.index.sought import Sought


class Rows(Struct, frozen=True):
    """A ``SELECT`` of :class:`app.memories.models.Memory`, and what the index numbers its rows by, if it does."""

    statement: Select[Any]
    number: ColumnElement[Any] | None


class Best(Struct, frozen=True):
    """Keys of the best matches, for :meth:`SearchIndex.select_rows`, and the mark of the newest of all that were ranked.

    Without a mark they are all the matches there are.
    """

    keys: Sequence[Any]
    newest: Mark | None = None


class SearchIndex(ABC):
    """One database's full-text index of all memories."""

    @abstractmethod
    def find_best(self, session: Session, sought: Sought, *, of_newest: int, most: int, few: int) -> Best:
        """Returns the best ``most`` of the newest so many matches; all of them if there are fewer than ``few``.

        What the conditions rule out may still be among them, where the places alone were looked at.
        """

    @abstractmethod
    def select_newest(self, sought: Sought) -> Rows:
        """Returns the matches within the conditions, the newest first."""

    @abstractmethod
    def select_rows(self, keys: Iterable[Any] | None = None) -> Rows:
        """Returns all memories, or those with the keys."""

    @abstractmethod
    def is_older(self, mark: Mark, *, or_same: bool = False) -> ColumnElement[bool]:
        """Returns whether a row of :meth:`select_newest` stands before the mark in time."""

    @abstractmethod
    def is_as_new(self, mark: Mark) -> ColumnElement[bool]:
        """Returns whether a row of :meth:`select_newest` stands at the mark or after it."""

    @abstractmethod
    def read_mark(self, row: Row[Any]) -> Mark:
        """Returns the mark of a row with ``id``, ``created_at``, and ``number`` as :class:`Rows` has it."""

    @abstractmethod
    def is_mark(self, value: Any) -> bool:
        """Returns whether something that came from outside can be a mark."""
