"""What one process changes, the next call through another one's fast door feels: nothing that is kept there decides."""

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from app import create_app, fast
from app.accounts.disabling import disable_account
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client
from app.clients.secrets import rotate_client_secret
from app.consents.changes import end, pause, resume
from app.database.connections import Connection, connect
from app.extensions import db
from app.http.application import Application
from tests.actors import Browser
from tests.fast.raw import environ_of
from tests.integrator import Integrator, basic
from tests.robustness.remote import RemoteApp


@pytest.fixture
def other(app):
    """Another process on the same database, as far as what it keeps in its memory goes."""
    other = create_app(app.extensions["services"].settings)
    other.extensions["services"].notes.have_threads = False
    yield other
    with other.app_context():
        db.engine.dispose()


class There:
    """Acts in the other process."""

    def __init__(self, app, client: Integrator, user_id: str, tokens: dict) -> None:
        self._app, self._client, self._user_id, self._tokens = app, client, user_id, tokens

    def change_client(self, act: Callable) -> None:
        with self._app.app_context():
            client = db.session.get_one(Client, self._client.client_id)
            act(db.session(), client, actor_user_id=None)
            db.session.commit()

    def change_consent(self, act: Callable[[Connection, str, str], bool]) -> None:
        with self._app.app_context(), connect(db.engine) as connection, connection.transaction():
            assert act(connection, self._user_id, self._tokens["grant_id"])

    def disable(self) -> None:
        with self._app.app_context():
            assert disable_account(db.session(), self._user_id, actor_user_id=None)
            db.session.commit()

    def send(self, path: str, **parameters: str) -> None:
        sender = Integrator(self._app, self._client.client_id, self._client.client_secret, "", "")
        assert sender.post(path, parameters).status_code == 200

    def revoke(self, kind: str) -> None:
        self.send("/oauth/revoke", token=self._tokens[kind])


GONE, ALIVE = "gone", "alive"
#: What is done there -> what becomes here of the access token, of asking about it, of client credentials, and of a refresh.
ACTS: dict[str, tuple[Callable[[There], None], tuple]] = {
    "nothing": (lambda there: None, (200, ALIVE, 200, 200)),
    "suspended": (lambda there: there.change_client(suspend_client), (401, 401, 401, 401)),
    "rotated the secret": (lambda there: there.change_client(rotate_client_secret), (200, 401, 401, 401)),
    "deleted": (lambda there: there.change_client(delete_client), (401, 401, 401, 401)),
    "paused": (lambda there: there.change_consent(pause), (401, GONE, 200, 400)),
    "ended the consent": (lambda there: there.change_consent(end), (401, GONE, 200, 400)),
    "disabled the account": (lambda there: there.disable(), (401, GONE, 200, 400)),
    "revoked the access token": (lambda there: there.revoke("access_token"), (401, GONE, 200, 200)),
    "revoked the refresh token": (lambda there: there.revoke("refresh_token"), (401, GONE, 200, 400)),
    "suspended and resumed": (
        lambda there: (there.change_client(suspend_client), there.change_client(resume_client)),
        (200, ALIVE, 200, 200),
    ),
    "paused and resumed": (
        lambda there: (there.change_consent(pause), there.change_consent(resume)),
        (200, ALIVE, 200, 200),
    ),
}


def look(client: Integrator, tokens: dict) -> tuple:
    """What becomes of the access token, of asking about it, and of client credentials."""
    asked = client.introspect(tokens["access_token"])
    alive = {True: ALIVE, False: GONE}[asked.json["active"]] if asked.status_code == 200 else asked.status_code
    return client.me(tokens["access_token"]).status_code, alive, client.client_credentials().status_code


@pytest.fixture
def without_flask(monkeypatch) -> Callable[[], None]:
    """From now on nothing may come as far as Flask."""

    def forbid() -> None:
        def fail(app: Application) -> None:
            raise AssertionError("It went on to Flask.")

        monkeypatch.setattr(Application, "full_dispatch_request", fail)

    return forbid


