"""Hosts that lead inside, keep us waiting, or send more than anybody asked for."""

import socket
import struct
import threading
import time
from itertools import cycle

import pytest

from app.fetch import Why, fetching
from tests.fetch.conftest import PUBLIC, URL

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#: What a slow machine may take beside the wait itself.
_SLACK = 1.5


def _timed(refusal, **how):
    began = time.monotonic()
    failed = refusal(**how)
    return failed, time.monotonic() - began


def test_a_fetch_takes_three_seconds_at_most():
    assert fetching.SECONDS == 3.0


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "64:ff9b::7f00:1"]
)
def test_a_name_that_leads_inside_is_not_followed(address, hosts, refusal):
    """Nor when it leads to the internet, too: no honest host's does both, and which is taken could be chosen."""
    hosts.serve(URL, {})
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC], [PUBLIC] * 50 + [address]):
        hosts.host("notes.example", *addresses)
        assert refusal(person=f"usr_{len(addresses)}").why is Why.NOT_PUBLIC
    assert hosts.connections == []


def test_a_name_that_changes_its_mind_is_looked_up_once(hosts, fetch):
    """DNS rebinding: public when it is looked at, and inside when it is connected to."""
    answers = cycle(([PUBLIC], ["127.0.0.1"], ["127.0.0.1"]))
    hosts.serve(URL, {"a": 1}).addresses = lambda: next(answers)
    assert fetch().members == {"a": 1}
    assert (hosts.lookups, hosts.connections) == (["notes.example"], [PUBLIC])


def test_the_next_fetch_looks_at_the_addresses_anew(hosts, fetch, refusal):
    answers = cycle(([PUBLIC], ["127.0.0.1"]))
    hosts.serve(URL, {"a": 1}).addresses = lambda: next(answers)
    fetch()
    assert refusal().why is Why.NOT_PUBLIC
    assert hosts.connections == [PUBLIC]


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.1", "45.45.45.201", "::ffff:45.45.45.200", ""])
def test_nothing_is_said_to_another_end_than_was_meant(peer, hosts, refusal):
    """Whatever stands between a name and the wire, the connection itself is looked at, too."""
    hosts.serve(URL, {})
    hosts.host("notes.example", PUBLIC)
    hosts.peers[PUBLIC] = peer
    assert refusal().why is Why.NOT_PUBLIC
    assert hosts.requests == []


def test_few_of_many_addresses_are_tried(hosts, refusal, monkeypatch):
    tried = []
    hosts.host("notes.example", *(f"45.45.46.{n}" for n in range(1, 200)))

    def refuse(address, seconds):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(hosts, "connect", refuse)
    assert refusal().why is Why.UNREACHABLE
    assert tried == ["45.45.46.1", "45.45.46.2", "45.45.46.3"]


def test_an_address_that_is_silent_leaves_time_for_the_next(hosts, refusal, monkeypatch):
    patience = []
    hosts.host("notes.example", "45.45.46.1", "45.45.46.2")

    def wait(address, seconds):
        patience.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(hosts, "connect", wait)
    assert refusal().why is Why.TIMEOUT
    assert patience[0] < 1.01 < 2 < patience[1] <= 3


@pytest.mark.parametrize(
    ("error", "why", "is_passing"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), Why.UNKNOWN_HOST, False),
        (socket.gaierror(socket.EAI_NODATA, "x"), Why.UNKNOWN_HOST, False),
        (socket.gaierror(socket.EAI_AGAIN, "x"), Why.LOOKUP_FAILED, True),
        (socket.gaierror(socket.EAI_FAIL, "x"), Why.LOOKUP_FAILED, True),
        (OSError("x"), Why.LOOKUP_FAILED, True),
        (UnicodeError("x"), Why.LOOKUP_FAILED, True),
    ],
)
def test_a_lookup_that_fails_is_told(error, why, is_passing, hosts, refusal, monkeypatch):
    def fail(_host):
        raise error

    monkeypatch.setattr(hosts, "resolve", fail)
    failed = refusal()
    assert (failed.why, failed.is_passing) == (why, is_passing)


def test_a_name_without_an_address_is_an_unknown_host(hosts, refusal):
    hosts.host("notes.example").addresses = []
    assert refusal().why is Why.UNKNOWN_HOST


