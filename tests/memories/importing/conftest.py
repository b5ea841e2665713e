"""Reading an upload without a server and without a database."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.memories.importing.drafts import Draft
from app.memories.importing.own import MementoDraft
from app.memories.importing.reading import Reader
from app.memories.importing.skips import Reason, Skip


@dataclass(frozen=True)
class Read:
    """What a reader has found."""

    found: list

    @property
    def drafts(self) -> list[Draft]:
        return [one for one in self.found if isinstance(one, Draft)]

    @property
    def titles(self) -> list[str]:
        return [draft.title for draft in self.drafts]

    @property
    def mementos(self) -> list[MementoDraft]:
        return [one for one in self.found if isinstance(one, MementoDraft)]

    @property
    def skips(self) -> dict[str, Reason]:
        return {one.name: one.reason for one in self.found if isinstance(one, Skip)}

    def __getitem__(self, title: str) -> Draft:
        return next(draft for draft in self.drafts if draft.title == title)


@pytest.fixture
def read() -> Callable[..., Read]:
    def read(data: bytes | str, name: str = "upload.zip") -> Read:
        data = data.encode() if isinstance(data, str) else data
        return Read(list(Reader(io.BytesIO(data), name, len(data)).read()))

    return read
