"""An upload as drafts of memories, whatever it is: one after another, with everything that is left out in between."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Any, cast

from app.memories.importing import chatgpt, claude, own
from app.memories.importing.archive import DAMAGE, Archive, Entry, open_archive
from app.memories.importing.bounds import LARGEST_NOTE, MOST_MEMORIES
from app.memories.importing.drafts import FILES, NOTION, OBSIDIAN, Draft, Source
from app.memories.importing.items import Broken, read_items
from app.memories.importing.notes import NOTION_ID, read_note
from app.memories.importing.own import MementoDraft
from app.memories.importing.skips import Reason, Skip, UnusableUpload
from app.memories.importing.words import decode
from app.sentences import _

Found = Draft | MementoDraft | Skip

_ZIP_SIGNS = (b"PK\x03\x04", b"PK\x05\x06")
_NOTE_ENDINGS = (".md", ".markdown", ".txt")
_ABOUT = re.compile(
    r"(users?|user_settings|message_feedback|model_comparisons|shared_conversations|tool_messages"
    r"|export_manifest|group_chats|shopping)(-\d+)?\.json"
)
#: What is read first: the names of projects stand in them.
_ORDER = (re.compile(r"(^|/)projects?[^/]*(/|\.json$)"), re.compile(r"(^|/)memor[^/]*(/|\.json$)"))


class Reader:
    """Reads one upload once. ``done`` of ``total`` bytes are read by now."""

    def __init__(self, file: IO[bytes], name: str, size: int) -> None:
        self._file = file
        self._name = name
        self.total = max(1, size)
        self.done = 0
        self._projects: dict[str, str] = {}

    def read(self) -> Iterator[Found]:
        """Returns what is in it. Raises :class:`UnusableUpload` when nothing of it can come in."""
        for count, found in enumerate(self._read(), 1):
            if count > 2 * MOST_MEMORIES:
                raise UnusableUpload(
                    _("There are more than %(most)s memories in it. Bring it in parts.", most=f"{MOST_MEMORIES:,}")
                )
            yield found

    def _read(self) -> Iterator[Found]:
        self._file.seek(0)
        is_archive = self._file.read(4) in _ZIP_SIGNS or self._name.lower().endswith(".zip")
        self._file.seek(0)
        if is_archive:
            with open_archive(self._file) as archive:
                yield from self._read_archive(archive)
            return
        dot = self._name.rfind(".")
        yield from self._read_file(self._name[dot:].lower() if dot > 0 else "", lambda: self._file)

    def _read_file(self, ending: str, open_it: Callable[[], IO[bytes]]) -> Iterator[Found]:
        if ending == ".json":
            yield from self._read_json(self._name, open_it())
        elif ending in _NOTE_ENDINGS:
            yield from self._read_note(self._name, (), self._name, FILES, self.total, open_it(), None)
        else:
            yield Skip(self._name, Reason.TABLE if ending == ".csv" else Reason.OTHER_KIND)

    def _read_archive(self, archive: Archive) -> Iterator[Found]:
        self.total = max(1, sum(entry.size for entry in archive.entries))
        yield from archive.skips
        source = _source_of(archive)
        root = next(
            (entry.parts for entry in archive.entries if entry.file_name == own.MARK and len(entry.parts) < 2), None
        )
        copies = about = 0
        for entry in sorted(archive.entries, key=_rank):
            if root is not None and entry.parts[: len(root) + 1] == (*root, "markdown"):
                copies += 1
                continue
            if root is not None and _is_about_account(entry, len(root)):
                about += 1
                continue
            before = self.done
            try:
                with entry.open() as stream:
                    if entry.ending == ".json":
                        if entry.file_name != own.MARK:
                            yield from self._read_json(entry.name, stream)
                    else:
                        place = (entry.name, entry.parts, entry.file_name, source, entry.size)
                        yield from self._read_note(*place, stream, entry.time)
            except DAMAGE:
                yield Skip(entry.name, Reason.DAMAGED)
            self.done = before + entry.size
        if copies:
            yield Skip("markdown/", Reason.COPY)
        if about:
            yield Skip("account/", Reason.ABOUT)

    def _read_note(
        self,
        name: str,
        parts: tuple[str, ...],
        file_name: str,
        source: Source,
        size: int,
        stream: IO[bytes],
        time: datetime | None,
    ) -> Iterator[Found]:
        if size > LARGEST_NOTE:
            yield Skip(name, Reason.LARGE)
            return
        words = decode(stream.read(LARGEST_NOTE + 1))
        if words is None:
            yield Skip(name, Reason.NOT_TEXT)
            return
        drafts = list(read_note(words, name, parts, file_name, source, time=time))
        yield from drafts
        if not drafts:
            yield Skip(name, Reason.EMPTY)

    def _read_json(self, name: str, stream: IO[bytes]) -> Iterator[Found]:
        if _ABOUT.fullmatch(name.rpartition("/")[2].lower()):
            yield Skip(name, Reason.ABOUT)
            return
        is_known = is_broken = False
        for number, item in enumerate(read_items(cast(IO[bytes], _Counting(stream, self))), 1):
            if isinstance(item, Broken):
                is_broken = True
                yield Skip(_named(name, item.name, number) + (" …" if item.is_rest else ""), item.reason)
                continue
            found = self._read_item(item, name)
            if found is None:
                if not is_known and not is_broken:
                    break
                # What stands in one that is broken is part of it.
                continue
            is_known = True
            is_empty = True
            for one in found:
                is_empty = False
                yield one
            if is_empty:
                yield Skip(_named(name, str(item.get("title") or item.get("name") or ""), number), Reason.EMPTY)
        if not is_known and not is_broken:
            yield Skip(name, Reason.UNKNOWN_JSON)

    def _read_item(self, item: dict[str, Any], name: str) -> Iterator[Found] | None:
        """The memories that an object of JSON becomes; None for one that nobody knows."""
        if chatgpt.is_conversation(item):
            return chatgpt.read_conversation(item, name)
        if claude.is_conversation(item):
            return claude.read_conversation(item, name)
        if own.is_memory(item):
            return own.read_memory(item, name)
        if own.is_memento(item):
            return own.read_memento(item)
        if claude.is_memory(item):
            return claude.read_memory(item, name, self._projects)
        if claude.is_project(item):
            self._projects[str(item.get("uuid"))[:40]] = str(item["name"])[:200]
            return claude.read_project(item, name)
        return None


class _Counting:
    """A stream that tells its reader how much of it is read."""

    def __init__(self, stream: IO[bytes], reader: Reader) -> None:
        self._stream = stream
        self._reader = reader

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._reader.done += len(piece)
        return piece


def _source_of(archive: Archive) -> Source:
    if archive.is_obsidian:
        return OBSIDIAN
    is_notion = any(NOTION_ID.search(entry.file_name.rpartition(".")[0]) for entry in archive.entries)
    return NOTION if is_notion else FILES


def _rank(entry: Entry) -> tuple[int, str]:
    if entry.ending != ".json":
        return 0, ""
    path = entry.name.lower()
    return next((number for number, place in enumerate(_ORDER, 1) if place.search(path)), 9), path


def _named(file_name: str, title: str, number: int) -> str:
    return f"{file_name}: “{title[:200]}”" if title.strip() else f"{file_name}: {number}"


def _is_about_account(entry: Entry, depth: int) -> bool:
    """Whether it is what an export of a whole account has beside the memories."""
    return entry.parts[depth : depth + 1] == ("account",) or (
        len(entry.parts) == depth and entry.file_name == "README.md"
    )
