"""Long requests through the real server: what the API promises is taken, and what is longer is refused in its shape."""

import json
import socket
from http.client import HTTPResponse
from urllib.parse import quote, urlsplit

import pytest

from app.worker import LONGEST_PAGE_LINE, LONGEST_REQUEST_LINE
from tests.api.bounds import WIDE
from tests.robustness.remote import RemoteApp, open_connection

_SECRET = "rlq_ac_" + "0123456789abcdef" * 4


@pytest.fixture(scope="session")
def app(server) -> RemoteApp:
    return RemoteApp(server)


@pytest.fixture
def call(server, browser, alice, notebook):
    """Call the API through a socket as an app that Alice let see everything; the status, and what was answered."""
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope="memories:read memories:write")

    def call(method: str, path: str, body: bytes | None = None) -> tuple[int, dict]:
        connection = open_connection(server)
        headers = {"Authorization": f"Bearer {tokens['access_token']}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    return call


def send(server, request: bytes, *, is_all: bool = False) -> HTTPResponse:
    """What is answered to these bytes, of which the server is told that they are all, or not."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        if is_all:
            connection.shutdown(socket.SHUT_WR)
        response = HTTPResponse(connection, method=request.partition(b" ")[0].decode("latin-1"))
        response.begin()
        response.content = response.read()
        return response


@pytest.mark.parametrize("letter", ["記", "ж", WIDE, "x"])
@pytest.mark.parametrize("path", ["documents/search/", "documents/agentic_search"])
def test_the_longest_question_is_taken_in_every_script(call, path, letter):
    status, answer = call("GET", f"{path}?q={quote(letter * 4000)}&n=100&from=&to=")
    assert (status, answer) == (200, {"data_sources": [], "matched_chunks": []})
    status, answer = call("GET", f"{path}?q={quote(letter * 4001)}")
    assert (status, answer["errors"][0]["code"]) == (422, "too_long")


def test_all_parameters_at_their_longest_fit_into_one_address(call):
    query = f"q={quote(WIDE * 500)}&tag={quote(WIDE * 60)}&cursor={quote(WIDE * 4000)}&limit=100"
    status, answer = call("GET", f"memories/?{query}&memento={'a' * 40}&integration={'a' * 40}")
    assert (status, answer["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("spelled", [json.dumps("記" * 100_000, ensure_ascii=False), json.dumps(WIDE * 100_000)])
def test_the_longest_text_crosses_the_socket(call, spelled):
    status, answer = call("POST", "documents/memorize/", f'{{"name": "Long", "content": {spelled}}}'.encode())
    assert status == 201, answer


@pytest.mark.parametrize("size", [1_400_000, 5_000_000, 30_000_000])
def test_a_body_that_is_too_large_is_told_so_and_the_answer_arrives(call, size):
    status, answer = call("POST", "memories/", b'"' + b"x" * size + b'"')
    assert (status, answer["code"]) == (413, "payload_too_large")
    assert "MB" in answer["message"]


def test_who_sends_a_long_body_with_a_token_that_has_ended_reads_that(server):
    """A client that is cut off while it sends would never learn that it is to refresh its token."""
    body = b"x" * 8_000_000
    request = (
        b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rlq_at_0\r\nContent-Length: %d\r\n\r\n"
    )
    response = send(server, request % len(body) + body)
    assert (response.status, json.loads(response.content)["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("path", ["/org/oauth/register", "/org/oauth/client_x/logo"])
def test_a_refusal_does_not_wait_for_a_file_which_is_too_large(server, path):
    """Of bodies that never come, tests/worker/test_slow_requests.py knows. A thread that waits serves nobody else, and whoever sends such a form need not be signed in."""
    lines = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 99000000\r\n\r\n"
    assert send(server, lines.encode()).status in (303, 413)


@pytest.mark.parametrize("path", ["/api/v1/memories/", "/api/v1/documents/search", "/api/me/"])
@pytest.mark.parametrize("length", [LONGEST_REQUEST_LINE, 300_000, 2_000_000])
def test_an_address_of_the_api_that_is_too_long_is_told_so_in_json(server, path, length):
    response = send(server, b"GET %b?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (path.encode(), b"x" * length))
    answer = json.loads(response.content)
    assert (response.status, answer["code"]) == (414, "uri_too_long")
    assert "64 kB" in answer["message"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"] == answer["request_id"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/oauth/token", "/api/v1/auth/oauth2/token/", "/oauth/introspect"])
def test_an_address_of_the_protocol_that_is_too_long_is_told_so_in_its_shape(server, path):
    response = send(server, b"POST %b?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (path.encode(), b"x" * 70_000))
    assert (response.status, json.loads(response.content)["error"]) == (414, "invalid_request")


@pytest.mark.parametrize("path", ["/sign-in", "/oauth/authorize", "/api/v1/auth/oauth2/authorize/", "/account/"])
@pytest.mark.parametrize("length", [LONGEST_PAGE_LINE, 100_000])
def test_an_address_of_a_page_that_is_too_long_is_told_so_on_a_page(server, path, length):
    """Pages keep to what proxies and browsers pass on: a sign-in that leads back there would be three times as long."""
    response = send(server, b"GET %b?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (path.encode(), b"x" * length))
    assert response.status == 414
    assert b"<h1>That address is too long</h1>" in response.content
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        (b"GET /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 9000, 431, "headers_too_large"),
        (b"GET /api/v1/memories/ HTTP/1.1\r\nHost: x" + b"\r\nA: b" * 200, 431, "headers_too_large"),
        (b"GET /api/v1/memories/?code=" + _SECRET.encode() + b"\xff HTTP/1.1\r\nHost: x", 400, "invalid_request"),
        (b"GET /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nA B: c", 400, "invalid_request"),
        (b"G\x01T /api/v1/memories/ HTTP/1.1\r\nHost: x", 400, "invalid_request"),
        (b"GET /api/v1/memories/ HTTP/9.9\r\nHost: x", 400, "invalid_request"),
        (b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1", 400, "invalid_request"),
        (b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd", 501, "not_implemented"),
        (b"POST /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: deflate", 400, "invalid_request"),
        (b"GET /api/v1/memories/ HTTP/1.1\r\nX: y", 400, "invalid_request"),
        (b"GET /api/me/ HTTP/1.1\r\nAuthorization: Bearer rlq_at_0", 400, "invalid_request"),
        (b"GET /api/v1/memories/ HTTP/1.1\r\nHost: x\r\nhost: x", 400, "invalid_request"),
    ],
)
def test_what_the_server_cannot_read_is_told_so_in_the_shape_of_the_api(server, lines, status, code):
    # At once: of a body whose end nobody can know, it waits for nothing.
    response = send(server, lines + b"\r\n\r\n")
    assert (response.status, json.loads(response.content)["code"]) == (status, code)
    assert _SECRET[-20:] not in server.log
    # It is theirs, and none of our failures.
    assert "Traceback" not in server.log


@pytest.mark.parametrize("beginning", [b"what is this", b"GET //[ HTTP/1.1\r\nA B: c"])
def test_a_request_that_cannot_be_read_at_all_gets_a_page(server, beginning):
    response = send(server, beginning + b"\r\n\r\n")
    assert response.status == 400
    assert b"<h1>That request did not make sense</h1>" in response.content


def test_a_head_that_is_refused_has_no_body(server):
    response = send(server, b"HEAD /api/v1/memories/?q=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 70_000))
    assert (response.status, response.content) == (414, b"")
