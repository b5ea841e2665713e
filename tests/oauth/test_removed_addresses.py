"""A redirect URI that was removed, or that the rules refuse, is honoured at no step: the rule runs where it is used."""

import pytest
from sqlalchemy import func, select, update

from app.clients.models import Client, ClientOrigin
from app.extensions import db
from app.oauth.playground.callback import PlaygroundCallback, callback_uri
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from tests.actors import Browser
from tests.integrator import Integrator
from tests.tables import each

ELSEWHERE = "https://elsewhere.acme.example/callback"
#: What nobody could register today, as it may stand in a database that is older than the rules.
REFUSED = [
    "javascript:alert(document.domain)//",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "http://notebook.acme.example/callback",
    "http://localhost.evil.example/callback",
    "https://user@notebook.acme.example/callback",
    "https://user:secret@notebook.acme.example/callback",
    "https://notebook.acme.example/callback#fragment",
    "https://*.acme.example/callback",
    "https://notebook.acme.example/*",
    "https://notebook.acme.example/a/../callback",
    "https://notebook.acme.example\\@evil.example/",
    "HTTPS://notebook.acme.example/callback",
    "//evil.example/callback",
    "/callback",
    "notebook:/callback",
    "https://notebook.acme.example/callback?code=1",
    "https://notebook.acme.example/cäll",
]


def assert_page(response) -> None:
    """Told to the person, and nobody is sent anywhere."""
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert "Location" not in response.headers


@pytest.fixture
def count(app):
    def count(model) -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(model))

    return count


# -- removed means removed -------------------------------------------------------------------------


def test_a_code_for_an_address_that_was_removed_is_not_redeemed(notebook, signed_in, change_client, count):
    """Whoever is there has the code, and is the reason why the address was removed."""
    code = notebook.code_by_consent(signed_in)
    change_client(notebook, redirect_uris=[ELSEWHERE])
    refused = notebook.exchange(code)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    assert "redirect_uri" in refused.json["error_description"]
    assert count(AccessToken) == 0


def test_not_even_when_another_address_is_named(notebook, signed_in, change_client):
    code = notebook.code_by_consent(signed_in)
    change_client(notebook, redirect_uris=[ELSEWHERE])
    assert notebook.exchange(code, redirect_uri=ELSEWHERE).json["error"] == "invalid_grant"


def test_a_code_for_an_address_that_is_still_there_is(notebook, signed_in, change_client):
    code = notebook.code_by_consent(signed_in)
    change_client(notebook, redirect_uris=[ELSEWHERE, notebook.redirect_uri])
    assert notebook.exchange(code).status_code == 200


def test_a_code_that_came_twice_ends_its_tokens_also_after_the_address_was_removed(notebook, signed_in, change_client):
    """:rfc:`6749#section-4.1.2`."""
    code = notebook.code_by_consent(signed_in)
    tokens = notebook.exchange(code).json
    change_client(notebook, redirect_uris=[ELSEWHERE])
    notebook.exchange(code)
    assert not notebook.is_alive(tokens["access_token"])


def test_a_refresh_token_knows_no_address(notebook, tokens, change_client):
    """No redirect URI takes part there (:rfc:`6749#section-6`): to end tokens there is Rotate everything."""
    change_client(notebook, redirect_uris=[ELSEWHERE])
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_the_port_of_a_native_apps_address_may_still_vary(register, signed_in):
    native = register("http://127.0.0.1/cb", type="public", native_app=True)
    native.redirect_uri = "http://127.0.0.1:49152/cb"
    assert native.exchange(native.code_by_consent(signed_in)).status_code == 200


@pytest.mark.parametrize("change", [{"native_app": False}, {"redirect_uris": [ELSEWHERE]}], ids=str)
def test_but_not_once_the_app_is_native_no_more(register, signed_in, change_client, change):
    native = register("http://127.0.0.1/cb", type="public", native_app=True)
    native.redirect_uri = "http://127.0.0.1:49152/cb"
    code = native.code_by_consent(signed_in)
    change_client(native, **change)
    assert native.exchange(code).json["error"] == "invalid_grant"


