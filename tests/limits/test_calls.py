"""Calls of the API are counted in the process: cheaply, and in bounded memory."""

import sys
import tracemalloc

import pytest

from app.limits import calls
from app.limits.calls import MOST_TOKENS, Calls

#: So many of them are counted here, for all.
FEW_TOKENS = 2_000


@pytest.fixture
def minute(monkeypatch):
    """A clock that is set by hand, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(calls, "monotonic", lambda: now[0])
    return now


def test_each_token_has_its_own_minute_of_calls(minute):
    counted = Calls(2)
    assert [counted.take("a"), counted.take("a"), counted.take("b")] == [0, 0, 0]
    assert counted.take("a") > 0
    assert counted.take("b") == 0


def test_it_says_how_long_to_wait_and_keeps_its_word(minute):
    counted = Calls(1)
    counted.take("a")
    minute[0] += 20.5
    wait = counted.take("a")
    assert wait == 40
    minute[0] += wait
    assert counted.take("a") == 0


def test_without_a_limit_nothing_is_counted(minute):
    counted = Calls(0)
    assert [counted.take("a") for _ in range(5)] == [0] * 5
    assert counted._counts == {}


def test_a_million_tokens_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(calls, "MOST_TOKENS", FEW_TOKENS)
    counted, most = Calls(10), 0
    tracemalloc.start()
    for number in range(4 * FEW_TOKENS - 1):
        counted.take(f"rlq_at_{number:064x}")
        most = max(most, len(counted._counts))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most == FEW_TOKENS
    times = MOST_TOKENS / FEW_TOKENS
    assert kept * times < 8_000_000
    assert sys.getsizeof(counted._counts) * times < 4_000_000


def test_no_token_is_kept():
    counted = Calls(10)
    counted.take("rlq_at_secret")
    assert "secret" not in repr(vars(counted))
