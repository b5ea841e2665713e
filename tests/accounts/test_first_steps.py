"""A first second step: told by a letter whose link takes it off for a week, and gives the account back."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.accounts.factors.present import find_factors
from app.accounts.models import User
from app.accounts.notices.models import Notice
from app.extensions import db
from tests.accounts.passkeys.authenticator import NEW, Authenticator
from tests.accounts.test_addresses import ask, confirm, take_back
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.factors import Phone

_SIGN_IN = "/account/settings/sign-in/"
_LINK = "/take-back-account/"
_NEW_PASSWORD = "seven herons over a lake"


def set_up_codes(browser: Browser) -> Phone:
    page = browser.follow_once(browser.submit(browser.get(_SIGN_IN), press="Set up an authenticator app"))
    phone = Phone(re.search(r"The key: <code>([^<]+)", page.text)[1].replace(" ", ""), [])
    assert browser.submit(page, code=phone.code()).status_code == 200
    return phone


def set_up_passkey(browser: Browser) -> None:
    page = browser.get(NEW)
    assert browser.submit(page, name="Key", credential=Authenticator().answer(page)).status_code in {200, 303}


def go_back(browser: Browser, letter):
    return browser.submit(browser.get(letter.link(_LINK)), press="Take it back")


@pytest.fixture
def thief(app, alice) -> Browser:
    """Who knows Alice's password."""
    browser = Browser(app)
    browser.enter(alice)
    return browser


@pytest.fixture
def told(sent_mail):
    """The letters of a first second step that have gone out."""
    return lambda: [letter for letter in sent_mail() if letter.kind == "first_step"]


def factors_of(app, person) -> frozenset[str]:
    with app.app_context():
        return find_factors(db.session(), person.id)


@pytest.mark.parametrize("set_up", [set_up_codes, set_up_passkey])
def test_its_owner_gets_back_in_whoever_set_it_up(app, thief, alice, told, browser, set_up):
    set_up(thief)
    page = browser.follow_once(browser.sign_in(alice.email, alice.password))
    assert page.request.path == "/sign-in/second", "Without the letter this is where it ends."
    assert "Look for our letter about a second step" in page.text
    (letter,) = told()
    assert letter.to == alice.email
    assert browser.get(letter.link(_LINK)).status_code == 200 and factors_of(app, alice), "To open it changes nothing."
    page = browser.follow(go_back(browser, letter))
    assert "The second step is taken off your account. Choose a new password now." in page.text
    assert not factors_of(app, alice)
    assert not is_signed_in(thief) and Browser(app).sign_in(alice.email, alice.password).status_code == 400
    page = browser.follow(browser.submit(page, password=_NEW_PASSWORD))
    assert page.request.path == "/account/apps/look-back/"
    again = browser.get(letter.link(_LINK))
    assert again.status_code == 404 and 'href="/forgotten-password"' in again.text, (
        "Of two clicks this is what is seen."
    )
    with app.app_context():
        kinds = list(db.session.scalars(select(Notice.kind)))
    assert "first_step_taken_back" in kinds and "email_taken_back" not in kinds


def test_the_address_comes_back_with_it(app, thief, alice, told, sent_mail, browser):
    """Else whoever has changed it would have a letter for a new password sent to theirs, and be in again."""
    set_up_codes(thief)
    (letter,) = told()
    ask(thief, "thief@home.example")
    link = next(one.link("/account/settings/email/confirm/") for one in sent_mail() if one.kind == "address_change")
    assert confirm(thief, link).status_code == 303
    changed = next(one for one in sent_mail() if one.kind == "address_changed")
    page = browser.get(letter.link(_LINK))
    assert f"The address is <bdi>{alice.email}</bdi> again." in page.text
    page = browser.follow(browser.submit(page, press="Take it back"))
    assert "is the address of your account again" in page.text
    with app.app_context():
        assert db.session.get_one(User, alice.id).email == alice.email
    assert browser.get(changed.link("/take-back-address/")).status_code == 404
    assert not factors_of(app, alice)


def test_it_goes_with_an_address_that_is_taken_back(app, thief, alice, told, sent_mail, browser):
    ask(thief, "thief@home.example")
    link = next(one.link("/account/settings/email/confirm/") for one in sent_mail() if one.kind == "address_change")
    confirm(thief, link)
    changed = next(one for one in sent_mail() if one.kind == "address_changed")
    set_up_codes(thief)
    (letter,) = told()
    assert letter.to == "thief@home.example"
    assert take_back(browser, changed).status_code == 303 and not factors_of(app, alice)
    assert Browser(app).get(letter.link(_LINK)).status_code == 404, "The other address got the account by it."


def test_a_second_one_is_told_without_a_way_back(app, thief, alice, told):
    """Its owner gets in by the one that they have; a mailbox alone is never enough where there was one."""
    set_up_codes(thief)
    told()
    set_up_passkey(thief)
    assert not told() and factors_of(app, alice) == {"totp", "passkey", "recovery"}


def test_one_that_takes_the_place_of_another_neither(thief, told):
    set_up_codes(thief)
    told()
    page = thief.follow_once(thief.submit(thief.get(_SIGN_IN), action=f"{_SIGN_IN}app/start"))
    phone = Phone(re.search(r"The key: <code>([^<]+)", page.text)[1].replace(" ", ""), [])
    assert thief.submit(page, code=phone.code()).status_code == 303
    assert not told()


def test_an_address_that_nobody_confirmed_gets_no_letter(app, thief, alice, told):
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(email_verified_at=None))
        db.session.commit()
    set_up_codes(thief)
    assert not told()


def test_it_works_for_a_week(app, thief, alice, told, monkeypatch):
    set_up_codes(thief)
    (letter,), now = told(), clock.now()
    monkeypatch.setattr("app.clock.now", lambda: now + timedelta(days=7, seconds=-5))
    page = Browser(app).get(letter.link(_LINK))
    assert page.status_code == 200 and "A second step was set up" in page.text
    monkeypatch.setattr("app.clock.now", lambda: now + timedelta(days=7, seconds=5))
    assert Browser(app).get(letter.link(_LINK)).status_code == 404
    assert factors_of(app, alice)


def test_somebody_elses_factors_stay(app, thief, alice, bob, told):
    other = Browser(app)
    other.enter(bob)
    set_up_codes(other)
    told()
    set_up_codes(thief)
    (letter,) = told()
    go_back(Browser(app), letter)
    assert factors_of(app, bob) and not factors_of(app, alice)
