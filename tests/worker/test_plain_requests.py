"""What the worker reads without gunicorn's parser, it reads as gunicorn does; and what is odd, it leaves to gunicorn."""

import socket
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from hypothesis import given, settings
from hypothesis import strategies as st

from app.worker import Worker
from app.worker.connection import Connection, Crowd
from app.worker.inbox import Inbox
from app.worker.plain import PlainReader
from app.worker.refusals import LongRequest
from app.worker.room import Room

TARGETS = frozenset({("POST", "/oauth/token"), ("GET", "/api/me/"), ("GET", "/oauth/authorize")})
CLIENT, SERVER = ("192.0.2.7", 50123), ("127.0.0.1", 8000)
FORM = b"grant_type=client_credentials&scope="
ME = b"GET /api/me/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: Bearer rlq_at_0\r\n\r\n"
HEAD = (
    b"POST /oauth/token HTTP/1.1\r\nHost: id.example.com\r\nAuthorization: Basic YTpi\r\nUser-Agent: Mozilla/5.0 (X; y)\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n\r\n"
)
TOKEN = HEAD + FORM
#: Requests that nothing is odd about.
PLAIN = {
    "a form": TOKEN,
    "a question": ME,
    "a query": ME.replace(b"/api/me/", b"/oauth/authorize?client_id=a&scope=a%20b&redirect_uri=https://a.example/c"),
    "an empty query": ME.replace(b"/api/me/", b"/api/me/?"),
    "a query with what urls have": ME.replace(b"/api/me/", b"/api/me/?[::1]//x:y@z;a=b?c=d"),
    "names in small letters": TOKEN.replace(b"Host", b"host").replace(b"Content-", b"content-"),
    "no space after the colon": TOKEN.replace(b": ", b":"),
    "a connection that is kept": ME.replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive\r\n\r\n"),
    "a connection that is not": ME.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "what a proxy adds": ME.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n"),
    "no body where one may be": HEAD.replace(b"36", b"0"),
    "no length": HEAD.replace(b"Content-Length: 36\r\n", b""),
    "a value with spaces in it": ME.replace(b"rlq_at_0", b"rlq_at_0  and   more"),
}
#: What follows from a change of an honest request is gunicorn's to say.
ODD = {
    "another behind it": TOKEN + ME,
    "another path": ME.replace(b"/api/me/", b"/api/you/"),
    "an escaped path": ME.replace(b"/api/me/", b"/api/%6de/"),
    "two slashes": ME.replace(b"/api/me/", b"//api/me/"),
    "an absolute address": ME.replace(b"/api/me/", b"http://127.0.0.1:8000/api/me/"),
    "a fragment": ME.replace(b"/api/me/", b"/api/me/?a#b"),
    "a path parameter": ME.replace(b"/api/me/", b"/api/me/;a"),
    "another method": ME.replace(b"GET", b"HEAD"),
    "a method in small letters": ME.replace(b"GET", b"get"),
    "a method for the other path": ME.replace(b"GET", b"POST"),
    "HTTP/1.0": ME.replace(b"1.1", b"1.0"),
    "HTTP/1.10": ME.replace(b"1.1", b"1.10"),
    "two spaces": ME.replace(b"GET /", b"GET  /"),
    "an empty line before": b"\r\n" + ME,
    "a space before the colon": ME.replace(b"Host:", b"Host :"),
    "a folded line": ME.replace(b"Bearer", b"Bearer\r\n"),
    "a folded line that goes on": ME.replace(b"Bearer", b"Bearer\r\n "),
    "no value": ME.replace(b"Bearer rlq_at_0", b""),
    "a value of spaces": ME.replace(b"Bearer rlq_at_0", b"   "),
    "spaces behind a value": ME.replace(b"rlq_at_0", b"rlq_at_0  "),
    "two spaces before a value": ME.replace(b"Host: ", b"Host:  "),
    "a tab": ME.replace(b"Bearer ", b"Bearer\t"),
    "a zero byte": ME.replace(b"Bearer", b"Bea\0rer"),
    "a bare carriage return": ME.replace(b"Bearer", b"Bea\rrer"),
    "a bare line feed": ME.replace(b"Bearer", b"Bea\nX: y"),
    "a letter beyond ASCII": ME.replace(b"Bearer", b"Bear\xe9r"),
    "a letter beyond ASCII in a name": ME.replace(b"Host", b"H\xf6st"),
    "a line that is no header": ME.replace(b"Host: ", b"Host"),
    "an underscore": ME.replace(b"\r\n\r\n", b"\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n"),
    "SCRIPT_NAME": ME.replace(b"\r\n\r\n", b"\r\nSCRIPT_NAME: /api\r\n\r\n"),
    "no host": ME.replace(b"Host", b"X-Host"),
    "two hosts": ME.replace(b"\r\n\r\n", b"\r\nHost: evil.example\r\n\r\n"),
    "two credentials": ME.replace(b"\r\n\r\n", b"\r\nauthorization: Bearer b\r\n\r\n"),
    "two lengths": TOKEN.replace(b"\r\n\r\n", b"\r\nContent-Length: 36\r\n\r\n"),
    "two types": TOKEN.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n"),
    "a length with a sign": TOKEN.replace(b"36", b"+36"),
    "a length that is none": TOKEN.replace(b"36", b"36, 36"),
    "a length in another script": TOKEN.replace(b"36", "\u0663\u0666".encode()),
    "a body that is cut off": TOKEN[:-1],
    "chunks": HEAD.replace(b"Content-Length: 36", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and a length": HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"0\r\n\r\n",
    "another coding": TOKEN.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: identity\r\n\r\n"),
    "a wait for leave": TOKEN.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
    "an upgrade": ME.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "an option of the connection": ME.replace(b"\r\n\r\n", b"\r\nConnection: close, authorization\r\n\r\n"),
    "too many headers": ME.replace(b"\r\n\r\n", b"\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(99)) + b"\r\n"),
    "a long head": ME.replace(b"rlq_at_0", b"a" * 8000),
}


def test_an_honest_request_is_read_as_gunicorn_reads_it(subtests):
    for what, sent in PLAIN.items():
        with subtests.test(what):
            ours = read_here(sent)
            assert ours is not None
            assert ours == read_by_gunicorn(sent)


def test_an_odd_one_is_left_to_gunicorn_as_it_came(subtests):
    for what, sent in ODD.items():
        with subtests.test(what):
            assert read_here(sent) is None


def test_a_request_that_the_app_does_not_take_is_left_to_gunicorn():
    assert PlainReader(CONFIG, TARGETS, lambda environ: False).read(connection_with(TOKEN), TOKEN) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("forwarded_allow_ips", "*"), ("proxy_protocol", "auto"), ("limit_request_field_size", 100)],
)
def test_where_a_setting_says_how_heads_are_read_gunicorn_reads_them(name, value):
    config = a_config()
    config.set(name, value)
    assert PlainReader(config, TARGETS, lambda environ: True).read(connection_with(ME), ME) is None


