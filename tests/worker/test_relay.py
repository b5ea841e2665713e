"""The thread that runs a worker's loop: what it leaves to the pool, and that it may fail."""

import os
import queue
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from app.worker.bounds import MANY_SLOW, SLOW_SECONDS, TRY_SECONDS
from app.worker.relay import Relay


class Bare(Relay):
    """A loop with as much of a worker as its threads need."""

    def __init__(self, pipe: tuple[int, int]) -> None:
        self.alive, self.PIPE, self.answers = True, pipe, 0
        self._baton = threading.Lock()
        self._baton.acquire()
        self.seconds = 0.0

    def begin_answer(self, connection: Any) -> None:
        pass

    def handle(self, connection: Any, plain: Any = None) -> bool:
        self.answers += 1
        time.sleep(self.seconds)
        return True

    def go_on_after(self, connection: Any, stays_open: bool) -> None:
        pass

    def turn(self, seconds: float = 0.5) -> None:
        raise OSError("The poller is gone.")


@pytest.fixture
def worker():
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    pipe = os.pipe()
    yield Bare(pipe)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    for end in pipe:
        os.close(end)


@pytest.fixture
def connection():
    """One whose every request is for the loop."""
    reader = SimpleNamespace(read=lambda connection, data: data)
    return SimpleNamespace(crowd=SimpleNamespace(reader=reader), inbox=SimpleNamespace(drop=lambda: None))


def test_where_the_loop_fails_the_worker_stops_and_the_log_says_why(worker, monkeypatch):
    raised: queue.Queue[BaseException] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.put(told.exc_value))
    worker.keep_turning()
    assert not worker.alive
    assert str(raised.get(timeout=10)) == "The poller is gone."


def test_where_most_answers_are_slow_some_are_tried(worker, connection):
    worker.seconds = SLOW_SECONDS * 1.2
    while worker.answer_here(connection, b""):
        assert worker.answers <= MANY_SLOW * 2
    assert worker.answers > MANY_SLOW
    time.sleep(TRY_SECONDS)
    assert worker.answer_here(connection, b"") and not worker.answer_here(connection, b"")
    # They are soon done again.
    worker.seconds = 0.0
    _wait_until(lambda: worker.answer_here(connection, b"") and worker.answer_here(connection, b""))


def test_a_quick_answer_now_and_then_is_enough(worker, connection):
    for number in range(MANY_SLOW * 3):
        worker.seconds = SLOW_SECONDS * 1.2 * (number % 2)
        assert worker.answer_here(connection, b"")


def _wait_until(is_so) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
