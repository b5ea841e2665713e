"""Signing up: a letter makes the account, and the page says the same to everybody."""

import re

import pytest
from sqlalchemy import func, select

from app.accounts.joining.models import SignUp
from app.accounts.models import Membership, Organization, Session, User
from app.extensions import db
from tests.accounts.test_sign_in import give, held, is_signed_in
from tests.actors import Browser
from tests.tables import each

HONEST = {
    "email": "dora@example.com",
    "name": "Dora Dorn",
    "password": "correct horse battery",
    "organization_name": "",
}


def ask(browser: Browser, next: str = "/account", **changed):
    """Send the form; where to look for the letter."""
    return browser.submit(browser.get(f"/sign-up?next={next}"), **HONEST | changed)


def sign_up(browser: Browser, next: str = "/account", **changed):
    """Send the form, and follow the letter's link in the same browser."""
    return browser.finish_sign_up(browser.get(f"/sign-up?next={next}"), **HONEST | changed)


def link(browser: Browser, email: str = HONEST["email"]) -> str:
    return browser.find_letter(email).link("/sign-up/confirm/")


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def test_new_person_is_signed_in_and_led_to_next(app, browser):
    answer = sign_up(browser)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Dora Dorn" in browser.get("/").text
    assert (count(app, User), count(app, SignUp), count(app, Organization)) == (1, 0, 0)


def test_there_is_no_account_before_the_letter_is_answered(app, browser):
    page = browser.follow(ask(browser))
    assert "Look into your mailbox" in page.text and "dora@example.com" in page.text
    assert not is_signed_in(browser)
    assert count(app, User) == 0
    assert Browser(app).sign_in(HONEST["email"], HONEST["password"]).status_code == 400


def test_opening_the_link_changes_nothing_before_the_button(app, browser):
    """Programs that look through mail open links."""
    ask(browser)
    path = link(browser)
    for _ in range(2):
        assert Browser(app).get(path).status_code == browser.get(path).status_code == 200
    assert count(app, User) == 0
    assert browser.submit(browser.get(path), press="Finish and sign in").status_code == 303


def test_new_person_can_sign_in_again(app, browser):
    sign_up(browser)
    assert Browser(app).sign_in("Dora@example.com", HONEST["password"]).status_code == 303


def test_the_address_is_confirmed_from_then_on(app, browser):
    sign_up(browser)
    with app.app_context():
        assert db.session.scalar(select(User.email_verified_at)) is not None


def test_naming_an_organization_makes_its_owner(app, browser):
    sign_up(browser, organization_name="Dorn Works")
    with app.app_context():
        membership = db.session.scalar(select(Membership))
        assert (membership.role, membership.organization.name) == ("owner", "Dorn Works")
    assert "Dorn Works" in browser.get("/").text


def test_naming_an_existing_organization_makes_another_one(app, bob, browser):
    sign_up(browser, organization_name="Acme")
    with app.app_context():
        assert list(db.session.scalars(select(Organization.slug).order_by(Organization.slug))) == ["acme", "acme-2"]


# -- an address that has an account ---------------------------------------------------------------


def test_an_address_with_an_account_gets_the_same_page_and_another_letter(app, browser, alice, sent_mail):
    answer = ask(browser, email="ALICE@acme.example")
    page = browser.follow(answer)
    assert (answer.status_code, answer.location) == (303, "/sign-up/letter?next=/account")
    assert "Look into your mailbox" in page.text
    [letter] = sent_mail()
    assert letter.to == alice.email and "account" in letter.subject
    assert [one.partition(":8000")[2] for one in letter.links[:2]] == ["/sign-in", "/forgotten-password"]
    # It is still the same page once the letter is out.
    assert strip(browser.get("/sign-up/letter?next=/account").text) == strip(page.text)
    assert (count(app, User), count(app, Session)) == (1, 0)


def test_a_letter_tells_nothing_that_a_stranger_typed(app, browser, alice, sent_mail):
    """Else anybody could send anything to anybody in our name."""
    for email in ("dora@example.com", alice.email):
        ask(browser, email=email, name="Win at evil.example", organization_name="Buy evil.example")
    letters = sent_mail()
    assert len(letters) == 2
    assert not any("evil" in letter.text + letter.html + letter.subject for letter in letters)


def test_an_address_that_got_an_account_meanwhile_keeps_it(app, browser):
    elsewhere = Browser(app)
    ask(browser)
    path = link(browser)
    page = browser.get(path)
    sign_up(elsewhere, name="Dora the Second")
    assert browser.submit(page, press="Finish and sign in").status_code == 410
    with app.app_context():
        assert db.session.scalars(select(User.name)).all() == ["Dora the Second"]


