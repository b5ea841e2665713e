"""An app that nobody registered comes with the address of its document, and is let in by a person."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from urllib.parse import unquote

import pytest

from app.oauth.endpoints import documents
from tests.actors import Browser
from tests.clients.documents.conftest import URL
from tests.tables import each


def test_an_app_joins_by_its_document(claude, join, signed_in, kept, document_hosts):
    """Read once, kept, and used: the token endpoint never asks."""
    tokens = join(signed_in)
    assert document_hosts.requests == [URL]
    client, document = kept()
    assert (client.origin, client.type, client.organization_id, client.native_app) == ("document", "public", None, True)
    assert client.name == "Claude Code" and len(client.key) <= 40 and document.used_at is not None
    renewed = claude.refresh(tokens["refresh_token"]).json
    assert claude.me(renewed["access_token"]).json["client_id"] == URL
    assert document_hosts.requests == [URL]


def test_nothing_is_asked_before_somebody_has_signed_in(claude, browser, alice, kept, document_hosts):
    """The request travels along through the sign-in, with its state to the letter, and goes on from there."""
    page = claude.start(browser)
    assert page.request.path == "/sign-in"
    assert (document_hosts.lookups, document_hosts.connections, kept()) == ([], [], None)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert document_hosts.requests == [URL] and kept() is not None
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    answer = claude.answer(browser.submit(page, press="Authorize"))
    assert answer["state"] == claude.state and claude.exchange(answer["code"]).status_code == 200


def test_an_error_goes_back_from_behind_the_sign_in(claude, browser, alice):
    """The form of the sign-in page may lead there: Chromium holds ``form-action`` against the whole chain."""
    page = claude.start(browser, response_type="token")
    assert "form-action" not in page.headers["Content-Security-Policy"]
    page = browser.submit(page, email=alice.email, password=alice.password)
    assert claude.answer(browser.follow(page))["error"] == "unsupported_response_type"


def test_a_program_that_looks_whether_the_address_answers_has_no_effect(app, claude, kept, document_hosts):
    """Some clients send a first GET by themselves, and take a 400 as if they were not known any more."""
    for method in ("GET", "HEAD"):
        answer = app.test_client().open(claude.authorize_url(), method=method)
        assert answer.status_code in (200, 303)
    assert (document_hosts.lookups, kept()) == ([], None)


def test_who_is_known_well_enough_waits_while_somebody_signs_in(claude, join, signed_in, app, alice, document_hosts):
    join(signed_in)
    other = Browser(app)
    page = claude.start(other)
    assert "/oauth/authorize/continue" in unquote(page.request.query_string.decode())
    page = other.follow(other.submit(page, email=alice.email, password=alice.password))
    assert page.status_code == 200 and document_hosts.requests == [URL]


def test_what_is_old_by_then_is_read_anew_behind_the_sign_in(claude, join, signed_in, app, alice, let_time_pass, serve):
    """Nothing of what is known of the app is relied on, not even that its address is wrong."""
    join(signed_in)
    let_time_pass(minutes=6)
    serve(redirect_uris=["https://claude.example/callback"])
    other = Browser(app)
    claude = replace(claude, redirect_uri="https://claude.example/callback")
    page = other.submit(claude.start(other), email=alice.email, password=alice.password)
    assert other.follow(page).status_code == 200


def test_a_waiting_request_looks_again_at_each_step(claude, signed_in, serve, let_time_pass, document_hosts, app):
    """The redirect URI is gone while the person decides: no answer goes there."""
    page = signed_in.follow(signed_in.submit(claude.start(signed_in), press="Continue", selection="all"))
    serve(redirect_uris=["http://127.0.0.1/callback"])
    let_time_pass(minutes=6)
    page = signed_in.submit(page, press="Authorize")
    assert page.status_code == 400 and "does not lead back to" in page.text
    assert document_hosts.requests == [URL, URL]


def test_what_another_person_brought_holds_for_whoever_decides(claude, signed_in, app, bob, serve, let_time_pass):
    """The replay is against today's record, whoever had it read."""
    page = signed_in.follow(signed_in.submit(claude.start(signed_in), press="Continue", selection="all"))
    let_time_pass(minutes=6)
    serve(redirect_uris=["http://127.0.0.1/callback"])
    other = Browser(app)
    other.sign_in(bob.email, bob.password)
    replace(claude, redirect_uri="http://127.0.0.1/callback").start(other)
    assert "does not lead back to" in signed_in.submit(page, press="Authorize").text


def test_a_returning_person_is_asked_each_time(claude, join, signed_in):
    """A public client never gets a silent authorization (:rfc:`6749#section-10.2`)."""
    join(signed_in)
    page = claude.start(signed_in)
    assert page.status_code == 200 and "/oauth/authorize/" in page.request.path


