"""A large body is waited for where people bring files, and nowhere else."""

from app.memories.importing.bounds import MOST_BYTES
from app.personal.bringing.views import receive
from app.worker.bounds import LARGEST_BODY, LARGEST_UPLOAD, UPLOAD_BEGINS
from app.worker.inbox import End, Inbox
from app.worker.room import Room
from tests.tables import each


def _inbox(begins: bytes, length: int) -> Inbox:
    inbox = Inbox(Room())
    inbox.feed(begins + b"HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
    return inbox


@each(
    ("begins", "length", "end"),
    [
        (UPLOAD_BEGINS, LARGEST_BODY + 1, None),
        (UPLOAD_BEGINS, LARGEST_UPLOAD, None),
        (UPLOAD_BEGINS, LARGEST_UPLOAD + 1, End.TOO_MUCH),
        (b"POST /oauth/token ", LARGEST_BODY + 1, End.TOO_MUCH),
        (b"POST /account/memories/bring/x/confirm ", LARGEST_BODY + 1, End.TOO_MUCH),
        (b"GET /account/memories/bring/ ", LARGEST_BODY + 1, End.TOO_MUCH),
    ],
)
def test_a_large_body_is_waited_for_where_people_bring_files(begins, length, end):
    assert _inbox(begins, length).end is end


def test_the_worker_waits_for_all_that_the_page_takes(app):
    size, _ = receive.largest_files
    assert MOST_BYTES < size < LARGEST_UPLOAD
    path = UPLOAD_BEGINS.split()[1].decode()
    assert app.url_map.bind("127.0.0.1").match(path, method="POST")[0] == "personal.receive"