def test_a_prefix_in_the_environment_is_gunicorns_to_obey(monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/api")
    assert PlainReader(CONFIG, TARGETS, lambda environ: True).read(connection_with(ME), ME) is None


_BYTES = st.sampled_from(
    [b"\r\n", b"\r", b"\n", b" ", b"\t", b":", b",", b"\0", b"\x7f", b"\xe9", b"?", b"#", b"%41", b"_", b"A"]
)
_LINES = st.sampled_from(
    (
        b"Host: b",
        b"Content-Length: 36",
        b"Content-Length: 1",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b"X: y",
        b"",
    )
)


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.sampled_from([TOKEN, ME, PLAIN["a query"]]),
    st.lists(st.tuples(st.floats(0, 1), _BYTES, st.integers(0, 3)), max_size=3),
    _LINES,
)
def test_whatever_is_read_here_is_read_alike(sent, changes, line):
    for where, what, over in changes:
        at = int(where * len(sent))
        sent = sent[:at] + what + sent[at + over :]
    if line:
        sent = sent.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1)
    ours = read_here(sent)
    assert ours is None or ours == read_by_gunicorn(sent)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_only_where_connections_have_addresses(tmp_path, family):
    """At a Unix socket gunicorn alone knows what to say of them."""
    worker = Worker.__new__(Worker)
    worker.cfg, worker.tpool, worker.worker_connections, worker._room = CONFIG, None, 1, Room()
    worker.wsgi = SimpleNamespace(soon_answered=(TARGETS, bool), together=None)
    with socket.socket(family) as listener:
        listener.bind(str(tmp_path / "socket") if family is socket.AF_UNIX else ("127.0.0.1", 0))
        worker.sockets = [listener]
        ((crowd, _),) = worker.make_crowds()
    assert (crowd.reader is None) == (family is socket.AF_UNIX)


# -- both ways -----------------------------------------------------------------------------------


def a_config() -> Config:
    config = Config()
    config.set("forwarded_allow_ips", "")
    config.set("http_parser", "python")
    return config


CONFIG = a_config()
READER = PlainReader(CONFIG, TARGETS, lambda environ: True)


def connection_with(sent: bytes) -> Connection:
    """A connection on which this has come."""
    connection = Connection(None, CLIENT, SERVER, Crowd(None, 1, None), Room())
    connection.inbox = Inbox(connection.room)
    connection.inbox.feed(sent)
    return connection


def read_here(sent: bytes) -> tuple | None:
    """The environ, the body, whether the connection ends, the headers, and what belongs to the next request."""
    request = READER.read(connection_with(sent), sent)
    if request is None:
        return None
    environ = dict(request.environ)
    body = environ["wsgi.input"].read()
    assert request.headers and request.method == environ["REQUEST_METHOD"]
    return comparable(environ), body, request.should_close(), request.headers, b""


def read_by_gunicorn(sent: bytes) -> tuple:
    """The same, as gunicorn's parser has it."""
    connection = connection_with(sent)
    request = LongRequest(CONFIG, connection.inbox, CLIENT, 1)
    _, environ = wsgi.create(request, connection.sock, CLIENT, SERVER, CONFIG)
    environ["wsgi.multithread"] = True
    body = request.body.read()
    return comparable(environ), body, request.should_close(), request.headers, connection.inbox.take_rest()


def comparable(environ: dict) -> dict:
    """Without what is another object each time, and a way to send early hints, which no app of ours does."""
    apart = ("wsgi.input", "wsgi.errors", "wsgi.early_hints", "gunicorn.socket")
    return {name: value for name, value in environ.items() if name not in apart}
