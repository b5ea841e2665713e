"""A code or refresh token of a client that was seen a moment ago is found and used at once; else it is looked up.

What may be said at once is said in SQL, and what is looked up in Python. So each state of what a token depends on is met
both ways here, and must come to the same.
"""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app.consents.models import Consent
from app.database.access import expect_writes
from app.database.connections import Connection
from app.extensions import db
from app.last_uses import LastUses
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from tests.oauth.grants.while_seen.conftest import NOW, SCOPE
from tests.tables import each

pytestmark = pytest.mark.database


def test_what_comes_of_it_is_what_comes_of_a_client_that_was_looked_up(presented, ways, forget, comes_to):
    first, second = presented.new()
    ways.clear()
    at_once = comes_to(presented.use(first))
    forget()
    assert at_once == comes_to(presented.use(second))
    assert ways == [True]
    told, access, refresh = at_once
    assert (told["scope"], told["expires_in"], access["scope"], refresh["scope"]) == (SCOPE, 3600, SCOPE, SCOPE)
    assert told["authorization_details"]


def test_what_it_gives_works(client, tokens, ways):
    token = tokens[0]
    for _ in range(3):
        renewed = client.refresh(token).json
        token = renewed["refresh_token"]
        assert client.is_alive(renewed["access_token"])
    assert ways == [True] * 3


@pytest.mark.parametrize("grace", [0, 30])
def test_what_comes_back_is_looked_up(app, client, tokens, ways, change_settings, grace):
    """Within the grace it gets its successor again, and without one its family ends."""
    change_settings(refresh_token_grace=grace)
    first, again = client.refresh(tokens[0]), client.refresh(tokens[0])
    assert ways == [True, False]
    assert client.is_alive(first.json["access_token"]) == bool(grace)
    assert again.json.get("refresh_token") == (first.json["refresh_token"] if grace else None)


def test_a_code_that_comes_twice_ends_its_family(client, signed_in, ways):
    code = client.code_by_consent(signed_in)
    first = client.exchange(code).json["access_token"]
    assert client.is_alive(first)
    assert client.exchange(code).json["error"] == "invalid_grant"
    assert not client.is_alive(first)
    assert ways == [True, False]


def test_either_way_of_authenticating_finds_it(presented, client, ways):
    (one,) = presented.new(1)
    ways.clear()
    assert presented.use(one, replace(client, auth_method="client_secret_post")).status_code == 200
    assert ways == [True]


def test_offline_access_is_told_to_whoever_once_asked_for_it(client, signed_in, ways):
    tokens = client.exchange(client.code(signed_in, scope=f"{SCOPE} offline_access")).json
    assert tokens["scope"] == client.refresh(tokens["refresh_token"]).json["scope"] == f"{SCOPE} offline_access"
    assert ways == [True, True]


def test_a_client_that_was_seen_with_less_gets_no_more_than_that(presented, ways, forget, comes_to, change_client):
    """The person and the token still say more."""
    first, second = presented.new()
    change_client(presented.client, scope="memories:read")
    assert presented.client.client_credentials().status_code == 200
    ways.clear()
    at_once = comes_to(presented.use(first))
    forget()
    assert at_once == comes_to(presented.use(second))
    assert at_once[0]["scope"] == "memories:read"
    assert ways == [False]


# -- what goes the ordinary way ---------------------------------------------------------------------


def test_each_process_sees_for_itself(client, tokens, ways, there):
    elsewhere = replace(client, app=there.app)
    renewed = elsewhere.refresh(tokens[0]).json["refresh_token"]
    assert ways == []
    assert elsewhere.refresh(renewed).status_code == 200
    assert ways == [True]


@pytest.mark.parametrize(
    "changes", [{"client_secret": "rlq_cs_wrong"}, {"client_secret": None}, {"client_id": "client_x"}]
)
def test_who_says_anything_else_is_looked_up(client, tokens, ways, changes):
    assert replace(client, **changes).refresh(tokens[0]).status_code == 401
    assert ways == []
    assert client.refresh(tokens[0]).status_code == 200


