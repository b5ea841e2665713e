"""A whole run, honest and dishonest, against a real server: nothing that anybody sent or got is in its logs or metrics.

What must not be there is not listed by hand: everything that crosses the socket is gathered, in both directions.
"""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest
from sqlalchemy import make_url

from app.accounts.users import register_user
from app.clients.registration import register_client
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import Browser
from tests.integrator import Integrator, basic
from tests.mail.servers import Behaviour, mail_server
from tests.mailbox import wait_for_first
from tests.ports import free_port
from tests.robustness.remote import RemoteApp
from tests.server import CHEAP_PASSWORDS, running_server

from .test_port import scrape

_DIARY = "Quietly leaving Hamburg"
_QUESTION = "where does grandmother keep the violin"
#: What is ours or the protocol's and may be told: kinds, routes, and the keys by which the log names an app.
_TOLD = re.compile(
    r"[a-z_]{1,40}|[A-Z0-9]{1,8}|S256|https?://127\.0\.0\.1:\d+(/[a-z_/.-]*)?|/[a-z0-9_/-]*|(memories|integrations):.*"
    r"|req_[0-9a-f]{24}|client_\w+|application/.*|text/.*|no-store.*|gzip.*|127\.0\.0\.1.*|\d{1,6}(\.\d+)?|Bearer|same-origin"
)


