"""What a body takes on disk is given back, however its connection ends."""

from types import SimpleNamespace

import pytest
from werkzeug.exceptions import ServiceUnavailable

from app.worker import Worker
from app.worker.bounds import BODY_IN_MEMORY
from app.worker.connection import Connection, Crowd, Stage
from app.worker.inbox import End
from app.worker.loop import Loop
from app.worker.room import Room


class Gone:
    """A socket whose other side has hung up."""

    def send(self, data: bytes) -> int:
        raise BrokenPipeError

    shutdown = send

    def close(self) -> None:
        pass


class Unread(Gone):
    """A socket whose other side reads nothing as yet."""

    reads = False

    def send(self, data: bytes) -> int:
        if not self.reads:
            raise BlockingIOError
        return len(data)

    def shutdown(self, _how: int) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        raise BlockingIOError


class Bare(Loop):
    """A loop with as little of a worker as it needs to end a connection."""

    def __init__(self) -> None:
        self._room = Room()
        self.poller = SimpleNamespace(register=lambda *_: None, modify=lambda *_: None)


@pytest.fixture
def answered():
    """A connection whose request is being answered, with its body on disk."""
    return _answer_on(Gone())


def _answer_on(raw: Gone, after: bytes = b"") -> Connection:
    connection = Connection(raw, ("192.0.2.7", 50123), ("127.0.0.1", 8000), Crowd(None, 1, None), Room())
    connection.enter(Stage.BODY)
    size = BODY_IN_MEMORY + 1
    connection.inbox.feed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    connection.inbox.feed(b"a" * size + after)
    assert connection.room.taken == size + len(after)
    Bare().begin_answer(connection)
    return connection


@pytest.mark.parametrize("stays_open", [True, False])
def test_where_whoever_is_answered_has_hung_up(answered, stays_open):
    answered.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    Bare().go_on_after(answered, stays_open)
    assert answered.stage is None
    assert answered.room.taken == 0


def test_where_there_is_nothing_to_say(answered):
    Bare().go_on_after(answered, False)
    assert answered.room.taken == 0


def test_where_it_was_closed_meanwhile_it_is_given_back_when_nobody_reads_it_any_more(answered):
    Bare().close(answered)
    assert answered.room.taken
    Bare().go_on_after(answered, True)
    assert answered.room.taken == 0


def test_whoever_reads_the_answer_slowly_keeps_no_room_and_the_next_request_is_kept():
    """Else a few that send bodies, and read nothing, keep everybody's away."""
    unread = Unread()
    connection = _answer_on(unread, after=b"GET /next HTT")
    connection.inbox.rewind()
    # The head, and the body.
    connection.inbox.chunk()
    connection.inbox.chunk(BODY_IN_MEMORY + 1)
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    loop = Bare()
    loop.go_on_after(connection, True)
    assert connection.stage is Stage.SENDING
    assert connection.room.taken == 0
    unread.reads = True
    loop.see_to(connection)
    assert connection.stage is Stage.HEAD
    assert bytes(connection.inbox.in_memory) == b"GET /next HTT"


@pytest.mark.parametrize("reads", [True, False])
def test_nor_does_whoever_is_told_no_more(reads):
    unread = Unread()
    unread.reads = reads
    connection = _answer_on(unread)
    connection.sock.sendall(b"HTTP/1.1 413 Content Too Large\r\n\r\n")
    Bare().go_on_after(connection, False)
    assert connection.stage is (Stage.LINGERING if reads else Stage.SENDING)
    assert connection.room.taken == 0


# -- where there is none ---------------------------------------------------------------------------

SIZE = 10_000


class Sparing(Worker):
    """A worker that notes whom it answers."""

    def __init__(self) -> None:
        self.answered = []

    def _answer(self, connection: Connection) -> None:
        self.answered.append(connection)


@pytest.fixture
def crowd():
    """Connections that share room for two bodies, and the worker that they are at."""
    crowd, room, worker = Crowd(None, 10, None), Room(most=2 * SIZE), Sparing()
    room.spare = lambda asker: worker.spare_body(crowd, asker)

    def begin(seconds_ago: float) -> Connection:
        connection = Connection(Gone(), ("192.0.2.7", 50123), ("127.0.0.1", 8000), crowd, room)
        connection.inbox.feed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (BODY_IN_MEMORY + SIZE))
        connection.enter(Stage.BODY)
        connection.since -= seconds_ago
        # Its head takes of the memory, too.
        connection.inbox.feed(b"a" * (BODY_IN_MEMORY - SIZE))
        connection.inbox.feed(b"a" * SIZE)
        return connection

    return SimpleNamespace(begin=begin, room=room, worker=worker)


def test_the_body_that_comes_slowest_makes_room(crowd):
    """Else a few that are sent almost to their end keep everybody's away for hours."""
    quicker, slowest = crowd.begin(100), crowd.begin(1000)
    latest = crowd.begin(10)
    assert crowd.worker.answered == [slowest]
    assert [one.inbox.end for one in (quicker, slowest, latest)] == [None, End.NO_ROOM, None]
    assert crowd.room.taken == 2 * SIZE
    latest.inbox.feed(b"a" * SIZE)
    assert crowd.worker.answered == [slowest, quicker]
    assert latest.inbox.end is End.WHOLE
    with pytest.raises(ServiceUnavailable):
        while slowest.inbox.chunk():
            pass


def test_it_is_told_so_itself_where_it_is_the_slowest(crowd):
    others = [crowd.begin(10), crowd.begin(10)]
    slowest = crowd.begin(1000)
    assert slowest.inbox.end is End.NO_ROOM
    assert [one.inbox.end for one in others] == [None, None]
