"""Whoever has a second factor shows it too: a letter alone, which others may read, changes nothing."""

import pytest
from sqlalchemy import func, select, update

from app.accounts.factors.models import WaitingSignIn
from app.accounts.models import User
from app.extensions import db
from app.leaving.asking import ask_to_leave
from tests.accounts.resetting.asking import NEW, choose, has_password, is_over
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.factors import set_up_phone


@pytest.fixture
def phone(app, alice, clock):
    return set_up_phone(app, alice)


def test_the_password_is_set_once_the_code_is_shown(app, browser, alice, phone, link):
    answer = choose(browser, link(browser, alice.email))
    assert answer.location.startswith("/sign-in/second")
    assert has_password(app, alice, alice.password)
    assert browser.submit(browser.follow(answer), code=phone.code()).location == "/account/apps/look-back/"
    assert has_password(app, alice, NEW)
    assert is_signed_in(browser)


def test_a_recovery_code_does_as_well(app, browser, alice, phone, link):
    choose(browser, link(browser, alice.email))
    page = browser.get("/sign-in/second?with=recovery&next=/account/apps/look-back/")
    assert browser.submit(page, code=phone.recovery_codes[0]).location == "/account/apps/look-back/"
    assert has_password(app, alice, NEW)


def test_without_it_the_password_and_the_sessions_stay_as_they_are(app, browser, alice, phone, link):
    elsewhere = Browser(app)
    elsewhere.enter(alice)
    path = link(browser, alice.email)
    page = browser.follow(choose(browser, path))
    assert browser.submit(page, code="000000").status_code == 400
    assert has_password(app, alice, alice.password)
    assert is_signed_in(elsewhere) and not is_signed_in(browser)
    # It was used: whoever asks again gets another letter.
    assert is_over(browser.follow(browser.get(path)))


def test_another_browser_that_shows_the_factor_does_not_bring_about_the_password_of_this_one(
    app,
    browser,
    alice,
    phone,
    link,
):
    """Whoever reads her letters must not have their password set by her own sign-in."""
    choose(browser, link(browser, alice.email))
    other = Browser(app)
    page = other.follow(other.sign_in(alice.email, alice.password))
    assert other.submit(page, code=phone.code()).status_code == 303
    assert has_password(app, alice, alice.password)


def test_nor_does_the_password_with_the_factor_in_this_browser(app, browser, alice, phone, link):
    choose(browser, link(browser, alice.email))
    page = browser.follow(browser.sign_in(alice.email, alice.password))
    browser.submit(page, code=phone.code())
    assert has_password(app, alice, alice.password)


def test_a_password_that_waits_is_over_once_the_account_has_another(app, browser, alice, phone, link):
    page = browser.follow(choose(browser, link(browser, alice.email)))
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(password_hash="another by now"))
        db.session.commit()
    assert is_over(browser.submit(page, code=phone.code()))
    assert not is_signed_in(browser)
    with app.app_context():
        assert db.session.get_one(User, alice.id).password_hash == "another by now"


def test_a_newer_link_is_told_to_who_shows_the_code_for_the_older(app, browser, alice, phone, link):
    """Whoever was let in would believe that the password is set, and that nobody else is signed in any more."""
    page = browser.follow(choose(browser, link(browser, alice.email)))
    newer = link(Browser(app), alice.email)
    recovery = browser.get("/sign-in/second?with=recovery")
    assert is_over(browser.submit(recovery, code=phone.recovery_codes[0]))
    assert not is_signed_in(browser)
    assert has_password(app, alice, alice.password)
    assert browser.submit(page, code=phone.code()).location.startswith("/sign-in"), "It waits no more."
    # Nothing was changed, as the page says: the recovery code is still good.
    page = browser.follow(choose(browser, newer))
    browser.submit(browser.get("/sign-in/second?with=recovery"), code=phone.recovery_codes[0])
    assert has_password(app, alice, NEW)


def test_an_account_that_is_about_to_go_is_not_kept_by_a_link_that_is_over(app, browser, alice, link):
    with app.app_context():
        ask_to_leave(db.session(), alice.id)
        db.session.commit()
    page = browser.follow(choose(browser, link(browser, alice.email)))
    newer = link(Browser(app), alice.email)
    assert is_over(browser.submit(page, press="Keep my account and sign in"))
    with app.app_context():
        assert db.session.get_one(User, alice.id).deletes_at is not None
    page = browser.follow(choose(browser, newer))
    assert browser.submit(page, press="Keep my account and sign in").location == "/account/apps/look-back/"
    assert has_password(app, alice, NEW)


def test_whoever_waits_with_the_old_password_for_the_second_step_begins_anew(
    app,
    browser,
    alice,
    phone,
    link,
    clock,
):
    thief = Browser(app)
    thief.sign_in(alice.email, alice.password)
    page = browser.follow(choose(browser, link(browser, alice.email)))
    clock.advance(seconds=30)
    browser.submit(page, code=phone.code())
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(WaitingSignIn)) == 0


def test_a_disabled_account_keeps_its_password(app, browser, alice, link):
    path = link(browser, alice.email)
    with app.app_context():
        db.session.get_one(User, alice.id).disabled_at = db.session.get_one(User, alice.id).created_at
        db.session.commit()
    assert choose(browser, path).status_code == 403
    assert has_password(app, alice, alice.password)