class Recorder(RemoteApp):
    """Crosses the socket, and keeps every value that did."""

    def __init__(self, server) -> None:
        super().__init__(server)
        self.values: set[str] = set()
        self.answers: list[tuple[str, int]] = []

    def _forward(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"].seek(0)
        self.values |= {value for _, value in parse_qsl(environ["QUERY_STRING"])}
        self.values |= {value for name, value in environ.items() if name in ("HTTP_AUTHORIZATION", "HTTP_COOKIE")}
        self.values |= set(_values_of(body.decode("utf-8", "replace"), environ.get("CONTENT_TYPE", "")))

        def start(status, headers):
            told = {name.lower(): value for name, value in headers}
            self.answers.append((told.get("x-request-id", "none"), int(status[:3])))
            for name, value in headers:
                if name.lower() == "set-cookie":
                    self.values.add(value.partition("=")[2].partition(";")[0])
                elif name.lower() == "location":
                    self.values |= {value for _, value in parse_qsl(urlsplit(value).query)}
            start_response(status, headers)

        (content,) = super()._forward(environ, start)
        text = content.decode("utf-8", "replace")
        # Handles and tokens of forms, and what a program is answered.
        self.values |= set(re.findall(r'value="([^"]{8,})"', text)) | set(_values_of(text, "json"))
        return [content]


def _values_of(text: str, kind: str) -> Iterator[str]:
    if "json" in kind:
        try:
            yield from _strings_of(json.loads(text))
        except ValueError:
            return
    elif "form" in kind:
        yield from (value for _, value in parse_qsl(text))


def _strings_of(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in ("error_description", "message", "error_uri"):
                yield from _strings_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings_of(one)


@pytest.fixture(params=["text", "json"])
def ran(request, tmp_path):
    """The run, over: the server, its log, what its metrics said, and the recorder."""
    port = free_port()
    mailbox = Behaviour()
    with (
        mail_server(mailbox) as smtp,
        running_server(
            f"sqlite:///{tmp_path}/x.sqlite3",
            tmp_path,
            application=CHEAP_PASSWORDS,
            LOG_FORMAT=request.param,
            MANAGEMENT_PORT=str(port),
            WEB_CONCURRENCY="1",
            SMTP_URL=f"smtp://127.0.0.1:{smtp}",
            GUNICORN_CMD_ARGS="--access-logfile - --log-level debug",
            stops=True,
        ) as server,
    ):
        recorder = Recorder(server)
        _run(recorder, server, mailbox)
        metrics = scrape(port)
    # With everything that it had to say at its end.
    return request.param, server.log, metrics, recorder


def _run(recorder: Recorder, server, mailbox: Behaviour) -> None:
    with server.app.app_context():
        user = register_user(
            email="alice@acme.example",
            name="Alice Archer",
            password="the long password of Alice",
            organization_name="Acme Archives",
        )
        db.session.flush()
        client, secret = register_client(
            db.session(),
            recorder.extensions["services"].settings,
            organization=user.memberships[0].organization,
            name="Acme Notebook",
            type="confidential",
            redirect_uris=["https://notebook.acme.example/callback"],
            scopes=list(SCOPES),
        )
        db.session.commit()
        client_id = client.client_id
    app = Integrator(
        recorder, client_id, secret, "https://notebook.acme.example/callback", "memories:read memories:write"
    )
    _come_in(recorder, mailbox)
    alice = Browser(recorder)
    alice.sign_in("alice@acme.example", "the long password of Alice")
    code = app.code(alice)
    tokens = app.exchange(code).json
    _use_the_api(recorder, tokens["access_token"])
    _join_and_call_tools(recorder, alice)
    _do_wrong(recorder, app, alice, code, tokens)
    _break_the_database(server, recorder, app, alice)
    _speak_raw(recorder, server)


def _come_in(recorder: Recorder, mailbox: Behaviour) -> None:
    newcomer = Browser(recorder)
    newcomer.submit(
        newcomer.get("/sign-up"),
        email="carla.newcomer@globex.example",
        name="Carla Newcomer",
        password="correct horse battery staple",
        organization_name="Globex Gardens",
    )
    letter = wait_for_first(mailbox.kept).get_body(("plain",)).get_content()
    link = re.search(r"(/sign-up/confirm/)(\S+)", letter)
    recorder.values.add(link[2])
    assert newcomer.submit(newcomer.get(link[0]), press="Finish and sign in").status_code == 303
    newcomer = Browser(recorder)
    newcomer.sign_in("carla.newcomer@globex.example", "wrong horse battery staple")
    newcomer.sign_in("nobody.at.all@globex.example", "wrong horse battery staple", next="/account/?q=" + "n" * 30)


def _use_the_api(recorder: Recorder, token: str) -> None:
    caller, headers = recorder.test_client(), {"Authorization": f"Bearer {token}"}
    made = caller.post("/api/v1/memories/", json={"title": _DIARY, "text": "Nobody may know. " * 9}, headers=headers)
    assert made.status_code == 201, made.text
    caller.get("/api/v1/documents/search/", query_string={"q": _QUESTION}, headers=headers)
    caller.get("/api/v1/memories/", query_string={"q": _QUESTION, "tag": _DIARY}, headers=headers)
    caller.patch(f"/api/v1/memories/{made.json['id']}/", json={"title": _DIARY + " again"}, headers=headers)
    caller.get(f"/api/v1/memories/{quote(_DIARY)}/", headers=headers)
    caller.get(f"/api/v1/{quote(_QUESTION)}/", headers=headers)
    caller.post("/api/v1/memories/", json={"title": 5, "nonsense of mine": _DIARY}, headers=headers)


def _join_and_call_tools(recorder: Recorder, alice: Browser) -> None:
    """An agent registers itself, rightly and wrongly, and calls tools that it may not, and with what cannot be."""
    caller, uri = recorder.test_client(), "http://localhost:3118/where-my-answer-goes"
    said = {"client_name": "Wandering Reader of Diaries", "redirect_uris": [uri], "scope": "memories:read"}
    told = caller.post("/oauth/register", json=said).json
    # It ends in the key by which the log names the app.
    recorder.values.discard(told["registration_client_uri"])
    caller.post("/oauth/register", json=said | {"redirect_uris": ["http://robot.example/its-secret-place"]})
    caller.get(f"/oauth/register/{told['client_id']}", headers={"Authorization": "Bearer a-guess-at-somebody-elses"})
    agent = Integrator(recorder, told["client_id"], None, uri, "memories:read")
    token = agent.tokens(alice, resource=f"{recorder.extensions['services'].settings.issuer}/mcp")["access_token"]
    calls = (("save_memory", {"title": _DIARY}), ("search_memories", {"query": _QUESTION, "cursor": "my own cursor"}))
    for name, arguments in (*calls, ("the tool of my dreams", {})):
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        caller.post("/mcp", json=message, headers={"Authorization": f"Bearer {token}"})


def _do_wrong(recorder: Recorder, app: Integrator, alice: Browser, code: str, tokens: dict) -> None:
    app.introspect(tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert app.exchange(code).status_code == 400
    app.refresh(tokens["refresh_token"])
    app.revoke(tokens["access_token"])
    app.exchange("not a code at all", code_verifier="v" * 43)
    wrong = {"Authorization": basic(app.client_id, "the wrong secret of an app")}
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        app.post(path, {"grant_type": "client_credentials", "token": "t" * 40}, headers=wrong)
    app.post("/oauth/token", {}, headers={"Authorization": basic("my own e-mail address", "hunter2hunter2")})
    app.me("rlq_at_" + "0" * 64)
    own = app.client_credentials(scope="memories:read").json["access_token"]
    recorder.test_client().post("/api/v1/memories/", json={"title": _DIARY}, headers={"Authorization": f"Bearer {own}"})
    app.start(alice, redirect_uri="https://evil.example/take-it")
    app.start(alice, client_id="https://stranger.example/client.json")
    app.start(alice, state="a state of one's own", scope="every thing there is")
    alice.follow(alice.get(app.pushed_url(state="a state that was pushed")))
    app.push(request_uri="https://evil.example/a-request-of-its-own")
    caller = recorder.test_client()
    for path in (f"/{quote(_QUESTION)}", "/oauth/authorize?state=%00" + "s" * 30, "/static/no/such/secret-file.css"):
        caller.get(path, headers={"Referer": f"https://x.example/{_DIARY.replace(' ', '-')}", "X-Request-ID": "r" * 20})
    caller.open("/oauth/token", method="DELETE", query_string={"token": tokens["refresh_token"]})
    caller.post("/sign-in", data={"email": "x@acme.example", "password": "without a csrf token"})


def _break_the_database(server, recorder: Recorder, app: Integrator, alice: Browser) -> None:
    """Errors of the database are ours: 500, with a traceback."""
    tokens = app.exchange(app.code(alice)).json
    with sqlite3.connect(make_url(server.database_url).database) as connection:
        connection.execute("ALTER TABLE memories RENAME TO elsewhere")
    caller, headers = recorder.test_client(), {"Authorization": f"Bearer {tokens['access_token']}"}
    caller.post("/api/v1/memories/", json={"title": _DIARY, "text": _QUESTION}, headers=headers)
    caller.get("/api/v1/documents/search/", query_string={"q": _QUESTION}, headers=headers)
    alice.get("/account/")
    with sqlite3.connect(make_url(server.database_url).database) as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO memories")


#: What gunicorn cannot read, each with words of ours in it.
_RAW = (
    b"G\x01T /?code=RawSecretOne HTTP/1.1\r\n\r\n",
    b"GET /?code=RawSecretTwo HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nraw secret three: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: RawSecretFour\x00\r\n\r\n",
    b"GET /" + b"RawSecretFive" * 10_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"RawSecretSix" * 10_000 + b"\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: RawSecretSeven\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nRawSecretEight\r\n",
    b"RAWSECRETNINE / HTTP/1.1\r\nHost: x\r\n\r\n",
)


def _speak_raw(recorder: Recorder, server) -> None:
    recorder.values |= set(re.findall(r"RawSecret[A-Z][a-z]+|raw secret three|RAWSECRETNINE", str(_RAW)))
    for said in _RAW:
        with socket.create_connection(urlsplit(server.url).netloc.split(":"), timeout=20) as connection:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b"")) if said else b""
        # Also where the worker refuses by itself.
        found = re.search(rb"^HTTP/1.1 (\d+).*?\r\nX-Request-ID: (\S+)\r\n", answer, re.S)
        assert found, (said[:80], answer[:300])
        recorder.answers.append((found[2].decode(), int(found[1])))


def test_nothing_that_anybody_sent_or_got_is_in_logs_or_metrics(ran):
    format, log, metrics, recorder = ran
    statuses = {status for _, status in recorder.answers}
    assert {200, 201, 302, 303, 400, 401, 403, 404, 405, 414, 431, 500, 501} <= statuses, statuses
    secrets = {value for value in recorder.values if len(value) >= 6 and not _TOLD.fullmatch(value)}
    assert len(secrets) > 60 and _DIARY in secrets and _QUESTION in secrets and "RawSecretOne" in secrets
    # A credential is one by its last half too.
    looked_for = secrets | {value[-20:] for value in secrets if len(value) > 40}
    looked_for |= {write(value) for value in secrets for write in (quote, quote_plus, ascii, repr)}
    assert [value for value in sorted(looked_for) if value in log] == []
    assert [value for value in sorted(looked_for) if value in metrics] == []
    # The log did say something of it all.
    assert "Traceback" in log and "no such table" in log and "Invalid request from" in log
    assert 'reliquary_registrations_total{result="invalid_redirect_uri"} 1.0' in metrics
    assert "reliquary_requests_pushed_total 1.0" in metrics
    assert 'reliquary_tool_calls_refused_total{reason="scope_lacking",tool="save_memory"} 1.0' in metrics
    assert "A registration was refused: invalid_redirect_uri" in log
    assert "A call of the tool search_memories was refused: invalid_cursor" in log
    assert 'reason="client_secret_wrong"' in metrics and 'reason="code_used"' in metrics

    ids = [request_id for request_id, _ in recorder.answers]
    assert all(re.fullmatch(r"req_[0-9a-f]{24}", one) for one in ids) and len(set(ids)) == len(ids)
    if format == "json":
        _check_objects(log, recorder.answers)


def test_json_without_a_line_for_each_request(tmp_path):
    with running_server(
        f"sqlite:///{tmp_path}/x.sqlite3",
        tmp_path,
        LOG_FORMAT="json",
        WEB_CONCURRENCY="1",
        GUNICORN_CMD_ARGS="--access-logfile ''",
    ) as server:
        Browser(RemoteApp(server)).get("/sign-in")
        assert "gunicorn.access" not in server.log and json.loads(server.log.splitlines()[0])


def _check_objects(log: str, answers: list[tuple[str, int]]) -> None:
    """Every line is an object, and every request has one with its id and its status."""
    objects = [json.loads(line) for line in log.splitlines()]
    told = {(line["request_id"], line["status"]): line for line in objects if "status" in line}
    assert [answer for answer in answers if answer not in told] == []
    assert all(line["route"] == "other" or line["route"].startswith("/") for line in told.values())
    token = [line for line in told.values() if line["route"] == "/oauth/token" and line["status"] == 200]
    assert token and all(line["client"].startswith("client_") for line in token)
