"""Signing up: what makes an account, and what is said when something is wrong."""

import pytest
from sqlalchemy import func, select

from app.accounts.models import Membership, Organization, Session, User
from app.extensions import db
from tests.accounts.test_sign_in import give, held, is_signed_in
from tests.actors import Browser

HONEST = {
    "email": "dora@example.com",
    "name": "Dora Dorn",
    "password": "correct horse battery",
    "organization_name": "",
}


def sign_up(browser: Browser, next: str = "/account", **changed):
    return browser.submit(browser.get(f"/sign-up?next={next}"), **HONEST | changed)


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def test_new_person_is_signed_in_and_led_to_next(app, browser):
    answer = sign_up(browser)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Dora Dorn" in browser.get("/").text
    assert count(app, User) == 1
    assert count(app, Organization) == 0


def test_new_person_can_sign_in_again(app, browser):
    sign_up(browser)
    assert Browser(app).sign_in("Dora@example.com", HONEST["password"]).status_code == 303


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


def test_taken_address_says_to_sign_in_instead(app, browser, alice):
    answer = sign_up(browser, email="ALICE@acme.example")
    assert answer.status_code == 400
    assert "There is already an account with this e-mail address. Sign in instead." in answer.text
    assert '/sign-in?next=/account"' in answer.text
    assert count(app, User) == 1
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
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
        ({"password": "password123"}, "That password is one of the first that anybody would try. Choose another."),
        ({"password": "Dora@Example.com"}, "Choose a password that is not your e-mail address."),
        ({"organization_name": "x" * 101}, "Enter a name of at most 100 characters."),
    ],
)
def test_wrong_field_is_refused_with_what_to_do(app, browser, changed, sentence):
    answer = sign_up(browser, **changed)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert count(app, User) == 0


def test_corrected_form_goes_through(browser):
    answer = browser.submit(sign_up(browser, password="short"), password=HONEST["password"])
    assert (answer.status_code, answer.location) == (303, "/account")


def test_name_is_shown_as_text(browser):
    sign_up(browser, name="<script>alert(1)</script>", organization_name="<b>Works</b>")
    page = browser.get("/").text
    assert "<script>alert" not in page and "<b>Works" not in page


def test_form_without_its_csrf_token_is_refused(app, browser):
    browser.get("/sign-up")
    assert browser.client.post("/sign-up", base_url="http://127.0.0.1:8000", data=HONEST).status_code == 400
    assert count(app, User) == 0


def test_session_of_the_person_before_ends(app, browser, alice):
    elsewhere = Browser(app)
    elsewhere.sign_in(alice.email, alice.password)
    page = browser.get("/sign-up")
    give(browser, _user_id=held(elsewhere), planted="by somebody")
    token = held(browser, "csrf_token")
    browser.submit(page, **HONEST)
    assert "Dora Dorn" in browser.get("/").text
    assert not is_signed_in(elsewhere)
    assert count(app, Session) == 1
    assert held(browser, "csrf_token") != token
    assert held(browser, "planted") is None