@each(
    ("asked", "given"),
    [
        ("memories:read memories:write openid email", "memories:read memories:write"),
        ("memories:read offline_access", "memories:read offline_access"),
        # Nothing is asked for: what the document names.
        (None, "integrations:read"),
        ("offline_access", "integrations:read offline_access"),
    ],
)
def test_scopes_are_the_persons_to_give(claude, serve, signed_in, asked, given):
    """What the document names is a default and no cap; what is unknown is dropped, and the answer says what was given."""
    serve(scope="integrations:read openid")
    answer = claude.exchange(claude.code(signed_in, scope=asked)).json
    assert set(answer["scope"].split()) == set(given.split())


def test_nothing_that_is_known_here_is_an_invalid_scope(claude, signed_in):
    assert claude.answer(claude.start(signed_in, scope="openid email"))["error"] == "invalid_scope"


def test_the_operator_may_give_less(claude, signed_in, change_settings):
    change_settings(third_party_scopes=("memories:read",))
    answer = claude.exchange(claude.code(signed_in, scope="memories:read memories:write")).json
    assert answer["scope"] == "memories:read"


@pytest.mark.parametrize("port", ["", ":1", ":65535"])
@each(("host", "works"), [("localhost", True), ("127.0.0.1", True), ("[::1]", False)])
def test_the_port_of_a_loopback_address_may_vary(claude, signed_in, host, port, works):
    """Claude Code's document lists them without one (:rfc:`8252#section-7.3`)."""
    page = replace(claude, redirect_uri=f"http://{host}{port}/callback").start(signed_in)
    assert page.status_code == (200 if works else 400)


def test_the_pages_that_it_is_called_back_at_may_call_for_it(claude, serve, signed_in, join):
    serve(redirect_uris=["https://claude.example:443/callback", "http://localhost:3118/callback"])
    join(signed_in)
    known, unknown = ("https://claude.example", "http://localhost:3118"), ("https://elsewhere.example",)
    for origin, allowed in [(one, True) for one in known] + [(one, False) for one in unknown]:
        answer = claude.post("/oauth/token", {"grant_type": "x"}, headers={"Origin": origin})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


def test_the_metadata_says_that_documents_are_read(app, change_settings):
    metadata = "/.well-known/oauth-authorization-server"
    assert app.test_client().get(metadata).json["client_id_metadata_document_supported"] is True
    change_settings(client_document_hosts_denied=("*",))
    assert "client_id_metadata_document_supported" not in app.test_client().get(metadata).json


def test_two_people_bring_one_document_at_once(app, claude, alice, bob, kept, document_hosts, monkeypatch):
    """Each is asked; there is one client, of one key."""
    both = Barrier(2)
    real = documents._write_down

    def wait_and_write(write):
        both.wait(timeout=20)
        real(write)

    monkeypatch.setattr(documents, "_write_down", wait_and_write)
    browsers = [Browser(app), Browser(app)]
    for browser, person in zip(browsers, (alice, bob), strict=True):
        browser.enter(person)
    with ThreadPoolExecutor(2) as threads:
        pages = list(threads.map(claude.start, browsers))
    assert [page.status_code for page in pages] == [200, 200]
    assert document_hosts.requests == [URL, URL] and kept() is not None


@pytest.mark.parametrize("asked", [None, "offline_access"])
def test_what_the_document_names_is_the_default_also_for_whoever_signs_in_on_the_way(
    claude, serve, join, signed_in, app, bob, asked
):
    """The app is known already, so that the request waits for the sign-in."""
    serve(scope="integrations:read")
    claude.start(signed_in)
    other = Browser(app)
    page = claude.start(other, scope=asked)
    assert "/oauth/authorize/continue" in unquote(page.request.query_string.decode())
    page = other.follow(other.submit(page, email=bob.email, password=bob.password))
    answer = claude.answer(other.submit(page, press="Authorize"))
    assert set(claude.exchange(answer["code"]).json["scope"].split()) == {"integrations:read", *(asked or "").split()}


def test_one_that_would_rather_sign_joins_as_one_that_need_not(app, claude, serve, join, signed_in):
    """ChatGPT's document, which lists what else its client can."""
    serve(
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
        token_endpoint_auth_signing_alg="RS256",
        jwks_uri="https://claude.example/oauth/jwks.json",
    )
    token = join(signed_in, resource="http://127.0.0.1:8000/mcp")["access_token"]
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = app.test_client().post("/mcp", json=message, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200 and answer.json["result"]["tools"]
