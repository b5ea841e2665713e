"""What the tests of the fast door share."""

import os
from collections.abc import Iterator

import pytest

from tests.fast.two_doors import TwoDoors
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403

#: A client for each way to authenticate; the third, which differs least, before a release.
_CLIENTS = ("notebook", "pocket", "posting_notebook") if os.environ.get("TEST_FLEET") else ("notebook", "pocket")


@pytest.fixture
def doors(app, monkeypatch, caplog) -> Iterator[TwoDoors]:
    """The app with its fast door, and the same around it."""
    doors = TwoDoors(app, monkeypatch, caplog)
    yield doors
    doors.close()


@pytest.fixture(params=_CLIENTS)
def client(request) -> Integrator:
    """A client for each of the ways to authenticate, in turn."""
    return request.getfixturevalue(request.param)