def strip(html: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*', "", html)


# -- another browser -------------------------------------------------------------------------------


def test_another_browser_gives_the_password(app, browser):
    """Else a stranger could sign up with somebody's address, and the owner of the mailbox would confirm it for them."""
    ask(browser)
    path, other = link(browser), Browser(app)
    page = other.get(path)
    assert other.submit(page, press="Finish and sign in", password="not that password").status_code == 400
    assert other.submit(page, press="Finish and sign in").status_code == 400
    assert (count(app, User), is_signed_in(other)) == (0, False)
    answer = other.submit(page, press="Finish and sign in", password=HONEST["password"])
    # What waits in the first browser waits for no other.
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_signed_in(other) and not is_signed_in(browser)
    # The first one is led to where it was going, by way of sign-in.
    assert browser.get("/sign-up/letter?next=/account").location == "/sign-in?next=/account"


def test_a_password_cannot_be_guessed_at_the_link(app, browser, clock):
    ask(browser)
    path, other = link(browser), Browser(app)
    page = other.get(path)
    for _ in range(10):
        assert other.submit(page, password="not that password").status_code == 400
    answer = other.submit(page, password=HONEST["password"])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert count(app, User) == 0
    # Who has sent the form is not kept out by that.
    assert browser.submit(browser.get(path), press="Finish and sign in").status_code == 303


def test_a_stranger_who_signs_up_first_gains_nothing(app, browser, clock):
    """The owner of the mailbox signs up too, and theirs is the password that counts."""
    stranger = Browser(app)
    ask(stranger, password="the stranger's password")
    link_of_stranger = link(stranger)
    ask(browser)
    browser.submit(browser.get(link(browser)), press="Finish and sign in")
    assert stranger.get(link_of_stranger).status_code == 410
    assert Browser(app).sign_in(HONEST["email"], "the stranger's password").status_code == 400
    assert Browser(app).sign_in(HONEST["email"], HONEST["password"]).status_code == 303


# -- letters ---------------------------------------------------------------------------------------


def test_a_link_works_once_and_for_a_day(app, browser, clock):
    ask(browser)
    path = link(browser)
    clock.advance(days=1)
    assert browser.get(path).status_code == 410
    ask(browser)
    path = link(browser)
    clock.advance(hours=23)
    page = browser.get(path)
    assert browser.submit(page, press="Finish and sign in").status_code == 303
    assert browser.get(path).status_code == 410


def test_a_letter_that_waited_for_the_mail_server_has_a_link_that_lives_as_long(browser, clock):
    ask(browser)
    clock.advance(hours=20)
    path = link(browser)
    clock.advance(hours=23)
    assert browser.get(path).status_code == 200


def test_a_letter_sent_again_has_the_link_that_counts(browser):
    page = browser.follow(ask(browser))
    first = link(browser)
    told = browser.follow(browser.submit(page, press="Send the letter again"))
    assert "The letter is sent again" in told.text
    second = link(browser)
    assert browser.get(first).status_code == 410
    assert browser.submit(browser.get(second), press="Finish and sign in").status_code == 303


def test_nobody_gets_more_than_ten_letters_an_hour(app, browser, clock, sent_mail):
    page = browser.follow(ask(browser))
    for _ in range(12):
        told = browser.follow(browser.submit(page, press="Send the letter again"))
    assert "Many letters went to this address" in told.text
    assert ask(Browser(app, address="192.0.2.7")).status_code == 429
    assert len(sent_mail()) == 10
    clock.advance(hours=1)
    assert ask(Browser(app, address="192.0.2.7")).status_code == 303


def test_of_one_address_the_last_ten_wait(app, clock, monkeypatch):
    monkeypatch.setattr("app.limits.counting.Limits.take", lambda *_: 1)
    browsers = [Browser(app) for _ in range(12)]
    for browser in browsers:
        clock.advance(seconds=1)
        ask(browser)
    assert count(app, SignUp) == 10
    assert [browser.get("/sign-up/letter").status_code for browser in browsers] == [303] * 2 + [200] * 10


def test_where_no_letter_can_be_sent_the_page_says_what_is_to_be_set(app, browser, change_settings):
    page = browser.get("/sign-up")
    change_settings(issuer="https://id.example.com")
    asked = app.test_client().get("/sign-up", base_url="https://id.example.com").text
    assert "SMTP_URL" in asked and "flask users create" in asked
    assert 'name="password"' not in asked and 'name="password"' in page.text


# -- the form --------------------------------------------------------------------------------------


@each(
    ("changed", "sentence"),
    [
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "dora"}, "Enter an e-mail address, as in name@example.com."),
        ({"email": "x" * 250 + "@example.com"}, "Enter an e-mail address, as in name@example.com."),
        ({"name": ""}, "Enter your name."),
        ({"name": "   "}, "Enter a name."),
        ({"name": "x" * 101}, "Enter a name of at most 100 characters."),
        ({"password": ""}, "Choose a password."),
        ({"password": "ninechars"}, "Choose a password of at least 10 characters."),
        ({"password": "xy" * 101}, "Choose a password of at most 200 characters."),
        ({"password": "password123"}, "That password is one of the first that anybody would try."),
        ({"password": "Dora@Example.com"}, "Choose a password that is not your e-mail address."),
        ({"organization_name": "x" * 101}, "Enter a name of at most 100 characters."),
        ({"organization_name": "Reliquary Support"}, "That is what this server itself is called, or nearly so."),
    ],
)
def test_wrong_field_is_refused_with_what_to_do(app, browser, changed, sentence):
    answer = ask(browser, **changed)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert count(app, SignUp) == 0


