"""Which passwords are accepted, and how they are kept."""

from contextlib import suppress
from time import process_time

import pytest

from app.accounts import passwords
from app.accounts.passwords import (
    UnacceptablePassword,
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)
from tests.tables import each


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


@each("damaged", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$!$!", "$2b$12$abc"])
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


def test_no_byte_of_the_longest_password_is_cut_off(app):
    """bcrypt would look at 72 bytes, and other hashes end at a NUL."""
    longest = "🐘" * 199
    with app.app_context():
        kept = hash_password(longest + "a")
        assert verify_password(kept, longest + "a")
        assert not verify_password(kept, longest + "b")
        assert not verify_password(kept, longest)


@each(
    "password",
    [
        "x y z x y z",
        "pass\tword\nline",
        "🐘🦒🐢🦔🐙tusks",
        "gartenzwerg am see",
        "Wörter ohne Sinn, viele",
        "بيت قمر نهر شجرة",
        "xkqdwpjzmh",
        "correct horse battery",
        "Alice keeps 7 herons",
    ],
)
def test_any_characters_will_do(app, password):
    with app.app_context():
        check_password(password, "alice@acme.example", "Alice Archer")


@pytest.mark.parametrize("password", ["heron-on-the-canal", "keys-to-both-doors", "menu-on-a-postcard"])
def test_the_passwords_of_the_demonstration_would_be_taken_from_anybody(app, password):
    with app.app_context():
        check_password(password)


_OWN, _FIRST, _RUNS = "too close to your name", "first that anybody", "Repeats and runs"


@each(
    ("password", "sentence"),
    [
        ("", "at least 10"),
        ("ninechars", "at least 10"),
        # Ten characters as typed, five as hashed.
        ("e\u0301" * 5, "at least 10"),
        ("ab" * 100 + "c", "at most 200"),
        # Eighteen characters each, as hashed.
        ("\ufdfa" * 12, "at most 200"),
        ("correct\x00horse battery", "NUL"),
        ("password123", _FIRST),
        ("PassWord123", _FIRST),
        ("P@ssw0rd2024!", _FIRST),
        ("ｐａｓｓｗｏｒｄ１２３", _FIRST),
        ("  password123  ", _FIRST),
        ("Liverpool1", _FIRST),
        ("passwordpassword" * 12, _RUNS),
        ("qwertyuiop", _FIRST),
        ("abcdefghijklmno", _RUNS),
        ("aaaaaaaaaaaa", _RUNS),
        ("a" * 200, _RUNS),
        ("            ", _FIRST),
        ("alice@acme.example", "not your e-mail"),
        ("ALICE@acme.example ", "not your e-mail"),
        ("alice@acme.example1", _OWN),
        ("Archer-Alice", _OWN),
        ("4lic3archer", _OWN),
        ("Zoë1990!zoe", _OWN),
        ("acmealice1", _OWN),
        ("alice 1987 archer", _OWN),
        ("Reliquary2026", _OWN),
    ],
)
def test_unacceptable_password_is_refused_with_what_to_do(app, password, sentence):
    with app.app_context(), pytest.raises(UnacceptablePassword, match=sentence):
        check_password(password, "alice@acme.example", "Alice Zoë Archer")


def test_the_own_words_of_one_person_are_not_anothers(app):
    """zxcvbn keeps them in a table that it never empties."""
    with app.app_context():
        with pytest.raises(UnacceptablePassword, match=_OWN):
            check_password("wolpertinger7", "somebody@example.com", "Wolpertinger")
        check_password("wolpertinger7", "somebody@example.com", "Somebody Else")


@each(
    "password",
    [
        "4@8({[<369!1|70$5+%2" * 10,
        "$5+%24@8({[<369!1|70" * 10,
        "@4" * 100,
        "3141592653589793238462643383279502884197" * 5,
        "Qq1!" * 50,
        "19811981" * 25,
        "é" * 200,
        "\ud800\udfff" * 50,
        "".join(map(chr, range(0x4E00, 0x4E00 + 200))),
    ],
)
def test_the_work_for_one_password_is_bounded(app, password):
    """Left alone, zxcvbn takes seconds for seventy signs that could stand for letters, and refuses more with an error."""
    begun = process_time()
    with app.app_context(), suppress(UnacceptablePassword):
        check_password(password, "a" * 64 + "@example.com", " ".join(["name"] * 20))
    assert process_time() - begun < 1.5
