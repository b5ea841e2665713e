"""A whole flow, and every mistake with a credential one can make: none of them is kept or logged in plain text.

What cannot be read cannot leak: not from a backup of the database, not from a log on its way to somebody else's
machine (:rfc:`6819#section-5.1.4.1.3`, :rfc:`9700#section-4.3.2`).
"""

import base64
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import func, insert, inspect, select

from app.audit.models import AuditEvent
from app.credentials import ACCESS_TOKEN, new_credential
from app.extensions import db
from app.oauth.journal.record import RequestRecord
from tests.actors import Browser
from tests.integrator import Integrator
from tests.robustness.remote import RemoteApp
from tests.server import CHEAP_PASSWORDS, running_server

# A value may also leak in part, or cut off by a column's or a line's length.
_NEEDLE, _PIECE = 20, 10


@pytest.fixture
def running() -> Iterator[ExitStack]:
    """What ends with the test, or when it says so."""
    with ExitStack() as running:
        yield running


@pytest.fixture
def app(each_database_url, tmp_path, apps_in_use, running) -> RemoteApp:
    """A server as talkative as an operator can make it."""
    talkative = {
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
        "REFRESH_TOKEN_GRACE": "30",
        "WEB_CONCURRENCY": "1",
    }
    return RemoteApp(
        running.enter_context(
            running_server(each_database_url, tmp_path, application=CHEAP_PASSWORDS, stops=True, **talkative)
        )
    )


def test_nothing_that_was_issued_is_kept_or_logged(app, alice, bob, tmp_path, running):
    issued = {f"password of {person.name}": person.password for person in (alice, bob)}
    notebook = register_in_the_dashboard(app, bob, issued)
    browser = Browser(app)
    issue_everything(notebook, browser, alice, issued)
    mistake_everything(notebook, browser, alice, issued)

    assert len(issued) >= 20
    assert not find_in_database(app, issued)
    assert not find_in_files(tmp_path, issued)
    assert not find_in_text(app.server.log, issued)
    # There was something to read: the requests are in the log, without what is secret in their addresses.
    assert "GET /oauth/authorize/continue HTTP/1.1" in app.server.log
    # An address that leads nowhere is not repeated at all.
    assert "GET other HTTP/1.1" in app.server.log
    plant_and_find(app, tmp_path)

    # What the workers have noted in memory they write when they end.
    running.close()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RequestRecord)) > 20
    assert not find_in_database(app, issued)
    assert not find_in_files(tmp_path, issued)


def plant_and_find(app: RemoteApp, directory) -> None:
    """A credential that does leak is seen, so that not seeing any means something."""
    token = new_credential(ACCESS_TOKEN)
    planted = {"planted": token}
    assert not find_in_database(app, planted)
    with app.app_context():
        db.session.execute(insert(AuditEvent).values(kind="planted", details={"deep": [token]}))
        db.session.commit()
    assert find_in_database(app, planted) == {("planted", "audit_events.details")}
    if app.server.database_url.startswith("sqlite"):
        assert find_in_files(directory, planted)

    # The log repeats nothing of an address, so the part of it is put there by hand.
    app.test_client().get(f"/a-part-{token[10:40]}-in-the-access-log")
    assert not find_in_text(app.server.log, planted)
    assert find_in_text(f"{app.server.log}/a-part-{token[10:40]}-in-the-access-log", planted)


# -- what happens ----------------------------------------------------------------------------------------


def register_in_the_dashboard(app: RemoteApp, admin, issued: dict[str, str]) -> Integrator:
    """A client whose secret was made by the running server, and then renewed."""
    browser = Browser(app)
    browser.enter(admin)
    keep_cookies(app, browser, "the admin's", issued)
    redirect_uri = "https://notebook.acme.example/callback"
    page = browser.submit(
        browser.get("/org/oauth/register"),
        press="Register the app",
        name="Acme Notebook",
        type="confidential",
        redirect_uris=redirect_uri,
        scopes=["memories:read", "integrations:read"],
    )
    issued["first client secret"] = secret_in(page)
    client_id = re.search(r"client_[0-9a-f]{24}", page.text).group()
    page = browser.get(f"/org/oauth/{client_id}/secrets/new")
    page = browser.submit(page, press="Make the secret")
    issued["client secret"] = secret_in(page)
    return Integrator(app, client_id, issued["client secret"], redirect_uri, "memories:read integrations:read")


