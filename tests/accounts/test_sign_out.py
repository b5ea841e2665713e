"""Signing out: it ends on the server, so that a stolen cookie is dead."""

import pytest
from sqlalchemy import func, select

from app.accounts.models import Session
from app.extensions import db
from tests.accounts.test_sign_in import give, held, is_signed_in
from tests.actors import Browser
from tests.tables import each

HOST = "127.0.0.1"


def count_sessions(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Session))


def cookie(browser: Browser) -> str:
    return browser.client.get_cookie("reliquary", domain=HOST).value


@pytest.fixture
def signed_in(browser, alice) -> Browser:
    browser.sign_in(alice.email, alice.password)
    return browser


def test_sign_out_ends_the_row_and_leads_to_the_first_page(app, signed_in):
    answer = signed_in.sign_out()
    assert (answer.status_code, answer.location) == (303, "/")
    assert count_sessions(app) == 0
    assert not is_signed_in(signed_in)


def test_stolen_cookie_is_dead_after_sign_out(app, signed_in):
    thief = Browser(app)
    thief.client.set_cookie("reliquary", cookie(signed_in), domain=HOST)
    assert is_signed_in(thief)
    signed_in.sign_out()
    thief.client.set_cookie("reliquary", cookie(thief), domain=HOST)
    assert not is_signed_in(thief)


def test_old_cookie_no_longer_signs_in(app, signed_in):
    old = cookie(signed_in)
    signed_in.sign_out()
    signed_in.client.set_cookie("reliquary", old, domain=HOST)
    assert not is_signed_in(signed_in)


def test_signing_out_here_leaves_the_session_elsewhere(app, signed_in, alice):
    elsewhere = Browser(app)
    elsewhere.sign_in(alice.email, alice.password)
    signed_in.sign_out()
    assert is_signed_in(elsewhere)


def test_sign_out_without_its_csrf_token_is_refused(app, signed_in):
    assert signed_in.client.post("/sign-out", base_url=f"http://{HOST}:8000").status_code == 400
    assert is_signed_in(signed_in)


def test_sign_out_by_a_link_does_not_exist(signed_in):
    assert signed_in.get("/sign-out").status_code == 405
    assert is_signed_in(signed_in)


def post_sign_out(browser: Browser, **fields):
    fields["csrf_token"] = browser_token(browser)
    return browser.client.post("/sign-out", base_url=f"http://{HOST}:8000", data=fields)


def browser_token(browser: Browser) -> str:
    return browser.get("/").text.split('name="csrf_token" value="')[1].split('"')[0]


def test_sign_out_leads_to_next(signed_in):
    assert post_sign_out(signed_in, next="/sign-in?next=/account").location == "/sign-in?next=/account"


@each("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_out_leads_to_no_other_site(signed_in, target):
    assert post_sign_out(signed_in, next=target).location == "/"


def test_nothing_is_left_in_the_browser(signed_in):
    give(signed_in, planted="by somebody")
    signed_in.sign_out()
    for name in ("_user_id", "csrf_token", "planted"):
        assert held(signed_in, name) is None


def test_expired_session_can_be_signed_out_too(app, signed_in, clock):
    page = signed_in.get("/")
    clock.advance(days=15)
    assert signed_in.submit(page, action="/sign-out").status_code == 303
    assert held(signed_in) is None
