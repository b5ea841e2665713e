"""Confirming the address of an account that exists: by its own mailbox, and by whoever is signed in to it."""

import pytest
from sqlalchemy import update

from app.accounts.models import User
from app.extensions import db
from tests.accounts.test_sign_up import ask as sign_up
from tests.actors import Browser


@pytest.fixture
def unconfirmed(app, alice) -> Browser:
    with app.app_context():
        db.session.execute(update(User).values(email_verified_at=None))
        db.session.commit()
    browser = Browser(app)
    browser.enter(alice)
    return browser


def is_confirmed(app, person) -> bool:
    with app.app_context():
        return db.session.get_one(User, person.id).email_verified_at is not None


def ask(browser: Browser, email: str) -> str:
    browser.follow(browser.submit(browser.get("/account/"), press="Send me a letter to confirm it"))
    return browser.find_letter(email).link("/account/confirm-address/")


def test_the_account_says_that_its_address_is_not_confirmed_until_it_is(app, unconfirmed, alice):
    for path in ("/account/", "/account/settings/"):
        assert "Your address is not confirmed" in unconfirmed.get(path).text
    page = unconfirmed.get(ask(unconfirmed, alice.email))
    assert not is_confirmed(app, alice)
    page = unconfirmed.follow(unconfirmed.submit(page, press="Confirm the address"))
    assert "Your address is confirmed" in page.text and "not confirmed" not in page.text
    assert is_confirmed(app, alice)


def test_sign_ups_of_strangers_keep_nobody_from_confirming(app, unconfirmed, alice):
    stranger = Browser(app)
    while sign_up(stranger, email=alice.email).status_code == 303:
        pass
    assert unconfirmed.get(ask(unconfirmed, alice.email)).status_code == 200


def test_the_link_works_once_and_for_a_day(app, unconfirmed, alice, monkeypatch):
    path = ask(unconfirmed, alice.email)
    unconfirmed.submit(unconfirmed.get(path), press="Confirm the address")
    assert unconfirmed.get(path).status_code == 410


def test_whoever_is_signed_in_to_another_account_confirms_nothing(app, unconfirmed, alice, carol):
    """Else somebody could make an account with another's address, and have the owner of the mailbox confirm it."""
    path = ask(unconfirmed, alice.email)
    other = Browser(app)
    other.enter(carol)
    page = other.get(path)
    assert page.status_code == 404 and "for another account" in page.text
    assert other.client.get(path, base_url="http://127.0.0.1:8000").status_code == 404
    assert not is_confirmed(app, alice)
    assert Browser(app).get(path).location == f"/sign-in?next={path}"


def test_an_address_that_was_changed_meanwhile_is_not_confirmed(app, unconfirmed, alice):
    page = unconfirmed.get(ask(unconfirmed, alice.email))
    with app.app_context():
        db.session.get_one(User, alice.id).email = "elsewhere@acme.example"
        db.session.commit()
    assert unconfirmed.submit(page, press="Confirm the address").status_code == 410
    assert not is_confirmed(app, alice)


def test_a_letter_that_is_needless_by_now_does_not_go_out(app, unconfirmed, alice, sent_mail):
    for _ in range(2):
        unconfirmed.submit(unconfirmed.get("/account/"), press="Send me a letter to confirm it")
    with app.app_context():
        db.session.execute(update(User).values(email="elsewhere@acme.example"))
        db.session.commit()
    assert sent_mail() == []


def test_nobody_gets_more_than_ten_letters_an_hour(unconfirmed, sent_mail):
    page = unconfirmed.get("/account/")
    for _ in range(11):
        told = unconfirmed.follow(unconfirmed.submit(page, press="Send me a letter to confirm it"))
    assert "Many letters went to your address" in told.text
    assert len(sent_mail()) == 10


def test_whose_address_is_confirmed_gets_no_letter(app, alice, sent_mail):
    browser = Browser(app)
    browser.enter(alice)
    page = browser.get("/account/")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {"csrf_token": token}
    assert (
        browser.client.post("/account/confirm-address/", base_url="http://127.0.0.1:8000", data=sent).status_code == 303
    )
    assert sent_mail() == []