def test_a_waiting_request_is_not_answered_there(notebook, signed_in, change_client, count):
    """At each step: the picker, its buttons, the consent, its buttons."""
    picker = notebook.start(signed_in)
    consent = signed_in.follow(signed_in.submit(notebook.start(signed_in), press="Continue", selection="all"))
    change_client(notebook, redirect_uris=[ELSEWHERE])
    assert_page(signed_in.get(picker.request.full_path))
    assert_page(signed_in.submit(picker, press="Continue", selection="all"))
    assert_page(signed_in.submit(picker, press="Cancel"))
    assert_page(signed_in.get(consent.request.full_path))
    assert_page(signed_in.submit(consent, press="Authorize"))
    assert_page(signed_in.submit(consent, press="Cancel"))
    assert count(AuthorizationCode) == 0


def test_nor_is_one_that_waits_for_a_sign_in(notebook, browser, alice, change_client):
    page = notebook.start(browser, scope="memories:everything")
    change_client(notebook, redirect_uris=[ELSEWHERE])
    assert_page(browser.follow(browser.submit(page, email=alice.email, password=alice.password)))


def test_nor_one_that_a_consent_covers(notebook, tokens, signed_in, browser, alice, change_client, app):
    other = Browser(app)
    sign_in = notebook.start(other)
    change_client(notebook, redirect_uris=[ELSEWHERE])
    assert_page(signed_in.get(notebook.authorize_url()))
    assert_page(other.follow(other.submit(sign_in, email=alice.email, password=alice.password)))


# -- the playground --------------------------------------------------------------------------------


@pytest.fixture
def trial(app, notebook, bob) -> tuple[Integrator, Browser]:
    """Acme Notebook at its playground, open for Bob, and his browser."""
    browser = Browser(app)
    browser.enter(bob)
    browser.submit(browser.get(f"/org/oauth/{notebook.client_id}/playground"), press="Open the playground")
    with app.app_context():
        address = callback_uri(app.extensions["services"].settings.issuer, notebook.client_id)
    return Integrator(app, notebook.client_id, notebook.client_secret, address, notebook.scope), browser


def test_the_address_of_the_playground_is_where_it_listens(app, notebook):
    with app.test_request_context():
        path = app.url_map.bind("").build("org.return_to_playground", {"client_id": notebook.client_id})
    with app.app_context():
        assert (
            callback_uri(app.extensions["services"].settings.issuer, notebook.client_id)
            == app.extensions["services"].settings.issuer + path
        )


def test_the_playgrounds_code_is_redeemed_while_it_is_open(trial):
    playground, browser = trial
    assert playground.exchange(playground.code(browser)).status_code == 200


def test_not_after_its_hour(trial, app):
    playground, browser = trial
    code = playground.code(browser)
    with app.app_context():
        db.session.execute(update(PlaygroundCallback).values(expires_at=PlaygroundCallback.created_at))
        db.session.commit()
    assert playground.exchange(code).json["error"] == "invalid_grant"


def test_not_after_finish(trial):
    playground, browser = trial
    code = playground.code(browser)
    browser.submit(browser.get(f"/org/oauth/{playground.client_id}/playground"), press="Finish")
    assert playground.exchange(code).json["error"] == "invalid_grant"


@each("uri", REFUSED[:6])
def test_a_playground_of_an_address_that_the_rules_refuse_is_none(trial, app, uri):
    playground, browser = trial
    with app.app_context():
        db.session.execute(update(PlaygroundCallback).values(redirect_uri=uri))
        db.session.commit()
    assert_page(playground.start(browser, redirect_uri=uri))


# -- what the rules would not accept today ---------------------------------------------------------


@each("uri", REFUSED)
def test_an_address_that_could_not_be_registered_is_not_honoured_when_it_is(notebook, signed_in, change_client, uri):
    change_client(notebook, redirect_uris=[uri])
    assert_page(signed_in.get(notebook.authorize_url(redirect_uri=uri)))
    assert_page(signed_in.get(notebook.authorize_url(redirect_uri=uri, scope="unknown")))


