"""A code that a live consent answers with, and a change of what it rests on: whoever is second finds what the first did.

The change comes between the look that decides and the write, or holds what it changes when the request comes. At both
doors of the endpoint, on both databases.
"""

import secrets
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from unittest.mock import patch

import pytest
from msgspec import structs
from sqlalchemy import delete, func, select, update

from app import clock, fast
from app.accounts.disabling import disable_account
from app.accounts.models import Session, User
from app.clients.life import delete_client, suspend_client
from app.clients.models import Client
from app.consents import changes
from app.consents.models import Consent
from app.consents.resources import API
from app.credentials import digest
from app.database.connections import connect
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.oauth.playground.callback import callback_uri
from app.oauth.playground.callbacks import close_callback, open_callback
from app.oauth.standing import find_visit
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.code_while import Basis, add_code_while
from tests.robustness.meeting import meet

ELSEWHERE = "https://elsewhere.acme.example/callback"


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


@pytest.fixture(params=["fast", "flask"])
def door(request):
    """Both doors of the endpoint."""
    return patch.object(fast, "_find_place", return_value=None) if request.param == "flask" else nullcontext()


@pytest.fixture
def ask(notebook, alice, browser) -> Callable:
    """An honest request of Alice's, who allows Acme Notebook what it asks for."""
    browser.enter(alice)
    notebook.allow(alice, notebook.scope, {"selection": "all"})
    url = notebook.authorize_url()
    return lambda: browser.get(url)


def set_(model, **values) -> Callable:
    return lambda: db.session.execute(update(model).values(**values))


def of_client(act) -> Callable:
    return lambda: act(db.session(), db.session.scalar(select(Client)), actor_user_id=None)


def of_consent(act) -> Callable:
    def change():
        consent = db.session.scalar(select(Consent))
        act(SessionConnection(db.session()), consent.user_id, consent.grant_id)

    return change


OF_THE_APP = {
    "address removed": set_(Client, redirect_uris=[ELSEWHERE]),
    "suspended": of_client(suspend_client),
    "deleted": of_client(delete_client),
    "scope taken": set_(Client, stored_scope="memories:read"),
    "to be pushed": set_(Client, require_pushed=True),
}
OF_THE_CONSENT = {
    "ended": of_consent(changes.end),
    "paused": of_consent(changes.pause),
    "narrowed": set_(Consent, stored_scope="memories:read"),
    "for another resource": set_(Consent, resources="mcp"),
    "expired": lambda: set_(Consent, expires_at=clock.now())(),
}
OF_THE_PERSON = {
    "disabled": lambda: disable_account(db.session(), db.session.scalar(select(Session.user_id)), actor_user_id=None),
    "leaving": lambda: set_(User, deletes_at=clock.now())(),
    "signed out": lambda: db.session.execute(delete(Session)),
    "session expired": lambda: set_(Session, expires_at=clock.now())(),
}
BETWEEN = OF_THE_APP | OF_THE_CONSENT | OF_THE_PERSON


def done(app, change) -> Callable:
    """The change, made by a request of its own."""

    def run():
        with app.app_context():
            change()
            db.session.commit()

    return run


def count_codes(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(AuthorizationCode))


def assert_no_code(app, answer) -> None:
    assert "code=" not in (answer.location or ""), answer.location
    assert count_codes(app) == 0


@pytest.mark.parametrize("told", BETWEEN)
def test_change_between_the_look_and_the_write_is_felt(app, ask, door, told):
    with door:
        met = meet(app, ask, done(app, BETWEEN[told]), after=r"(?s)FROM (sessions|clients)\b.*JOIN consents")
        assert not met.second_waited
        assert_no_code(app, met.first)


@pytest.mark.parametrize("told", OF_THE_APP | OF_THE_CONSENT)
def test_change_that_is_being_made_is_waited_for(app, ask, door, told):
    """It may have looked for codes already, to end them."""
    change = done(app, BETWEEN[told])
    with door:
        met = meet(app, change, ask, after=r"UPDATE (clients|consents)\b")
        assert met.second_waited
        assert_no_code(app, met.second)


def test_trial_that_is_closed_meanwhile_gets_no_code(app, alice, browser, notebook):
    """Its address stands in a row of its own, which the write does not look at: so it goes the longer way."""
    with app.app_context():
        client = db.session.scalar(select(Client))
        trial = callback_uri(app.extensions["services"].settings.issuer, client.client_id)
        open_callback(client, trial, user_id=alice.id)
        db.session.commit()
    browser.enter(alice)
    notebook.allow(alice, notebook.scope, {"selection": "all"})
    url = notebook.authorize_url(redirect_uri=trial)

    def ask():
        return browser.follow_once(browser.get(url))

    def close():
        close_callback(db.session.scalar(select(Client)), user_id=alice.id)

    assert "code=" in ask().location
    with patch.object(fast, "_find_place", return_value=None):
        met = meet(app, ask, done(app, close), after="FROM playground_callbacks")
    assert met.first.status_code == 400
    assert count_codes(app) == 1


def test_nothing_meets_and_there_is_a_code(app, ask, door):
    """Else the others would say nothing."""
    with door:
        assert "code=" in ask().location
    assert count_codes(app) == 1


def test_two_at_once_get_a_code_each(app, ask, door):
    with door:
        met = meet(app, ask, ask, after=r"(?s)FROM (sessions|clients)\b.*JOIN consents")
    assert met.first.location != met.second.location
    assert count_codes(app) == 2


def test_all_that_a_code_rests_on_is_looked_at_again(app, ask, alice, bob, notebook):
    """Each column by itself, where it was read otherwise; and a session that is another person's."""
    bobs = digest(secrets.token_hex())
    with app.app_context(), connect(db.engine) as connection:
        session_digest = db.session.scalar(select(Session.digest))
        db.session.add(Session(digest=bobs, user_id=bob.id, expires_at=clock.now() + timedelta(days=1)))
        db.session.commit()
        visit = find_visit(connection, session_digest, notebook.client_id)
        assert visit is not None
        client, consent = visit.standing
        basis = Basis(session_digest, alice.id, client, consent)
        for changed in (
            structs.replace(basis, session_digest="0" * 64),
            structs.replace(basis, session_digest=bobs),
            structs.replace(basis, person_id="usr_other"),
            *(structs.replace(basis, client=structs.replace(client, **one)) for one in OTHER_CLIENTS),
            *(structs.replace(basis, consent=structs.replace(consent, **one)) for one in OTHER_CONSENTS),
        ):
            assert not add_code_while(changed, connection, **a_code()), changed
        assert add_code_while(basis, connection, **a_code())
    assert count_codes(app) == 1


OTHER_CLIENTS = (
    {"key": "client_other"},
    {"redirect_uris": [ELSEWHERE]},
    {"redirect_uris": []},
    {"scope": "memories:read"},
    {"optional_scope": "memories:read"},
    {"implies_profile": True},
    {"native_app": True},
    {"require_pkce": True},
)
OTHER_CONSENTS = (
    {"grant_id": "grant_other"},
    {"scope": "memories:read"},
    {"declined_scope": "profile"},
    {"resources": "mcp"},
)


def a_code() -> dict:
    at = clock.now()
    return {
        "digest": digest(secrets.token_hex()),
        "redirect_uri": "https://notebook.acme.example/callback",
        "scope": "memories:read",
        "code_challenge": None,
        "issued_at": at,
        "expires_at": at + timedelta(seconds=60),
        "audience": API,
        "names_profile": True,
    }
