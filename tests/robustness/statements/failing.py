"""Every statement of a request fails in turn, and then the request is let through.

It stands in front of the app. What a journey asks is first asked with its first statement failing, then with its second,
and so on, until nothing fails any more: that answer is what the journey gets. So each honest answer is also the proof
that the failures before it have left nothing half-made, and nothing used up.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from io import BytesIO
from threading import get_ident
from typing import Any
from urllib.parse import quote

import orjson
import psycopg
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import run_wsgi_app

from app.database.postgresql import PostgresqlConnection
from app.database.sqlite import SqliteConnection, _Cursor
from app.database.statements.wire import Wire
from app.extensions import db
from app.http.doors import SAFE_METHODS, Errors
from app.same_letters import SQLITE_NAME, in_small_letters
from tests.onlooker import Onlooker

_MOST_STATEMENTS = 200
# There each statement fails, and where something is changed also alone, with the next ones going through again.
_IS_FLEET = bool(os.environ.get("TEST_FLEET"))
#: What is counted although the request fails, because it was tried.
_MAY_CHANGE = frozenset({"rate_limit_counters", "used_assertions"})
#: And each step of an authorization begins by giving the waiting request more time.
# What was found out about an app whose document was read stands, whatever comes after.
_OF_DOCUMENTS = frozenset({"clients", "client_documents", "client_logos", "client_origins"})
# An upload is kept piece by piece; what came of one that failed is let go by the next, and counts for nothing.
_OF_UPLOADS = frozenset({"imports", "import_pieces"})
_MAY_CHANGE_ON_THE_WAY = _MAY_CHANGE | {"authorization_requests"} | _OF_DOCUMENTS
_SQLITE = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_READONLY_DBMOVED")


@dataclass
class Faults:
    """Which statement fails; armed for one request at a time."""

    is_sqlite: bool
    at: int | None = None
    and_after: bool = True
    seen: int = 0
    hit: int = 0
    failed: list[str] = field(default_factory=list)
    thread: int = 0
    whose: Any = None
    before: str = ""
    #: What has failed by now: whose statement, the one before it, and itself.
    known: set[tuple[Any, str, str]] = field(default_factory=set)

    def arm(self, at: int, *, and_after: bool, whose: Any) -> None:
        """Have the ``at``-th statement fail of those that are not known for the same ``whose``."""
        self.thread, self.whose, self.before = get_ident(), whose, ""
        self.at, self.and_after, self.seen, self.hit, self.failed = at, and_after, 0, 0, []

    def disarm(self) -> None:
        self.at = None

    def meet(self, statement: str) -> None:
        # A thread that looks whether the limits' table is back is no request.
        if self.at is None or get_ident() != self.thread:
            return
        place, self.before = (self.whose, self.before, statement), statement
        if self.hit == 0 and self.whose is not None and place in self.known:
            return
        self.seen += 1
        if self.seen == self.at:
            self.known.add(place)
        if self.seen == self.at or (self.and_after and self.seen > self.at):
            self.hit += 1
            self.failed.append(statement[:60])
            raise self._error()

    def _error(self) -> Exception:
        if self.is_sqlite:
            error = sqlite3.OperationalError("as SQLite says it")
            error.sqlite_errorname = _SQLITE[(self.at or 0) % len(_SQLITE)]
            return error
        if self.and_after:
            return psycopg.OperationalError("server closed the connection unexpectedly")
        return psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")


@contextmanager
def watched(faults: Faults, monkeypatch: Any) -> Iterator[None]:
    """Let every statement of both drivers pass by the faults."""

    def before(kind: type, name: str) -> None:
        plain = getattr(kind, name)

        def met(self: Any, *arguments: Any, **named: Any) -> Any:
            said = arguments[0] if arguments else name.upper()
            faults.meet(said.sql.decode() if isinstance(said, Wire) else str(said))
            return plain(self, *arguments, **named)

        monkeypatch.setattr(kind, name, met)

    cursor, connection = (_Cursor, SqliteConnection) if faults.is_sqlite else (psycopg.Cursor, PostgresqlConnection)
    for kind, name in ((cursor, "execute"), (cursor, "executemany"), (connection, "commit"), (connection, "rollback")):
        before(kind, name)
    if not faults.is_sqlite:
        before(connection, "run")
    with _kept_connections() if faults.is_sqlite else nullcontext():
        yield


@contextmanager
def _kept_connections() -> Iterator[None]:
    """What the app gives up it gets as if it were new. Reading the schema again would be a sixth of all that is done."""
    connect, spare = sqlite3.connect, []

    def connect_again(address: str, **named: Any) -> sqlite3.Connection:
        # What a test before left is closed now and then, too, and belongs to another file.
        here = [connection for connection in spare if address.startswith(f"file:{quote(connection.path)}?")]
        for connection in here if named.get("factory") is SqliteConnection else ():
            # Where somebody has not read a statement to its end, no function can be changed.
            with suppress(sqlite3.OperationalError):
                connection.create_function(SQLITE_NAME, 1, in_small_letters, deterministic=True)
                spare.remove(connection)
                return connection
        return connect(address, **named)

    def give_up(connection: SqliteConnection) -> None:
        # As one that is closed it holds nothing, and as a new one it may write.
        plain = sqlite3.Connection.cursor(connection)
        if connection.in_transaction:
            plain.execute("ROLLBACK")
        plain.execute("PRAGMA query_only=OFF")
        spare.append(connection)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.database.sqlite.sqlite3.connect", connect_again)
        patched.setattr(SqliteConnection, "close", give_up, raising=False)
        yield
    for connection in spare:
        connection.close()


class Failing:
    """The app with its statements failing. ``visited`` is every endpoint that was asked, with its method."""

    def __init__(self, app: Flask, faults: Faults) -> None:
        self._app = app
        self._inner: Callable[..., Any] = app.wsgi_app
        self._faults = faults
        with app.app_context():
            self._onlooker = Onlooker(app, db.metadata)
        self.visited: set[tuple[str, str]] = set()
        self.requests = self.failures = 0

    def close(self) -> None:
        self._onlooker.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read() if environ.get("CONTENT_LENGTH") else b""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        rule = self._find_rule(environ)
        if rule is not None:
            self.visited.add((rule.endpoint, method))
        self.requests += 1
        answered, status, headers = self._fail_each(environ, body, rule, f"{method} {path}")
        assert not status.startswith("5"), f"{method} {path}: {status} after failures, {b''.join(answered)[:500]!r}"
        start_response(status, list(headers))
        return answered

    def _fail_each(self, environ: dict[str, Any], body: bytes, rule: Any, name: str) -> Any:
        """Returns the answer to the request that met no failure any more."""
        modes = (True, False) if _IS_FLEET and environ["REQUEST_METHOD"] not in SAFE_METHODS else (True,)
        is_safe = environ["REQUEST_METHOD"] in SAFE_METHODS
        # Without the fleet only some, beginning with another one each time. PostgreSQL connects anew after each.
        step = 1 if _IS_FLEET else (3 if self._faults.is_sqlite else 10)
        # And none that has failed on this journey after the same one: of what only reads, on any page of its kind.
        kind = Errors.PAGE if rule is None else rule.door.errors if is_safe else rule.endpoint
        whose = None if _IS_FLEET else (environ["REQUEST_METHOD"], kind)
        # One that fails is known from then on, so the next is nearer by one.
        for at in range(1 + self.requests % step, _MOST_STATEMENTS, 1 if _IS_FLEET else step - 1):
            for and_after in modes:
                self._forget_attempts()
                self._connect_anew()
                before = self._onlooker.read_rows()
                self._faults.arm(at, and_after=and_after, whose=whose)
                try:
                    answered, status, headers = self._ask(environ, body)
                finally:
                    self._faults.disarm()
                if self._faults.hit == 0:
                    return answered, status, headers
                self.failures += 1
                if not and_after and not status.startswith("5"):
                    # It could do without that one.
                    return answered, status, headers
                ends_it = self._faults.failed[0].startswith("ROLLBACK")
                # What counts attempts has a stand-in.
                ends_it |= all(
                    "rate_limit_counters" in one or one.startswith("ROLLBACK") for one in self._faults.failed
                )
                # What only makes a connection ready for whoever comes next.
                ends_it |= is_safe and self._faults.failed[0].startswith("PRAGMA")
                if ends_it and not status.startswith("5"):
                    # All was read or committed before: the answer is true, and what ends the request takes nothing back.
                    if is_safe:
                        continue
                    return answered, status, headers
                where = f"{name}, statement {at} {self._faults.failed[0]!r}{' and what follows' if and_after else ''}"
                self._check(where, rule, status, headers, b"".join(answered))
                after = self._onlooker.read_rows()
                may_change = (
                    _MAY_CHANGE_ON_THE_WAY
                    if rule is not None and rule.endpoint.startswith(("oauth.", "aliases.", "documented."))
                    else _MAY_CHANGE
                )
                if rule is not None and rule.endpoint == "personal.receive":
                    may_change = may_change | _OF_UPLOADS
                changed = {table for table in before | after if after.get(table) != before.get(table)} - may_change
                assert not changed, f"{where}: answered {status}, and changed {changed}"
        raise AssertionError(f"{name} makes too many statements.")

    def _check(self, where: str, rule: Any, status: str, headers: Any, body: bytes) -> None:
        said = f"{where}: {status} {body[:300]!r}"
        assert status.startswith("503 "), said
        assert 1 <= int(headers["Retry-After"]) <= 10 and headers["X-Request-ID"], said
        errors = Errors.PAGE if rule is None else rule.door.errors
        if where.startswith("HEAD "):
            assert body == b"", said
        elif rule is not None and rule.endpoint == "health.readyz":
            assert orjson.loads(body)["status"] == "unavailable", said
        elif errors is Errors.PAGE:
            assert headers["Content-Type"].startswith("text/html") and b"<h1>We cannot reach our records" in body, said
            assert headers["Cache-Control"] == "no-store" and "Content-Security-Policy" in headers, said
        elif errors is Errors.API:
            assert orjson.loads(body)["code"] == "unavailable", said
        else:
            told = orjson.loads(body)
            # To a message of an agent the answer is one, too.
            error = told["error"]["data"]["error"] if "jsonrpc" in told else told["error"]
            assert error == "temporarily_unavailable", said

    def _ask(self, environ: dict[str, Any], body: bytes) -> Any:
        copy = {
            name: value for name, value in environ.items() if not name.startswith(("werkzeug.", "flask.", "reliquary."))
        }
        copy["wsgi.input"] = BytesIO(body)
        return run_wsgi_app(self._inner, copy, buffered=True)

    def _find_rule(self, environ: dict[str, Any]) -> Any:
        try:
            return self._app.url_map.bind_to_environ(environ).match(return_rule=True)[0]
        except HTTPException:
            return None

    def _connect_anew(self) -> None:
        # A failure may end the connection or not. SQLite is asked to make a new one ready: that would count one time and
        # not the next, and some statement in between would never fail.
        if _IS_FLEET and self._faults.is_sqlite:
            with self._app.app_context():
                db.engine.dispose()

    def _forget_attempts(self) -> None:
        # All these failures are tries of one person; what too many are told is another matter.
        limits = self._app.extensions["services"].limits
        limits.forget()
        limits.storage._own.reset()
        # An app signs anew when it tries again, and here the same is sent.
        for table in _MAY_CHANGE & self._onlooker.read_rows().keys():
            with self._onlooker.writing():
                self._onlooker.run(f"DELETE FROM {table}")
