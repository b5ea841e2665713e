"""The archive, made while it is sent: a page of one table at a time, so that nothing waits for whoever reads slowly."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count, islice
from typing import Any

from sqlalchemy import Engine, select

from app.consents.models import Consent
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
        yield File(f"account/{part.name}.json", list(_read(engine, part, user_id)))
    for part in FOLDERS:
        rows = _read(engine, part, user_id)
        for number in count(1):
            if not (some := list(islice(rows, _IN_ONE_FILE))):
                break
            yield File(f"account/{part.name}/{number:04}.json", some)


def _read(engine: Engine, part: Part, user_id: str) -> Iterator[Row]:
    for owner in _find_consents(engine, user_id) if part.is_by_consent else [user_id]:
        after = None
        while True:
            with expect_reads(), engine.connect() as connection:
                rows = connection.execute(part.page(owner, after, _IN_ONE_FILE)).all()
            for row in rows:
                yield _told(part.finish(_without_key(row)))
            if len(rows) < _IN_ONE_FILE:
                break
            after = [value for name, value in rows[-1]._mapping.items() if name.startswith(KEY)]


def _find_consents(engine: Engine, user_id: str) -> Sequence[str]:
    query = select(Consent.grant_id).where(Consent.user_id == user_id).order_by(Consent.issued_at, Consent.grant_id)
    with expect_reads(), engine.connect() as connection:
        return connection.scalars(query).all()


def _without_key(row: Any) -> Row:
    return {name: value for name, value in row._mapping.items() if not name.startswith(KEY)}


def _told(row: Row) -> Row:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
