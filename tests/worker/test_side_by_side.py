"""What comes to a worker at once on PostgreSQL, it answers at once: to each connection its own."""

import json
import os
import signal
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.databases import for_libpq, missing_postgresql
from tests.integrator import basic
from tests.robustness.locking import wait_until
from tests.robustness.remote import RemoteApp
from tests.server import running_server
from tests.worker.wire import dial, read_answer, read_answers

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql())),
]


@pytest.fixture(scope="module")
def server(lasting_postgresql_url, tmp_path_factory, apps_in_use):
    """A server with one worker, which writes down whom it answers."""
    folder = tmp_path_factory.mktemp("side-by-side")
    settings = {"WEB_CONCURRENCY": "1", "LOG_FORMAT": "json"}
    with running_server(lasting_postgresql_url, folder, **settings) as server:
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


@pytest.fixture
def app(server) -> RemoteApp:
    return RemoteApp(server)


def test_each_connection_gets_its_own_answer(server, notebook, pocket, signed_in):
    tokens, code = notebook.tokens(signed_in), notebook.code(signed_in)
    others = pocket.tokens(signed_in)
    asked = {
        "client credentials": form(notebook, "/oauth/token", grant_type="client_credentials"),
        "introspection": form(notebook, "/oauth/introspect", token=tokens["access_token"]),
        "introspection of nothing": form(notebook, "/oauth/introspect", token="rlq_at_0"),
        "refresh": form(notebook, "/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
        "exchange": form(
            notebook,
            "/oauth/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=notebook.redirect_uri,
            code_verifier=notebook.code_verifier,
        ),
        "me": me(others["access_token"]),
        "nobody": me("rlq_at_0"),
        "no client": form(notebook, "/oauth/token", client_secret="wrong", grant_type="client_credentials"),
        "metadata": b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    for _ in range(2):
        answers = dict(zip(asked, at_once(server, list(asked.values())), strict=True))
    told = {name: json.loads(answer.content) for name, answer in answers.items()}
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(asked, 200) | {
        "exchange": 400,
        "nobody": 401,
        "no client": 401,
    }
    assert told["introspection of nothing"] == {"active": False}
    # The code came twice, and what came of it has ended since; the refresh token too, a moment ago, which is forgiven.
    assert told["introspection"]["client_id"] == notebook.client_id and told["exchange"]["error"] == "invalid_grant"
    assert told["me"]["client_id"] == pocket.client_id
    assert told["client credentials"]["access_token"] != told["refresh"]["access_token"]
    ids = {name: answer.headers["X-Request-Id"] for name, answer in answers.items()}
    # Some of the lines come when the answer has gone out.
    wait_until(lambda: set(ids.values()) <= routes_of(server).keys())
    of = {name: routes_of(server)[id] for name, id in ids.items()}
    assert of["me"] == ("/api/me/", 200, pocket.client_id) and of["refresh"] == (
        "/oauth/token",
        200,
        notebook.client_id,
    )
    assert of["nobody"][1:] == (401, None) and of["no client"][:2] == ("/oauth/token", 401)
    assert "ERROR" not in server.log


def test_one_of_as_many_as_come_at_once_wins(server, notebook, signed_in):
    code = notebook.code(signed_in)
    exchange = form(
        notebook,
        "/oauth/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=notebook.redirect_uri,
        code_verifier=notebook.code_verifier,
    )
    answers = at_once(server, [exchange] * 20)
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19
    (tokens,) = (json.loads(answer.content) for answer in answers if answer.status == 200)
    assert not notebook.is_alive(tokens["access_token"])


def test_requests_behind_one_another_keep_their_order(server, notebook):
    token = notebook.client_credentials().json["access_token"]
    pair = me(token) + form(notebook, "/oauth/introspect", token=token)
    with ExitStack() as stack, stopped(server):
        connections = [stack.enter_context(dial(server.url)) for _ in range(4)]
        for connection in connections:
            connection.sendall(pair * 5)
        stack.pop_all()
    for connection in connections:
        answers = read_answers(connection, 10)
        assert [answer.status for answer in answers] == [200] * 10
        assert all(b'"active"' in answer.content for answer in answers[1::2])
        assert all(b'"organization"' in answer.content for answer in answers[::2])
        connection.close()


def test_one_whose_row_is_locked_keeps_nobody_waiting(server, notebook, signed_in):
    tokens, access = notebook.tokens(signed_in), notebook.client_credentials().json["access_token"]
    refresh = form(notebook, "/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    others = [me(access), form(notebook, "/oauth/token", grant_type="client_credentials"), me(access)]
    at_once(server, [me(access)] * 3)
    with dial(server.url) as waiting, ExitStack() as stack:
        with psycopg.connect(for_libpq(make_url(server.database_url))) as other:
            other.execute("SELECT FROM oauth_refresh_tokens FOR UPDATE")
            with stopped(server):
                waiting.sendall(refresh)
                connections = [stack.enter_context(dial(server.url)) for _ in others]
                for connection, request in zip(connections, others, strict=True):
                    connection.sendall(request)
            assert [read_answer(connection).status for connection in connections] == [200, 200, 200]
            waiting.setblocking(False)
            with pytest.raises(BlockingIOError):
                waiting.recv(1)
            waiting.settimeout(30)
        assert read_answer(waiting).status == 200


def routes_of(server) -> dict[str, tuple]:
    """What the access log says of each request so far, by its id."""
    lines = [json.loads(line) for line in server.log.splitlines() if "duration_ms" in line]
    return {line["request_id"]: (line["route"], line["status"], line.get("client")) for line in lines}


def form(client, path: str, client_secret: str | None = None, **parameters: str) -> bytes:
    body = "&".join(f"{name}={value.replace(':', '%3A').replace('/', '%2F')}" for name, value in parameters.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: {basic(client.client_id, client_secret or client.client_secret)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def me(token: str) -> bytes:
    return f"GET /api/me/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def at_once(server, requests: list[bytes]) -> list:
    """Returns the answers to what the worker finds there all at once, each on a connection of its own."""
    with ExitStack() as stack:
        with stopped(server):
            connections = [stack.enter_context(dial(server.url)) for _ in requests]
            for connection, request in zip(connections, requests, strict=True):
                connection.sendall(request)
        return [read_answer(connection) for connection in connections]


@contextmanager
def stopped(server):
    """The worker does nothing meanwhile."""
    (worker,) = (int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
