"""An address that somebody else has signed up with: whoever reads its mailbox makes an account of their own by the letter."""

from contextlib import suppress

import pytest
from sqlalchemy import select

from app.accounts.joining.models import SignUp
from app.accounts.joining.sign_ups import count_chosen_password
from app.accounts.models import Organization, User
from app.accounts.passwords import verify_password
from app.extensions import db
from app.limits.errors import TooManyAttempts
from app.limits.table import SIGN_UP_LETTERS
from tests.accounts.test_sign_in import is_signed_in
from tests.accounts.test_sign_up import HONEST, ask, count, link
from tests.actors import Browser
from tests.tables import each

_OWN = {"name": "Dora Dorn", "password": "seven herons over a lake"}


@pytest.fixture
def path(app) -> str:
    """Of the link in a letter that a stranger's sign-up has sent to Dora."""
    stranger = Browser(app)
    ask(stranger, name="Win at evil.example", password="the stranger's password", organization_name="Stranger's")
    return link(stranger)


def open_own(browser: Browser, path: str):
    page = browser.get(path)
    assert f'href="{path}/own"' in page.text
    return browser.get(f"{path}/own")


def test_nothing_of_what_a_stranger_typed_is_kept(app, browser, path):
    page = open_own(browser, path)
    assert HONEST["email"] in page.text and "evil.example" not in page.text
    # A password manager keeps the password under the address.
    assert f'value="{HONEST["email"]}" autocomplete="username"' in page.text
    assert count(app, User) == 0, "To open it makes nothing."
    answer = browser.submit(page, **_OWN)
    assert (answer.status_code, answer.location) == (303, "/") and is_signed_in(browser)
    with app.app_context():
        (user,) = db.session.scalars(select(User))
        assert (user.email, user.name) == (HONEST["email"], "Dora Dorn") and user.email_verified_at
        assert verify_password(user.password_hash, _OWN["password"])
        assert not verify_password(user.password_hash, "the stranger's password")
    assert (count(app, SignUp), count(app, Organization)) == (0, 0)
    assert browser.get(f"{path}/own").status_code == 410, "It works once."


def test_a_stranger_who_uses_up_the_letters_keeps_nobody_out(app, browser, clock, path):
    stranger = Browser(app)
    for _ in range(SIGN_UP_LETTERS.most - 1):
        ask(stranger, name="Win at evil.example", password="the stranger's password")
    refused = ask(browser)
    assert refused.status_code == 429 and "a name and a password of your own" in refused.text
    assert int(refused.headers["Retry-After"]) > 0 and HONEST["name"] in refused.text
    assert browser.submit(open_own(browser, link(browser)), **_OWN).status_code == 303
    assert is_signed_in(browser)


def test_who_has_forgotten_the_password_needs_no_other_letter(app, browser):
    ask(browser)
    other = Browser(app)
    assert other.submit(open_own(other, link(browser)), **_OWN).status_code == 303
    assert Browser(app).sign_in(HONEST["email"], _OWN["password"]).status_code == 303


@each(
    "change",
    [{"name": ""}, {"name": "\u200b"}, {"password": ""}, {"password": "short"}, {"password": "dora@example.com"}],
)
def test_what_cannot_be_is_refused_beside_its_field(app, browser, path, change):
    page = browser.submit(browser.get(f"{path}/own"), **_OWN | change)
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text and count(app, User) == 0


def test_passwords_are_counted_before_they_are_looked_at(app, browser, clock, path):
    page = browser.get(f"{path}/own")
    limits = app.extensions["services"].limits
    with app.app_context(), suppress(TooManyAttempts):
        while True:
            count_chosen_password(limits, "127.0.0.1")
    answer = browser.submit(page, **_OWN)
    assert answer.status_code == 429 and count(app, User) == 0


@each("token", ["x", "rlq_su_" + "0" * 64, "a%00b", "%ff", "x" * 4000])
def test_a_link_that_is_none_is_a_page_that_says_so(browser, token):
    assert browser.get(f"/sign-up/confirm/{token}/own").status_code == 410


def test_an_address_that_got_an_account_meanwhile_keeps_it(app, browser, path):
    page = browser.get(f"{path}/own")
    dora = Browser(app)
    dora.finish_sign_up(dora.get("/sign-up"), **HONEST)
    assert browser.submit(page, **_OWN).status_code == 410
    assert Browser(app).sign_in(HONEST["email"], HONEST["password"]).status_code == 303