def test_corrected_form_goes_through(browser):
    page = ask(browser, password="short")
    answer = browser.finish_sign_up(page, HONEST["email"], password=HONEST["password"])
    assert (answer.status_code, answer.location) == (303, "/account")


def test_name_is_shown_as_text(browser):
    sign_up(browser, name="<script>alert(1)</script>", organization_name="<b>Works</b>")
    page = browser.get("/").text
    assert "<script>alert" not in page and "<b>Works" not in page


def test_form_without_its_csrf_token_is_refused(app, browser):
    browser.get("/sign-up")
    assert browser.client.post("/sign-up", base_url="http://127.0.0.1:8000", data=HONEST).status_code == 400
    ask(browser)
    path = link(browser)
    assert browser.client.post(path, base_url="http://127.0.0.1:8000", data=HONEST).status_code == 400
    assert count(app, User) == 0


@each("token", ["x", "rlq_su_" + "0" * 64, "%00", "%FF", "a" * 5000, "None"])
def test_a_link_that_never_was_is_over(browser, token):
    assert browser.get(f"/sign-up/confirm/{token}").status_code == 410


def test_session_of_the_person_before_ends(app, browser, alice):
    elsewhere = Browser(app)
    elsewhere.sign_in(alice.email, alice.password)
    ask(browser)
    page = browser.get(link(browser))
    give(browser, _user_id=held(elsewhere), planted="by somebody")
    token = held(browser, "csrf_token")
    browser.submit(page, press="Finish and sign in")
    assert "Dora Dorn" in browser.get("/").text
    assert not is_signed_in(elsewhere)
    assert count(app, Session) == 1
    assert held(browser, "csrf_token") != token
    assert held(browser, "planted") is None


def test_a_form_from_before_a_sign_in_in_another_tab_is_shown_again(app, browser, alice):
    ask(browser)
    page = browser.get(link(browser))
    browser.sign_in(alice.email, alice.password)
    answer = browser.submit(page, press="Finish and sign in")
    assert (answer.status_code, answer.location) == (303, page.request.path)
    assert alice.name in browser.get("/").text and count(app, User) == 1


# -- addresses of every alphabet ---------------------------------------------------------------------

SPELLINGS = [
    ("üni@bücher.example", "U\u0308NI@xn--bcher-kva.example"),
    ("דוגמה@דוגמה.example", "דוגמה@xn--6dbbec0c.example"),
    ("用户@例子.example", "用户@例子。EXAMPLE"),
]


@pytest.mark.parametrize(("email", "typed"), SPELLINGS, ids=ascii)
def test_an_address_is_one_however_its_letters_are_typed(app, browser, email, typed):
    """At sign-up, at sign-in, and where a password was forgotten."""
    answer = ask(browser, email=typed)
    assert f"<bdi>{email}</bdi>" in browser.follow(answer).text
    assert browser.submit(browser.get(link(browser, email)), press="Finish and sign in").status_code == 303
    for spelling in (email, typed):
        assert Browser(app).sign_in(spelling, HONEST["password"]).status_code == 303
    other = Browser(app)
    other.submit(other.get("/forgotten-password"), email=typed)
    assert "password" in other.find_letter(email).subject
