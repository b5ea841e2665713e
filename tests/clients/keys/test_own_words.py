"""Clients that nobody registered say by which keys they sign: in a registration (:rfc:`7591`) and in a document."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.clients.models import Client, ClientKeys, ClientSecret
from app.extensions import db
from tests.clients.conftest import AGENT, integrator_of
from tests.clients.documents.conftest import claude, join, kept, serve  # noqa: F401
from tests.integrator import assert_invalid_client
from tests.org.conftest import admin  # noqa: F401
from tests.protocol import *  # noqa: F403
from tests.signing import SigningKey
from tests.tables import each

JWKS_URI = "https://claude.example/oauth/jwks.json"
SIGNS = {"token_endpoint_auth_method": "private_key_jwt"}


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey("RS256")


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    return SigningKey(kid="second")


def keys_of(*keys: SigningKey) -> dict:
    return {"keys": [key.public for key in keys]}


def signing(agent, key):
    return replace(agent, client_secret=None, signing_key=key)


# -- a registration --------------------------------------------------------------------------------


def test_a_client_registers_keys_in_place_of_a_secret(app, ask, key, signed_in):
    told = ask(**SIGNS, jwks=keys_of(key)).json
    assert told["token_endpoint_auth_method"] == "private_key_jwt"
    assert told["jwks"] == keys_of(key) and "client_secret" not in told and "jwks_uri" not in told
    agent = signing(integrator_of(app, told), key)
    assert "access_token" in agent.tokens(signed_in)


def test_it_is_told_its_keys_when_it_asks(ask, manage, key):
    told = ask(**SIGNS, jwks=keys_of(key)).json
    assert manage("GET", told).json == told
    told = ask(**SIGNS, jwks_uri=JWKS_URI).json
    assert told["jwks_uri"] == JWKS_URI and manage("GET", told).json == told


def test_without_its_signature_it_gets_nothing(app, ask, key, signed_in):
    agent = signing(integrator_of(app, ask(**SIGNS, jwks=keys_of(key)).json), key)
    code = agent.code(signed_in)
    assert_invalid_client(replace(agent, signing_key=None).exchange(code))
    assert agent.exchange(code).status_code == 200


@each(
    "changes, member",
    [
        ({}, "jwks"),
        ({"jwks": {}}, "jwks"),
        ({"jwks": "x"}, "jwks"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct"}]}}, "jwks"),
        ({"jwks": {"keys": [SigningKey().public | {"kid": "\ud800"}]}}, "key set"),
        ({"jwks_uri": "http://claude.example/jwks.json"}, "jwks_uri"),
        ({"jwks_uri": 5}, "jwks_uri"),
        ({"jwks_uri": JWKS_URI, "jwks": {"keys": []}}, "jwks"),
    ],
    ids=str,
)
def test_keys_that_cannot_be_used_are_refused(ask, changes, member):
    refused = ask(**SIGNS | changes)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_client_metadata")
    assert member in refused.json["error_description"]


def test_whoever_does_not_sign_has_its_keys_for_something_else(app, ask, key):
    for method in ("none", "client_secret_basic"):
        told = ask(token_endpoint_auth_method=method, jwks=keys_of(key)).json
        assert told["token_endpoint_auth_method"] == method and "jwks" not in told
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ClientKeys)) == 0


def test_it_changes_its_keys(app, ask, manage, key, other_key, signed_in):
    told = ask(**SIGNS, jwks=keys_of(key)).json
    said = AGENT | SIGNS | {"client_id": told["client_id"]}
    agent = signing(integrator_of(app, told), key)
    tokens = agent.tokens(signed_in)
    assert manage("PUT", told, json=said | {"jwks": keys_of(other_key)}).json["jwks"] == keys_of(other_key)
    assert_invalid_client(agent.refresh(tokens["refresh_token"]))
    assert signing(agent, other_key).refresh(tokens["refresh_token"]).status_code == 200


def test_it_goes_on_signing_whatever_it_says(ask, manage, key, app):
    """Who may change it has its registration token, and no key."""
    told = ask(**SIGNS, jwks=keys_of(key)).json
    said = AGENT | {"client_id": told["client_id"]}
    for method in ("none", "client_secret_basic"):
        assert manage("PUT", told, json=said | {"token_endpoint_auth_method": method}).status_code == 400
        changed = manage("PUT", told, json=said | {"token_endpoint_auth_method": method, "jwks": keys_of(key)})
        assert changed.json["token_endpoint_auth_method"] == "private_key_jwt"
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ClientSecret)) == 0


def test_whoever_has_a_secret_goes_on_with_it(ask, manage, key):
    told = ask(token_endpoint_auth_method="client_secret_basic").json
    said = AGENT | SIGNS | {"client_id": told["client_id"], "jwks": keys_of(key)}
    assert manage("PUT", told, json=said).json["token_endpoint_auth_method"] == "client_secret_basic"


def test_its_keys_go_with_it(app, ask, manage, key):
    told = ask(**SIGNS, jwks=keys_of(key)).json
    assert manage("DELETE", told).status_code == 204
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ClientKeys)) == 0


# -- a document ------------------------------------------------------------------------------------


def test_a_client_whose_document_has_only_keys_signs(app, claude, serve, document_hosts, key, signed_in):  # noqa: F811
    """As the documents of ChatGPT's own apps say it."""
    serve(**SIGNS, jwks_uri=JWKS_URI, token_endpoint_auth_signing_alg="RS256")
    document_hosts.serve(JWKS_URI, keys_of(key))
    code = claude.code(signed_in)
    assert_invalid_client(claude.exchange(code))
    agent = signing(claude, key)
    tokens = agent.exchange(code).json
    assert agent.refresh(tokens["refresh_token"]).status_code == 200
    assert_invalid_client(claude.refresh(tokens["refresh_token"]))