def test_hosts_of_our_own_network_are_told_as_if_they_did_not_exist(hosts, refusal):
    """Whoever asks must not learn which names it knows."""
    hosts.host("inside.corp.example", "10.0.0.1")
    inside, nowhere = refusal("https://inside.corp.example/"), refusal("https://nowhere.corp.example/")
    assert inside.why is not nowhere.why and inside.sentence == nowhere.sentence
    assert inside.is_passing == nowhere.is_passing and inside.is_gone == nowhere.is_gone


# -- time ----------------------------------------------------------------------------------------


def _says_nothing(connection, is_over):
    is_over.wait(3)


def _drips(text):
    def drip(connection, is_over):
        for byte in text:
            if is_over.wait(0.05):
                return
            connection.sendall(bytes([byte]))

    return drip


_SLOW = {
    "no answer": _says_nothing,
    "a dripping status": _drips(b"HTTP/1.1 200 " + b"O" * 100),
    "a dripping header": _drips(_OK + b"X: " + b"x" * 100),
    "a dripping body": _drips(_OK + b"Content-Length: 100\r\n\r\n" + b" " * 100),
    "dripping chunks": _drips(_OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20),
    "dripping interim answers": _drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 5),
}


@pytest.mark.parametrize("act", _SLOW.values(), ids=_SLOW)
def test_a_slow_answer_ends_in_time(act, hosts, refusal, in_a_hurry):
    """However much of it comes: each byte starts no new span."""
    hosts.serve(URL, act)
    failed, seconds = _timed(refusal)
    assert failed.why is Why.TIMEOUT and failed.is_passing
    assert seconds < in_a_hurry + _SLACK


@pytest.mark.parametrize(
    "first", [b"", b"\x16\x03", b"\x16\x03\x03\x40\x00"], ids=["nothing", "two bytes", "a record's head"]
)
def test_a_slow_handshake_ends_in_time(first, hosts, refusal, in_a_hurry):
    def drip(connection, is_over):
        connection.sendall(first)
        while not is_over.wait(0.05):
            connection.sendall(b"\x03" if len(first) == 2 else b"\x02")

    hosts.host("notes.example").instead_of_tls = drip if first else _says_nothing
    failed, seconds = _timed(refusal)
    assert failed.why is Why.TIMEOUT
    assert seconds < in_a_hurry + _SLACK


def test_a_slow_lookup_ends_in_time(hosts, refusal, in_a_hurry):
    """The operating system's own way to look a name up knows no time."""
    is_over = threading.Event()
    hosts.host("notes.example").addresses = lambda: is_over.wait(20) and []
    failed, seconds = _timed(refusal)
    is_over.set()
    assert failed.why is Why.TIMEOUT and seconds < in_a_hurry + _SLACK
    assert hosts.connections == []


def test_each_part_has_what_the_others_left(hosts, refusal, in_a_hurry):
    """Three that take two thirds of the time each are one that takes twice the time."""

    def look():
        threading.Event().wait(in_a_hurry * 2 / 3)
        return [PUBLIC]

    def answer(connection, is_over):
        for part in (_OK + b"Content-Length: 2\r\n\r\n", b"{}"):
            is_over.wait(in_a_hurry * 2 / 3)
            connection.sendall(part)

    hosts.serve(URL, answer).addresses = look
    assert refusal().why is Why.TIMEOUT and len(hosts.connections) == 1


# -- bytes ---------------------------------------------------------------------------------------


def _sends_endlessly(first, again):
    def send(connection, is_over):
        connection.sendall(first)
        while not is_over.is_set():
            connection.sendall(again)

    return send


