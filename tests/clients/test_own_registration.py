"""Whoever registered itself looks after its registration (:rfc:`7592`)."""

import json

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.clients.models import Client, SelfRegistration
from app.consents.events import ConsentEvent
from app.consents.models import Consent
from app.extensions import db
from app.oauth.endpoints import registration
from tests.clients.conftest import AGENT, ISSUER, integrator_of
from tests.protocol import *  # noqa: F403
from tests.tables import each


def test_a_client_reads_its_registration(ask, manage):
    told = ask().json
    read = manage("GET", told)
    assert read.status_code == 200
    # "registration_access_token REQUIRED" (RFC 7592 section 3): a client keeps the last answer, and nothing else.
    assert read.json == told


def test_a_secret_is_told_once(ask, manage):
    """Only what it is compared with is kept."""
    told = ask(token_endpoint_auth_method="client_secret_basic").json
    assert manage("GET", told).json == {
        name: value for name, value in told.items() if not name.startswith("client_secret")
    }


@each("method", ["GET", "PUT", "DELETE"])
def test_nobody_else_does(ask, manage, method, notebook):
    """ "If the registration access token used ... is not valid ... 401" (:rfc:`7592#section-2`)."""
    told, other = ask().json, ask().json
    for token in ("", "wrong", other["registration_access_token"]):
        assert manage(method, told, json=AGENT | {"client_id": told["client_id"]}, token=token).status_code == 401
    for client_id in ("client_unknown", notebook.client_id):
        elsewhere = told | {"registration_client_uri": f"{ISSUER}/oauth/register/{client_id}"}
        assert manage(method, elsewhere, json=AGENT).status_code == 401
    assert manage("GET", told).status_code == 200


def test_a_change_replaces_what_it_says(ask, manage):
    told = ask(client_uri="https://agent.example/").json
    said = AGENT | {"client_id": told["client_id"], "client_name": "Claude Code 2"}
    changed = manage("PUT", told, json=said)
    assert changed.status_code == 200 and changed.json["client_name"] == "Claude Code 2"
    assert "client_uri" not in changed.json and manage("GET", told).json == changed.json


def test_a_client_may_say_that_it_pushes_its_requests(app, ask, manage, signed_in):
    """:rfc:`9126#section-6`."""
    told = ask(require_pushed_authorization_requests=True).json
    assert told["require_pushed_authorization_requests"] is True
    agent = integrator_of(app, told)
    assert agent.answer(agent.start(signed_in))["error"] == "invalid_request"
    assert "/mementos" in signed_in.follow(signed_in.get(agent.pushed_url())).request.path
    said = AGENT | {"client_id": told["client_id"], "require_pushed_authorization_requests": False}
    assert "require_pushed_authorization_requests" not in manage("PUT", told, json=said).json
    assert "/mementos" in agent.start(signed_in).request.path


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_a_change_does_not_change_how_it_proves_itself(ask, manage, method):
    """Else whoever holds the registration's token could take the secret away; and the answer says what holds."""
    told = ask(token_endpoint_auth_method=method).json
    other = {"none": "client_secret_basic", "client_secret_basic": "none"}[method]
    changed = manage("PUT", told, json=AGENT | {"client_id": told["client_id"], "token_endpoint_auth_method": other})
    assert changed.status_code == 200 and changed.json["token_endpoint_auth_method"] == method
    assert "client_secret" not in changed.json
    assert changed.json["registration_access_token"] == told["registration_access_token"]


def test_a_change_may_name_the_secret_that_it_has(ask, manage):
    told = ask(token_endpoint_auth_method="client_secret_basic").json
    said = AGENT | {"client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_basic"}
    assert manage("PUT", told, json=said | {"client_secret": told["client_secret"]}).status_code == 200


@each("changes", [{"client_id": "another"}, {"client_id": None}, {"client_secret": "guessed"}, {"redirect_uris": []}])
def test_a_change_must_name_the_client_and_be_whole(ask, manage, changes):
    told = ask().json
    said = {n: v for n, v in (AGENT | {"client_id": told["client_id"]} | changes).items() if v is not None}
    assert manage("PUT", told, json=said).status_code == 400
    assert manage("GET", told).json["client_name"] == "Claude Code"


@pytest.mark.parametrize("act", ["register_itself", "change_itself"])
def test_what_the_database_asks_to_repeat_is_done_with_what_was_sent(ask, manage, monkeypatch, act):
    """Its body was read once and gone, so the second try was told that it had sent no JSON."""
    told, real, tries = ask().json, getattr(registration, act), []

    def ended_once(*arguments):
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("INSERT", {}, psycopg.errors.DeadlockDetected())
        return real(*arguments)

    monkeypatch.setattr(registration, act, ended_once)
    answer = ask() if act == "register_itself" else manage("PUT", told, json=AGENT | {"client_id": told["client_id"]})
    assert answer.status_code in (200, 201) and len(tries) == 2, answer.text


def test_a_client_ends_itself(app, ask, manage, signed_in):
    """ "the authorization server SHOULD immediately invalidate all existing ... tokens" (:rfc:`7592#section-2.3`)."""
    told = ask().json
    agent = integrator_of(app, told)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    assert manage("DELETE", told).status_code == 204
    assert manage("GET", told).status_code == 401
    assert agent.refresh(tokens["refresh_token"]).json["error"] == "invalid_client"
    assert not agent.is_alive(tokens["access_token"])
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(SelfRegistration)) == 0
        # The person's history stays, and says who ended it.
        assert db.session.scalars(select(ConsentEvent.actor).order_by(ConsentEvent.id.desc())).first() == "app"
        assert db.session.scalar(select(Consent.revoked_at)) is not None
        assert db.session.scalar(select(Client.name)) == "Claude Code"


def test_nothing_secret_is_kept(app, ask):
    told = ask(token_endpoint_auth_method="client_secret_basic").json
    with app.app_context():
        rows = [
            str(row)
            for table in ("client_registrations", "client_secrets", "clients")
            for row in db.session.execute(db.text(f"SELECT * FROM {table}"))
        ]
    assert told["client_secret"] not in json.dumps(rows) and told["registration_access_token"] not in json.dumps(rows)
