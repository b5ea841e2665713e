"""Two OAuth libraries that nobody here wrote walk the five steps, unmodified, against a running server."""

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OauthlibSession

from tests.actors import Browser, find_form
from tests.journeys.walk import ALICE
from tests.robustness.remote import RemoteApp

SCOPE = "memories:read integrations:read profile"


@pytest.fixture
def person(server, demonstration):
    """Alice, allowing whatever an authorization URL asks for. What a real browser does on the way is another journey's."""
    browser = Browser(RemoteApp(server))

    def allow_all(authorization_url: str) -> None:
        browser.sign_in(ALICE, demonstration.passwords[ALICE])
        page = browser.follow(browser.get(authorization_url.removeprefix(server.url)))
        two = find_form(page, names=["memento_ids"]).choices["memento_ids"][:2]
        page = browser.follow(browser.submit(page, press="Continue", selection="selected", memento_ids=two))
        requests.get(browser.submit(page, press="Authorize").location, timeout=10)

    return allow_all


@pytest.fixture
def oauthlib_on_loopback(monkeypatch):
    """The library's own switch for plain http, which it does not allow even on loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


# -- Authlib -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("with_pkce", [True, False])
def test_authlib_confidential_client(server, demonstration, callback, person, auth_method, with_pkce):
    app = demonstration.clients["Acme Notebook"]
    session = AuthlibSession(
        app.client_id,
        app.client_secret,
        redirect_uri=callback.url,
        scope=SCOPE,
        token_endpoint_auth_method=auth_method,
        code_challenge_method="S256" if with_pkce else None,
    )
    verifier = {"code_verifier": "authlib-" + "v" * 40} if with_pkce else {}
    _walk_authlib(session, server, callback, person, verifier)


def test_authlib_public_client_with_pkce(server, demonstration, callback, person):
    app = demonstration.clients["Acme Pocket"]
    session = AuthlibSession(
        app.client_id,
        redirect_uri=callback.url,
        scope=SCOPE,
        token_endpoint_auth_method="none",
        code_challenge_method="S256",
    )
    _walk_authlib(session, server, callback, person, {"code_verifier": "authlib-" + "p" * 40})


def _walk_authlib(session, server, callback, person, verifier) -> None:
    url, _state = session.create_authorization_url(f"{server.url}/oauth/authorize", **verifier)
    person(url)
    token = session.fetch_token(f"{server.url}/oauth/token", authorization_response=callback.last_url(), **verifier)
    _check_api(session, server)
    renewed = session.refresh_token(f"{server.url}/oauth/token", refresh_token=token["refresh_token"])
    assert renewed["refresh_token"] != token["refresh_token"]
    _check_api(session, server)
    assert session.revoke_token(f"{server.url}/oauth/revoke", token=renewed["access_token"]).status_code == 200
    assert session.get(f"{server.url}/api/me/").status_code == 401


def test_authlib_client_credentials(server, demonstration):
    app = demonstration.clients["Acme Notebook"]
    session = AuthlibSession(app.client_id, app.client_secret, scope="memories:read")
    session.fetch_token(f"{server.url}/oauth/token", grant_type="client_credentials")
    assert session.get(f"{server.url}/api/me/").json()["organization"]["slug"] == "acme"


# -- requests-oauthlib -------------------------------------------------------------------------------


@pytest.mark.parametrize("secret_in_body", [True, False])
@pytest.mark.parametrize("pkce", ["S256", None])
def test_requests_oauthlib_confidential_client(
    server, demonstration, callback, person, oauthlib_on_loopback, secret_in_body, pkce
):
    app = demonstration.clients["Acme Notebook"]
    session = OauthlibSession(app.client_id, redirect_uri=callback.url, scope=SCOPE.split(), pkce=pkce)
    # Without include_client_id the library sends HTTP Basic, with it the body.
    credentials = {"client_secret": app.client_secret} | ({"include_client_id": True} if secret_in_body else {})
    token = _walk_oauthlib(session, server, callback, person, credentials)
    renewed = session.refresh_token(
        f"{server.url}/oauth/token",
        refresh_token=token["refresh_token"],
        client_id=app.client_id,
        client_secret=app.client_secret,
    )
    assert renewed["refresh_token"] != token["refresh_token"]
    _check_api(session, server)


@pytest.mark.parametrize("include_client_id", [True, None])
def test_requests_oauthlib_public_client_with_pkce(
    server, demonstration, callback, person, oauthlib_on_loopback, include_client_id
):
    app = demonstration.clients["Acme Pocket"]
    session = OauthlibSession(app.client_id, redirect_uri=callback.url, scope=SCOPE.split(), pkce="S256")
    # Left to itself the library sends HTTP Basic with an empty password.
    token = _walk_oauthlib(session, server, callback, person, {"include_client_id": include_client_id})
    renewed = session.refresh_token(
        f"{server.url}/oauth/token", refresh_token=token["refresh_token"], client_id=app.client_id
    )
    assert renewed["refresh_token"] != token["refresh_token"]


def _walk_oauthlib(session, server, callback, person, credentials) -> dict:
    url, _state = session.authorization_url(f"{server.url}/oauth/authorize")
    person(url)
    token = session.fetch_token(f"{server.url}/oauth/token", authorization_response=callback.last_url(), **credentials)
    _check_api(session, server)
    return token


def test_requests_oauthlib_client_credentials(server, demonstration, oauthlib_on_loopback):
    app = demonstration.clients["Acme Notebook"]
    session = OauthlibSession(client=BackendApplicationClient(app.client_id, scope="memories:read"))
    session.fetch_token(f"{server.url}/oauth/token", client_id=app.client_id, client_secret=app.client_secret)
    assert session.get(f"{server.url}/api/me/").json()["organization"]["slug"] == "acme"


def _check_api(session, server) -> None:
    me = session.get(f"{server.url}/api/me/")
    assert me.status_code == 200, me.text
    assert me.json()["email"] == ALICE
    assert len(me.json()["consent"]["authorization_details"]) == 2