def issue_everything(notebook: Integrator, browser: Browser, person, issued: dict[str, str]) -> None:
    """The honest flow, all grants, and everything that can be done with a token."""
    page = notebook.start(browser)
    keep_cookies(notebook.app, browser, "the stranger's", issued)
    page = browser.follow(browser.submit(page, email=person.email, password=person.password))
    issued["handle"] = page.request.args["request"]
    keep_cookies(notebook.app, browser, "the person's", issued)
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    answer = notebook.answer(browser.submit(page, press="Authorize"))
    issued["code"], issued["code verifier"] = answer["code"], notebook.code_verifier

    tokens = notebook.exchange(answer["code"]).json
    keep_tokens(tokens, "first", issued)
    assert notebook.me(tokens["access_token"]).status_code == 200
    second = notebook.refresh(tokens["refresh_token"]).json
    keep_tokens(second, "second", issued)
    again = notebook.refresh(tokens["refresh_token"]).json
    keep_tokens(again, "repeated", issued)
    assert again["refresh_token"] == second["refresh_token"]
    third = notebook.refresh(second["refresh_token"]).json
    keep_tokens(third, "third", issued)
    assert notebook.introspect(third["access_token"]).json["active"]
    assert notebook.revoke(third["access_token"]).status_code == 200
    issued["client's own access token"] = notebook.client_credentials().json["access_token"]
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"

    silent = notebook.answer(browser.get(notebook.authorize_url()))
    issued["code without a screen"] = silent["code"]
    assert notebook.exchange(silent["code"]).status_code == 200
    assert notebook.exchange(silent["code"]).json["error"] == "invalid_grant"
    issued["code never used"] = notebook.code(browser)


def mistake_everything(notebook: Integrator, browser: Browser, person, issued: dict[str, str]) -> None:
    """Every value, right as it is, in every place where it does not belong. Nothing here may fail on our side."""
    everything = [value for value in issued.values() if value.startswith("rlq_")]
    client = notebook.app.test_client()
    for value in everything:
        for answer in (
            client.get(f"/oauth/{value}"),
            client.get(f"/api/me/?access_token={value}"),
            client.get("/api/me/", headers={"Authorization": f"Bearer {value}"}),
            client.get("/api/me/", headers={"Authorization": value, "Referer": f"https://x.example/?code={value}"}),
            client.post(f"/oauth/token?client_secret={value}&code={value}", data={"grant_type": value}),
            client.get(f"/oauth/authorize?client_id={value}&redirect_uri={value}"),
            notebook.exchange(value, redirect_uri=value, scope=value),
            notebook.refresh(value, scope=value),
            notebook.client_credentials(resource=value),
            notebook.introspect(value, token_type_hint=value),
            notebook.revoke(value[:-1]),
            notebook.post("/oauth/token", {"grant_type": "client_credentials", "client_id": value}),
            browser.get(f"/oauth/authorize/continue?request={value}"),
            browser.get(f"/sign-in?next=/{value}&again=1"),
        ):
            assert answer.status_code < 500
        assert b"HTTP" in send_garbage(notebook.app, value)
    # A client that sends its secret along to the authorize endpoint, and to a screen that waits.
    careless = {"client_secret": notebook.client_secret}
    assert browser.get(notebook.authorize_url(prompt="consent", **careless)).status_code == 303
    stranger = Browser(notebook.app)
    stranger.follow(stranger.get(notebook.authorize_url(password=person.password, **careless)))
    keep_cookies(notebook.app, stranger, "another stranger's", issued)
    # A person who types the password where the address belongs, and one who mistypes it.
    stranger.sign_in(person.password + "@acme.example", person.password)
    stranger.sign_in(person.email, person.password + "!")
    browser.sign_out()


