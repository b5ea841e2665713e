"""Two hundred people with an account and two hundred without cannot be told apart at any door that takes an address."""

import pytest

from tests.accounts.enumeration import DOORS, ask_of_many


@pytest.mark.parametrize("door", DOORS)
def test_two_hundred_known_and_two_hundred_unknown_addresses_cannot_be_told_apart(app, bob, monkeypatch, door):
    ask_of_many(app, monkeypatch, door, 200, admin=bob)
