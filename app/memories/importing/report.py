"""What an upload holds, in numbers and first names: what a person decides by before anything of it comes in."""

import json
from collections import Counter
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import asdict

from app.memories.importing.drafts import Draft
from app.memories.importing.skips import SENTENCES, Reason

#: How many are named; of folders so many are told apart.
MOST_NAMED, _MOST_FOLDERS = 10, 2000


class Report(Struct):
    """``count`` memories come in, or have. ``sources`` and ``folders`` say how many of them go where.

    ``problem`` is why nothing of it can come in, or nothing more than these.
    """

    count: int = 0
    known: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    mementos: list[str] = field(default_factory=list)
    memento_count: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    problem: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Returns a report as it was kept; an empty one for none."""
        return cls(**json.loads(text)) if text else cls()

    def format(self) -> str:
        """Returns it as it is kept."""
        return json.dumps(asdict(self))

    def add(self, draft: Draft) -> None:
        """One memory more comes in."""
        self.count += 1
        _count(self.sources, draft.source.name)
        if len(self.folders) < _MOST_FOLDERS or draft.folder in self.folders:
            _count(self.folders, draft.folder)
        if len(self.titles) < MOST_NAMED:
            self.titles.append(draft.title)

    def add_memento(self, name: str) -> None:
        """One memento more is made."""
        self.memento_count += 1
        if len(self.mementos) < MOST_NAMED:
            self.mementos.append(name)

    def skip(self, reason: Reason) -> None:
        """One thing more is left out."""
        _count(self.skips, reason.value)

    @property
    def largest_folders(self) -> list[tuple[str, int]]:
        """The folders with most memories, and how many each has; what lies in none is left out."""
        return Counter({name: count for name, count in self.folders.items() if name}).most_common(MOST_NAMED)

    @property
    def more_folders(self) -> int:
        """How many folders there are beside those."""
        return max(0, sum(1 for name in self.folders if name) - MOST_NAMED)

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        """Why how many things are left out, the most first."""
        return [(SENTENCES[Reason(value)], count) for value, count in Counter(self.skips).most_common()]


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
