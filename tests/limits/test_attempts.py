"""How often sign-in may fail, and sign-up be tried: counted once and for all processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from limits.storage import Storage
from sqlalchemy import select

from app import create_app
from app.accounts import authentication
from app.extensions import db
from app.limits.attempts import (
    SIGN_IN_PER_ACCOUNT,
    DatabaseStorage,
    TooManyAttempts,
    give_back_attempt,
    network_of,
    take_attempt,
)
from app.limits.models import RateLimitCounter
from tests.actors import Browser

WRONG = "not the password at all"


@pytest.fixture
def second_app(settings):
    """Another process, as it were: another application on the same database."""
    return create_app(settings)


def fail(app, times: int, email: str = "alice@acme.example", address: str = "192.0.2.1"):
    """So many failed sign-ins from one browser; the last answer."""
    browser = Browser(app, address=address)
    for _ in range(times):
        answer = browser.sign_in(email, WRONG)
    return answer


# -- per account ---------------------------------------------------------------------------------


def test_eleventh_failure_of_an_account_is_limited(app, alice, clock):
    assert fail(app, 10).status_code == 400
    assert fail(app, 1).status_code == 429


def test_limit_of_an_account_holds_from_every_address(app, alice, clock):
    for number in range(10):
        assert fail(app, 1, address=f"192.0.2.{number}").status_code == 400
    assert fail(app, 1, address="198.51.100.1").status_code == 429


def test_limited_account_does_not_take_even_the_right_password(app, browser, alice, clock):
    fail(app, 10)
    assert browser.sign_in(alice.email, alice.password).status_code == 429


def test_limit_of_an_account_is_for_every_spelling_of_its_address(app, alice, clock):
    fail(app, 5)
    fail(app, 5, email="ALICE@Acme.example")
    assert fail(app, 1, email=" alice@ACME.example").status_code == 429


def test_other_accounts_are_not_limited(app, browser, alice, bob, clock):
    fail(app, 11)
    assert browser.sign_in(bob.email, bob.password).status_code == 303


def test_unknown_account_is_limited_like_a_known_one(app, alice, clock):
    known = [fail(app, 1).status_code for _ in range(11)]
    unknown = [fail(app, 1, email="nobody@acme.example", address="192.0.2.2").status_code for _ in range(11)]
    assert known == unknown == [400] * 10 + [429]


def test_limit_ends_when_it_said(app, alice, clock):
    fail(app, 10)
    clock.advance(minutes=5)
    answer = fail(app, 1)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"
    assert "Wait 10 minutes and try again." in answer.text
    clock.advance(seconds=599)
    assert "Wait 1 minute and try again." in fail(app, 1).text
    clock.advance(seconds=1)
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 303


def test_refused_attempts_do_not_prolong_the_limit(app, alice, clock):
    fail(app, 10)
    clock.advance(minutes=14)
    fail(app, 20)
    clock.advance(minutes=1)
    assert fail(app, 1).status_code == 400


def test_limited_page_is_the_form_again_with_what_was_written(app, alice, clock):
    answer = fail(app, 11)
    assert 'name="password"' in answer.text
    assert alice.email in answer.text
    assert WRONG not in answer.text


def test_password_is_not_looked_at_when_limited(app, alice, clock, monkeypatch):
    fail(app, 10)
    monkeypatch.setattr("app.accounts.authentication.verify_password", lambda *_: pytest.fail("was verified"))
    assert fail(app, 1).status_code == 429


# -- per address ---------------------------------------------------------------------------------


def test_fifty_first_failure_of_an_address_is_limited(app, bob, clock):
    for number in range(50):
        assert fail(app, 1, email=f"person{number}@acme.example").status_code == 400
    assert fail(app, 1, email="one.more@acme.example").status_code == 429
    assert Browser(app, address="192.0.2.1").sign_in(bob.email, bob.password).status_code == 429
    assert Browser(app, address="192.0.2.2").sign_in(bob.email, bob.password).status_code == 303


def test_attempts_on_a_limited_account_do_not_use_up_the_address(app, bob, clock):
    fail(app, 60, email="alice@acme.example")
    assert Browser(app, address="192.0.2.1").sign_in(bob.email, bob.password).status_code == 303


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert network_of(address) == network


# -- what is counted -----------------------------------------------------------------------------


def test_successes_are_not_counted(app, alice, clock):
    for _ in range(60):
        assert Browser(app).sign_in(alice.email, alice.password).status_code == 303
    assert fail(app, 10).status_code == 400


def test_success_does_not_forgive_the_failures_before(app, alice, clock):
    """Else one with an account of their own could try others' for ever."""
    fail(app, 9)
    assert Browser(app).sign_in(alice.email, alice.password).status_code == 303
    assert fail(app, 1).status_code == 400
    assert fail(app, 1).status_code == 429


