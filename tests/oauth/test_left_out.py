"""What ordinary libraries leave out or add: no ``state`` beside PKCE, and ``offline_access`` in the scope."""

from urllib.parse import urlsplit

import pytest
from requests import Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests_oauthlib import OAuth2Session
from sqlalchemy import select

from app.consents.models import Consent
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.refresh import RefreshToken
from tests.actors import Browser
from tests.tables import each

REMEMBERIZER = "/api/v1/auth/oauth2/authorize/"
NO_CHALLENGE = {"code_challenge": None, "code_challenge_method": None}


# -- state -----------------------------------------------------------------------------------------


@pytest.fixture(params=["notebook", "pocket"])
def client(request):
    """The confidential and the public client in turn."""
    return request.getfixturevalue(request.param)


@each("state", [None, ""], ids=["missing", "empty"])
def test_state_may_be_left_out_beside_an_s256_challenge(client, signed_in, state):
    """Clients that use PKCE MAY rely on it against forged answers (:rfc:`9700#section-2.1`). An empty one counts as none."""
    answer = client.authorize(signed_in, state=state)
    assert answer.keys() == {"code", "iss"}
    assert client.exchange(answer["code"]).status_code == 200


def test_it_may_be_left_out_by_whoever_has_yet_to_sign_in(client, browser, alice):
    page = client.start(browser, state=None)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert client.answer(browser.submit(page, press="Authorize")).keys() == {"code", "iss"}


def test_an_error_without_state_names_none_either(client, signed_in):
    answer = client.answer(client.start(signed_in, state=None, scope="unknown"))
    assert answer.keys() == {"error", "error_description", "error_uri", "iss"}
    assert answer["error"] == "invalid_scope"


def test_a_person_who_cancels_sends_back_no_state_either(client, signed_in):
    answer = client.answer(signed_in.submit(client.start(signed_in, state=None), press="Cancel"))
    assert (answer["error"], "state" in answer) == ("access_denied", False)


@each(
    "change",
    [
        NO_CHALLENGE,
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "s256"},
    ],
    ids=str,
)
def test_without_a_whole_s256_challenge_state_is_demanded(notebook, signed_in, change):
    answer = notebook.answer(notebook.start(signed_in, state=None, **change))
    assert (answer["error"], "'state'" in answer["error_description"]) == ("invalid_request", True)


