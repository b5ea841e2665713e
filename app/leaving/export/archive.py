"""The archive, made while it is sent: a page of one table at a time, so that nothing waits for whoever reads slowly."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from app.database.access import expect_reads
from app.leaving.export.folders import FOLDERS
from app.leaving.export.part import KEY, Part, Row
from app.leaving.export.parts import PARTS
from app.leaving.export.readme import README
from app.memories.taking_out.everything import File, take_out

#: So many rows stand in one file of a folder.
_IN_ONE_FILE = 500


def take_everything(engine: Engine, user_id: str) -> Iterator[bytes]:
    """Returns the bytes of the archive, a few at a time."""
    return take_out(engine, user_id, beside=_write(engine, user_id))


def _write(engine: Engine, user_id: str) -> Iterator[File]:
    yield File("README.md", README)
    for part in PARTS:
        yield File(f"account/{part.name}.json", [row for page in _read(engine, part, user_id) for row in page])
    for part in FOLDERS:
        for number, page in enumerate(_read(engine, part, user_id), 1):
            yield File(f"account/{part.name}/{number:04}.json", page)


def _read(engine: Engine, part: Part, user_id: str) -> Iterator[list[Row]]:
    after = None
    while True:
        with expect_reads(), engine.connect() as connection:
            rows = connection.execute(part.page(user_id, after, _IN_ONE_FILE)).all()
        if rows:
            yield [_told(part.finish(_without_key(row))) for row in rows]
        if len(rows) < _IN_ONE_FILE:
            return
        after = [value for name, value in rows[-1]._mapping.items() if name.startswith(KEY)]


def _without_key(row: Any) -> Row:
    return {name: value for name, value in row._mapping.items() if not name.startswith(KEY)}


def _told(row: Row) -> Row:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
