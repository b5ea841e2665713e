"""A fresh sign-in: what some acts ask for is one from the last ten minutes, and the way leads back to where one was."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from app import clock
from app.accounts.models import Membership, Session
from app.clients.models import Client, ClientSecret
from app.extensions import db
from tests.actors import Browser, Person
from tests.org.conftest import HONEST, csrf_token, in_acme, send, signed_in
from tests.tables import each

ROOT, CLIENT = "/org/oauth", "/org/oauth/{client_id}"
#: Each address that asks for it, and from which page its form comes where that is another.
FRESH = {
    CLIENT + "/secrets/new": None,
    CLIENT + "/rotate-everything": None,
    CLIENT + "/activate": CLIENT + "/credentials",
    ROOT + "/organization/rotate-secrets": None,
    ROOT + "/organization/second-factor": None,
    "/account/memories/take-out/": None,
    "/account/memories/take-out/everything.zip": None,
    "/account/settings/email/": None,
    "/account/settings/password/": None,
    "/account/settings/export/": None,
    "/account/settings/export/everything.zip": "/account/settings/export/",
    "/account/settings/delete/": None,
    "/account/settings/sign-in/app/start": "/account/settings/sign-in/",
    "/account/settings/sign-in/app": None,
    "/account/settings/sign-in/app/remove": None,
    "/account/settings/sign-in/recovery-codes": None,
    "/account/settings/sign-in/passkeys/new": None,
    "/account/settings/sign-in/passkeys/{passkey_id}": None,
    "/account/settings/sign-in/passkeys/{passkey_id}/remove": None,
}


@pytest.fixture
def bob(app, bob) -> Person:
    """An owner, so that everything is his to do."""
    with app.app_context():
        db.session.execute(update(Membership).where(Membership.user_id == bob.id).values(role="owner"))
        db.session.commit()
    return bob


def test_every_act_that_asks_for_it_is_in_the_table(app):
    """A new one has to be tried below."""
    for endpoint in list(app.view_functions):
        app.bring_view(endpoint)
    asking = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "needs_fresh_sign_in") and not rule.rule.startswith("/operator/")
    }
    assert asking == set(FRESH)


def age(app, **how_long: float) -> None:
    """Let every sign-in have been so long ago."""
    with app.app_context():
        db.session.execute(update(Session).values(issued_at=clock.now() - timedelta(**how_long)))
        db.session.commit()


def test_a_sign_in_by_a_clock_that_was_ahead_is_not_fresh_until_then(app, bob):
    browser = signed_in(app, bob)
    age(app, days=-365)
    answer = browser.get("/account/settings/password/")
    assert answer.status_code == 303 and answer.location.startswith("/sign-in")
    age(app, minutes=-1)
    assert browser.get("/account/settings/password/").status_code == 200


@each(("path", "page"), FRESH.items())
def test_a_sign_in_of_eleven_minutes_ago_is_too_old(app, bob, notebook, path, page):
    """A form that was sent too late changes nothing, and leads by the sign-in back to its page."""
    browser = signed_in(app, bob)
    path, page = (one and one.format(client_id=notebook.client_id, passkey_id="psk_1") for one in (path, page))
    age(app, minutes=11)
    ways = [browser._open(path, method="POST", data=_form(app, browser), headers={"Referer": _at(page or path)})]
    ways += [] if page else [browser.get(path)]
    for answer in (one for one in ways if one.status_code != 405):
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in")
        asked = browser.follow_once(answer)
        assert "Please sign in again" in asked.text
        assert browser.submit(asked, email=bob.email, password=bob.password).location == (page or path)
        age(app, minutes=11)


@each(("path", "page"), FRESH.items())
def test_a_sign_in_of_nine_minutes_ago_is_fresh(app, bob, notebook, path, page):
    browser = signed_in(app, bob)
    age(app, minutes=9)
    answer = send(browser, path.format(client_id=notebook.client_id, passkey_id="psk_1"), organization=in_acme(app))
    assert not answer.headers.get("Location", "").startswith("/sign-in")


def test_the_playground_asks_where_it_makes_the_secret_of_a_draft(app, bob, notebook):
    browser = signed_in(app, bob)
    age(app, minutes=11)
    start = f"{ROOT}/{notebook.client_id}/playground/start"
    assert "/sign-in" not in send(browser, start).location
    with app.app_context():
        db.session.execute(update(Client).values(drafted_at=clock.now()))
        db.session.commit()
    assert "/sign-in" in send(browser, start).location


def test_who_may_not_act_here_is_not_asked_to_sign_in(app, alice, notebook):
    browser = signed_in(app, alice)
    age(app, minutes=11)
    assert browser.get(f"{ROOT}/{notebook.client_id}/secrets/new").status_code == 403


@pytest.mark.parametrize("minutes", [11, 600])
def test_an_app_whose_form_took_long_is_a_draft_until_its_admin_signs_in_again(app, bob, minutes):
    """Nothing that was typed is lost, and no secret is made."""
    browser = signed_in(app, bob)
    page = browser.get(ROOT + "/register")
    age(app, minutes=minutes)
    assert "/sign-in" in browser.get(ROOT + "/register").location
    draft = browser.follow(browser.submit(page, press="Register the app", **HONEST))
    assert "rlq_cs_" not in draft.text and "activate the app" in draft.text and HONEST["name"] in draft.text
    with app.app_context():
        assert db.session.query(ClientSecret).count() == 0
    age(app, minutes=minutes)
    asked = browser.follow_once(browser.submit(draft, press="Activate the app"))
    back = browser.follow(browser.submit(asked, email=bob.email, password=bob.password))
    assert "rlq_cs_" in browser.submit(back, press="Activate the app").text


def test_a_public_app_has_no_secret_to_wait_for(app, bob):
    browser = signed_in(app, bob)
    page = browser.get(ROOT + "/register")
    age(app, minutes=11)
    answer = browser.submit(page, press="Register the app", **HONEST | {"type": "public"})
    assert "The app is registered." in browser.follow(answer).text


@pytest.mark.parametrize("referer", ["https://evil.example/x//evil", "http://[", "http://127.0.0.1:8000//evil.example"])
def test_the_way_back_is_a_path_of_ours(app, bob, notebook, referer):
    browser = signed_in(app, bob)
    age(app, minutes=11)
    headers = {"Referer": referer, "Origin": "http://127.0.0.1:8000"}
    answer = browser._open(
        f"{ROOT}/{notebook.client_id}/activate", method="POST", data=_form(app, browser), headers=headers
    )
    assert answer.status_code in (303, 400) and "evil.example" not in answer.headers.get("Location", "")


def _form(app, browser: Browser) -> dict[str, str]:
    return {"csrf_token": csrf_token(browser), "organization": in_acme(app)}


def _at(path: str) -> str:
    return "http://127.0.0.1:8000" + path