@pytest.mark.parametrize("act", ACTS)
def test_next_call_feels_it(act, notebook, signed_in, alice, other, without_flask):
    tokens = notebook.tokens(signed_in)
    do, (called, asked, issued, refreshed) = ACTS[act]
    without_flask()
    assert look(notebook, tokens) == (200, ALIVE, 200)
    do(There(other, notebook, alice.id, tokens))
    assert look(notebook, tokens) == (called, asked, issued)
    assert notebook.refresh(tokens["refresh_token"]).status_code == refreshed


def test_code_and_refresh_token_that_were_used_there(notebook, signed_in, alice, other, without_flask, strict):
    code = notebook.code(signed_in)
    tokens = notebook.tokens(signed_in)
    there = There(other, notebook, alice.id, tokens)
    without_flask()
    there.send("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    there.send(
        "/oauth/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=notebook.redirect_uri,
        code_verifier=notebook.code_verifier,
    )
    assert notebook.exchange(code).json["error"] == "invalid_grant"


class TestWorkers:
    """The same through sockets, whichever worker has the connection."""

    @pytest.fixture
    def app(self, server) -> RemoteApp:
        return RemoteApp(server)

    def test_each_worker_feels_it(self, app, notebook, alice):
        browser = Browser(app)
        browser.enter(alice)
        tokens = notebook.tokens(browser)
        known = {"Authorization": f"Bearer {tokens['access_token']}"}
        address = urlsplit(app.server.url)
        connections = [HTTPConnection(address.hostname, address.port, timeout=20) for _ in range(12)]

        def call(connection: HTTPConnection) -> int:
            connection.request("GET", "/api/me/", headers=known)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        there = There(app.server.app, notebook, alice.id, tokens)
        assert {call(connection) for connection in connections} == {200}
        there.change_client(suspend_client)
        assert {call(connection) for connection in connections} == {401}
        there.change_client(resume_client)
        assert {call(connection) for connection in connections} == {200}
        there.change_consent(pause)
        assert {call(connection) for connection in connections} == {401}
        there.change_consent(resume)
        there.revoke("access_token")
        assert {call(connection) for connection in connections} == {401}
        for connection in connections:
            connection.close()

    def test_each_worker_feels_it_of_a_client_that_it_knows(self, app, notebook):
        """Each has given the client a token before."""
        address = urlsplit(app.server.url)
        connections = [HTTPConnection(address.hostname, address.port, timeout=20) for _ in range(8)]
        headers = {
            "Authorization": basic(notebook.client_id, notebook.client_secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }

        def call(connection: HTTPConnection) -> int:
            connection.request("POST", "/oauth/token", "grant_type=client_credentials", headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        there = There(app.server.app, notebook, "", {})
        assert [{call(connection) for connection in connections} for _ in range(2)] == [{200}] * 2
        for act, status in ((suspend_client, 401), (resume_client, 200), (rotate_client_secret, 401)):
            there.change_client(act)
            assert {call(connection) for connection in connections} == {status}
        for connection in connections:
            connection.close()


def test_requests_of_the_race_tests_are_taken(app, notebook, monkeypatch):
    """They go through sockets, as bytes that no table of ours has made: the races are run at the fast door."""
    monkeypatch.setitem(app.extensions, "services", app.extensions["services"])
    caught: list[bytes] = []

    def catch() -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                raw = connection.recv(65536)
                while not raw.endswith((b"grant_type=client_credentials", b"\r\n\r\n")):
                    raw += connection.recv(65536)
                caught.append(raw)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=catch, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        sender = replace(notebook, app=RemoteApp(SimpleNamespace(url=url, app=app)))
        sender.client_credentials()
        sender.me("rlq_at_x")
        thread.join(20)
    assert [fast.takes(environ_of(raw)) for raw in caught] == [True, True]
