"""One pick of a memento, as a form or an address writes it: a whole integration, a folder, or a single memory."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from msgspec import Struct

_KEY = re.compile(r"(i:|f:|m:)([A-Za-z0-9_]{1,40})(?::(.+))?", re.DOTALL)
_MOST_FOLDER_LENGTH = 500
#: How many characters a key may have: a folder's, each of whose letters may take four bytes.
LONGEST_KEY = 2 + 40 + 1 + _MOST_FOLDER_LENGTH * len("%F0%9F%90%98")


class Pick(Struct, frozen=True):
    """Either a memory, or an integration with perhaps a folder of it."""

    integration_id: str | None = None
    folder: str | None = None
    memory_id: str | None = None

    @property
    def key(self) -> str:
        """The pick as ASCII text: ``i:int_1``, ``f:int_1:Trips/Lisbon`` or ``m:mry_1``."""
        if self.memory_id is not None:
            return f"m:{self.memory_id}"
        return f"i:{self.integration_id}" if self.folder is None else f"f:{self.integration_id}:{quote(self.folder)}"

    def containers(self) -> Iterator["Pick"]:
        """Yields the larger picks that would include a picked folder: those above it, the nearest first."""
        folder = self.folder or ""
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder:
                yield Pick(self.integration_id, folder)
        if self.folder is not None:
            yield Pick(self.integration_id)


def containers_of_memory(integration_id: str, folder: str) -> Iterator[Pick]:
    """Yields the larger picks that would include a memory there, the nearest first."""
    nearest = Pick(integration_id, folder or None)
    yield nearest
    yield from nearest.containers()


def parse_pick(key: str) -> Pick | None:
    """Returns the pick that a key means; None when it means none."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    kind, id, folder = match.groups()
    if kind == "f:":
        folder = unquote(folder or "")
        is_folder = 0 < len(folder) <= _MOST_FOLDER_LENGTH and "\x00" not in folder
        return Pick(integration_id=id, folder=folder) if is_folder else None
    if folder is not None:
        return None
    return Pick(integration_id=id) if kind == "i:" else Pick(memory_id=id)