@each(
    ("changes", "error"),
    [
        ({"scope": "memories:read"}, None),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "offline_access"}, None),
        ({"resource": "http://127.0.0.1:8000/api"}, None),
        ({"resource": "http://127.0.0.1:8000/mcp"}, "invalid_target"),
        ({"redirect_uri": "https://app.acme.example/callback"}, None),
    ],
)
def test_a_request_that_says_more_is_looked_up(client, tokens, ways, changes, error):
    assert client.client_credentials().status_code == 200
    assert client.refresh(tokens[0], **changes).json.get("error") == error
    assert ways == []


@each(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code_verifier": None},
        {"redirect_uri": "https://app.acme.example/other"},
        {"redirect_uri": "https://app.acme.example/never"},
        {"redirect_uri": None},
        {"redirect_uri": "https://app.acme.example/callback\0"},
    ],
)
def test_a_code_is_neither_redeemed_nor_used_up_by_who_says_something_else(register, signed_in, ways, changes):
    client = register(redirect_uris=["https://app.acme.example/callback", "https://app.acme.example/other"])
    code = client.code_by_consent(signed_in)
    assert client.client_credentials().status_code == 200
    ways.clear()
    assert client.exchange(code, **changes).status_code == 400
    assert True not in ways
    assert client.exchange(code).status_code == 200


@pytest.mark.parametrize("verifier", [None, "v" * 43, "short"])
def test_a_code_without_a_challenge_takes_no_verifier(client, signed_in, ways, verifier):
    code = client.code(signed_in, code_challenge=None, code_challenge_method=None)
    assert client.exchange(code, code_verifier=verifier).status_code == (200 if verifier is None else 400)
    assert (True in ways) == (verifier is None)


def test_a_code_for_an_address_that_was_removed_is_looked_up(client, signed_in, ways, forget, change_client):
    """Also when the client was seen since."""
    code = client.code_by_consent(signed_in)
    change_client(client, redirect_uris=["https://app.acme.example/other"])
    forget()
    assert client.client_credentials().status_code == 200
    assert client.exchange(code).json["error"] == "invalid_grant"
    assert ways == []


def test_a_client_without_a_secret_is_looked_up(pocket, signed_in, ways):
    token = pocket.tokens(signed_in)["refresh_token"]
    for _ in range(2):
        token = pocket.refresh(token).json["refresh_token"]
    assert ways == []


@pytest.mark.parametrize("kind", ["access_token", "refresh_token", "nothing"])
def test_a_refusal_is_noted_of_a_client_that_was_looked_up(app, client, signed_in, ways, kind):
    sent = {**client.exchange(client.code_by_consent(signed_in)).json, "nothing": "nothing"}[kind]
    if kind == "refresh_token":
        client.revoke(sent)
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    ways.clear()
    assert client.refresh(sent).json["error"] == "invalid_grant"
    assert ways == [False]
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        records = db.session.scalars(select(RequestRecord).where(RequestRecord.error.is_not(None))).all()
        assert [(record.client_key, record.error) for record in records] == [(client.client_id, "invalid_grant")]


def test_after_a_fault_it_is_looked_up(client, tokens, ways, monkeypatch):
    with monkeypatch.context() as broken:

        def fail(self, compiled, values):
            raise OSError("The database is away.")

        broken.setattr(Connection, "_execute", fail)
        assert client.refresh(tokens[0]).status_code == 500
    assert client.refresh(tokens[0]).status_code == 200
    assert ways == []


def test_what_is_noted_is_the_same(app, client, tokens, ways, forget):
    def written() -> tuple:
        with app.app_context():
            notes = app.extensions["services"].notes
            for kept in (RequestLog, LastUses):
                notes.of(kept).flush()
            requests = db.session.scalars(select(RequestRecord).order_by(RequestRecord.id.desc()).limit(1)).one()
            return (
                {name: getattr(requests, name) for name in ("client_key", "endpoint", "grant_type", "error", "scope")},
                db.session.scalars(select(Consent.last_used_at)).one(),
            )

    def unuse() -> None:
        with app.app_context(), expect_writes():
            db.session.execute(update(Consent).values(last_used_at=None))
            db.session.commit()

    written()
    unuse()
    client.refresh(tokens[0])
    at_once = written()
    unuse()
    forget()
    client.refresh(tokens[1])
    looked_up = written()
    assert ways == [True]
    assert at_once == looked_up
    assert at_once[1] == NOW
