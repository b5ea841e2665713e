"""A statement as PostgreSQL's own protocol takes it: with numbered places, and each value as bytes."""

import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, DateTime, Dialect, Integer, LargeBinary, String
from sqlalchemy.types import TypeDecorator, TypeEngine

#: Returns a value as the protocol takes it.
Writer = Callable[[Any], bytes | None]

#: PostgreSQL's numbers of types (its ``pg_type.dat``). 0 leaves it to find out, as it can where a value is cast.
_FOUND_OUT, _BOOL, _BYTEA, _TIMESTAMPTZ = 0, 16, 17, 1184
_TEXT, _BINARY = 0, 1

#: What PostgreSQL counts from, in microseconds.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_write_eight_bytes = struct.Struct("!q").pack

_PLACE = re.compile(r"%\((\w+)\)s|%%")


class Wire:
    """What libpq is given of one statement, and how each of its values is written."""

    __slots__ = ("formats", "sql", "types", "writers")

    def __init__(self, sql: bytes, kinds: Mapping[str, tuple[Writer, int, int]]) -> None:
        self.sql = sql
        self.writers = [(name, writer) for name, (writer, _, _) in kinds.items()]
        self.types = [number for _, number, _ in kinds.values()]
        self.formats = [format_ for _, _, format_ in kinds.values()]


def find_wire(sql: str, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> Wire | None:
    """Returns a statement of psycopg's dialect for the protocol; None when a value needs the driver's own conversion.

    ``types`` are those of its values, as the dialect has them.
    """
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return "%" if found[1] is None else f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    numbered = _PLACE.sub(number, sql).encode()
    kinds = {name: _find_kind(types[name], dialect) for name in numbers}
    known = {name: kind for name, kind in kinds.items() if kind is not None}
    return Wire(numbered, known) if len(known) == len(kinds) else None


def _find_kind(type_: TypeEngine[Any], dialect: Dialect) -> tuple[Writer, int, int] | None:
    plain: Any = type_
    while isinstance(plain, TypeDecorator):
        plain = plain.impl_instance
    for kind, write, number, format_ in _KINDS:
        # SQLAlchemy's own binary type wraps its values for psycopg.
        if isinstance(plain, kind) and (kind is not LargeBinary or plain is not type_):
            return _after(type_.bind_processor(dialect), write), number, format_
    return None


def _after(process: Callable[[Any], Any] | None, write: Writer) -> Writer:
    if process is None:
        return write
    if write is _write_bytes:
        # What a column of bytes is kept as is bytes already.
        return process
    return lambda value: write(process(value))


def _write_text(value: str | None) -> bytes | None:
    if value is None:
        return None
    written = value.encode()
    if b"\0" in written:
        # libpq would take what comes before it for the whole. In psycopg's words.
        from psycopg import DataError

        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return written


def _write_number(value: int | None) -> bytes | None:
    return None if value is None else b"%d" % value


def _write_truth(value: bool | None) -> bytes | None:
    return None if value is None else b"t" if value else b"f"


def _write_bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _write_moment(value: datetime | None) -> bytes | None:
    # To write it as text takes five times as long.
    return None if value is None else _write_eight_bytes((value - _EPOCH) // _MICROSECOND)


_KINDS: tuple[tuple[type[TypeEngine[Any]], Writer, int, int], ...] = (
    (String, _write_text, _FOUND_OUT, _TEXT),
    (Integer, _write_number, _FOUND_OUT, _TEXT),
    (Boolean, _write_truth, _BOOL, _TEXT),
    (LargeBinary, _write_bytes, _BYTEA, _BINARY),
    (DateTime, _write_moment, _TIMESTAMPTZ, _BINARY),
)
