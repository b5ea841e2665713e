"""One request through the fast door and around it, from the same state: whatever comes of it must be the same.

Time stands still and chance begins anew before each of the two, so that nothing has to be left out of what is compared.
"""

import random
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from flask import Flask
from sqlalchemy import Integer, Table
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import clock, fast
from app.database.access import may_note, may_orm_write
from app.database.connections import Connection
from app.database.patience import find_patience
from app.database.side_by_side.connection import SharedConnection
from app.extensions import db
from app.logs import present
from app.metrics.kinds import State, _rows, begin_anew
from tests.databases import tables_in_order
from tests.onlooker import Onlooker, Rows, quoted

#: Makes the environ of a request. Its body can be read once, so there is another each time.
Make = Callable[[], dict[str, Any]]

#: So many bytes has the random name by which a new connection of PostgreSQL prepares statements, whenever that is made.
_OF_A_CONNECTION = 8
#: What takes a time.
_TIMED = ("_sum", "_bucket")


def form(path: str, body: bytes | str, authorization: str | None = None, **environ: Any) -> Make:
    """A POST of exactly this form. ``environ`` are headers as a server hands them over, however wrong they are."""
    data = body.encode() if isinstance(body, str) else body
    sent = {"CONTENT_TYPE": "application/x-www-form-urlencoded"} | environ
    if authorization is not None:
        sent = {"HTTP_AUTHORIZATION": authorization} | sent
    environ = EnvironBuilder(path=path, method="POST", data=data, environ_overrides=sent).get_environ()
    return lambda: environ | {"wsgi.input": BytesIO(data)}


def read(path: str, authorization: str | None = None, method: str = "GET", **environ: Any) -> Make:
    """A request without a body."""
    if authorization is not None:
        environ = {"HTTP_AUTHORIZATION": authorization} | environ
    made = EnvironBuilder(path=path, method=method, environ_overrides=dict(environ)).get_environ()
    return lambda: made | {"wsgi.input": BytesIO()}