def send_garbage(app: RemoteApp, value: str) -> bytes:
    """A request line that no parser takes, and what came back."""
    address = urlsplit(app.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(f"GET /?code={value} HTTP/9.{value}\r\n\r\n".encode())
        return connection.recv(1000)


# -- what was issued ------------------------------------------------------------------------------------------


def keep_tokens(response: dict, which: str, issued: dict[str, str]) -> None:
    issued[f"{which} access token"] = response["access_token"]
    issued[f"{which} refresh token"] = response["refresh_token"]


def keep_cookies(app: RemoteApp, browser: Browser, whose: str, issued: dict[str, str]) -> None:
    """Both cookies as they are, and the session's credential, which is inside one of them."""
    application = app.server.app
    cookie = browser.client.get_cookie("reliquary", "127.0.0.1")
    issued[f"{whose} session cookie"] = cookie.value
    session = application.session_interface.get_signing_serializer(application).loads(cookie.value)
    for name in ("_user_id", "csrf_token"):
        if name in session:
            issued[f"{whose} {name} of the session"] = session[name]
    nonce = browser.client.get_cookie("reliquary_browser", "127.0.0.1")
    if nonce is not None:
        issued[f"{whose} browser nonce"] = nonce.value


def secret_in(page) -> str:
    return re.search(r"rlq_cs_[0-9a-f]{64}", page.text).group()


# -- looking for it -------------------------------------------------------------------------------------------


def find_in_database(app: RemoteApp, issued: dict[str, str]) -> set[tuple[str, str]]:
    """Which values stand in which columns, of all tables that there are, whoever made them."""
    found = set()
    with app.app_context(), db.engine.connect() as connection:
        # SQLite's full-text index has no rows to read; what it keeps is in ordinary tables beside it.
        tables = set(inspect(connection).get_table_names()) - {"memory_search"}
        assert len(tables) >= 15
        for table in tables:
            rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"')
            columns = list(rows.keys())
            for column, values in zip(columns, zip(*rows, strict=True), strict=False):
                # The zeros keep values apart: none is in any secret.
                shown = "\0".join(one.decode("latin-1") if isinstance(one, bytes) else str(one) for one in values)
                found |= {(name, f"{table}.{column}") for name in find_in_text(shown, issued)}
    return found


def find_in_files(directory, issued: dict[str, str]) -> set[str]:
    """Also what SQLite has written and deleted again."""
    written = "".join(path.read_bytes().decode("latin-1") for path in directory.glob("*.sqlite3*"))
    return find_in_text(written, issued)


def find_in_text(haystack: str, issued: dict[str, str]) -> set[str]:
    """The names of the values of which any part long enough stands in the text, plain or encoded."""
    # Any part holds whole one of the pieces that begin at every eleventh letter: to look at these alone is soon done.
    pieces = (haystack[start : start + _PIECE] for start in range(0, len(haystack), _NEEDLE - _PIECE + 1))
    if pieces_of(frozenset(issued.values())).isdisjoint(pieces):
        return set()
    wanted = {part for value in issued.values() for part in parts_of(value)}
    places = range(max(0, len(haystack) - _NEEDLE + 1))
    seen = {part for start in places if (part := haystack[start : start + _NEEDLE]) in wanted}
    return {name for name, value in issued.items() if not seen.isdisjoint(parts_of(value))}


@cache
def parts_of(value: str) -> set[str]:
    return {one[start : start + _NEEDLE] for one in spellings_of(value) for start in range(len(one) - _NEEDLE + 1)}


@cache
def pieces_of(values: frozenset[str]) -> set[str]:
    """What a text of which a part is in one of the values has somewhere."""
    every = (one for value in values for one in spellings_of(value))
    return {one[start : start + _PIECE] for one in every for start in range(len(one) - _PIECE + 1)}


def spellings_of(value: str) -> list[str]:
    # Without the prefix, which all of a kind share. Base64 takes three bytes at a time, from any of them on.
    bare = re.sub(r"^rlq_[a-z]{2}_", "", value)
    spellings = [bare, quote(bare)]
    for offset in range(3):
        encoded = base64.b64encode(b"-" * offset + bare.encode()).decode()
        spellings.append(encoded[4 if offset else 0 : len(bare) * 4 // 3 - 4])
    return spellings
