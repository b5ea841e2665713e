"""How often sign-in may fail, and sign-up be tried: counted once and for all processes, and nobody is kept out by others."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import create_app
from app.accounts import authentication
from app.extensions import db
from app.limits.errors import TooManyAttempts
from app.limits.models import RateLimitCounter
from app.limits.networks import network_of
from app.limits.table import ACCOUNT_SIGN_INS, ADDRESS_SIGN_INS, CHOSEN_PASSWORDS, FIRST_TRIES, STRANGER_SIGN_INS
from tests.actors import Browser
from tests.tables import each

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


@pytest.fixture
def guess(app):
    """So many wrong passwords from an address, as the form's view asks for them, without the form."""

    def guess(times: int, email: str = "alice@acme.example", address: str = "192.0.2.1") -> list[str]:
        answers = []
        with app.app_context():
            limits = app.extensions["services"].limits
            for _ in range(times):
                try:
                    found = authentication.authenticate(limits, email, WRONG, address=address, known_browser=None)
                    answers.append("looked at" if found is None else "in")
                except TooManyAttempts:
                    answers.append("refused")
        return answers

    return guess


# -- one account from one address ----------------------------------------------------------------


def test_eleventh_failure_at_an_account_is_limited(app, alice, clock):
    assert fail(app, 10).status_code == 400
    assert fail(app, 1).status_code == 429


def test_limited_stranger_does_not_get_in_even_with_the_right_password(app, alice, clock):
    fail(app, 10)
    assert Browser(app, address="192.0.2.1").sign_in(alice.email, alice.password).status_code == 429


def test_limit_of_an_account_is_for_every_spelling_of_its_address(app, alice, clock):
    fail(app, 5)
    fail(app, 5, email="ALICE@Acme.example")
    assert fail(app, 1, email=" alice@ACME.example").status_code == 429


def test_other_accounts_are_not_limited(app, alice, bob, clock):
    fail(app, 11)
    assert Browser(app, address="192.0.2.1").sign_in(bob.email, bob.password).status_code == 303


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
    assert Browser(app, address="192.0.2.1").sign_in(alice.email, alice.password).status_code == 303


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


# -- a browser in which the person has signed in before --------------------------------------------


def test_owner_gets_in_from_a_known_browser_whatever_others_guess(app, alice, clock, guess):
    own = Browser(app, address="192.0.2.1")
    own.sign_in(alice.email, alice.password)
    own.sign_out()
    # From her own address, and from many.
    assert guess(11)[-1] == "refused"
    for number in range(ACCOUNT_SIGN_INS.most):
        guess(1, address=f"203.0.113.{number}")
    clock.advance(minutes=1)
    assert own.sign_in(alice.email, alice.password).status_code == 303
    # And once more: it is not that one attempt was let through.
    own.sign_out()
    assert own.sign_in(alice.email, alice.password).status_code == 303


def test_who_sits_at_a_known_browser_guesses_ten_times(app, alice, clock):
    own = Browser(app, address="192.0.2.1")
    own.sign_in(alice.email, alice.password)
    own.sign_out()
    answers = [own.sign_in(alice.email, WRONG).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]


def test_a_browser_known_for_one_account_is_a_stranger_at_another(app, alice, bob, clock, guess):
    own = Browser(app, address="192.0.2.1")
    own.sign_in(bob.email, bob.password)
    own.sign_out()
    guess(10)
    assert own.sign_in(alice.email, alice.password).status_code == 429


def test_the_cookie_of_a_known_browser_cannot_be_made_up(app, alice, bob, clock, guess):
    """Nor does the one of an account serve for another, or in another deployment."""
    own = Browser(app, address="192.0.2.1")
    own.sign_in(bob.email, bob.password)
    own.sign_out()
    held = own.client.get_cookie("reliquary_known", "127.0.0.1").value
    guess(10)
    for forged in (held, "rlq_kb_" + "0" * 64 + held[held.index(".") :], held.rpartition(".")[0] + "." + "0" * 32):
        stranger = Browser(app, address="192.0.2.1")
        stranger.client.set_cookie("reliquary_known", forged, domain="127.0.0.1")
        assert stranger.sign_in(alice.email, alice.password).status_code == 429


