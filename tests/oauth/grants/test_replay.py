"""A replay that ends a family is told: to the person on the app's page, to the organization in its log and Requests."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.replay import TokenReplay
from tests.actors import Browser
from tests.purging import purge

KIND = "client.replay_ended_tokens"


def replay_a_code(client, browser) -> dict:
    code = client.code_by_consent(browser)
    tokens = client.exchange(code).json
    assert client.exchange(code).json["error"] == "invalid_grant"
    return tokens


def replay_a_refresh_token(client, browser) -> dict:
    tokens = client.tokens(browser)
    client.refresh(client.refresh(tokens["refresh_token"]).json["refresh_token"])
    assert client.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    return tokens


REPLAYS = pytest.mark.parametrize(
    ("replay", "presented"),
    [(replay_a_code, "code"), (replay_a_refresh_token, "refresh token")],
    ids=["code", "refresh token"],
)


@pytest.fixture
def told(app):
    """The events that the log and the person's record hold of replays: how many, and what of."""

    def told() -> tuple[list[str], list[str]]:
        with app.app_context():
            logged = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == KIND)).all()
            kept = db.session.scalars(select(TokenReplay)).all()
            return [one.details["presented"] for one in logged], [one.presented for one in kept]

    return told


def text_of(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.text.split("<main")[1])).split())


# -- who is told -----------------------------------------------------------------------------------


@REPLAYS
def test_the_person_reads_it_on_the_apps_page_with_what_to_do(notebook, signed_in, replay, presented):
    grant_id = replay(notebook, signed_in)["grant_id"]
    shown = text_of(signed_in.get(f"/account/apps/{grant_id}/"))
    assert "An old key of this app was used a second time on " in shown
    assert "We ended every key that came of the same sign-in" in shown
    assert "may ask you to connect again" in shown and "end it below" in shown
    # Once: not in the heading and below it, too.
    assert text_of(signed_in.get("/account/apps/")).lower().count("an old key was used twice") == 1
    assert "An old key was used twice" in text_of(signed_in.get("/account/"))


@pytest.mark.parametrize(("times", "said"), [(2, "and once before that"), (3, "and 2 times before that")])
def test_the_person_reads_how_often_it_has_happened(notebook, signed_in, times, said):
    for _ in range(times):
        grant_id = replay_a_code(notebook, signed_in)["grant_id"]
    assert said in text_of(signed_in.get(f"/account/apps/{grant_id}/"))


def test_a_person_whose_app_replayed_nothing_reads_nothing_of_it(notebook, signed_in):
    grant_id = notebook.tokens(signed_in)["grant_id"]
    for path in (f"/account/apps/{grant_id}/", "/account/apps/", "/account/"):
        assert "old key" not in signed_in.get(path).text


def test_another_app_of_theirs_is_not_said_to_have_done_it(notebook, pocket, signed_in):
    replay_a_code(pocket, signed_in)
    grant_id = notebook.tokens(signed_in)["grant_id"]
    for path in (f"/account/apps/{grant_id}/", f"/account/apps/{grant_id}/activity"):
        assert "old key" not in signed_in.get(path).text


def test_a_person_who_has_ended_the_app_since_still_finds_it(notebook, signed_in):
    grant_id = replay_a_code(notebook, signed_in)["grant_id"]
    signed_in.end_app(grant_id)
    page = signed_in.get("/account/apps/")
    assert f"/account/apps/{grant_id}/activity" in page.text
    assert "an old key of Acme Notebook was used a second time" in text_of(
        signed_in.get(f"/account/apps/{grant_id}/activity")
    )


@REPLAYS
def test_the_organization_reads_it_in_its_audit_log(app, notebook, bob, signed_in, replay, presented):
    replay(notebook, signed_in)
    admin = Browser(app)
    admin.enter(bob)
    shown = text_of(admin.get(f"/org/oauth/audit?kind={KIND}"))
    assert f"this server Acme Notebook saw a {presented} come a second time and ended every token" in shown
    assert "Alice" not in shown
    assert f'"kind": "{KIND}"' in admin.get("/org/oauth/audit.jsonl").text


@REPLAYS
def test_the_organization_reads_it_among_the_apps_requests(app, notebook, bob, signed_in, replay, presented):
    replay(notebook, signed_in)
    admin = Browser(app)
    admin.enter(bob)
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    shown = text_of(admin.get(f"/org/oauth/{notebook.client_id}/requests?show=failed"))
    assert f"The {presented} was used before" in shown or f"The {presented} was redeemed before" in shown


# -- one event a replay, and none that is lost -----------------------------------------------------


@REPLAYS
def test_a_storm_of_replays_is_one_event(notebook, signed_in, told, replay, presented):
    tokens = replay(notebook, signed_in)
    for _ in range(10):
        notebook.refresh(tokens["refresh_token"])
    name = presented.replace(" ", "_")
    assert told() == ([name], [name])


def test_a_storm_of_replays_writes_nothing_more(notebook, signed_in, monkeypatch):
    """Whoever repeats a dead token again and again makes no work for the database beyond the look."""
    tokens = replay_a_refresh_token(notebook, signed_in)
    monkeypatch.delattr("app.oauth.grants.replay.revoke_family")
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_two_families_that_replay_are_two_events(notebook, signed_in, told):
    for _ in range(2):
        replay_a_code(notebook, signed_in)
    assert told() == (["code"] * 2, ["code"] * 2)


def test_another_clients_try_is_no_replay(notebook, pocket, tokens, told):
    notebook.refresh(notebook.refresh(tokens["refresh_token"]).json["refresh_token"])
    pocket.refresh(tokens["refresh_token"])
    assert told() == ([], [])


def test_a_repetition_within_the_grace_is_no_replay(notebook, tokens, told):
    for _ in range(6):
        assert notebook.refresh(tokens["refresh_token"]).status_code == 200
    assert told() == ([], [])


def test_an_end_that_cannot_be_told_is_not_made(app, notebook, signed_in, monkeypatch, told):
    """Revocation and event are one transaction: neither without the other."""
    code = notebook.code_by_consent(signed_in)
    notebook.exchange(code)

    def fail(*_args, **_more):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("app.oauth.grants.replay.record_at_once", fail)
        assert notebook.exchange(code).status_code == 500
    with app.app_context():
        assert db.session.scalars(select(TokenFamily.revoked_at)).all() == [None]
    assert told() == ([], [])
    assert notebook.exchange(code).json["error"] == "invalid_grant"
    assert told() == (["code"], ["code"])


def test_the_record_outlives_its_family_and_goes_after_ninety_days(app, notebook, signed_in, let_time_pass, told):
    replay_a_code(notebook, signed_in)
    let_time_pass(days=89)
    assert purge(app)["token_families"] == 1
    assert told() == (["code"], ["code"])
    let_time_pass(days=2)
    assert purge(app)["token_replays"] == 1
    # The organization's log forgets nothing.
    assert told() == (["code"], [])


def test_the_notice_on_the_apps_page_goes_after_thirty_days(notebook, alice, browser, let_time_pass):
    browser.enter(alice)
    grant_id = replay_a_code(notebook, browser)["grant_id"]
    let_time_pass(days=31)
    browser.enter(alice)
    assert "old key" not in browser.get(f"/account/apps/{grant_id}/").text
    assert "an old key" in browser.get(f"/account/apps/{grant_id}/activity").text