@pytest.fixture
def begun(notebook, signed_in):
    """A waiting request on its last screen, and a code."""
    consent = signed_in.follow(signed_in.submit(notebook.start(signed_in), press="Continue", selection="all"))
    return consent, notebook.code(signed_in)


@each("uri", REFUSED)
def test_nor_does_it_get_anything_that_was_begun_before(notebook, signed_in, begun, app, change_client, uri):
    """A waiting request, its Cancel, and a code, as if the rule had come meanwhile."""
    consent, code = begun
    change_client(notebook, redirect_uris=[uri])
    with app.app_context():
        db.session.execute(update(AuthorizationCode).values(redirect_uri=uri))
        db.session.commit()
    assert_page(signed_in.submit(consent, press="Cancel"))
    assert notebook.exchange(code, redirect_uri=uri).json["error"] == "invalid_grant"


def test_what_is_shown_as_ready_to_use_is_one_that_is_accepted(app, notebook, bob, change_client):
    """The example link under Credentials and the guide's snippets."""
    browser = Browser(app)
    browser.enter(bob)
    change_client(notebook, redirect_uris=["javascript:alert(1)", ELSEWHERE])
    credentials = browser.get(f"/org/oauth/{notebook.client_id}")
    guide = browser.get(f"/guide/?client_id={notebook.client_id}")
    for page in (credentials, guide):
        assert "elsewhere.acme.example" in page.text
        assert "redirect_uri=javascript" not in page.text
    assert "javascript:alert" not in guide.text
    change_client(notebook, redirect_uris=["javascript:alert(1)"])
    credentials = browser.get(f"/org/oauth/{notebook.client_id}")
    assert credentials.status_code == 200 and "redirect_uri=javascript" not in credentials.text


# -- its siblings: links on pages, origins of scripts ----------------------------------------------


@each("address", ["javascript:alert(1)", "https://a@evil.example/", "http://evil.example/", "data:text/html,x"])
def test_a_link_that_could_not_be_registered_is_no_link(app, notebook, signed_in, alice, change_client, address):
    change_client(notebook, homepage_url=address, privacy_url=address, terms_url=address)
    picker = notebook.start(signed_in)
    consent = signed_in.follow(signed_in.submit(picker, press="Continue", selection="all"))
    settings = signed_in.get(f"/org/oauth/{notebook.client_id}/settings")
    assert settings.status_code == 200
    for page in (picker, consent, settings):
        assert f'href="{address}' not in page.text


def test_a_link_that_could_be_is_one(notebook, signed_in, change_client):
    for_them = {name: f"https://notebook.acme.example/{name}" for name in ("homepage_url", "privacy_url", "terms_url")}
    change_client(notebook, **for_them)
    picker = notebook.start(signed_in)
    for address in for_them.values():
        assert f'href="{address}"' in picker.text


@each(
    ("origin", "is_allowed"),
    [
        ("https://app.acme.example", True),
        ("http://127.0.0.1:3000", True),
        ("null", False),
        ("*", False),
        ("http://app.acme.example", False),
        ("https://app.acme.example/", False),
        ("https://APP.acme.example", False),
        ("file://", False),
    ],
)
def test_an_origin_that_could_not_be_registered_reads_no_answer(app, notebook, tokens, origin, is_allowed):
    """CORS: ``null`` is every sandboxed frame's."""
    with app.app_context():
        db.session.add(ClientOrigin(client_key=notebook.client_id, origin=origin))
        db.session.commit()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}", "Origin": origin}
    call = app.test_client().get("/api/me/", headers=bearer)
    preflight = app.test_client().options("/api/me/", headers={"Origin": origin})
    for response in (call, preflight):
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if is_allowed else None)


def test_the_clients_page_of_the_registry_is_as_it_was(app, notebook, change_client):
    """Nothing is thrown away: what stands there is to be replaced by its people, who can see it."""
    change_client(notebook, redirect_uris=["javascript:alert(1)"])
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        assert (client.redirect_uris, client.usable_redirect_uris) == (["javascript:alert(1)"], [])
