"""The cookie by which a browser is known in which a person has signed in before."""

from types import SimpleNamespace

import pytest

from app.accounts import known_browsers
from app.accounts.known_browsers import MOST_ACCOUNTS, find_known_browser, remember_browser
from tests.actors import Browser
from tests.tables import each

COOKIE = "reliquary_known"


def person(email: str) -> SimpleNamespace:
    return SimpleNamespace(id=f"usr_{email.partition('@')[0]}", email=email)


@pytest.fixture
def cookie(app):
    """What a browser that holds ``before`` holds after the person with each address has signed in, one by one."""

    def cookie(*emails: str, before: str = "") -> str:
        for email in emails:
            with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={before}"}):
                response = app.response_class()
                remember_browser(response, person(email))
                before = response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        return before

    return cookie


@pytest.fixture
def known_as(app):
    def known_as(cookie: str, email: str) -> str | None:
        with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={cookie}"}):
            return find_known_browser(person(email))

    return known_as


def test_a_browser_is_known_for_those_who_signed_in(cookie, known_as):
    held = cookie("alice@acme.example", "bob@acme.example")
    name = held.partition(".")[0]
    assert known_as(held, "alice@acme.example") == known_as(held, "bob@acme.example") == name
    assert known_as(held, "carol@globex.example") is None


def test_signing_in_again_changes_nothing(cookie):
    once = cookie("alice@acme.example")
    assert cookie("alice@acme.example", before=once) == once


def test_the_last_few_accounts_are_kept(cookie, known_as):
    held = cookie(*(f"person{number}@acme.example" for number in range(MOST_ACCOUNTS + 1)))
    assert known_as(held, "person0@acme.example") is None
    assert all(known_as(held, f"person{number}@acme.example") for number in range(1, MOST_ACCOUNTS + 1))
    assert len(held) < 300


def test_nobody_reads_from_it_who_signed_in(cookie):
    assert "alice" not in cookie("alice@acme.example")


@each("forged", ["", ".", "rlq_kb_x", "rlq_kb_x.", "rlq_kb_x.é", "x" * 5000, "..." * 50])
def test_what_is_none_knows_nobody(known_as, forged):
    assert known_as(forged, "alice@acme.example") is None


def test_a_signature_serves_in_its_own_browser_alone(cookie, known_as):
    one, other = cookie("alice@acme.example"), cookie("bob@acme.example")
    assert known_as(f"{other.partition('.')[0]}.{one.partition('.')[2]}", "alice@acme.example") is None


def test_a_key_that_signed_before_is_accepted(app, cookie, known_as, change_settings, settings):
    held = cookie("alice@acme.example")
    change_settings(secret_key="another-" + "1" * 32, secret_key_fallbacks=(settings.secret_key,))
    assert known_as(held, "alice@acme.example")
    change_settings(secret_key_fallbacks=())
    assert known_as(held, "alice@acme.example") is None


def test_a_browser_stays_known_when_the_address_changes(app, cookie):
    held = cookie("alice@acme.example")
    with app.test_request_context("/", headers={"Cookie": f"{COOKIE}={held}"}):
        moved = SimpleNamespace(id="usr_alice", email="alice@home.example")
        assert find_known_browser(moved) == held.partition(".")[0]
        assert find_known_browser(SimpleNamespace(id="usr_other", email="alice@acme.example")) is None


def test_a_cookie_of_an_earlier_version_serves_and_is_signed_anew(cookie, known_as, settings, app):
    name = cookie("alice@acme.example").partition(".")[0]
    with app.app_context():
        earlier = f"{name}.{known_browsers._sign(name, 'alice@acme.example', settings.secret_key)}"
    assert known_as(earlier, "alice@acme.example") == name
    assert cookie("alice@acme.example", before=earlier) == cookie(
        "alice@acme.example", before=f"{name}.x"
    ).removesuffix(".x")


def test_signing_up_and_out_leave_it(app):
    browser = Browser(app)
    browser.sign_up("dora@home.example", "the password of D.D.")
    held = browser.client.get_cookie(COOKIE, "127.0.0.1")
    assert held.http_only
    browser.sign_out()
    assert browser.client.get_cookie(COOKIE, "127.0.0.1").value == held.value