# -- one account from many addresses, one address at many accounts ---------------------------------


def test_an_account_is_guessed_at_fifty_times_from_few_addresses(guess, alice, clock):
    answers = [one for number in range(8) for one in guess(10, address=f"192.0.2.{number}")]
    # Of the addresses that come later, the first try of each.
    assert answers.count("looked at") == ACCOUNT_SIGN_INS.most + 3


def test_owner_who_is_new_in_a_browser_gets_in_although_others_guess(app, alice, clock, guess):
    """A first try from an address still counts when the account is over its limit."""
    for number in range(6):
        guess(10, address=f"192.0.2.{number}")
    assert Browser(app, address="198.51.100.1").sign_in(alice.email, alice.password).status_code == 303


def test_person_behind_the_address_of_an_abuser_gets_in(app, bob, clock, guess):
    for number in range(30):
        guess(10, email=f"person{number}@acme.example")
    assert guess(2, email="one.more@acme.example") == ["looked at", "refused"]
    assert Browser(app, address="192.0.2.1").sign_in(bob.email, bob.password).status_code == 303


def test_first_tries_too_have_an_end(guess, clock, monkeypatch):
    monkeypatch.setattr(authentication, "verify_password", lambda *_: False)
    most = ADDRESS_SIGN_INS.most * FIRST_TRIES
    answers = [guess(1, email=f"person{number}@acme.example")[0] for number in range(most + 1)]
    assert answers == ["looked at"] * most + ["refused"]


def test_attempts_that_are_refused_use_up_nothing_that_others_have(guess, clock):
    guess(300, email="alice@acme.example")
    answers = [one for number in range(9) for one in guess(10, email=f"person{number}@acme.example")]
    assert answers == ["looked at"] * 90


@each(
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
        app.extensions["services"].limits.take(STRANGER_SIGN_INS, alice.email)
        db.session.rollback()
        assert db.session.scalar(select(RateLimitCounter.count)) == 1


def test_parallel_attempts_each_count(app):
    """Sixteen at once are let through as if they had come one after the other: ten, and no more."""

    def attempt(_):
        with app.app_context():
            try:
                app.extensions["services"].limits.take(STRANGER_SIGN_INS, "alice@acme.example")
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
    assert len(rows) == 3
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
    assert answer.headers["Retry-After"] == "900"
    assert "Wait 15 minutes" in answer.text
    assert sign_up(Browser(app, address="192.0.2.2"), "elsewhere@example.com").status_code == 303
    clock.advance(minutes=15)
    assert try_once(21).status_code == 303


def test_asking_whether_an_address_is_taken_counts_as_sign_up(app, alice, clock):
    browser = Browser(app)
    assert [sign_up(browser, f"new{number}@example.com").status_code for number in range(19)] == [303] * 19
    assert [sign_up(browser, alice.email).status_code for _ in range(2)] == [303, 429]


def test_sign_up_that_was_not_filled_in_is_not_counted(app, clock):
    browser = Browser(app)
    for _ in range(21):
        assert sign_up(browser, "not an address").status_code == 400
    assert sign_up(browser, "dora@example.com").status_code == 303


def test_a_password_that_somebody_chooses_is_counted_before_it_is_looked_at(app, clock, monkeypatch):
    """A hundred signs take a fifth of a second of a processor, and whoever sends them needs neither an account nor a mailbox."""
    browser = Browser(app)
    page = browser.get("/sign-up")
    with app.app_context():
        for _ in range(CHOSEN_PASSWORDS.most - 1):
            app.extensions["services"].limits.take(CHOSEN_PASSWORDS, network_of("127.0.0.1"))
    answers = [browser.submit(page, email="not an address", password="1" * 200).status_code for _ in range(2)]
    assert answers == [400, 429]
    with monkeypatch.context() as patch:
        patch.setattr("app.accounts.passwords.find_guessable", None)
        answer = browser.submit(page, email="dora@example.com", name="Dora", password="1" * 200)
    assert answer.status_code == 429 and "Wait 15 minutes" in answer.text
    assert browser.submit(page, email="not an address").status_code == 400, "Without one there is nothing to look at."
    assert sign_up(Browser(app, address="192.0.2.2"), "elsewhere@example.com").status_code == 303
