"""A passkey as the second step: asked for after the password, and of that person alone."""

import pytest
from sqlalchemy import select

from app.accounts.models import Session
from app.accounts.notices.models import Notice
from app.extensions import db
from tests.accounts.passkeys.authenticator import PRESENT, Authenticator, add_passkey, encode, read_options
from tests.actors import Browser
from tests.factors import set_up_phone


@pytest.fixture
def passkey(app, alice, device) -> str:
    browser = Browser(app)
    browser.enter(alice)
    return add_passkey(browser, device)


def second(browser: Browser, person):
    """The page of the second step, after the right password."""
    page = browser.follow(browser.sign_in(person.email, person.password, next="/account/sessions/"))
    assert page.request.path == "/sign-in/second", page.text
    return page


def shown(app) -> list[str]:
    with app.app_context():
        return sorted(db.session.scalars(select(Session.shown)))


def test_after_the_password_a_passkey_is_asked_for(app, browser, alice, passkey, device):
    page = second(browser, alice)
    assert "Sign out" not in browser.get("/").text
    assert [one["id"] for one in read_options(page)["allowCredentials"]] == [encode(device.credentials[0].id)]
    assert "Type the code" not in page.text and "needs JavaScript" in page.text
    assert browser.submit(page, credential=device.answer(page)).location == "/account/sessions/"
    assert "passkey password" in shown(app)


def test_beside_the_password_a_device_need_not_ask_who_it_is(browser, alice, passkey, device):
    page = second(browser, alice)
    assert browser.submit(page, credential=device.answer(page, flags=PRESENT)).location == "/account/sessions/"


def test_the_passkey_alone_is_both_steps(app, browser, passkey, device):
    page = browser.get("/sign-in?next=/account/sessions/")
    assert browser.submit(page, credential=device.answer(page)).location == "/account/sessions/"


WRONG = {
    "another origin": ({"origin": "http://127.0.0.1:8000"}, "could not be checked"),
    "a counter that went back": ({"count": 0}, "its counter went back"),
    "a challenge of nobody": ({"challenge": encode(bytes(64))}, "took too long"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_and_nobody_is_in(browser, alice, passkey, device, wrong, said):
    page = second(browser, alice)
    answer = browser.submit(page, credential=device.answer(page, **wrong))
    assert answer.location == "/sign-in/second?next=/account/sessions/"
    assert said in browser.follow(answer).text and "Sign out" not in browser.get("/").text
    page = browser.get(answer.location)
    assert browser.submit(page, credential=device.answer(page)).location == "/account/sessions/"


def test_a_counter_that_went_back_here_is_told_too(app, browser, alice, passkey, device):
    page = second(browser, alice)
    browser.submit(page, credential=device.answer(page, count=0))
    with app.app_context():
        assert "passkey_refused" in db.session.scalars(select(Notice.kind)).all()


def test_the_passkey_of_somebody_else_is_refused(app, browser, alice, bob, passkey):
    other, of_bob = Browser(app), Authenticator()
    other.enter(bob)
    add_passkey(other, of_bob)
    page = second(browser, alice)
    answer = browser.submit(page, credential=of_bob.answer(page, credential=of_bob.credentials[0]))
    assert "belongs to another account" in browser.follow(answer).text
    assert "Sign out" not in browser.get("/").text


def test_an_answer_for_the_sign_in_page_is_none_for_the_second_step(app, browser, alice, passkey, device):
    answer = device.answer(Browser(app).get("/sign-in"))
    assert "took too long" in browser.follow(browser.submit(second(browser, alice), credential=answer)).text


def test_without_a_sign_in_that_waits_it_begins_anew(browser, alice, passkey, device, clock):
    page = second(browser, alice)
    answer = device.answer(page)
    clock.advance(minutes=10)
    assert browser.submit(page, credential=answer).location.startswith("/sign-in?")


def test_an_app_and_a_passkey_are_both_offered(app, browser, alice, passkey, device):
    phone = set_up_phone(app, alice)
    page = second(browser, alice)
    assert "Or type the code" in page.text and "needs JavaScript" not in page.text
    assert browser.submit(page, code=phone.code()).location == "/account/sessions/"


def test_a_lost_one_is_stood_in_for_by_a_recovery_code(app, browser, alice, passkey):
    phone = set_up_phone(app, alice)
    page = second(browser, alice)
    assert 'href="/sign-in/second?next=/account/sessions/&amp;with=recovery"' in page.text
    page = browser.get("/sign-in/second?next=/account/sessions/&with=recovery")
    assert browser.submit(page, code=phone.recovery_codes[0]).location == "/account/sessions/"