class TwoDoors:
    """Compares what comes of requests. ``taken`` are the names of those that the fast door has answered."""

    def __init__(self, app: Flask, monkeypatch: Any, caplog: Any) -> None:
        self.app, self._monkeypatch, self._caplog = app, monkeypatch, caplog
        self._services = app.extensions["services"]
        self.taken: set[str] = set()
        #: Whether a request is being answered just now.
        self.is_asking = False
        self.statuses: dict[str, str] = {}
        self._caplog.set_level("INFO")
        with app.app_context():
            self._onlooker = Onlooker(app, db.metadata)
        # A store of limits that failed is looked for again after each request, and not by chance.
        self._storage = self._services.limits.storage
        monkeypatch.setattr(self._storage, "_has_thread", lambda: False)
        self._allowed: list[tuple] = []
        enter = Connection.__enter__

        def note(connection: Connection) -> Connection:
            # The one that several share is nobody's.
            if not isinstance(connection, SharedConnection):
                self._allowed.append(_tell_allowed())
            return enter(connection)

        monkeypatch.setattr(Connection, "__enter__", note)
        # What tests before this have counted would be looked through again and again.
        self._counted_before = (State.is_on, State.own, [(row, row._metric, row._children) for row in _rows])
        begin_anew()

    def close(self) -> None:
        """Let go of the database."""
        self._onlooker.close()
        State.is_on, State.own, metrics = self._counted_before
        for row, metric, children in metrics:
            row._metric, row._children = metric, children

    def differences(
        self, requests: dict[str, Make], *, meddle: Callable[[], None] = lambda: None, uses_up: bool = True
    ) -> list[str]:
        """Returns a line for each thing that is not the same; ``meddle`` is called before each request.

        After one that was answered with 200, the next begins in the state that there is now: unless what is sent can be
        sent again and again (not ``uses_up``), where looking at all rows so often would only take time.
        """
        self._uses_up = uses_up
        start = self._onlooker.read_rows()
        with self._onlooker.writing():
            self._begin_counting(tables_in_order(db.metadata))
        self._now = clock.now()
        seen = [self._go_through(requests, start, meddle, around=around) for around in (False, True)]
        assert seen[0].keys() == seen[1].keys()
        return [
            f"{name}: {kind} is {mine!r} at the fast door and {others!r} around it"
            for name in seen[0]
            for kind, mine, others in _compare(seen[0][name], seen[1][name])
        ]

    def _go_through(
        self, requests: dict[str, Make], start: Rows, meddle: Callable[[], None], *, around: bool
    ) -> dict[str, dict[str, Any]]:
        seen: dict[str, dict[str, Any]] = {}
        with self._monkeypatch.context() as patch, self._around() if around else self._noticing():
            patch.setattr("app.clock.now", lambda: self._now)
            chance = random.Random(1)
            draw = secrets.token_hex

            def same_hex(size: int = 32) -> str:
                return draw(size) if size == _OF_A_CONNECTION else f"{chance.getrandbits(8 * size):0{2 * size}x}"

            patch.setattr(secrets, "token_hex", same_hex)
            random.seed(1)
            self._go_back(start, start)
            self._services.seen_clients._known.clear()
            counted = _count()
            for name, make in requests.items():
                self._name = name
                meddle()
                seen[name] = self._ask(make())
                if self._uses_up and seen[name]["answer"][0].startswith("200"):
                    rows = seen[name]["rows"] = self._onlooker.read_rows()
                    self._go_back(start, rows)
            rows = self._onlooker.read_rows()
            seen["all of them"] = {"rows": rows, "metrics": _subtract(_count(), counted)}
            self._go_back(start, rows)
        return seen

    def _ask(self, environ: dict[str, Any]) -> dict[str, Any]:
        self._caplog.clear()
        self._allowed.clear()
        self.is_asking = True
        # What the app is given is a copy, and that is where it notes what a log tells.
        asked: list[dict[str, Any]] = []

        def app(environ: dict[str, Any], start_response: Any) -> Any:
            asked.append(environ)
            return self.app(environ, start_response)

        try:
            body, status, headers = run_wsgi_app(app, environ, buffered=True)
        except Exception as error:
            return {"answer": ("raised", repr(error), b"")}
        finally:
            self.is_asking = False
        self.statuses[self._name] = status
        # What the thread is left with, for whatever it does next.
        left = (present.environ(), _tell_allowed())
        logged = [
            (one.levelname, one.getMessage(), one.exc_info and repr(one.exc_info[1])) for one in self._caplog.records
        ]
        return {
            "answer": (status, list(headers), b"".join(body)),
            # However often it is looked: the authorize endpoint looks once where the view looks twice.
            "what it may do": sorted(set(self._allowed)),
            "access log": present.tell(asked[0]),
            "log": logged,
            "notes": self._take_notes(),
            "limits": self._take_limits(),
            "what is left": left,
        }

    @contextmanager
    def _around(self) -> Iterator[None]:
        with self._monkeypatch.context() as patch:
            patch.setattr(fast, "_find_place", lambda environ: None)
            yield

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        inside = fast.FastDoor._answer

        def notice(door: Any, place: Any, environ: dict[str, Any]) -> Any:
            self.taken.add(self._name)
            return inside(door, place, environ)

        with self._monkeypatch.context() as patch:
            patch.setattr(fast.FastDoor, "_answer", notice)
            yield

    def _take_notes(self) -> list[Any]:
        return [_tell(kind._take()) for kind in self._services.notes._kinds.values() if kind.count()]

    def _take_limits(self) -> tuple:
        calls = sorted(self._services.limits.calls._counts.values())
        over = sorted(self._services.limits._over._counters) + sorted(self._storage._own._counters)
        if not self._storage.check():
            self._storage.look()
        self._services.limits.forget()
        counters = sorted(self._onlooker.run("SELECT key, count FROM rate_limit_counters"))
        if counters:
            with self._onlooker.writing():
                self._onlooker.run("DELETE FROM rate_limit_counters")
        return calls, over, counters

    def _go_back(self, start: Rows, rows: Rows) -> None:
        """Leave the rows of ``start`` where there are ``rows``, and the numbers of those to come as they were."""
        self._services.limits.forget()
        self._take_notes()
        changed = [table for table in tables_in_order(db.metadata) if start.get(table.name) != rows.get(table.name)]
        if not changed:
            return
        onlooker = self._onlooker
        with onlooker.writing():
            for table in reversed(changed):
                before, after = _by_key(table, start), _by_key(table, rows)
                for key in after.keys() - before.keys():
                    onlooker.run(f'DELETE FROM "{table.name}" WHERE {_is_row(table)}', key)
            for table in changed:
                before, after = _by_key(table, start), _by_key(table, rows)
                names = [quoted(column.name) for column in table.columns]
                for key in before.keys() - after.keys():
                    places = ", ".join("?" * len(names))
                    onlooker.run(f'INSERT INTO "{table.name}" ({", ".join(names)}) VALUES ({places})', before[key])
                for key in before.keys() & after.keys():
                    if before[key] != after[key]:
                        values = ", ".join(f"{name} = ?" for name in names)
                        wanted = (*before[key], *key)
                        onlooker.run(f'UPDATE "{table.name}" SET {values} WHERE {_is_row(table)}', wanted)
            self._begin_counting(changed)

    def _begin_counting(self, tables: Iterable[Table]) -> None:
        """Have the next number of a row be the one after the last that there is."""
        for table in tables:
            column = table.autoincrement_column
            if column is None or not isinstance(column.type, Integer):
                continue
            last = f'(SELECT coalesce(max("{column.name}"), 0) FROM "{table.name}")'
            if not self._onlooker.is_sqlite:
                # A column without a sequence has none to set, and setval of NULL does nothing.
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                self._onlooker.run(f"SELECT setval({sequence}, {last} + 1, false)")
            elif table.dialect_options["sqlite"]["autoincrement"]:
                self._onlooker.run(f"UPDATE sqlite_sequence SET seq = {last} WHERE name = ?", [table.name])


