"""A large answer that is read slowly waits on disk and keeps no thread, however many there are."""

import os
import random
import socket
from threading import Event, Thread

import pytest

from app.worker import outbox
from app.worker.bounds import ANSWER_IN_MEMORY
from app.worker.outbox import Outbox
from app.worker.room import Room, Waiting

PIECES = [random.Random(number).randbytes(50_000) for number in range(60)]
WHOLE = b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(PIECES)


@pytest.fixture
def ends():
    """Ours, which waits for nobody, and theirs."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(30)
    with ours, theirs:
        yield ours, theirs


def test_what_nobody_reads_is_kept_and_keeps_nobody(ends):
    ours, theirs = ends
    room = Room()
    sent = Outbox(ours, None, room)
    _answer(sent)
    assert ANSWER_IN_MEMORY < room.taken <= len(WHOLE)
    assert _read_all(sent, theirs) == WHOLE
    assert room.taken == 0
    # And the next one, too, in one piece.
    sent.sendall(WHOLE)
    sent.flush()
    sent.sendall(b"more")
    assert room.taken
    assert _read_all(sent, theirs) == WHOLE + b"more"
    assert room.taken == 0


def test_whoever_reads_it_fast_at_last_leaves_others_their_turn():
    """The loop sends it, which everybody needs."""
    taken: list[int] = []

    class Reader:
        reads = False

        def send(self, data: bytes) -> int:
            if not self.reads:
                raise BlockingIOError
            taken.append(len(data))
            return len(data)

    reader = Reader()
    sent = Outbox(reader, None, Room())
    _answer(sent)
    reader.reads = True
    assert not sent.flush()
    assert sum(taken) < len(WHOLE) / 2
    while not sent.flush():
        pass
    assert sum(taken) == len(WHOLE)


def test_what_is_not_sent_any_more_gives_back_its_room(ends):
    room = Room()
    sent = Outbox(ends[0], None, room)
    _answer(sent)
    sent.drop()
    assert room.taken == 0
    assert sent.flush()


@pytest.mark.parametrize("largest", [0, 1_000_000], ids=["none of it", "a part of it"])
def test_where_there_is_no_room_its_thread_waits(ends, monkeypatch, largest):
    monkeypatch.setattr(outbox, "ANSWER_ON_DISK", largest)
    _is_read_once_its_thread_waits(*ends)


def test_where_the_disk_is_full_its_thread_waits(ends, monkeypatch):
    written, write = [], os.pwrite

    def pwrite(file: int, data: bytes, at: int) -> int:
        if len(written) > 3:
            raise OSError
        written.append(data)
        # As disks do that are nearly full.
        return write(file, data[:1000], at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    _is_read_once_its_thread_waits(*ends)
    assert len(written) == 4


def test_where_many_wait_the_next_one_takes_more_than_its_share(ends, monkeypatch):
    """Three people who take along a large account at once all get the whole of it."""
    monkeypatch.setattr(outbox, "ANSWER_ON_DISK", 1_000_000)
    ours, theirs = ends
    sent = Outbox(ours, None, Room(waiting=0))
    _answer(sent)
    assert _read_all(sent, theirs) == WHOLE


@pytest.mark.parametrize("most", [0, 1_000_000], ids=["none of it", "a part of it"])
def test_and_only_without_room_is_cut_off_which_is_told(ends, caplog, most):
    with pytest.raises(TimeoutError):
        _answer(Outbox(ends[0], None, Room(most=most, waiting=0)))
    assert "A large answer was cut off" in caplog.text


def test_whoever_waited_lets_others_wait(ends, monkeypatch):
    monkeypatch.setattr(outbox, "allowed_seconds", lambda moved: -1)
    room = Room(most=0, waiting=1)
    for _ in range(3):
        with pytest.raises(TimeoutError, match="The answer is read too slowly"):
            _answer(Outbox(ends[0], None, room))


def test_what_finds_no_room_takes_none():
    room = Room(most=10)
    waiting = Waiting(room, 8)
    waiting.put(b"12345678")
    with pytest.raises(OSError, match="no room"):
        waiting.put(b"9")
    with pytest.raises(OSError, match="no room"):
        Waiting(room, 8).put(b"123")
    assert room.taken == 8
    assert [waiting.take(5), waiting.take(5), waiting.take(5)] == [b"12345", b"678", b""]
    waiting.close()
    assert room.taken == 0


def _answer(sent: Outbox) -> None:
    sent.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for piece in PIECES:
        sent.sendall(piece)


def _is_read_once_its_thread_waits(ours: socket.socket, theirs: socket.socket) -> None:
    room, read = _RoomThatTells(), []

    def read_all() -> None:
        # Whoever reads from the first byte on may be quicker than what is sent: then nothing has to wait.
        assert room.is_waited_for.wait(30)
        read.append(b"".join(iter(lambda: theirs.recv(65536), b"")))

    reader = Thread(target=read_all)
    reader.start()
    sent = Outbox(ours, None, room)
    _answer(sent)
    while not sent.flush():
        pass
    ours.shutdown(socket.SHUT_WR)
    reader.join()
    assert read == [WHOLE]
    assert room.taken == 0


class _RoomThatTells(Room):
    """One thread may wait, and tells when it does."""

    def __init__(self) -> None:
        super().__init__(waiting=1)
        self.is_waited_for, acquire = Event(), self.waiting.acquire

        def acquire_and_tell(*args: object, **kwargs: object) -> bool:
            self.is_waited_for.set()
            return acquire(*args, **kwargs)

        self.waiting.acquire = acquire_and_tell


def _read_all(sent: Outbox, theirs: socket.socket) -> bytes:
    read = b""
    while not sent.flush():
        read += theirs.recv(65536)
    theirs.setblocking(False)
    try:
        while True:
            read += theirs.recv(65536)
    except BlockingIOError:
        theirs.setblocking(True)
        return read
