"""Where a page of a search ended, in a form that JSON can hold and that means the same while memories come and go."""

from collections.abc import Collection
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple, replace

from app.credentials import is_id
from app.memories.index import SearchIndex
from app.memories.index.marks import BEHIND_ALL, Mark

#: So many of the best matches of all stand before the windows.
BEST = 50


class UnusablePosition(ValueError):
    """A position that no page has ended at."""


class Position(Struct, frozen=True):
    """After the match of ``score`` and ``mark``, among the ``best`` or inside a window, whose ``bottom`` is known then.

    Without those two it is where the next window begins: at ``top``, which ``is_within`` it or stands right above.
    ``best`` are the ids of the memories that came first; they do not come again.
    """

    top: Mark
    is_within: bool = True
    bottom: Mark | None = None
    score: int | None = None
    mark: Mark | None = None
    best: tuple[str, ...] = ()

    @property
    def is_among_best(self) -> bool:
        return self.bottom is None and self.score is not None

    def is_before(self, score: int, mark: Mark) -> bool:
        """Returns whether a match comes after this position."""
        return self.score is None or (score, mark) < (self.score, self.mark)

    def after_best(self) -> "Position":
        """Returns where the windows begin, for one among the best; any other as it is."""
        return replace(self, score=None, mark=None) if self.is_among_best else self

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all memories that it names."""
        return (*self.best, *(mark[1] for mark in (self.top, self.bottom, self.mark) if isinstance(mark, list)))

    def naming_only(self, ids: Collection[str]) -> "Position":
        """Returns the same without the ids of other memories, which nobody is to read in the next one."""

        def without_id(mark: Mark | None) -> Any:
            return [mark[0], ""] if isinstance(mark, list) and mark[1] not in (*ids, BEHIND_ALL) else mark

        return replace(
            self,
            top=without_id(self.top),
            bottom=without_id(self.bottom),
            mark=without_id(self.mark),
            best=tuple([id for id in self.best if id in ids]),
        )

    def to_json(self) -> list[Any]:
        return [*astuple(self)[:-1], list(self.best)]


def read_position(index: SearchIndex, value: Any) -> Position:
    """Returns the position of a :meth:`Position.to_json`. Raises :class:`UnusablePosition`."""
    if not (isinstance(value, list) and len(value) == 6 and _is_position(index, *value)):
        raise UnusablePosition
    top, is_within, bottom, score, mark, best = value
    return Position(top, is_within, bottom, score, mark, tuple(best))


def _is_position(index: SearchIndex, top: Any, is_within: Any, bottom: Any, score: Any, mark: Any, best: Any) -> bool:
    is_next = bottom is None and score is None and mark is None
    is_after_match = type(score) is int and index.is_mark(mark) and (bottom is None or index.is_mark(bottom))
    return (
        index.is_mark(top)
        and type(is_within) is bool
        and (is_next or is_after_match)
        and isinstance(best, list)
        and len(best) <= BEST
        and all(isinstance(id, str) and is_id(id) for id in best)
    )
