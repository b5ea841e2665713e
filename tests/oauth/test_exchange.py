"""The token endpoint, introspection and revocation answer where there is no Flask, and as they do behind it."""

import pytest

from app import clock, credentials
from app.database.connections import connect
from app.extensions import db
from app.oauth.bearer_check import challenge, find_live_token
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.refusals import Reason, Refused
from app.oauth.tokens.access import find_access_token
from tests.oauth.without_flask import BareDoor
from tests.tables import each


@pytest.fixture
def services(app):
    return app.extensions["services"]


@pytest.fixture
def door(services, notebook) -> BareDoor:
    return BareDoor(services, notebook)


@pytest.fixture
def exchange_code(notebook, signed_in, door):
    """Have Alice allow everything, and redeem the code at the bare door."""

    def exchange_code(**changes):
        honest = {
            "grant_type": "authorization_code",
            "code": notebook.code_by_consent(signed_in),
            "redirect_uri": notebook.redirect_uri,
            "code_verifier": notebook.code_verifier,
        }
        return door.token(honest | changes)

    return exchange_code


def test_a_code_is_exchanged(notebook, exchange_code):
    answer = exchange_code()
    assert answer.status == 200, answer
    assert answer.body["token_type"] == "Bearer" and answer.body["scope"] == "memories:read integrations:read"
    assert notebook.is_alive(answer.body["access_token"])


@each(
    ("changes", "error", "anchor"),
    [
        ({"redirect_uri": "https://elsewhere.example/"}, "invalid_grant", "invalid_grant-redirect-uri"),
        ({"code_verifier": "v" * 43}, "invalid_grant", "invalid_grant-verifier"),
        ({"code": "rlq_ac_unknown"}, "invalid_grant", "invalid_grant-unknown-code"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target", "token-invalid_target"),
        ({"grant_type": "password"}, "unsupported_grant_type", "token-unsupported_grant_type"),
    ],
)
def test_a_code_is_refused(services, exchange_code, changes, error, anchor):
    answer = exchange_code(**changes)
    assert (answer.status, answer.body["error"]) == (400, error)
    assert answer.body["error_uri"] == f"{services.settings.issuer}/guide/errors#{anchor}"


def test_a_code_that_comes_twice_ends_its_tokens(notebook, signed_in, door):
    code = notebook.code_by_consent(signed_in)
    honest = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": notebook.redirect_uri,
        "code_verifier": notebook.code_verifier,
    }
    first, second = door.token(honest), door.token(honest)
    assert (first.status, second.body["error"]) == (200, "invalid_grant")
    assert not notebook.is_alive(first.body["access_token"])


def test_a_refresh_token_is_rotated_and_refused(tokens, door):
    refreshed = door.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refreshed.status == 200 and refreshed.body["refresh_token"] != tokens["refresh_token"]
    again = door.token({"grant_type": "refresh_token", "refresh_token": refreshed.body["refresh_token"]})
    assert again.status == 200
    replayed = door.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert (replayed.status, replayed.body["error"]) == (400, "invalid_grant")
    assert "used before" in replayed.body["error_description"]


def test_client_credentials_are_given_and_refused(services, pocket, door):
    assert door.token({"grant_type": "client_credentials"}).body["token_type"] == "Bearer"
    assert door.token({"grant_type": "client_credentials", "scope": "unknown"}).body["error"] == "invalid_scope"
    refused = BareDoor(services, pocket).token({"grant_type": "client_credentials"})
    assert refused.body["error"] == "unauthorized_client"


def test_a_wrong_secret_is_challenged(door):
    answer = door.token({"grant_type": "client_credentials"}, headers={"Authorization": "Basic bm9ib2R5Ong="})
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert ("WWW-Authenticate", 'Basic realm="reliquary", charset="UTF-8"') in answer.headers


def test_a_body_that_is_no_form_is_refused(door):
    answer = door.token({"grant_type": "client_credentials"}, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


def test_what_was_asked_is_noted(app, services, notebook, door):
    door.token({"grant_type": "client_credentials"})
    door.token({"grant_type": "client_credentials", "scope": "memories:reed"})
    services.notes.of(RequestLog).flush()
    with app.app_context():
        kept = db.session.query(RequestRecord).filter_by(client_key=notebook.client_id).order_by(RequestRecord.id)
        assert [record.reason for record in kept] == [None, Reason.SCOPE_UNKNOWN]


def test_a_token_is_introspected_and_revoked(services, tokens, door):
    told = door.introspect(tokens["access_token"])
    assert told.body["active"] is True and told.body["iss"] == services.settings.issuer
    assert door.revoke(tokens["access_token"]).status == 200
    assert door.introspect(tokens["access_token"]).body == {"active": False}
    assert door.introspect("").body["error"] == "invalid_request"


def test_a_bearer_token_is_checked(services, tokens, door):
    def check(authorization: str, required: str = "memories:read"):
        with connect(services.engine) as connection:
            return find_live_token(
                connection,
                authorization,
                required,
                find_access_token,
                noted.append,
                services.limits.calls,
                issuer="https://id.example",
            )

    noted: list[str] = []
    token = check(f"Bearer {tokens['access_token']}")
    assert token.digest == credentials.digest(tokens["access_token"]) and noted == [door.client.client_id]
    for authorization, required, reason in (
        ("", "", Reason.BEARER_MISSING),
        ("Bearer", "", Reason.BEARER_EMPTY),
        ("Bearer unknown", "", Reason.BEARER_UNKNOWN),
        (f"Bearer {tokens['access_token']}", "memories:write", Reason.SCOPE_LACKING),
    ):
        with pytest.raises(Refused) as refused:
            check(authorization, required)
        assert refused.value.reason is reason
        assert challenge(refused.value, "https://id.example").startswith('Bearer realm="reliquary"')


def test_a_suspended_client_gets_nothing(door, change_client):
    change_client(door.client, suspended_at=clock.now())
    assert door.token({"grant_type": "client_credentials"}).body["error"] == "invalid_client"