def test_one_that_need_not_sign_may(app, claude, serve, document_hosts, key, other_key, signed_in):  # noqa: F811
    """As ChatGPT's own document says it: taken at its word when it signs, and let in when it does not."""
    serve(**SIGNS, token_endpoint_auth_methods_supported=["none", "private_key_jwt"], jwks_uri=JWKS_URI)
    document_hosts.serve(JWKS_URI, keys_of(key))
    tokens = claude.exchange(claude.code(signed_in)).json
    tokens = signing(claude, key).refresh(tokens["refresh_token"]).json
    assert_invalid_client(signing(claude, other_key).refresh(tokens["refresh_token"]))
    assert claude.refresh(tokens["refresh_token"]).status_code == 200


def test_one_that_need_not_sign_is_let_in_while_its_keys_cannot_be_read(app, claude, serve, key, signed_in):  # noqa: F811
    serve(**SIGNS, token_endpoint_auth_methods_supported=["none", "private_key_jwt"], jwks_uri=JWKS_URI)
    assert signing(claude, key).exchange(claude.code(signed_in)).status_code == 200


def test_a_document_may_hold_the_keys_itself(claude, serve, key, signed_in):  # noqa: F811
    serve(**SIGNS, jwks=keys_of(key))
    assert signing(claude, key).exchange(claude.code(signed_in)).status_code == 200


def test_a_document_that_asks_for_signatures_from_now_on(
    claude,  # noqa: F811
    serve,  # noqa: F811
    join,  # noqa: F811
    key,
    signed_in,
    let_time_pass,
):
    """What people have allowed before goes on, with a signature."""
    tokens = join(signed_in)
    serve(**SIGNS, jwks=keys_of(key))
    let_time_pass(days=1)
    claude.start(signed_in)
    assert_invalid_client(claude.refresh(tokens["refresh_token"]))
    assert signing(claude, key).refresh(tokens["refresh_token"]).status_code == 200


@each("changes", [{}, {"jwks": {"keys": []}}, {"jwks_uri": "http://claude.example/jwks.json"}], ids=str)
def test_a_document_whose_keys_cannot_be_used_is_told_so(claude, serve, signed_in, changes, kept):  # noqa: F811
    serve(**SIGNS, **changes)
    page = claude.start(signed_in)
    assert page.status_code == 400 and "jwks" in page.text
    assert kept() is None


# -- an organization's app -------------------------------------------------------------------------


def test_an_admin_adds_keys_under_settings(app, admin, register, key):  # noqa: F811
    registered = register()
    page = admin.get(f"/org/oauth/{registered.client_id}/settings")
    saved = admin.submit(page, press="Save", jwks=json.dumps(keys_of(key), indent=2))
    assert saved.status_code == 303, saved.text
    assert signing(registered, key).client_credentials(scope="memories:read").status_code == 200
    with app.app_context():
        assert json.loads(db.session.get(Client, registered.client_id).jwks) == keys_of(key)
