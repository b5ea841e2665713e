"""The thread that runs a worker's loop: what it leaves to the pool, and that it may fail."""

import os
import queue
import select
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from app.worker.bounds import MANY_SLOW, MOST_TOGETHER, SLOW_SECONDS, TRY_SECONDS
from app.worker.relay import Relay


class Bare(Relay):
    """A loop with as much of a worker as its threads need."""

    def __init__(self, pipe: tuple[int, int]) -> None:
        self.alive, self.PIPE, self.answers = True, pipe, 0
        self._baton = threading.Lock()
        self._baton.acquire()
        #: Whose answers were sent, in this order.
        self.sent: list[Any] = []
        self.seconds, self._gathered = 0.0, []

    def begin_answer(self, connection: Any) -> None:
        pass

    def handle(self, connection: Any, plain: Any = None) -> bool:
        self.answers += 1
        time.sleep(self.seconds)
        return True

    def go_on_after(self, connection: Any, stays_open: bool) -> None:
        assert self._baton.locked() and stays_open
        self.sent.append(connection)

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


# -- several at once -------------------------------------------------------------------------------


@pytest.fixture
def together(worker) -> list[int]:
    """How many were answered together, each time; before the last one of them the others can be sent."""
    groups: list[int] = []

    def answer_all(acts: Any) -> Any:
        groups.append(len(acts))
        for act in acts[:-1]:
            act()
        before = len(worker.sent)
        yield
        assert len(worker.sent) == before + len(acts) - 1
        acts[-1]()

    worker.together, worker._gathers = answer_all, True
    return groups


def another(connection: Any) -> Any:
    return SimpleNamespace(**vars(connection))


def test_what_one_turn_brings_is_answered_together(worker, connection, together):
    connections = [another(connection) for _ in range(3)]
    assert all(worker.answer_here(one, b"") for one in connections)
    assert worker.answers == 0
    worker.answer_gathered()
    assert together == [3] and worker.answers == 3
    assert worker.sent == connections
    assert worker._baton.locked() and not worker._is_answering
    # And nothing twice.
    worker.answer_gathered()
    assert worker.answers == 3


def test_one_alone_is_answered_alone(worker, connection, together):
    assert worker.answer_here(connection, b"")
    worker.answer_gathered()
    assert together == [] and worker.sent == [connection]
    # What comes between two turns, such as the next request of a connection, does not wait for one.
    assert worker.answer_here(connection, b"")
    assert worker.sent == [connection] * 2


def test_as_many_as_may_wait_for_each_other_are_answered_at_once(worker, connection, together):
    for _ in range(MOST_TOGETHER * 2 + 1):
        assert worker.answer_here(another(connection), b"")
    assert together == [MOST_TOGETHER] * 2
    worker.answer_gathered()
    assert worker.answers == MOST_TOGETHER * 2 + 1


def test_where_another_thread_runs_the_loop_that_sends_what_is_done(worker, connection, together):
    deferred: list[Any] = []
    heard: list[bool] = []

    def defer(_act: Any, connection: Any, _stays_open: bool) -> None:
        heard.append(worker._is_answering)
        deferred.append(connection)

    worker.method_queue = SimpleNamespace(defer=defer)
    connections = [another(connection) for _ in range(3)]
    for one in connections:
        worker.answer_here(one, b"")
    holding = threading.Thread(target=_stand_in, args=(worker,))
    worker.together = _after(holding.start, lambda: _wait_until(worker._baton.locked))
    worker.answer_gathered()
    holding.join()
    assert deferred == connections and worker.sent == []
    # Whoever stood in looked at that when it heard of the first.
    assert heard == [False] * 3
    assert worker.events_are_old and worker._baton.locked()


def test_who_is_called_while_some_of_several_are_sent_stands_in_for_the_rest(worker, monkeypatch):
    """The alarm comes once. A thread that then found the baton taken for a moment was never called again."""
    turned = threading.Event()

    def lead() -> None:
        with worker._baton:
            worker._is_answering = True
            os.write(worker.PIPE[1], b"!")
            _wait_until(lambda: not select.select([worker.PIPE[0]], [], [], 0)[0])
        worker.stood_in = turned.wait(10)
        worker._is_answering = worker.alive = False
        os.write(worker.PIPE[1], b"!")

    monkeypatch.setattr(worker, "_lead", lead)
    monkeypatch.setattr(worker, "turn", turned.set)
    worker.keep_turning()
    assert worker.stood_in


def test_a_signal_that_another_thread_was_given_is_heard_while_the_baton_is_taken(worker, monkeypatch):
    """As the kernel gives it to another where the main thread has one to hear already, such as the alarm."""
    heard = threading.Event()

    def hear(*_given: Any) -> None:
        worker._is_answering = worker.alive = False
        heard.set()

    def lead() -> None:
        with worker._baton:
            worker._is_answering = True
            os.write(worker.PIPE[1], b"!")
            _wait_until(lambda: not select.select([worker.PIPE[0]], [], [], 0)[0])
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
            worker.was_heard = heard.wait(10)

    before = signal.signal(signal.SIGUSR1, hear)
    monkeypatch.setattr(worker, "_lead", lead)
    monkeypatch.setattr(worker, "turn", lambda: None)
    try:
        worker.keep_turning()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert worker.was_heard


def test_who_stands_in_leaves_all_to_the_pool(worker, connection, monkeypatch):
    """Also where the answer that kept the other one has just come: that one goes on as soon as this one is through."""
    taken = []

    def turn() -> None:
        worker._is_answering = False
        taken.append(worker.answer_here(connection, b""))

    monkeypatch.setattr(worker, "turn", turn)
    worker._is_answering = True
    worker._stand_in()
    assert taken == [False] and not worker._baton.locked()
    worker._baton.acquire()
    assert worker.answer_here(connection, b"")


def _stand_in(worker: Bare) -> None:
    with worker._baton:
        _wait_until(lambda: not worker._is_answering)


def _after(*acts: Any) -> Any:
    """Returns what answers several at once when these are done."""

    def answer_all(given: Any) -> Any:
        for act in acts:
            act()
        for act in given:
            act()
        yield from ()

    return answer_all


def _wait_until(is_so) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
