"""Showing a passkey: whose it is, and that one wrong thing about it is enough to refuse it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.accounts.passkeys.challenges import Purpose
from app.accounts.passkeys.errors import PasskeyCopied, PasskeyRefused
from app.accounts.passkeys.kept import find_passkey, remove_passkey
from app.accounts.passkeys.models import AnsweredChallenge
from app.accounts.passkeys.shown import ask_to_show
from app.extensions import db
from tests.accounts.passkeys.authenticator import (
    BACKED_UP,
    CAN_BE_BACKED_UP,
    PRESENT,
    VERIFIED,
    Authenticator,
    _new_key,
    encode,
)
from tests.purging import purge
from tests.tables import each


def test_a_passkey_says_whose_it_is(ceremonies, given, device, alice, clock):
    given(alice)
    clock.advance(days=3)
    assert ceremonies.check(device.show(ceremonies.ask_to_show())) == alice.id
    (passkey,) = ceremonies.passkeys(alice)
    assert (passkey.sign_count, passkey.last_used_at) == (2, clock.now)


def test_to_sign_in_nobody_is_named_and_the_device_must_ask_who_it_is(ceremonies, given, alice):
    given(alice)
    options = ceremonies.ask_to_show()
    assert options["allowCredentials"] == [] and options["userVerification"] == "required"
    assert options["rpId"] == "localhost"


def test_for_the_second_step_the_passkeys_of_one_person_are_named(ceremonies, given, device, alice, bob):
    given(alice), given(bob)
    options = ceremonies.ask_to_show(bob)
    assert [one["id"] for one in options["allowCredentials"]] == [encode(device.credentials[1].id)]
    assert options["userVerification"] == "preferred"


WRONG = {
    "another origin": {"origin": "http://localhost:8001"},
    "the origin over TLS": {"origin": "https://localhost:8000"},
    "the origin by its number": {"origin": "http://127.0.0.1:8000"},
    "another host": {"rp_id": "evil.example"},
    "the other ceremony": {"type": "webauthn.create"},
    "nobody present": {"flags": VERIFIED},
    "in a frame": {"crossOrigin": True},
    "under another page": {"topOrigin": "https://evil.example"},
    "another key": {"key": _new_key(-7)[0]},
    "another name": {"user_handle": b"somebody else"},
    "no name": {"user_handle": b""},
    "backed up though it cannot be": {"flags": PRESENT | VERIFIED | BACKED_UP},
    "copied though it could not be": {"flags": PRESENT | VERIFIED | CAN_BE_BACKED_UP},
    "a challenge of nobody": {"challenge": encode(bytes(64))},
    "a challenge cut short": {"challenge": encode(bytes(20))},
    "the counter stands still": {"count": 1},
    "the counter goes back": {"count": 0},
}


@each("wrong", WRONG.values(), ids=WRONG)
def test_one_wrong_thing_is_enough(ceremonies, given, device, alice, wrong):
    """Section 7.2: each of these "MUST be verified"."""
    given(alice)
    with pytest.raises(PasskeyRefused):
        ceremonies.check(device.show(ceremonies.ask_to_show(), **wrong))
    assert ceremonies.passkeys(alice)[0].last_used_at is None


def test_without_a_second_factor_the_device_must_have_asked_who_it_is(ceremonies, given, device, alice):
    given(alice)
    device.flags = PRESENT
    with pytest.raises(PasskeyRefused, match="PIN"):
        ceremonies.check(device.show(ceremonies.ask_to_show()))
    assert ceremonies.check(device.show(ceremonies.ask_to_show(alice)), alice) == alice.id


def test_an_answer_does_nothing_a_second_time(ceremonies, given, alice, bob):
    device = Authenticator(count=None)
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)))
    answer = device.show(ceremonies.ask_to_show())
    assert ceremonies.check(answer) == alice.id
    with pytest.raises(PasskeyRefused, match="done before"):
        ceremonies.check(answer)
    assert ceremonies.check(device.show(ceremonies.ask_to_show())) == alice.id


def test_of_the_same_answer_several_times_at_once_one_counts(ceremonies, alice):
    device = Authenticator(count=None)
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)))
    answer = device.show(ceremonies.ask_to_show())

    def check(_number: int) -> str:
        try:
            return ceremonies.check(answer)
        except PasskeyRefused:
            return "refused"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(check, range(4))) == ["refused"] * 3 + [alice.id]


def test_an_answer_counts_in_the_browser_that_was_asked(ceremonies, given, device, alice):
    given(alice)
    answer = device.show(ceremonies.ask_to_show())
    ceremonies.browser = "another one"
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(answer)


def test_an_answer_counts_for_what_was_asked(ceremonies, given, device, alice):
    given(alice)
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(device.show(ceremonies.ask_to_show(alice)))
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(device.show(ceremonies.ask_to_show()), alice)
    # Who is signed in and shows it again is named, too.
    with ceremonies.app.app_context():
        again = ask_to_show(ceremonies.party, Purpose.SIGN_IN, ceremonies.browser, user_id=alice.id, passkeys=())
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(device.show(again), alice)


def test_an_answer_counts_for_ten_minutes(ceremonies, given, device, alice, clock):
    given(alice)
    options = ceremonies.ask_to_show()
    clock.advance(minutes=10)
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(device.show(options))


def test_the_passkey_of_somebody_else_is_no_second_step(ceremonies, given, device, alice, bob):
    given(alice), given(bob)
    with pytest.raises(PasskeyRefused, match="another account"):
        ceremonies.check(device.show(ceremonies.ask_to_show(alice), credential=device.credentials[1]), alice)


def test_whoever_names_somebody_else_is_neither(ceremonies, given, device, alice, bob):
    given(alice), given(bob)
    name = device.credentials[1].user_handle
    with pytest.raises(PasskeyRefused):
        ceremonies.check(device.show(ceremonies.ask_to_show(), user_handle=name))


def test_a_counter_that_goes_back_is_told_as_a_copy(ceremonies, given, device, alice):
    given(alice)
    device.count = 40
    ceremonies.check(device.show(ceremonies.ask_to_show()))
    for count in (41, 40, 1, 0):
        with pytest.raises(PasskeyCopied) as refused:
            ceremonies.check(device.show(ceremonies.ask_to_show(), count=count))
        assert (refused.value.user_id, refused.value.name) == (alice.id, "My telephone")
    assert ceremonies.passkeys(alice)[0].sign_count == 41
    assert ceremonies.check(device.show(ceremonies.ask_to_show(), count=42)) == alice.id


def test_a_counter_says_nothing_without_a_good_signature(ceremonies, given, device, alice):
    given(alice)
    with pytest.raises(PasskeyRefused) as refused:
        ceremonies.check(device.show(ceremonies.ask_to_show(), count=0, key=_new_key(-7)[0]))
    assert not isinstance(refused.value, PasskeyCopied)


def test_a_device_that_counts_nothing_is_as_good(ceremonies, alice):
    device = Authenticator(count=None)
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)))
    for _ in range(2):
        assert ceremonies.check(device.show(ceremonies.ask_to_show())) == alice.id


def test_whether_it_is_backed_up_is_noted_each_time(ceremonies, alice):
    device = Authenticator(flags=PRESENT | VERIFIED | CAN_BE_BACKED_UP)
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)))
    assert not ceremonies.passkeys(alice)[0].backed_up
    device.flags |= BACKED_UP
    ceremonies.check(device.show(ceremonies.ask_to_show()))
    assert ceremonies.passkeys(alice)[0].backed_up


def test_a_passkey_that_was_removed_is_none(app, ceremonies, given, device, alice, bob):
    passkey_id = given(alice)
    with app.app_context():
        assert find_passkey(db.session(), bob.id, passkey_id) is None
        remove_passkey(db.session(), find_passkey(db.session(), alice.id, passkey_id))
        db.session.commit()
    with pytest.raises(PasskeyRefused, match="does not belong"):
        ceremonies.check(device.show(ceremonies.ask_to_show()))


def test_only_right_answers_leave_something_and_not_for_long(app, ceremonies, given, device, alice, clock):
    given(alice)
    for _ in range(3):
        ceremonies.ask_to_show()
    with pytest.raises(PasskeyRefused):
        ceremonies.check(device.show(ceremonies.ask_to_show(), rp_id="evil.example"))
    assert _count(app) == 1
    ceremonies.check(device.show(ceremonies.ask_to_show()))
    assert _count(app) == 2
    clock.advance(minutes=10)
    assert purge(app)["answered_challenges"] == 2


def _count(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(AnsweredChallenge))
