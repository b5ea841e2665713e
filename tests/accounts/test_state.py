"""An account that is not open: nobody is signed in to it, and nothing that hangs on it works, until it is open again."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.accounts.invitations import InvitationOver, accept_invitation, find_open_invitation, invite
from app.accounts.models import Organization, User
from app.audit.models import AuditEvent
from app.extensions import db
from tests.protocol import *  # noqa: F403

ISSUER = "http://127.0.0.1:8000"


@pytest.fixture
def ask_to_leave(app):
    def act(person, at=None) -> None:
        with app.app_context():
            db.session.get_one(User, person.id).deletes_at = at or clock.now()
            db.session.commit()

    return act


def is_signed_in(browser) -> bool:
    return browser.get("/account/apps/").status_code == 200


def test_a_session_stops_at_once_and_comes_back_when_the_account_does(signed_in, alice, disable):
    assert is_signed_in(signed_in)
    disable(alice)
    assert not is_signed_in(signed_in)
    disable(alice, on=True)
    assert is_signed_in(signed_in)


def test_only_the_right_password_tells_that_an_account_is_disabled(browser, alice, disable):
    before = browser.sign_in(alice.email, "a wrong password")
    disable(alice)
    wrong, right = browser.sign_in(alice.email, "a wrong password"), browser.sign_in(alice.email, alice.password)
    assert (wrong.status_code, _without_token(wrong)) == (before.status_code, _without_token(before))
    assert (right.status_code, "switched off" in right.text) == (403, True)
    assert "Go to the start page" in right.text, "It is no dead end."
    assert not is_signed_in(browser)
    disable(alice, on=True)
    browser.sign_in(alice.email, alice.password)
    assert is_signed_in(browser)


def test_an_account_that_is_about_to_go_has_nobody_signed_in(signed_in, alice, ask_to_leave):
    ask_to_leave(alice)
    assert not is_signed_in(signed_in)


def test_a_long_way_on_does_not_keep_anybody_from_coming_back(browser, alice, ask_to_leave):
    """Browsers drop a cookie of more than 4 kB: the question would never be asked."""
    ask_to_leave(alice, clock.now() + timedelta(days=1))
    answer = browser.sign_in(alice.email, alice.password, next="/oauth/authorize?state=" + "x" * 5000)
    assert answer.location == "/sign-in/come-back"
    assert all(len(cookie) < 4096 for cookie in answer.headers.getlist("Set-Cookie"))
    assert browser.submit(browser.get(answer.location), press="Keep my account and sign in").status_code == 303
    assert is_signed_in(browser)


def test_every_token_stops_at_once_and_comes_back(app, notebook, signed_in, alice, disable):
    tokens, code = notebook.tokens(signed_in), notebook.code(signed_in)
    for_mcp = notebook.tokens(signed_in, resource=f"{ISSUER}/mcp")["access_token"]
    assert _call_mcp(app, for_mcp).status_code == 200
    disable(alice)
    for answer in (notebook.me(tokens["access_token"]), _call_mcp(app, for_mcp)):
        assert answer.status_code == 401
        assert "switched off" in answer.headers["WWW-Authenticate"]
    assert notebook.introspect(tokens["access_token"]).json == {"active": False}
    assert notebook.introspect(tokens["refresh_token"]).json == {"active": False}
    for answer in (notebook.refresh(tokens["refresh_token"]), notebook.exchange(code)):
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
        assert "switched off" in answer.json["error_description"]
    disable(alice, on=True)
    assert notebook.me(tokens["access_token"]).status_code == 200
    assert _call_mcp(app, for_mcp).status_code == 200
    assert notebook.introspect(tokens["access_token"]).json["active"]
    assert notebook.exchange(code).status_code == 200
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_the_tokens_of_who_leaves_are_dead_whatever_became_of_the_connection(notebook, signed_in, alice, ask_to_leave):
    tokens, code = notebook.tokens(signed_in), notebook.code(signed_in)
    ask_to_leave(alice)
    answer = notebook.me(tokens["access_token"])
    assert (answer.status_code, "revoked" in answer.headers["WWW-Authenticate"]) == (401, True)
    assert notebook.introspect(tokens["access_token"]).json == {"active": False}
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.exchange(code).json["error"] == "invalid_grant"


def test_what_others_hold_goes_on(notebook, browser, alice, bob, disable):
    disable(alice)
    browser.enter(bob)
    assert notebook.me(notebook.tokens(browser)["access_token"]).status_code == 200
    assert notebook.introspect(notebook.client_credentials().json["access_token"]).json["active"]


def test_a_paused_app_of_a_disabled_account_is_not_told_that_its_person_can_resume_it(
    notebook, signed_in, alice, disable, change_consent
):
    tokens = notebook.tokens(signed_in)
    change_consent(notebook, paused_at=clock.now())
    disable(alice)
    assert "switched off" in notebook.me(tokens["access_token"]).headers["WWW-Authenticate"]


def test_switching_off_and_on_is_written_down_once_each(app, alice, disable):
    assert [disable(alice), disable(alice), disable(alice, on=True), disable(alice, on=True)] == [True, False] * 2
    with app.app_context():
        kinds = [event.kind for event in db.session.query(AuditEvent).order_by(AuditEvent.occurred_at)]
    assert kinds == ["user.disabled", "user.enabled"]


def test_what_a_disabled_person_offers_rests_too(app, alice, bob, carol, disable):
    with app.app_context():
        organization_id = db.session.scalar(select(Organization.id).where(Organization.slug == "acme"))
        _, token = invite(organization_id=organization_id, role="member", label="Carol", actor_user_id=bob.id)
        db.session.commit()
        assert find_open_invitation(token) is not None
    disable(bob)
    with app.app_context():
        assert find_open_invitation(token) is None
        with pytest.raises(InvitationOver):
            accept_invitation(token, carol.id)
    disable(bob, on=True)
    with app.app_context():
        assert accept_invitation(token, carol.id).role == "member"


def _without_token(page) -> str:
    """The page without what is new each time: the token of its forms, and the challenge for a passkey."""
    return re.sub(r'"[^"]*"', "", page.text)


def _call_mcp(app, token):
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    return app.test_client().post("/mcp", json=call, headers=headers)