def _by_key(table: Table, rows: Rows) -> dict[tuple, tuple]:
    names = table.columns.keys()
    key_of = [names.index(column.key) for column in table.primary_key]
    return {tuple(row[place] for place in key_of): row for row in rows.get(table.name, ())}


def _is_row(table: Table) -> str:
    return " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)


def _tell_allowed() -> tuple:
    """How long the database is waited for, and what may be written."""
    patience = find_patience()
    # In whole seconds: what a busy machine has taken of it is no difference.
    return None if patience is None else round(patience.left), may_orm_write(), may_note()


def _tell(noted: Any) -> Any:
    """What somebody noted, so that two notes of the same are equal."""
    if isinstance(noted, dict):
        return [(_tell(key), _tell(value)) for key, value in noted.items()]
    if isinstance(noted, deque | list):
        return [_tell(one) for one in noted]
    names = getattr(type(noted), "__slots__", ()) if type(noted).__module__.startswith("app.") else ()
    return {name: _tell(getattr(noted, name)) for name in names} or noted


def _count() -> dict[tuple, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in State.own.collect()
        for sample in metric.samples
        if metric.type in ("counter", "histogram")
        and not sample.name.endswith(_TIMED)
        and "database_wait" not in sample.name
    }


def _subtract(after: dict[tuple, float], before: dict[tuple, float]) -> dict[tuple, float]:
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def _compare(mine: dict[str, Any], others: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for kind in mine.keys() | others.keys():
        if mine.get(kind) != others.get(kind):
            yield kind, mine.get(kind), others.get(kind)
