"""Keys that lie at an address of the app's own (``jwks_uri``): asked for when they are needed, and not more often."""

import pytest
from sqlalchemy import select

from app.clients.models import ClientKeys
from app.extensions import db
from tests.clients.conftest import integrator_of
from tests.integrator import assert_invalid_client
from tests.oauth.assertions.conftest import JWKS_URI
from tests.tables import each


def ask(signer, **changes):
    return signer.client_credentials(scope="memories:read", **changes)


def test_the_keys_are_fetched_once(distant_signer, serve_keys, key, other_key, document_hosts):
    serve_keys(other_key, key)
    assert [ask(distant_signer).status_code for _ in range(3)] == [200] * 3
    assert document_hosts.requests == [JWKS_URI]


def test_a_key_that_is_not_known_is_asked_for(
    distant_signer, serve_keys, key, other_key, document_hosts, let_time_pass
):
    """The app has begun to sign with a new one."""
    serve_keys(key)
    assert ask(distant_signer).status_code == 200
    serve_keys(other_key, key)
    distant_signer.signing_key = other_key
    assert_invalid_client(ask(distant_signer))
    let_time_pass(minutes=2)
    assert ask(distant_signer).status_code == 200
    assert len(document_hosts.requests) == 2


@each("kid", [None, "first"])
def test_another_key_is_asked_for_also_where_nothing_names_it(
    register_signing, key, other_key, document_hosts, let_time_pass, kid, anew
):
    """Libraries need not name a key, and some apps call each of theirs alike."""
    with anew():
        agent = register_signing(key, jwks_uri=JWKS_URI)
        for now, status in ((key, 200), (other_key, 401)):
            document_hosts.serve(JWKS_URI, {"keys": [now.public | {"kid": kid}]})
            agent.signing_key = now
            assert ask(agent, **now.parameters(agent.client_id, header={"kid": kid})).status_code == status
        let_time_pass(minutes=2)
        assert ask(agent, **other_key.parameters(agent.client_id, header={"kid": kid})).status_code == 200


def test_what_is_no_key_set_takes_no_key_back(distant_signer, serve_keys, key, document_hosts, let_time_pass):
    """As of a host that says in JSON, and with 200, that something is wrong."""
    serve_keys(key)
    assert ask(distant_signer).status_code == 200
    for served in ({"error": "sorry"}, {"keys": "x"}, {"keys": [1]}):
        document_hosts.serve(JWKS_URI, served)
        let_time_pass(hours=2)
        assert ask(distant_signer).status_code == 200


def test_a_private_key_that_lies_open_is_no_key(distant_signer, document_hosts, key):
    document_hosts.serve(JWKS_URI, {"keys": [key.private]})
    assert_invalid_client(ask(distant_signer))


def test_whoever_tries_keys_has_the_host_asked_once_a_minute(
    distant_signer, serve_keys, key, other_key, document_hosts
):
    serve_keys(key)
    distant_signer.signing_key = other_key
    for _ in range(5):
        assert_invalid_client(ask(distant_signer))
    assert len(document_hosts.requests) == 1


def test_a_key_that_is_taken_away_is_no_key_within_an_hour(distant_signer, serve_keys, key, other_key, let_time_pass):
    serve_keys(key)
    assert ask(distant_signer).status_code == 200
    serve_keys(other_key)
    let_time_pass(hours=1, seconds=1)
    assert_invalid_client(ask(distant_signer))


def test_while_the_host_is_away_the_last_keys_serve_for_a_day(distant_signer, serve_keys, key, let_time_pass):
    serve_keys(key)
    assert ask(distant_signer).status_code == 200
    serve_keys(status=503)
    let_time_pass(hours=23)
    assert ask(distant_signer).status_code == 200
    let_time_pass(hours=2)
    away = ask(distant_signer)
    assert (away.status_code, away.json["error"]) == (503, "temporarily_unavailable")
    assert int(away.headers["Retry-After"]) == 60


@each("how", [{"status": 503}, {"status": 404}, {"content_type": "text/html"}])
def test_without_keys_an_app_is_told_to_come_again(distant_signer, serve_keys, document_hosts, key, how, anew):
    serve_keys(key, **how)
    with anew():
        assert [ask(distant_signer).status_code for _ in range(2)] == [503, 503]
        serve_keys(key)
        assert ask(distant_signer).status_code == 503
    document_hosts.requests.clear()


def test_it_is_the_same_assertion_that_may_come_again(distant_signer, serve_keys, key, let_time_pass):
    serve_keys(key, status=503)
    sent = key.parameters(distant_signer.client_id)
    assert ask(distant_signer, **sent).status_code == 503
    serve_keys(key)
    let_time_pass(seconds=61)
    assert ask(distant_signer, **sent).status_code == 200


def test_what_else_is_in_the_set_is_passed_over(app, distant_signer, document_hosts, key, other_key):
    """A set is for many uses: other kinds, encryption, weak keys, and members that only their owner knows."""
    odd = [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        other_key.public | {"use": "enc"},
        {"kty": ["EC"]},
        {},
    ]
    document_hosts.serve(JWKS_URI, {"keys": [*odd, key.public | {"use": "sig", "x5c": ["M" * 2000]}], "more": 1})
    assert ask(distant_signer).status_code == 200
    with app.app_context():
        kept = db.session.scalars(select(ClientKeys.jwks)).one()
    assert key.public["x"] in kept and other_key.public["x"] not in kept and "x5c" not in kept


def test_a_host_that_the_operator_denies_is_not_asked(
    distant_signer, serve_keys, key, document_hosts, app, monkeypatch
):
    serve_keys(key)
    monkeypatch.setattr(app.extensions["services"].fetcher, "_denied", frozenset({"keys.acme.example"}))
    assert ask(distant_signer).status_code == 503
    assert document_hosts.requests == []


def test_of_strangers_only_hosts_are_asked_that_the_operator_allows(
    distant_signer, agent, serve_keys, key, signed_in, document_hosts, app, monkeypatch
):
    """What an organization registers, its own people answer for."""
    serve_keys(key)
    monkeypatch.setattr(app.extensions["services"].fetcher, "_allowed", frozenset({"claude.example"}))
    assert agent.exchange(agent.code(signed_in)).status_code == 503
    assert document_hosts.requests == []
    assert ask(distant_signer).status_code == 200


# -- of a client that nobody registered ------------------------------------------------------------


@pytest.fixture
def agent(ask_to_register, app, key):
    told = ask_to_register(token_endpoint_auth_method="private_key_jwt", jwks_uri=JWKS_URI).json
    assert "client_secret" not in told
    agent = integrator_of(app, told)
    agent.client_secret, agent.signing_key = None, key
    return agent


def test_nobody_is_asked_for_a_client_that_a_stranger_has_just_registered(agent, serve_keys, key, document_hosts):
    serve_keys(key)
    assert_invalid_client(agent.push())
    assert document_hosts.requests == []


def test_once_somebody_has_allowed_it_something_its_keys_are_fetched(agent, serve_keys, key, signed_in, document_hosts):
    serve_keys(key)
    assert agent.exchange(agent.code(signed_in)).status_code == 200
    assert document_hosts.requests == [JWKS_URI]
    assert agent.push().status_code == 201
