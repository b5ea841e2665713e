"""All memories and mementos of a person as one zip archive, made while it is sent.

JSON says everything exactly, and comes in again (:mod:`app.memories.importing.own`). Markdown beside it says it for
people and other programs, a file for each memory; of very many a file for each folder, so that what is taken out has no
more files than may be brought.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import IO, Any, NamedTuple, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Connection, Engine, func, select, tuple_

from app import clock
from app.database.access import expect_reads
from app.memories.importing.bounds import MOST_ENTRIES
from app.memories.importing.models import MemoryOrigin
from app.memories.importing.own import FORMAT, MARK
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.taking_out.markdown import FileNames, as_markdown

#: How many memories are read at once, and how many stand in one file of JSON.
_AT_ONCE = 50
_IN_ONE_FILE = 500
#: Files of Markdown: as many as leave room for the rest.
_MOST_FILES = MOST_ENTRIES - 1000
_MOST_KEPT = 64 * 1024


class File(NamedTuple):
    """One more file: what JSON is made of, or words as they are."""

    path: str
    what: Any


def take_out(engine: Engine, user_id: str, beside: Iterable[File] = ()) -> Iterator[bytes]:
    """Returns the bytes of the archive, a few at a time. ``beside`` is what else is in it, read when its turn comes."""
    sink = _Sink()
    with ZipFile(cast(IO[bytes], sink), "w", ZIP_DEFLATED) as archive:
        for _ in chain(_write(archive, engine, user_id), _write_beside(archive, beside)):
            if sink.size > _MOST_KEPT:
                yield sink.take()
    yield sink.take()


def _write_beside(archive: ZipFile, beside: Iterable[File]) -> Iterator[None]:
    at = clock.now()
    for path, what in beside:
        _add(archive, path, what, at)
        yield


class _Sink:
    """Keeps what is written until it is taken. The archive cannot go back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


def _write(archive: ZipFile, engine: Engine, user_id: str) -> Iterator[None]:
    now = clock.now()
    with expect_reads(), engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(Memory).where(Memory.user_id == user_id)) or 0
        mementos = _list_mementos(connection, user_id)
    _add(archive, MARK, {"format": FORMAT, "version": 1, "taken_out_at": now.isoformat(), "memories": count}, now)
    yield
    _add(archive, "mementos.json", mementos, now)
    yield
    file: list[dict[str, Any]] = []
    number = size = 0
    for memory in _read(engine, user_id):
        file.append(memory)
        size += len(memory["text"])
        if len(file) >= _IN_ONE_FILE or size > 1_000_000:
            _add(archive, f"memories/{(number := number + 1):04}.json", file, now)
            file, size = [], 0
            yield
    if file:
        _add(archive, f"memories/{number + 1:04}.json", file, now)
        yield
    for path, when, words in _write_markdown(engine, user_id, by_folder=count > _MOST_FILES):
        archive.writestr(_info(f"markdown/{path}", when), words)
        yield


def _write_markdown(engine: Engine, user_id: str, *, by_folder: bool) -> Iterator[tuple[str, datetime, str]]:
    names = FileNames()
    part: list[str] = []
    before: dict[str, Any] | None = None
    size = files = 0
    for memory in _read(engine, user_id):
        if not by_folder:
            yield names.of_memory(memory), datetime.fromisoformat(memory["updated_at"]), as_markdown(memory)
            continue
        is_another = before is not None and (before["source"], before["folder"]) != (memory["source"], memory["folder"])
        if before is not None and ((is_another and files < _MOST_FILES) or size > 4_000_000):
            yield names.of_folder(before), datetime.fromisoformat(before["updated_at"]), "\n\n".join(part)
            part, size, files = [], 0, files + 1
        part.append(as_markdown(memory))
        size += len(part[-1])
        before = memory
    if before is not None:
        yield names.of_folder(before), datetime.fromisoformat(before["updated_at"]), "\n\n".join(part)


def _add(archive: ZipFile, path: str, what: Any, at: datetime) -> None:
    words = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False, indent=1)
    archive.writestr(_info(path, at), words)


def _info(path: str, at: datetime) -> ZipInfo:
    # The format knows the years from 1980 to 2107.
    year = min(max(at.year, 1980), 2107)
    info = ZipInfo(path, (year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o100644 << 16
    return info


def _read(engine: Engine, user_id: str) -> Iterator[dict[str, Any]]:
    """All memories, those of one folder beside each other. No transaction stays open while somebody reads slowly."""
    sources = select(Integration.id).where(Integration.user_id == user_id).order_by(Integration.id)
    with expect_reads(), engine.connect() as connection:
        ids = connection.scalars(sources).all()
    for integration_id in ids:
        yield from _read_source(engine, user_id, integration_id)


def _read_source(engine: Engine, user_id: str, integration_id: str) -> Iterator[dict[str, Any]]:
    # Of one source, as its index has them. SQLite would sort all that the person has for each page.
    key = (Memory.folder, Memory.created_at, Memory.id)
    columns = (Memory.title, Memory.text, Memory.source_url, Memory.updated_at, Integration.kind, Integration.name)
    statement = (
        select(Memory.integration_id, *key, *columns, MemoryOrigin.digest)
        .join_from(Memory, Integration, Integration.id == Memory.integration_id)
        .outerjoin(MemoryOrigin, MemoryOrigin.memory_id == Memory.id)
        .where(Memory.integration_id == integration_id, Memory.user_id == user_id)
        .order_by(*key)
        .limit(_AT_ONCE)
    )
    after: Any = None
    while True:
        page = (
            statement if after is None else statement.where(tuple_(*key) > (after.folder, after.created_at, after.id))
        )
        with expect_reads(), engine.connect() as connection:
            rows = connection.execute(page).all()
            tags = _find_tags(connection, [row.id for row in rows])
        for row in rows:
            yield _describe(row, tags.get(row.id, []))
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]


def _find_tags(connection: Connection, ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    tags = select(MemoryTag.memory_id, MemoryTag.tag).where(MemoryTag.memory_id.in_(ids)).order_by(MemoryTag.tag)
    for row in connection.execute(tags) if ids else ():
        found.setdefault(row.memory_id, []).append(row.tag)
    return found


def _describe(row: Any, tags: list[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": {"kind": row.kind, "name": row.name},
        "folder": row.folder,
        "title": row.title,
        "text": row.text,
        "tags": tags,
        "source_url": row.source_url,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "made_of": None if row.digest is None else bytes(row.digest).hex(),
    }


def _list_mementos(connection: Connection, user_id: str) -> list[dict[str, Any]]:
    picks = (
        select(Memento.id, Memento.name.label("memento"), Integration.kind, Integration.name)
        .add_columns(MementoContent.integration_id, MementoContent.folder, MementoContent.memory_id)
        .join_from(Memento, MementoContent, MementoContent.memento_id == Memento.id)
        .outerjoin(Integration, Integration.id == MementoContent.integration_id)
        .where(Memento.user_id == user_id)
        .order_by(Memento.name, Memento.id, MementoContent.id)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(picks):
        memento = found.setdefault(row.id, {"name": row.memento, "picks": []})
        if row.integration_id is None:
            memento["picks"].append({"memory": row.memory_id})
        else:
            place = {"source": {"kind": row.kind, "name": row.name}}
            memento["picks"].append(place if row.folder is None else place | {"folder": row.folder})
    return list(found.values())
