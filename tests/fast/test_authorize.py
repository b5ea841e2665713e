"""Authorization requests: what a live consent answers, and all that it does not, comes out the same at both doors."""

import os
import random
import time
from contextlib import closing

import pytest
from itsdangerous import TimestampSigner
from msgspec import structs

from app import create_app, credentials
from app.database.connections import Connection
from app.database.statements import Compiled
from tests.actors import Browser
from tests.fast.two_doors import Make, TwoDoors, read
from tests.integrator import Integrator
from tests.oauth.endpoints.authorization_requests import COVERED, NOT_COVERED, PATHS

#: Headers that browsers and proxies send, and whoever looks ahead.
HEADERS = {
    "a navigation": {"HTTP_SEC_FETCH_DEST": "document", "HTTP_SEC_FETCH_MODE": "navigate"},
    "a frame": {"HTTP_SEC_FETCH_DEST": "iframe"},
    "ahead": {"HTTP_SEC_PURPOSE": "prefetch"},
    "a preview": {"HTTP_PURPOSE": "preview"},
    "another site": {"HTTP_REFERER": "https://notebook.acme.example/"},
    "an id": {"HTTP_X_REQUEST_ID": "req_of_another_one"},
    "another host": {"HTTP_HOST": "elsewhere.example"},
    "another method": {"HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
    "what was there before": {"HTTP_IF_NONE_MATCH": '"x"'},
}


@pytest.fixture
def cookies(app, notebook, alice, signed_in, doors, monkeypatch) -> str:
    """The Cookie header of Alice's browser, which has begun a request before; she allows Acme Notebook what it asks."""
    notebook.allow(alice, notebook.scope, {"selection": "all"})
    now = int(time.time()) + 1
    # What a page signs, such as the token of its forms.
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: now)
    return cookies_of(signed_in)


def cookies_of(browser: Browser) -> str:
    known = {one.key: one.value for one in browser.client._cookies.values()}
    prefix = "__Host-" if any(name.startswith("__Host-") for name in known) else ""
    known[f"{prefix}reliquary_browser"] = credentials.BROWSER + "0" * 64
    return "; ".join(f"{name}={value}" for name, value in known.items())


@pytest.fixture
def same_chance(monkeypatch):
    """Have what is random on a page begin anew before each request."""

    def begin() -> None:
        chance = random.Random(1)
        monkeypatch.setattr(os, "urandom", chance.randbytes)

    return begin


def ask(
    client: Integrator, cookies: str, path: str = PATHS[0], headers: dict[str, str] | None = None, **changes
) -> Make:
    return read(client.authorize_url(path, **changes), HTTP_COOKIE=cookies, **headers or {})


def test_authorization_requests_come_out_the_same(notebook, doors, cookies, same_chance):
    requests = {
        **{told: ask(notebook, cookies, **changes) for told, changes in (COVERED | NOT_COVERED).items()},
        **{f"at {path}": ask(notebook, cookies, path) for path in PATHS},
        **{f"{told} at {PATHS[-1]}": ask(notebook, cookies, PATHS[-1], **changes) for told, changes in COVERED.items()},
        **{f"with {told}": ask(notebook, cookies, headers=headers) for told, headers in HEADERS.items()},
        "with no query": read(PATHS[0], HTTP_COOKIE=cookies),
        "with a form": read(notebook.authorize_url(), HTTP_COOKIE=cookies, CONTENT_TYPE="text/plain"),
        "of nobody": ask(notebook, f"reliquary_browser={credentials.BROWSER}{'0' * 64}"),
    }
    found = doors.differences(requests, meddle=same_chance)
    assert not found, "\n".join(found)
    assert doors.taken >= {*COVERED, *(f"at {path}" for path in PATHS)}
    assert {doors.statuses[told] for told in COVERED} == {"302 FOUND"}


def test_what_is_sent_over_tls_comes_out_the_same(
    app, settings, notebook, alice, cookies, same_chance, monkeypatch, caplog
):
    secure = create_app(structs.replace(settings, issuer="https://auth.acme.example"))
    secure.extensions["services"].notes.have_threads = False
    browser = Browser(secure)
    browser.enter(alice)
    requests = {told: ask(notebook, cookies_of(browser), **changes) for told, changes in list(COVERED.items())[:3]}
    with closing(TwoDoors(secure, monkeypatch, caplog)) as doors:
        found = doors.differences(requests, meddle=same_chance)
    assert not found, "\n".join(found)
    assert set(doors.statuses.values()) == {"302 FOUND"}


@pytest.mark.parametrize("statement", ["FROM sessions", "INSERT INTO oauth_families"])
def test_database_that_fails_comes_out_the_same(app, notebook, doors, cookies, same_chance, monkeypatch, statement):
    """Whether it is away or we are wrong: the page, its status, and the line in the log."""
    execute = Connection._execute
    for failure in (ConnectionError("away"), ZeroDivisionError("ours")):

        def fail(self: Connection, compiled: Compiled, values: object, failure: Exception = failure) -> object:
            if statement in compiled.sql:
                raise failure
            return execute(self, compiled, values)

        monkeypatch.setattr(Connection, "_execute", fail)
        found = doors.differences({"as usual": ask(notebook, cookies)}, meddle=same_chance)
        assert not found, "\n".join(found)
        assert doors.statuses["as usual"].startswith("5")