@each("state", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize("path", [REMEMBERIZER, REMEMBERIZER.rstrip("/")])
def test_on_rememberizers_path_it_is_always_demanded(client, signed_in, path, state):
    answer = client.answer(signed_in.follow(signed_in.get(client.authorize_url(path=path, state=state))))
    assert (answer["error"], "'state'" in answer["error_description"]) == ("invalid_request", True)


def test_on_rememberizers_path_it_is_demanded_of_whoever_signs_in_on_the_way(client, browser, alice):
    """The request waits meanwhile, and is asked again under another address."""
    page = browser.follow(browser.get(client.authorize_url(path=REMEMBERIZER, state=None)))
    answer = client.answer(browser.follow(browser.submit(page, email=alice.email, password=alice.password)))
    assert (answer["error"], "'state'" in answer["error_description"]) == ("invalid_request", True)


def test_with_state_rememberizers_path_works_as_before(client, browser, alice):
    page = browser.follow(browser.get(client.authorize_url(path=REMEMBERIZER)))
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    assert client.answer(browser.submit(page, press="Authorize"))["state"] == client.state


# -- offline_access --------------------------------------------------------------------------------

ASKED = "memories:read offline_access"


def test_the_metadata_does_not_list_it(app):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"):
        assert "offline_access" not in app.test_client().get(path).json["scopes_supported"]
    assert "offline_access" not in app.test_client().get("/api/openapi.json").text


@each("asked", [ASKED, "offline_access memories:read"])
def test_whoever_asked_for_it_is_told_it_back(client, signed_in, asked):
    """With and without screens, from a code and from a refresh token."""
    for _ in range(2):
        tokens = client.tokens(signed_in, scope=asked)
        assert tokens["scope"] == "memories:read offline_access"
    assert client.refresh(tokens["refresh_token"], scope=asked).json["scope"] == "memories:read offline_access"
    assert client.refresh(tokens["refresh_token"], scope=asked).json["scope"] == "memories:read offline_access"


def test_whoever_signs_in_on_the_way_has_it_told_back_too(client, browser, alice):
    page = client.start(browser, scope=ASKED)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = client.answer(browser.submit(page, press="Authorize"))["code"]
    assert client.exchange(code).json["scope"] == "memories:read offline_access"


def test_client_credentials_are_told_it_back(notebook):
    assert notebook.client_credentials(scope=ASKED).json["scope"] == "memories:read offline_access"


def test_whoever_did_not_ask_is_told_nothing_of_it(client, signed_in):
    tokens = client.tokens(signed_in, scope="memories:read")
    assert tokens["scope"] == "memories:read"
    assert client.refresh(tokens["refresh_token"]).json["scope"] == "memories:read"


def test_asked_for_alone_it_means_the_clients_defaults(client, signed_in):
    tokens = client.tokens(signed_in, scope="offline_access")
    assert tokens["scope"].split()[-1] == "offline_access"
    assert {"memories:read", "memories:write", "integrations:read"} <= set(tokens["scope"].split())


def test_it_is_stored_nowhere_and_told_by_nobody_else(app, notebook, signed_in):
    tokens = notebook.tokens(signed_in, scope=ASKED)
    tokens = notebook.refresh(tokens["refresh_token"], scope=ASKED).json
    with app.app_context():
        for model in (Consent, AuthorizationCode, AccessToken, RefreshToken):
            assert set(db.session.scalars(select(model.scope))) == {"memories:read"}
        assert set(db.session.scalars(select(Consent.declined_scope))) == {""}
    assert notebook.introspect(tokens["access_token"]).json["scope"] == "memories:read"
    assert notebook.introspect(tokens["refresh_token"]).json["scope"] == "memories:read"
    assert notebook.me(tokens["access_token"]).json["consent"]["scope"] == "memories:read"


def test_nobody_can_add_it_to_a_code(client, signed_in):
    code = client.code(signed_in, scope="memories:read")
    assert client.exchange(code + "o").json["error"] == "invalid_grant"
    assert client.exchange(code).json["scope"] == "memories:read"


def test_it_has_no_line_of_its_own_on_the_screens(client, signed_in):
    page = client.start(signed_in, scope=ASKED)
    plain = client.start(signed_in, scope="memories:read")
    for shown, expected in ((page, plain), *[
        (signed_in.follow(signed_in.submit(one, press="Continue", selection="all")) for one in (page, plain))
    ]):  # fmt: skip
        assert "offline" not in shown.text
        assert shown.text.count("<li") == expected.text.count("<li")


def test_the_apps_requests_do_not_call_it_unknown(app, notebook, bob, signed_in):
    notebook.start(signed_in, scope="offline_access memories:reed")
    admin = Browser(app)
    admin.enter(bob)
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    shown = admin.get(f"/org/oauth/{notebook.client_id}/requests").text
    assert "does not exist here: memories:reed." in shown
    assert "Did you mean memories:read?" in shown


# -- with libraries that raise otherwise -----------------------------------------------------------


class InProcess(BaseAdapter):
    """Answers what a library sends from the app in this process; the library itself is the one that is installed."""

    def __init__(self, app):
        super().__init__()
        self._app = app

    def send(self, request, **_kwargs):
        parts = urlsplit(request.url)
        answer = self._app.test_client().open(
            f"{parts.path}?{parts.query}", method=request.method, data=request.body, headers=dict(request.headers)
        )
        response = Response()
        response.status_code, response.request, response.url = answer.status_code, request, request.url
        response.headers, response._content = CaseInsensitiveDict(answer.headers), answer.data
        return response

    def close(self):
        pass


@pytest.fixture
def open_session(app, notebook, monkeypatch):
    """A session of requests-oauthlib for the notebook, which takes a scope that differs for an error."""
    # The library's own switch for plain http, which it does not allow even on loopback.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.delenv("OAUTHLIB_RELAX_TOKEN_SCOPE", raising=False)

    def open_session(**changes) -> OAuth2Session:
        session = OAuth2Session(notebook.client_id, redirect_uri=notebook.redirect_uri, **changes)
        session.mount("http://", InProcess(app))
        return session

    return open_session


def come_back(notebook, browser, address: str) -> str:
    """Where the person who was sent to an address comes back to."""
    page = browser.follow(browser.get(address.removeprefix("http://127.0.0.1:8000")))
    if page.status_code == 200:
        page = browser.follow(browser.submit(page, press="Continue", selection="all"))
        page = browser.submit(page, press="Authorize")
    return page.location


def test_requests_oauthlib_does_not_raise_when_it_asks_for_offline_access(notebook, signed_in, open_session):
    session = open_session(scope=["memories:read", "offline_access"])
    address, _ = session.authorization_url("http://127.0.0.1:8000/oauth/authorize")
    back = come_back(notebook, signed_in, address)
    tokens = session.fetch_token(
        "http://127.0.0.1:8000/oauth/token", authorization_response=back, client_secret=notebook.client_secret
    )
    assert sorted(tokens["scope"]) == ["memories:read", "offline_access"]
    renewed = session.refresh_token(
        "http://127.0.0.1:8000/oauth/token", auth=(notebook.client_id, notebook.client_secret)
    )
    assert sorted(renewed["scope"]) == ["memories:read", "offline_access"]
    assert renewed["access_token"] != tokens["access_token"]


def test_requests_oauthlib_still_raises_when_less_is_granted_than_it_asked(
    notebook, signed_in, open_session, change_client
):
    """So the test above can see: it is the answer's scope that the library looks at."""
    session = open_session(scope=["memories:read", "integrations:read"])
    address, _ = session.authorization_url("http://127.0.0.1:8000/oauth/authorize")
    back = come_back(notebook, signed_in, address)
    change_client(notebook, scope="memories:read")
    with pytest.raises(Warning, match="Scope has changed"):
        session.fetch_token(
            "http://127.0.0.1:8000/oauth/token", authorization_response=back, client_secret=notebook.client_secret
        )