_ENDLESS = {
    "chunks": (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n", Why.TOO_LARGE),
    "tiny chunks": (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 900 + b"\r\n \r\n", Why.TOO_LARGE),
    "a body": (_OK + b"\r\n", b" " * 1024, Why.TOO_LARGE),
    "a body that says so": (_OK + b"Content-Length: 9999999999\r\n\r\n", b" " * 1024, Why.TOO_LARGE),
    "headers": (_OK, b"X: y\r\n" * 200, Why.BAD_ANSWER),
    "a header": (_OK + b"X: ", b"x" * 1024, Why.BAD_ANSWER),
    "a folded header": (_OK + b"X: ", b"x" * 900 + b"\r\n ", Why.TOO_LARGE),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40, Why.TOO_LARGE),
    "trailers": (
        _OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"X: " + b"y" * 900 + b"\r\n",
        Why.TOO_LARGE,
    ),
    "no HTTP": (b"", b"x" * 1024, Why.BAD_ANSWER),
    "another version": (b"HTTP/2 200\r\n", b"x" * 1024, Why.BAD_ANSWER),
    "no length": (_OK + b"Content-Length: x\r\n\r\n", b" " * 1024, Why.TOO_LARGE),
    "a negative length": (_OK + b"Content-Length: -1\r\n\r\n", b" " * 1024, Why.TOO_LARGE),
    "chunks of no size": (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"x\r\n", Why.BAD_ANSWER),
    "chunks of a negative size": (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"-5\r\n", Why.BAD_ANSWER),
    "huge chunks": (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"f" * 60 + b"\r\n", Why.TOO_LARGE),
}


@pytest.mark.parametrize(("first", "again", "why"), _ENDLESS.values(), ids=_ENDLESS)
def test_an_endless_answer_is_not_read_to_its_end(first, again, why, hosts, refusal):
    hosts.serve(URL, _sends_endlessly(first, again))
    failed, seconds = _timed(refusal)
    assert failed.why is why, failed.detail
    # Before its time is over: it is the bytes that end it.
    assert seconds < 2.5


def test_what_says_that_it_is_too_large_is_not_waited_for(hosts, refusal):
    def announce(connection, is_over):
        connection.sendall(_OK + b"Content-Length: 5121\r\n\r\n")
        is_over.wait(5)

    hosts.serve(URL, announce)
    assert refusal().why is Why.TOO_LARGE


def test_an_endless_handshake_is_not_read_to_its_end(hosts, refusal):
    """A hundred kilobytes that are all one certificate, in records that are in order."""

    def send(connection, is_over):
        # A ServerHello of the old kind, and then a certificate that goes on and on.
        connection.recv(65536)
        hello = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00\x00\x05\xff\x01\x00\x01\x00"
        message = b"\x02" + len(hello).to_bytes(3, "big") + hello
        connection.sendall(b"\x16\x03\x03" + struct.pack(">H", len(message)) + message)
        size = 90 * 1024
        part = b"\x0b" + size.to_bytes(3, "big") + (size - 3).to_bytes(3, "big")
        while not is_over.is_set():
            part += bytes(4096)
            connection.sendall(b"\x16\x03\x03" + struct.pack(">H", len(part)) + part)
            part = b""

    hosts.host("notes.example").instead_of_tls = send
    failed, seconds = _timed(refusal)
    assert failed.why is Why.TOO_LARGE, failed.detail
    assert seconds < 2.5


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\nplain HTTP was sent to an HTTPS port",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
    ids=["hangs up", "plain HTTP", "another protocol", "an alert"],
)
def test_what_is_no_tls_is_refused(sent, hosts, refusal):
    hosts.host("notes.example").instead_of_tls = lambda connection, _is_over: connection.sendall(sent)
    assert refusal().why in (Why.BAD_ANSWER, Why.UNREACHABLE)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", Why.BAD_ANSWER),
        (b"HTTP/1.1 200", Why.WRONG_TYPE),
        (_OK, Why.BAD_JSON),
        (_OK + b"\r\n", Why.BAD_JSON),
        (_OK + b"Content-Length: 20\r\n\r\n{}", Why.BAD_ANSWER),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", Why.BAD_ANSWER),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Why.BAD_ANSWER),
    ],
)
def test_an_answer_that_is_cut_off_is_none(sent, why, hosts, refusal):
    hosts.serve(URL, lambda connection, _is_over: connection.sendall(sent))
    assert refusal().why is why


def test_a_host_that_hangs_up_without_a_word_has_said_all(hosts, fetch):
    """Many leave TLS's own farewell out."""

    def answer(connection, _is_over):
        connection.sendall(_OK + b'\r\n{"a": 1}')
        connection.shutdown(socket.SHUT_RDWR)

    hosts.serve(URL, answer)
    assert fetch().members == {"a": 1}
