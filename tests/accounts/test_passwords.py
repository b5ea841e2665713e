"""Which passwords are accepted, and how they are kept."""

import pytest

from app.accounts import passwords
from app.accounts.passwords import (
    UnacceptablePassword,
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)


def test_password_is_kept_as_argon2id_with_the_parameters_of_the_settings(app):
    with app.app_context():
        assert hash_password("correct horse battery").startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_same_password_has_another_hash_each_time(app):
    with app.app_context():
        assert hash_password("correct horse battery") != hash_password("correct horse battery")


def test_the_password_is_verified_and_no_other(app):
    with app.app_context():
        kept = hash_password("correct horse battery")
        assert verify_password(kept, "correct horse battery")
        assert not verify_password(kept, "correct horse batterY")
        assert not verify_password(kept, "")


def test_same_letters_composed_differently_are_the_same_password(app):
    with app.app_context():
        assert verify_password(hash_password("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_without_a_hash_a_real_one_is_verified_and_the_answer_is_no(app, monkeypatch):
    verified = []

    class Spy:
        def verify(self, password_hash, password):
            verified.append((password_hash, password))
            return real.verify(password_hash, password)

        def __getattr__(self, name):
            return getattr(real, name)

    with app.app_context():
        real = passwords._hasher()
        monkeypatch.setattr(passwords, "_hasher", Spy)
        assert verify_password(None, "correct horse battery") is False
        known = hash_password("something else")
    ((dummy, password),) = verified
    assert password == b"correct horse battery"
    # The same parameters, so that it takes the same time.
    assert dummy.split("$")[:4] == known.split("$")[:4]
    assert len(dummy) == len(known)


def test_dummy_hash_costs_what_the_settings_say(app):
    with app.app_context():
        costly = passwords._hasher_for(3, 65536)
    assert passwords._dummy_hash(costly).startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert costly.check_needs_rehash(passwords._dummy_hash(costly)) is False


@pytest.mark.parametrize("damaged", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$!$!", "$2b$12$abc"])
def test_damaged_hash_is_no_password(app, damaged):
    with app.app_context():
        assert verify_password(damaged, "correct horse battery") is False


def test_hash_with_other_parameters_is_to_be_renewed(app, change_settings):
    with app.app_context():
        kept = hash_password("correct horse battery")
        assert not needs_rehash(kept)
        change_settings(password_time_cost=2)
        assert needs_rehash(kept)
        assert verify_password(kept, "correct horse battery")


@pytest.mark.parametrize(
    "password", ["a" * 9 + "b", "ä" * 10 + "b", "x y z x y z", "pass\tword\nline", "🐘" * 5 + "tusks", "ab" * 100]
)
def test_any_characters_will_do(password):
    check_password(password, "somebody@example.com")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "at least 10"),
        ("ninechars", "at least 10"),
        ("ab" * 100 + "c", "at most 200"),
        ("correct\x00horse battery", "NUL"),
        ("password123", "first that anybody"),
        ("PassWord123", "first that anybody"),
        ("aaaaaaaaaaaa", "first that anybody"),
        ("            ", "first that anybody"),
        ("alice@acme.example", "not your e-mail"),
        ("ALICE@acme.example ", "not your e-mail"),
    ],
)
def test_unacceptable_password_is_refused_with_what_to_do(password, sentence):
    with pytest.raises(UnacceptablePassword, match=sentence):
        check_password(password, "alice@acme.example")
