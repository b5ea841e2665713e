"""Which statements each test sends: ``make test`` writes it down, and ``make test-databases`` reads it.

What a test adds on another database is what its statements do there. A test that sends none that others do not send
twice adds nothing, and :mod:`tests.chosen` leaves it out. A statement is the text that SQLAlchemy makes, before its
lists are written out, what it locks, and the kinds of its values: a number where text is meant is an error on
PostgreSQL alone.

The record holds for the files that it was made of. Where one has changed since, there is none.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, event

from app.database.connections import Connection
from tests.databases import BACKEND

ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("app", "migrations", "static", "templates", "tests")
_FILES = ("wsgi.py", "pyproject.toml", "requirements-dev.lock")


class Sent(NamedTuple):
    """What one test sent."""

    statements: frozenset[str]
    #: Whether the database refused one of them. PostgreSQL then refuses all that follow in the transaction. Or the test
    #: was skipped, and would perhaps send something there.
    has_failed: bool
    seconds: float


class Record:
    """What each test sent, by its name. A statement is told by a digest."""

    def __init__(self) -> None:
        self.tests: dict[str, Sent] = {}
        self.texts: dict[str, str] = {}

    def write(self, path: Path, made_of: str) -> None:
        """Keep it for who reads with the same ``made_of``."""
        numbers = {digest: number for number, digest in enumerate(self.texts)}
        tests = {
            name: [sorted(numbers[one] for one in sent.statements), sent.has_failed, sent.seconds]
            for name, sent in self.tests.items()
        }
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"made of": made_of, "texts": self.texts, "tests": tests}))
        beside.replace(path)

    @classmethod
    def read(cls, path: Path, made_of: str) -> "Record | None":
        """Returns what was written of the same files, or None."""
        try:
            kept = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        if kept["made of"] != made_of:
            return None
        record, digests = cls(), list(kept["texts"])
        record.texts = kept["texts"]
        for name, (numbers, has_failed, seconds) in kept["tests"].items():
            record.tests[name] = Sent(frozenset(digests[number] for number in numbers), has_failed, seconds)
        return record


class Recorder:
    """A plugin of pytest that notes what each test sends, by SQLAlchemy's way and by the hot path's."""

    def __init__(self) -> None:
        self.record = Record()
        self._digests: dict[tuple[Any, ...], str] = {}
        self._now: set[tuple[Any, ...]] = set()
        self._has_failed = False
        event.listen(Engine, "before_cursor_execute", self._note_execution)
        event.listen(Engine, "handle_error", self._note_failure)
        run = self._run = Connection._run

        def note_and_run(connection: Connection, compiled: Any, values: Any) -> Any:
            if connection._dialect.name != BACKEND:
                return run(connection, compiled, values)
            self._now.add((compiled.sql, None, *map(type, values.values() if isinstance(values, dict) else values)))
            try:
                return run(connection, compiled, values)
            except Exception:
                self._has_failed = True
                raise

        Connection._run = note_and_run

    def stop(self) -> None:
        """Note nothing more."""
        Connection._run = self._run
        event.remove(Engine, "before_cursor_execute", self._note_execution)
        event.remove(Engine, "handle_error", self._note_failure)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now, self._has_failed, began = set(), False, perf_counter()
        try:
            return (yield)
        finally:
            statements = frozenset(map(self._digest, self._now.copy()))
            self.record.tests[item.nodeid] = Sent(statements, self._has_failed, round(perf_counter() - began, 3))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        report = yield
        self._has_failed = self._has_failed or report.skipped
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef) -> Iterator[None]:
        """What is made once for a whole run, such as the tables, is sent whatever runs, and by no test."""
        if fixturedef.scope != "session":
            return (yield)
        own = self._now, self._has_failed
        self._now = set()
        try:
            return (yield)
        finally:
            self._now, self._has_failed = own

    def _note_execution(self, connection, _cursor, text, parameters, context, _many) -> None:
        if connection.dialect.name != BACKEND:
            # A test that has a database of the other kind sends that the same things in each run.
            return
        compiled = getattr(context, "compiled", None)
        if compiled is None:
            # What somebody wrote for the driver.
            self._now.add((text, None))
            return
        # SQLite has no locks to ask for.
        locks = getattr(compiled.statement, "_for_update_arg", None)
        told = None if locks is None else _tell(locks)
        # SQLite and the server know values by their places, and a list is the same for more of one kind.
        text = _NAMED.sub("?", compiled.string)
        for values in context.compiled_parameters[:_MOST_ROWS]:
            kinds = map(type, values.values())
            self._now.add((text, told, *(dict.fromkeys(kinds) if _LISTED in text else kinds)))

    def _note_failure(self, _context) -> None:
        self._has_failed = True

    def _digest(self, statement: tuple[Any, ...]) -> str:
        digest = self._digests.get(statement)
        if digest is None:
            text, locks, *kinds = statement
            told = f"{text}\n{locks or ''}\n{' '.join(kind.__name__ for kind in kinds)}"
            digest = self._digests[statement] = hashlib.sha256(told.encode()).hexdigest()[:16]
            self.record.texts[digest] = told
        return digest


#: How SQLAlchemy writes a value for psycopg, and a list whose values it writes out later.
_NAMED, _LISTED = re.compile(r"%\(\w+\)s"), "POSTCOMPILE"
#: Of the rows that one statement inserts, so many are looked at.
_MOST_ROWS = 20


def _tell(locks: Any) -> str:
    return f"{locks.read} {locks.key_share} {locks.nowait} {locks.skip_locked} {locks.of}"


@cache
def made_of(root: Path = ROOT) -> str:
    """Returns what tells the files apart that decide what tests send."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _all_files(root):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _all_files(root: Path) -> Iterable[Path]:
    yield from (root / name for name in _FILES if (root / name).exists())
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if "__pycache__" not in path.parts and path.is_file():
                yield path
