"""Where a request ends nobody may doubt: what one takes for its body, and another for the next request, is an attack."""

import re

import pytest

from app.worker.inbox import End, Inbox
from app.worker.room import Room
from tests.worker.wire import PROBE, dial, read_answers

FORM = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
PAGE = b"GET / HTTP/1.1\r\nHost: x\r\n"
QUESTION = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
#: How a body begins whose end nobody can tell: to somebody in front of us, what follows is still of it.
UNENDED = {
    "a length that nothing has": b"Content-Length: %d\r\n\r\n" % 10**16,
    "a length that no number has": b"Content-Length: 1%05000d\r\n\r\n" % 0,
    "a size that is none": CHUNKED + b"ZZ\r\n",
    "a size with a sign": CHUNKED + b"+1\r\na\r\n0\r\n\r\n",
    "a space behind a size": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "a line feed in an extension": CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n",
    "an extension without a name": CHUNKED + b"0;=\r\n\r\n",
    "a line feed behind a size": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "a chunk that goes on": CHUNKED + b"1\r\naX\r\n0\r\n\r\n",
    "a length behind it": CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
    "a host behind it": CHUNKED + b"0\r\nHost: y\r\n\r\n",
    "a line feed behind it": CHUNKED + b"0\r\nX: y\n\r\n\r\n",
}


@pytest.mark.parametrize("begun", [FORM, PAGE, QUESTION], ids=["a form", "a page", "a question"])
def test_what_follows_a_body_without_an_end_is_no_request(server, subtests, begun):
    """:rfc:`9112#section-11.2`: one answer, whoever reads the body or does not, and then nothing more."""
    for what, body in UNENDED.items():
        with subtests.test(what):
            assert _answers(server, [begun + body + PROBE]) == 1
            assert _answers(server, [begun + body, PROBE]) == 1
    assert "Traceback" not in server.log


def test_a_length_of_many_digits_is_waited_for(server):
    """HAProxy hands it on as it came."""
    head = FORM + b"Content-Length: %020d\r\n\r\n" % len(PROBE)
    inbox = Inbox(Room())
    inbox.feed(head)
    assert inbox.end is None
    inbox.feed(PROBE)
    assert inbox.end is End.WHOLE
    with dial(server.url) as connection:
        connection.sendall(head + PROBE + PROBE)
        assert [answer.status for answer in read_answers(connection, 2)] == [400, 200]


@pytest.mark.parametrize("options", [b"TE, close", b"Close ,TE", b"keep-alive\r\nConnection: close"])
def test_whoever_says_among_others_that_it_is_the_last_request_means_it(server, options):
    """:rfc:`9112#section-9.6`"""
    assert _answers(server, [QUESTION + b"Connection: " + options + b"\r\n\r\n" + PROBE]) == 1


def test_one_of_http_1_0_is_not_told_to_go_on():
    """:rfc:`9110#section-10.1.1`: it would take that for the answer."""
    head = FORM + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    for begins in (b"", b"\r\n"):
        assert _awaits_leave(begins + head)
        assert not _awaits_leave(begins + head.replace(b"HTTP/1.1", b"HTTP/1.0"))


def _awaits_leave(head: bytes) -> bool:
    inbox = Inbox(Room())
    inbox.feed(head)
    return inbox.awaits_leave


def _answers(server, pieces: list[bytes]) -> int:
    """How many answers come until the server hangs up."""
    came = b""
    with dial(server.url) as connection:
        for piece in pieces:
            connection.sendall(piece)
            if piece is not pieces[-1]:
                # What follows comes when there is an answer already.
                came += connection.recv(65536)
        while piece := connection.recv(65536):
            came += piece
    return len(re.findall(rb"HTTP/1\.1 \d{3} ", came))
