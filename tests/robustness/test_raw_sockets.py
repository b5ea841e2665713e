"""What no library would send, through real sockets to the real server: always an answer below 500, never a trace."""

import json
import socket
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.integrator import basic
from tests.robustness.bad_values import MARK, TOKEN_ERRORS
from tests.robustness.remote import RemoteApp

TOKEN_LIKE = ("/oauth/token", "/api/v1/auth/oauth2/token/", "/oauth/revoke", "/oauth/introspect")
GRANT = b"grant_type=client_credentials&token=x"
CHUNKED = b"Transfer-Encoding: chunked"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_TIMEOUT_SECONDS = 20


@pytest.fixture(scope="session")
def app(server) -> RemoteApp:
    return RemoteApp(server)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(server):
    before = len(server.log)
    yield
    log = server.log[before:]
    assert "Traceback" not in log
    assert "ERROR" not in log


class Answer:
    def __init__(self, status: int | None, headers=None, body: bytes = b""):
        self.status, self.headers, self.body = status, headers or {}, body

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


def send(server, request: bytes, *, hang_up: bool = False) -> Answer:
    """Send exactly these bytes; status None when the server closed without an answer. ``hang_up`` ends our half."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=_TIMEOUT_SECONDS) as connection:
        try:
            connection.sendall(request)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            response = HTTPResponse(connection, method=request.split(b" ")[0].decode("latin-1"))
            response.begin()
            return Answer(response.status, response.headers, response.read())
        except (HTTPException, ConnectionError):
            return Answer(None)


def post(path: str, *headers: bytes, body: bytes = b"", form: bool = True, length: bytes | None = None) -> bytes:
    """A POST by hand: headers without line ends, the length true unless another is given (b"" for none)."""
    lines = [b"POST " + path.encode("latin-1") + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers]
    if length != b"":
        lines.append(b"Content-Length: " + (length or str(len(body)).encode()))
    return b"\r\n".join(lines) + b"\r\n" + (FORM if form else b"") + b"\r\n" + body


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers, b"", b""])


# -- the token endpoint and its siblings ---------------------------------------------------------------


REFUSED_BY_US = {
    "no body": lambda path, auth: post(path, auth),
    "no length": lambda path, auth: post(path, auth, length=b""),
    "JSON": lambda path, auth: post(
        path, auth, b"Content-Type: application/json", body=b'{"grant_type": "client_credentials"}', form=False
    ),
    "multipart": lambda path, auth: post(
        path,
        auth,
        b"Content-Type: multipart/form-data; boundary=b",
        body=b'--b\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--b--\r\n',
        form=False,
    ),
    "no content type": lambda path, auth: post(path, auth, body=GRANT, form=False),
    "parameters in the query": lambda path, auth: post(path + "?" + GRANT.decode(), auth),
    "bad escapes": lambda path, auth: post(path, auth, body=b"grant_type=%&%zz=%u1234&token=%ff%"),
    "raw bytes": lambda path, auth: post(path, auth, body=bytes(range(256))),
    "unknown parameters twice": lambda path, auth: post(path, auth, body=GRANT + b"&Zq7xWv=1&Zq7xWv=2"),
    "more than we read": lambda path, auth: post(path, auth, body=b"x=" + b"y" * 300_000),
    "more than we read, in chunks": lambda path, auth: post(
        path, auth, CHUNKED, length=b"", body=b"ffff\r\n" + b"y" * 0xFFFF + b"\r\n0\r\n\r\n"
    ),
    "a length too short": lambda path, auth: post(path, auth, body=GRANT, length=b"5"),
    "HEAD": lambda path, auth: get(path.encode(), auth).replace(b"GET", b"HEAD", 1),
    "GET": lambda path, auth: get(path.encode() + b"?" + GRANT, auth),
    "PUT": lambda path, auth: post(path, auth, body=GRANT).replace(b"POST", b"PUT", 1),
    "DELETE": lambda path, auth: post(path, auth, body=GRANT).replace(b"POST", b"DELETE", 1),
    "another method": lambda path, auth: post(path, auth, body=GRANT).replace(b"POST", b"ZQ7XWV", 1),
    "no credentials": lambda path, auth: post(path, body=GRANT),
    "wrong credentials": lambda path, auth: post(path, b"Authorization: Basic WnE3eFd2OlpxN3hXdg==", body=GRANT),
    "credentials that are not ASCII": lambda path, auth: post(path, b"Authorization: Basic \xff\xfe", body=GRANT),
    "7 kB of credentials": lambda path, auth: post(path, b"Authorization: Basic " + b"QUFB" * 1750, body=GRANT),
}


@pytest.mark.parametrize("path", TOKEN_LIKE)
def test_refusals_of_the_token_endpoint_and_its_siblings(path, server, notebook):
    """:rfc:`6749#section-5.2`: 400 or 401 with a JSON object, and nothing of the request in it."""
    auth = authorization(notebook)
    for kind, make in REFUSED_BY_US.items():
        answer = send(server, make(path, auth))
        assert answer.status in (400, 401, 405, 413), (kind, answer)
        if kind != "HEAD":
            assert answer.headers["Content-Type"] == "application/json", (kind, answer)
            assert json.loads(answer.body)["error"] in TOKEN_ERRORS, (kind, answer)
            assert MARK.lower().encode() not in answer.body.lower(), (kind, answer)


ACCEPTED = {
    "plainly": lambda path, auth: post(path, auth, body=GRANT),
    "in chunks": lambda path, auth: post(
        path, auth, CHUNKED, length=b"", body=b"5\r\n%s\r\n20\r\n%s\r\n0\r\n\r\n" % (GRANT[:5], GRANT[5:])
    ),
    "from another host": lambda path, auth: post(path, auth, body=GRANT).replace(b"127.0.0.1", b"zq7xwv.example", 1),
    "by HTTP/1.0": lambda path, auth: post(path, auth, body=GRANT).replace(
        b"HTTP/1.1\r\nHost: 127.0.0.1", b"HTTP/1.0", 1
    ),
    "with headers of a proxy that is not ours": lambda path, auth: post(
        path, auth, b"X-Forwarded-Proto: ftp", b"X-Forwarded-For: \xff, ::1, x", b"Forwarded: for=_;;", body=GRANT
    ),
    "with a charset": lambda path, auth: post(
        path, auth, b"Content-Type: application/x-www-form-urlencoded; charset=utf-7", body=GRANT, form=False
    ),
    "after waiting for leave": lambda path, auth: post(path, auth, b"Expect: 100-continue", body=GRANT),
}


@pytest.mark.parametrize("path", TOKEN_LIKE)
def test_unusual_but_sound_requests_are_answered(path, server, notebook):
    """What clients and proxies really do."""
    for kind, make in ACCEPTED.items():
        answer = send(server, make(path, authorization(notebook)))
        assert answer.status == 200, (kind, answer)


# -- not even HTTP ---------------------------------------------------------------------------------------


NOT_HTTP = {
    "no request at all": b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)) + b"\r\n\r\n",
    "random bytes": bytes(range(256)) * 4 + b"\r\n\r\n",
    "a proxy's line": b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n" + get(b"/healthz"),
    "only a method": b"GET\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nHost: x\n\n",
    "an over-long line": get(b"/oauth/authorize?state=" + b"Zq7xWv" * 1500),
    "an over-long header": get(b"/", b"Cookie: reliquary=" + b"x" * 20_000),
    "too many headers": get(b"/", *[b"X-%d: y" % number for number in range(300)]),
    "a header without a colon": get(b"/", b"Zq7xWv"),
    "a header with a NUL": get(b"/", b"X-Y: a\x00b"),
    "a header with a lone return": get(b"/", b"X-Y: a\rb"),
    "a header name with a space": get(b"/", b"X Y: z"),
    "a folded header": get(b"/", b"X-Y: a\r\n b"),
    "a length below nothing": post("/oauth/token", length=b"-1"),
    "a length in words": post("/oauth/token", length=b"Zq7xWv"),
    "a length with a plus": post("/oauth/token", length=b"+5", body=b"a=b&c"),
    "two types": post("/oauth/token", b"Content-Type: text/plain", body=GRANT),
    "two lengths": post("/oauth/token", b"Content-Length: 4", body=b"a=b&c"),
    "chunks and a length": post("/oauth/token", CHUNKED, body=b"0\r\n\r\n"),
    "a chunk of no size": post("/oauth/token", CHUNKED, length=b"", body=b"Zq7xWv\r\n\r\n"),
    "a chunk below nothing": post("/oauth/token", CHUNKED, length=b"", body=b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk that lies": post("/oauth/token", CHUNKED, length=b"", body=b"3\r\nabcdef\r\n0\r\n\r\n"),
    "far more than we read": post("/oauth/token", body=b"x=" + b"y" * 5_000_000),
    "a null byte in the path": get(b"/\x00"),
    "a raw byte in the path": get(b"/oauth/\xff\xfe"),
    "a chunk cut off": post("/oauth/token", CHUNKED, length=b"", body=b"ff\r\nabc"),
    "chunks without an end": post("/oauth/token", CHUNKED, length=b"", body=b"3\r\na=b\r\n"),
    "a trailer without an end": post("/oauth/token", CHUNKED, length=b"", body=b"0\r\nX: y"),
    "a page's form in bad chunks": post("/sign-in", CHUNKED, length=b"", body=b"zz\r\n"),
    "a page's form cut off": post("/sign-in", length=b"99", body=b"email=a"),
}


def test_what_is_not_http_is_turned_away(server):
    """Mostly by gunicorn, before it reaches us: a 4xx, or no answer at all."""
    for kind, request in NOT_HTTP.items():
        answer = send(server, request, hang_up=True)
        assert answer.status is None or 400 <= answer.status < 500, (kind, answer)
        assert b"Traceback" not in answer.body, (kind, answer)


def test_who_hangs_up_in_the_middle_asked_for_nothing(server, notebook):
    """:rfc:`9112#section-8`: half a body is not a request; half a scope would be another one."""
    whole = post("/oauth/token", authorization(notebook), body=GRANT)
    for length in range(1, len(whole), 7):
        answer = send(server, whole[:length], hang_up=True)
        assert answer.status is None or 400 <= answer.status < 500, (whole[:length], answer)
    assert send(server, whole).status == 200


# -- people's pages ----------------------------------------------------------------------------------------


PATHS = (
    b"/oauth/%zz",
    b"/oauth/%00",
    b"/oauth/%ff%fe",
    b"/oauth/authorize/%2e%2e/token",
    b"/oauth/authorize%0d%0aSet-Cookie:%20a=b",
    b"/static/../app/config.py",
    b"/static/%2e%2e/app/config.py",
    b"/static/..%2f..%2fapp/config.py",
    b"/static/css/%00",
    b"/static//etc/passwd",
    b"//zq7xwv.example/oauth/authorize",
    b"/\\zq7xwv.example",
    b"http://zq7xwv.example/oauth/authorize",
    b"/oauth/authorize;x=y",
    b"/oauth//authorize",
    b"/OAUTH/AUTHORIZE",
    b"/org/oauth/%00",
    b"/account/%ff",
    b"/oauth/authorize?%zz=%&state=%ff&client_id=%00",
    b"/oauth/authorize?client_id=" + b"x" * 8000,
    b"/sign-in?next=%0d%0aLocation:%20https://zq7xwv.example",
    b"/sign-in?next=\xff",
    b"/oauth/authorize/continue?request=\xff%ff",
    b"/?" + b"&".join(b"a=b" for _ in range(2000)),
)


def test_strange_addresses_lead_nowhere(server):
    for path in PATHS:
        answer = send(server, get(path))
        assert answer.status is not None, (path, answer)
        assert answer.status < 500, (path, answer)
        target = answer.headers.get("Location", "/")
        assert target.startswith("/"), (path, target)
        assert not target.startswith(("//", "/\\")), (path, target)
        assert "Set-Cookie" not in target, (path, target)
        assert b"class Settings" not in answer.body, path


COOKIES = (
    b"reliquary=",
    b"reliquary=a.b.c; reliquary=x",
    b"reliquary=\xff\xfe",
    b"=;;=;",
    b"reliquary_browser=rlq_br_\x01",
    b"x" * 7000,
)


def test_strange_cookies_are_nobody(server, notebook):
    target = notebook.authorize_url().encode()
    for cookie in COOKIES:
        answer = send(server, get(target, b"Cookie: " + cookie))
        assert answer.status in (303, 400), (cookie, answer)
        assert answer.headers.get("Location", "/sign-in?next=").startswith("/sign-in?next="), (cookie, answer)


def authorization(notebook) -> bytes:
    return b"Authorization: " + basic(notebook.client_id, notebook.client_secret).encode()