def test_form_that_was_not_filled_in_is_not_counted(app, alice, clock):
    browser = Browser(app)
    for _ in range(11):
        assert browser.sign_in(alice.email, "").status_code == 400
    assert browser.sign_in(alice.email, alice.password).status_code == 303


def test_failures_count_across_two_applications_on_one_database(app, second_app, alice, clock):
    fail(app, 5)
    fail(second_app, 5)
    assert fail(app, 1).status_code == 429
    assert fail(second_app, 1).status_code == 429


def test_count_stays_although_the_request_fails_afterwards(app, alice, clock):
    with app.app_context():
        take_attempt(SIGN_IN_PER_ACCOUNT, alice.email)
        db.session.rollback()
        assert db.session.scalar(select(RateLimitCounter.count)) == 1


def test_parallel_attempts_each_count(app):
    """Sixteen at once are let through as if they had come one after the other: ten, and no more."""

    def attempt(_):
        with app.app_context():
            try:
                take_attempt(SIGN_IN_PER_ACCOUNT, "alice@acme.example")
            except TooManyAttempts:
                return "refused"
            return "let through"

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(attempt, range(16)))
    assert answers.count("let through") == 10
    with app.app_context():
        assert db.session.scalar(select(RateLimitCounter.count)) == 16


def test_parallel_guesses_are_looked_at_ten_times_and_no_more(app, alice, monkeypatch):
    looked_at = []
    verify = authentication.verify_password
    monkeypatch.setattr(authentication, "verify_password", lambda *given: looked_at.append(1) or verify(*given))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: fail(app, 1).status_code, range(16)))
    assert sorted(answers) == [400] * 10 + [429] * 6
    assert len(looked_at) == 10


def test_nothing_of_who_tried_is_stored(app, alice, clock):
    fail(app, 1)
    with app.app_context():
        rows = db.session.execute(select(RateLimitCounter.__table__)).all()
    assert len(rows) == 2
    for row in rows:
        assert len(row.key) == 64 and int(row.key, 16)


# -- sign-up -------------------------------------------------------------------------------------


def sign_up(browser: Browser, email: str):
    page = browser.get("/sign-up")
    return browser.submit(page, email=email, name="Dora", password="correct horse battery")


def test_twenty_first_sign_up_of_an_address_is_limited(app, alice, clock):
    def try_once(number):
        return sign_up(Browser(app), f"new{number}@example.com")

    assert [try_once(number).status_code for number in range(20)] == [303] * 20
    answer = try_once(20)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "3600"
    assert "Wait 60 minutes" in answer.text
    assert sign_up(Browser(app, address="192.0.2.2"), "elsewhere@example.com").status_code == 303
    clock.advance(hours=1)
    assert try_once(21).status_code == 303


def test_asking_whether_an_address_is_taken_counts_as_sign_up(app, alice, clock):
    browser = Browser(app)
    assert [sign_up(browser, alice.email).status_code for _ in range(21)] == [400] * 20 + [429]


def test_sign_up_that_was_not_filled_in_is_not_counted(app, clock):
    browser = Browser(app)
    for _ in range(21):
        assert sign_up(browser, "not an address").status_code == 400
    assert sign_up(browser, "dora@example.com").status_code == 303


# -- the storage, as the library wants it --------------------------------------------------------


@pytest.fixture
def storage(app) -> DatabaseStorage:
    return DatabaseStorage()


def test_storage_is_one_of_the_library(storage):
    assert isinstance(storage, Storage)


def test_storage_counts_within_a_window_and_starts_anew_after_it(app, storage, clock):
    with app.app_context():
        assert storage.get("k") == 0
        assert storage.get_expiry("k") == clock.now.timestamp()
        assert [storage.incr("k", 60), storage.incr("k", 60), storage.incr("k", 60, amount=3)] == [1, 2, 5]
        end = clock.now.timestamp() + 60
        clock.advance(seconds=59)
        assert (storage.get("k"), storage.get("other"), storage.get_expiry("k")) == (5, 0, end)
        clock.advance(seconds=1)
        assert storage.get("k") == 0
        assert storage.incr("k", 60) == 1
        assert storage.get_expiry("k") == end + 60


def test_storage_never_counts_below_nothing(app, storage, clock):
    with app.app_context():
        assert storage.incr("k", 60, amount=-1) == 0
        assert storage.incr("k", 60) == 1
        assert storage.incr("k", 60, amount=-2) == 0
        give_back_attempt(SIGN_IN_PER_ACCOUNT, "never took one")


def test_storage_forgets_one_or_all(app, storage, clock):
    with app.app_context():
        storage.incr("a", 60)
        storage.incr("b", 60)
        storage.clear("a")
        assert (storage.get("a"), storage.get("b")) == (0, 1)
        assert storage.reset() == 1
        assert storage.get("b") == 0
        assert storage.check()
