"""The second step of signing in: what is asked, what is taken, and that nothing goes round it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from app.accounts.factors.models import OneTimeCodes, RecoveryCode, WaitingSignIn
from app.accounts.models import Session
from app.accounts.sessions import end_sessions
from app.extensions import db
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.factors import set_up_phone
from tests.tables import each


def shown(app) -> str:
    with app.app_context():
        return db.session.scalars(select(Session.shown)).one()


def second(browser: Browser, person, *, target: str = "/account/"):
    """The page of the second step, after the right password."""
    page = browser.follow_once(browser.sign_in(person.email, person.password, next=target))
    assert page.request.path == "/sign-in/second"
    return page


def test_the_code_of_the_app_is_asked_after_the_password(app, browser, alice, phone):
    page = second(browser, alice)
    assert not is_signed_in(browser), "The password alone opened the account."
    answer = browser.submit(page, code=phone.code())
    assert (answer.status_code, answer.location) == (303, "/account/")
    assert is_signed_in(browser) and shown(app) == "password totp"


def test_who_is_somebody_else_goes_back_to_the_first_step_and_on_from_there(browser, alice, bob, phone, app):
    page = second(browser, alice, target="/account/memories/")
    back = re.search(r'href="([^"]+)">Sign in as somebody else<', page.text)[1].replace("&amp;", "&")
    answer = browser.submit(browser.get(back), email=bob.email, password=bob.password)
    assert (answer.status_code, answer.location) == (303, "/account/memories/")


def test_a_wrong_password_tells_nothing_of_it(browser, alice, phone):
    answer = browser.sign_in(alice.email, "not the password at all")
    assert answer.status_code == 400 and "/sign-in/second" not in answer.text


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(browser, alice, phone, steps):
    assert browser.submit(second(browser, alice), code=phone.code(steps=steps)).status_code == 303


@pytest.mark.parametrize("steps", [-2, 2, 1000])
def test_but_not_more(browser, alice, phone, steps):
    assert browser.submit(second(browser, alice), code=phone.code(steps=steps)).status_code == 400
    assert not is_signed_in(browser)


def test_a_code_works_once(app, browser, alice, phone):
    """MUST NOT accept the second attempt of the OTP (:rfc:`6238#section-5.2`)."""
    code = phone.code()
    assert browser.submit(second(browser, alice), code=code).status_code == 303
    assert Browser(app).submit(second(thief := Browser(app), alice), code=code).status_code == 400
    assert not is_signed_in(thief)


def test_nor_does_an_older_one_after_it(app, browser, alice, phone):
    assert browser.submit(second(browser, alice), code=phone.code(steps=1)).status_code == 303
    other = Browser(app)
    assert other.submit(second(other, alice), code=phone.code()).status_code == 400


def test_of_two_at_the_same_moment_one_gets_in(app, alice, phone):
    """Decided by one statement of the database, so in however many processes."""
    browsers = [Browser(app) for _ in range(4)]
    pages = [second(one, alice) for one in browsers]
    code = phone.code()
    with ThreadPoolExecutor(len(browsers)) as threads:
        answers = list(threads.map(lambda pair: pair[0].submit(pair[1], code=code), zip(browsers, pages, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]


@pytest.mark.parametrize("spelling", ["{0} {1}", " {0}{1} ", "{0}\u00a0{1}"])
def test_spaces_in_a_code_are_no_mistake(browser, alice, phone, spelling):
    code = phone.code()
    assert browser.submit(second(browser, alice), code=spelling.format(code[:3], code[3:])).status_code == 303


@each("code", ["", "x", "000000", "\x00", "٣" * 6, "9" * 100, "9" * 101, "-" * 16, "\ud800" * 16, "💥" * 16, "0" * 16])
def test_what_is_no_code_is_refused(browser, alice, phone, code):
    page = second(browser, alice)
    assert browser.submit(page, code=code.encode("utf-8", "surrogatepass")).status_code == 400
    assert not is_signed_in(browser)


def test_somebody_elses_code_is_refused(app, browser, alice, bob, phone):
    from tests.factors import set_up_phone

    other = set_up_phone(app, bob)
    assert browser.submit(second(browser, alice), code=other.code()).status_code == 400
    assert browser.submit(second(browser, alice), code=other.recovery_codes[0]).status_code == 400


def test_a_recovery_code_stands_in_once(app, browser, alice, phone):
    page = second(browser, alice)
    page = browser.get(re.search(r'href="(/sign-in/second[^"]*with=recovery)"', page.text)[1].replace("&amp;", "&"))
    assert "recovery codes" in page.text
    code = phone.recovery_codes[3]
    assert browser.submit(page, code=code).location == "/account/"
    assert shown(app) == "password recovery"
    other = Browser(app)
    assert other.submit(second(other, alice), code=code).status_code == 400
    assert other.submit(second(other, alice), code=phone.recovery_codes[4].upper().replace("-", " ")).status_code == 303


def test_what_is_kept_of_recovery_codes_is_no_code(app, phone):
    with app.app_context():
        kept = " ".join(db.session.scalars(select(RecoveryCode.digest)))
        sealed = db.session.scalars(select(OneTimeCodes.sealed)).one()
    assert not any(code.replace("-", "") in kept or code in kept for code in phone.recovery_codes)
    assert phone.secret not in sealed


def test_it_leads_to_where_the_person_wanted_to_go(browser, alice, phone, notebook):
    page = browser.follow(browser.get(notebook.authorize_url()))
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/sign-in/second" and "Acme Notebook" in page.text
    page = browser.follow(browser.submit(page, code=phone.code()))
    assert page.request.path == "/oauth/authorize/mementos"


def test_it_never_leads_elsewhere(browser, alice, phone):
    second(browser, alice)
    page = browser.get("/sign-in/second?next=https://evil.example/")
    assert browser.submit(page, code=phone.code()).location == "/"


def test_after_ten_minutes_it_begins_anew(browser, alice, phone, clock):
    page = second(browser, alice)
    clock.advance(minutes=9, seconds=59)
    assert browser.get("/sign-in/second").status_code == 200
    clock.advance(seconds=1)
    answer = browser.submit(page, code=phone.code())
    assert answer.location == "/sign-in?next=/account/"
    assert "too long" in browser.follow_once(answer).text


def test_it_is_for_the_browser_that_gave_the_password(app, browser, alice, phone):
    second(browser, alice)
    assert "/sign-in?" in Browser(app).get("/sign-in/second?next=/account/").location


def test_a_sign_in_that_waited_goes_on_once(app, browser, alice, phone):
    """Its cookie, kept from before, opens nothing a second time."""
    page = second(browser, alice)
    kept = dict(browser.client._cookies)
    browser.submit(page, code=phone.code())
    thief = Browser(app)
    thief.client._cookies = kept
    assert "/sign-in?" in thief.submit(page, code=phone.code(steps=1)).location
    assert not is_signed_in(thief)


def test_it_ends_with_every_session(app, browser, alice, phone):
    """As when the password is changed: who gave the old one does not get in by it."""
    page = second(browser, alice)
    with app.app_context():
        end_sessions(db.session(), alice.id)
        db.session.commit()
    assert "/sign-in?" in browser.submit(page, code=phone.code()).location
    assert not is_signed_in(browser)


def test_only_so_many_wait_of_one_person(app, alice, phone, monkeypatch):
    monkeypatch.setattr("app.accounts.factors.waiting.MOST_OF_PERSON", 3)
    for _ in range(5):
        second(Browser(app), alice)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(WaitingSignIn)) == 3


def test_who_is_signed_in_stays_so_while_the_second_step_is_asked_again(browser, alice, phone):
    browser.enter(alice)
    page = browser.get("/sign-in?again=1&next=/account/")
    page = browser.follow_once(browser.submit(page, email=alice.email, password=alice.password))
    assert page.request.path == "/sign-in/second" and is_signed_in(browser)
    assert browser.submit(page, code=phone.code()).location == "/account/"


def test_a_second_tab_is_in_with_the_first(browser, alice, phone):
    first, other = second(browser, alice), browser.get("/sign-in/second?next=/account/apps/")
    browser.submit(first, code=phone.code())
    answer = browser.submit(other, code=phone.code(steps=1))
    assert browser.follow_once(answer).location == "/account/apps/"


def test_of_two_who_wait_each_goes_on_as_themselves(app, alice, bob, phone):
    browsers, phones = (Browser(app), Browser(app)), (phone, set_up_phone(app, bob))
    pages = [second(browser, person) for browser, person in zip(browsers, (alice, bob), strict=True)]
    for browser, page, own in list(zip(browsers, pages, phones, strict=True))[::-1]:
        assert browser.submit(page, code=own.code()).status_code == 303
    assert [person.email in one.get("/account/settings/").text for one in browsers for person in (alice, bob)] == [
        *(True, False),
        *(False, True),
    ]


# -- guessing ------------------------------------------------------------------------------------


def test_codes_are_not_guessed_without_end(app, browser, alice, phone):
    page = second(browser, alice)
    answers = [browser.submit(page, code="000000").status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    refused = browser.submit(page, code=phone.code())
    assert refused.status_code == 429 and refused.headers["Retry-After"], "The right code was looked at."
    assert browser.submit(page, code=phone.recovery_codes[0]).status_code == 303, "A recovery code cannot be guessed."


def test_guesses_from_many_addresses_are_counted_together(app, alice, phone):
    answers = []
    for at in range(5):
        thief = Browser(app, address=f"198.51.{at}.1")
        page = second(thief, alice)
        answers += [thief.submit(page, code="000000").status_code for _ in range(5)]
    assert answers == [400] * 20 + [429] * 5


def test_who_knows_the_password_does_not_keep_the_person_out(app, browser, alice, phone):
    """The browser in which she signed in before has a count of its own."""
    browser.submit(second(browser, alice), code=phone.code())
    for at in range(5):
        thief = Browser(app, address=f"198.51.{at}.1")
        page = second(thief, alice)
        for _ in range(5):
            thief.submit(page, code="000000")
    browser.sign_out()
    assert browser.submit(second(browser, alice), code=phone.code(steps=1)).status_code == 303


def test_a_right_code_is_not_counted(browser, alice, phone, clock):
    for _ in range(12):
        clock.advance(seconds=30)
        assert browser.submit(second(browser, alice), code=phone.code()).status_code == 303
        browser.sign_out()


# -- what cannot be read -------------------------------------------------------------------------


def test_a_secret_that_opens_no_more_leaves_the_recovery_codes(app, browser, alice, phone, caplog):
    with app.app_context():
        db.session.execute(update(OneTimeCodes).values(sealed="broken"))
        db.session.commit()
    page = second(browser, alice)
    assert browser.submit(page, code=phone.code()).status_code == 400
    assert "reset-factors" in caplog.text and phone.secret not in caplog.text
    assert browser.submit(page, code=phone.recovery_codes[0]).status_code == 303
