"""What the tests of the fast door share."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import literal, select

from app.database.side_by_side.aside import find_others
from app.database.statements import Statement
from app.fast import FastDoor
from app.http.application import Application
from tests.fast.two_doors import TwoDoors
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403

#: A client for each way to authenticate; the third, which differs least, before a release.
_CLIENTS = ("notebook", "pocket", "posting_notebook") if os.environ.get("TEST_FLEET") else ("notebook", "pocket")

_ONE = Statement(select(literal(1).label("one")))


@pytest.fixture
def doors(app, monkeypatch, caplog) -> Iterator[TwoDoors]:
    """The app with its fast door, and the same around it. On PostgreSQL the fast door answers beside others."""
    if app.together is not None:
        _answer_beside_others(app, monkeypatch)
    doors = TwoDoors(app, monkeypatch, caplog)
    yield doors
    doors.close()


@pytest.fixture(params=_CLIENTS)
def client(request) -> Integrator:
    """A client for each of the ways to authenticate, in turn."""
    return request.getfixturevalue(request.param)


def _answer_beside_others(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fast door answer as in a worker to which several requests have come at once."""
    alone, together, engine = FastDoor._answer, app.together, app.extensions["services"].engine

    def look() -> None:
        compiled = _ONE.compiled_for(engine.dialect)
        answer = find_others().ask(compiled.wire, compiled.bind({}), writes=False)
        assert answer is None or answer.fetchone() == (1,)

    def answer(*given: Any) -> Any:
        answered: list[Any] = []

        def act() -> None:
            try:
                answered.append(alone(*given))
            except BaseException as error:
                answered.append(error)

        list(together([look, act, look]))
        if isinstance(answered[0], BaseException):
            raise answered[0]
        return answered[0]

    monkeypatch.setattr(FastDoor, "_answer", answer)
