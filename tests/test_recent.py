"""What an app remembers of a moment ago."""

from datetime import timedelta

import pytest

from app import clock
from app.recent import Recent


@pytest.fixture
def recent():
    return Recent(most=3)


def remember(recent, *keys):
    for key in keys:
        recent.remember(key, f"the {key}", clock.now() + timedelta(minutes=1))


def test_a_thing_is_found_under_its_key_until_its_time_is_over(recent, monkeypatch):
    remember(recent, "one")
    assert (recent.find("one"), recent.find("other")) == ("the one", None)
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr("app.clock.now", lambda: later)
    assert recent.find("one") is None


def test_a_thing_that_is_forgotten_is_not_found(recent):
    remember(recent, "one")
    recent.forget("one")
    recent.forget("other")
    assert recent.find("one") is None


def test_the_oldest_goes_for_one_more(recent):
    remember(recent, "one", "two", "three", "one", "four")
    assert [recent.find(key) for key in ("one", "two", "three", "four")] == ["the one", None, "the three", "the four"]
    assert len(recent) == 3
