"""What fails on our side: a database that is away, and mistakes of ours. Told alike at both doors, and logged alike."""

import sqlite3
from collections.abc import Callable

import pytest

from app.database.connections import Connection, connect
from app.database.unavailable import DatabaseUnavailable
from tests.fast.test_bad_requests import check
from tests.fast.test_honest_requests import honest_requests
from tests.fast.two_doors import TwoDoors

_WAYS = ("first", "all", "run", "decide")


def locked() -> Exception:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


def lost_snapshot() -> Exception:
    """What the database asks to be tried again, and then finds the same."""
    error = sqlite3.OperationalError("another wrote")
    error.sqlite_errorname = "SQLITE_BUSY_SNAPSHOT"
    return error


FAULTS: dict[str, Callable[[], Exception]] = {
    "away": lambda: DatabaseUnavailable("away", "Nobody answers."),
    "locked": locked,
    "lost snapshot": lost_snapshot,
    "a mistake of ours": lambda: ZeroDivisionError("by chance"),
    "an assertion": lambda: AssertionError(),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", [1, 2])
def test_statement_fails(fault, at, doors, notebook, tokens, signed_in, monkeypatch):
    """The first or the second that a request sends, and what it sends after that."""
    monkeypatch.setattr("app.database.repeat.time.sleep", lambda seconds: None)
    sent = [0]

    def failing(act: Callable) -> Callable:
        def fail(connection: Connection, *arguments, **values):
            sent[0] += 1
            if doors.is_asking and sent[0] >= at:
                raise FAULTS[fault]()
            return act(connection, *arguments, **values)

        return fail

    for name in _WAYS:
        monkeypatch.setattr(Connection, name, failing(getattr(Connection, name)))
    requests = honest_requests(notebook, notebook.code(signed_in), tokens)
    some = {name: make for name, make in requests.items() if "/v1/" not in name and not name.endswith("/")}
    found = doors.differences(some, meddle=lambda: sent.__setitem__(0, 0))
    assert not found, "\n".join(["", *found])
    assert doors.taken == some.keys()
    worst = {status[:3] for status in doors.statuses.values()}
    assert ("500" if "mistake" in fault or "assertion" in fault else "503") in worst


def refusing(doors: TwoDoors) -> Callable[..., Connection]:
    def refuse(*arguments):
        if doors.is_asking:
            raise DatabaseUnavailable("away", "Nobody answers.")
        return connect(*arguments)

    return refuse


def test_no_connection(doors, notebook, tokens, signed_in, monkeypatch):
    requests = honest_requests(notebook, notebook.code(signed_in), tokens)

    for name in ("limits.database.connect", "database.schema.connect"):
        monkeypatch.setattr(f"app.{name}", refusing(doors))
    for name in ("bearer_answer", "endpoints.requests"):
        monkeypatch.setattr(f"app.oauth.{name}.connect_beside", refusing(doors))
    check(doors, requests, at_least=len(requests))
    assert doors.statuses["refresh"] == "503 SERVICE UNAVAILABLE"
    assert doors.statuses["/healthz"] == "200 OK"


class Broken:
    """A body that cannot be read to its end."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, size: int = -1) -> bytes:
        raise self._error


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("by chance")], ids=repr)
def test_body_cannot_be_read(error, doors, notebook):
    make = honest_requests(notebook, "x", {"access_token": "x", "refresh_token": "x"})["client credentials"]
    found = doors.differences({"client credentials": lambda: make() | {"wsgi.input": Broken(error)}})
    # The fast door reads first, and takes a connection to the database afterwards.
    assert not [line for line in found if "what it may do" not in line]
    assert doors.taken
