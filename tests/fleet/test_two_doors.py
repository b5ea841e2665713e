"""Two servers on one database, of which one has its fast door shut: the same bytes get the same answer from both.

What the tests of ``tests/fast`` compare in one process goes through sockets, loops and threads here.
"""

import random
import re
import socket
from urllib.parse import urlsplit

import pytest

from app.database.access import expect_writes
from app.extensions import db
from app.limits.models import RateLimitCounter
from tests.databases import new_database
from tests.fast.test_any_bytes import ME, METADATA, MORE, change, one_header_more, raw_requests
from tests.resources import _cluster
from tests.robustness.remote import RemoteApp
from tests.robustness.test_raw_sockets import (
    GRANT,
    authorization,
    get,
    post,
)
from tests.server import running_server

_ISSUER = "http://127.0.0.1:8000"
#: What differs from one answer to the next: the request's id, the time, and what was issued.
_CHANCE = re.compile(rb"req_[0-9a-f]{24}|Date: [^\r]+|rlq_at_[0-9a-f]{64}|X-Request-ID: [^\r]+")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def pair(request, pytestconfig, tmp_path_factory, apps_in_use):
    """The server as it is, and the one whose fast door is shut."""
    directory = tmp_path_factory.mktemp("two-doors")
    # Both list the methods of an address in one order, which would else be by chance.
    settings = {"ISSUER": _ISSUER, "WEB_CONCURRENCY": "1", "PYTHONHASHSEED": "0"}
    around = "tests.fleet.around_the_fast_door:app"
    with (
        new_database(request.param, pytestconfig.stash[_cluster], directory) as url,
        running_server(url, directory, **settings) as fast,
        running_server(url, directory, application=around, **settings) as shut,
    ):
        apps_in_use.append(fast.app)
        yield fast, shut
        apps_in_use.remove(fast.app)


@pytest.fixture
def server(pair):
    return pair[0]


@pytest.fixture
def app(server) -> RemoteApp:
    return RemoteApp(server)


def exchange(url: str, raw: bytes) -> bytes:
    """All that comes back for these bytes, after which our half is shut."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        except OSError as error:
            return repr(type(error)).encode()
    return _CHANCE.sub(b"*", answer)


def compare(pair, sent: dict[str, bytes]) -> None:
    fast, shut = pair
    different = []
    for name, raw in sent.items():
        answers = []
        for server in (fast, shut):
            answers.append(exchange(server.url, raw))
            # Both count in it.
            with server.app.app_context(), expect_writes(), db.engine.begin() as connection:
                connection.execute(RateLimitCounter.__table__.delete())
        if answers[0] != answers[1]:
            different.append(f"{name}: {answers[0][:600]!r} and, around it, {answers[1][:600]!r}")
    assert not different, "\n".join(["", *different])
    for server in pair:
        assert "Unexpected error" not in server.log


def test_tables_of_raw_bytes(pair, notebook):
    compare(pair, raw_requests(authorization(notebook)))


@pytest.fixture
def honest(notebook, browser, alice) -> dict[str, bytes]:
    browser.enter(alice)
    bearer = b"Authorization: Bearer " + notebook.tokens(browser)["access_token"].encode()
    return {
        "token": post("/oauth/token", authorization(notebook), body=GRANT),
        "introspection": post("/oauth/introspect", authorization(notebook), body=b"token=" + bearer[22:]),
        "me": get(ME, bearer),
        "metadata": get(METADATA),
        "readiness": get(b"/readyz"),
    }


def test_one_header_more(pair, honest):
    compare(pair, one_header_more(honest, MORE))


def test_several_requests_in_one_piece(pair, honest):
    """Pipelined: what the one leaves of the bytes is the beginning of the next (:rfc:`9112#section-9.3.2`)."""
    kept = {name: raw.replace(b"Connection: close\r\n", b"") for name, raw in honest.items()}
    compare(
        pair,
        {f"{first}, {second}": kept[first] + kept[second] + honest["metadata"] for first in kept for second in kept},
    )


def test_bytes_changed_by_chance(pair, honest):
    chance = random.Random(20261128)
    made = list(honest.values())
    compare(pair, {f"{number}": change(chance.choice(made), chance) for number in range(500)})


def test_every_cut_of_a_request(pair, honest):
    compare(pair, {f"{length}": honest["token"][:length] for length in range(1, len(honest["token"]), 3)})
