"""Which requests the fast door takes: those of its table, to the letter, and nothing that is odd about them."""

from contextvars import copy_context
from io import BytesIO
from unittest.mock import Mock

import pytest
from werkzeug.test import EnvironBuilder

from app import fast
from app.database.side_by_side.aside import find_others, join_others
from app.fast import FastDoor
from app.http.incoming import REFUSED
from tests.tables import each

FORM = "application/x-www-form-urlencoded"


def environ_of(method: str, path: str, **changes: str | None) -> dict:
    """What a server makes of an honest request, with these keys changed, or left out for None."""
    body = b"grant_type=client_credentials" if method == "POST" else b""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.input": BytesIO(body),
    }
    if body:
        environ |= {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body))}
    environ |= changes
    return {name: value for name, value in environ.items() if value is not None}


POST, GET = ("POST", "/oauth/token"), ("GET", "/api/me/")


@each(("method", "path"), sorted(fast.FAST))
def test_row_and_route_agree(app, method, path):
    """Access, headers, errors and what a log and the metrics call it follow from both."""
    row = next(row for row in fast.ROWS if row.method == method and path in row.paths)
    rule, _ = app.url_map.bind("127.0.0.1").match(path, method, return_rule=True)
    assert (rule.rule, rule.door) == (row.rule, row.door)
    assert fast.takes(environ_of(method, path))


def test_no_place_is_in_two_rows():
    places = [(row.method, path) for row in fast.ROWS for path in row.paths]
    assert len(places) == len(set(places))


@each("kind", [FORM, FORM + ";charset=UTF-8", FORM + "; charset=utf-8"])
@pytest.mark.parametrize("length", ["1", "512", "65536"])
def test_form_is_taken_as_clients_send_it(kind, length):
    assert fast.takes(environ_of(*POST, CONTENT_TYPE=kind, CONTENT_LENGTH=length))


ODD_PATHS = (
    *("/oauth/token?", "/oauth/token?x=y", "/oauth/token#x", "/oauth/token;x", "/oauth//token", "//oauth/token"),
    *("/oauth/%74oken", "/oauth/token%2f", "/oauth/token%20", "/oauth/token//", "/oauth/./token", "/OAUTH/token"),
    *("http://127.0.0.1:8000/oauth/token", "oauth/token", "/oauth/token ", "/oauth\\token", "*", ""),
)


@each("raw", ODD_PATHS)
def test_odd_path_goes_on(raw):
    """Also where a server takes it for the very same: the path as it was sent is what counts."""
    assert not fast.takes(environ_of(*POST, RAW_URI=raw))


ODD = {
    "another path inside": {"PATH_INFO": "/oauth/revoke"},
    "below a folder": {"SCRIPT_NAME": "/oauth"},
    "no raw path": {"RAW_URI": None},
    "a web page": {"HTTP_ORIGIN": "https://page.example"},
    "an empty origin": {"HTTP_ORIGIN": ""},
    "chunks": {"HTTP_TRANSFER_ENCODING": "chunked"},
    "what the server refuses": {REFUSED: 400},
}
ODD_FORMS = ODD | {
    "no type": {"CONTENT_TYPE": None},
    "an empty type": {"CONTENT_TYPE": ""},
    "JSON": {"CONTENT_TYPE": "application/json"},
    "a part more": {"CONTENT_TYPE": FORM + "; charset=utf-7"},
    "two types": {"CONTENT_TYPE": f"{FORM},{FORM}"},
    "capitals": {"CONTENT_TYPE": FORM.upper()},
    "spaces": {"CONTENT_TYPE": f" {FORM}"},
    "no length": {"CONTENT_LENGTH": None},
    "an empty length": {"CONTENT_LENGTH": ""},
    "no body": {"CONTENT_LENGTH": "0"},
    "too much": {"CONTENT_LENGTH": "65537"},
    "far too much": {"CONTENT_LENGTH": "9" * 30},
    "a sign": {"CONTENT_LENGTH": "+5"},
    "below nothing": {"CONTENT_LENGTH": "-5"},
    "a zero before": {"CONTENT_LENGTH": "05"},
    "spaces around": {"CONTENT_LENGTH": " 5"},
    "two lengths": {"CONTENT_LENGTH": "5,5"},
    "digits of others": {"CONTENT_LENGTH": "\u0665"},
    "no number": {"CONTENT_LENGTH": "\xb2"},
}
ODD_READS = ODD | {
    "a body": {"CONTENT_LENGTH": "5"},
    "a type": {"CONTENT_TYPE": "application/json"},
}


@each(
    ("place", "changes"),
    [
        *[pytest.param(POST, changes, id=f"form, {kind}") for kind, changes in ODD_FORMS.items()],
        *[pytest.param(GET, changes, id=f"read, {kind}") for kind, changes in ODD_READS.items()],
    ],
)
def test_odd_request_goes_on(place, changes):
    assert fast.takes(environ_of(*place))
    assert not fast.takes(environ_of(*place, **changes))


@each("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "post", "Post", "GETS"])
def test_other_methods_go_on(method):
    assert not fast.takes(environ_of("POST", "/oauth/token", REQUEST_METHOD=method))
    assert not fast.takes(environ_of("GET", "/api/me/", REQUEST_METHOD=method))


def test_what_a_test_sends_is_taken():
    """Else every other test here would say nothing of this door."""
    form = EnvironBuilder(path="/oauth/token", method="POST", data={"grant_type": "x"}).get_environ()
    assert fast.takes(form)
    assert fast.takes(EnvironBuilder(path="/api/me/").get_environ())


def test_what_the_fast_door_leaves_to_flask_goes_on_alone(app, monkeypatch):
    """A view may hold a transaction, and no other request is to go on in the middle of it."""
    alone = []
    among = Mock()
    monkeypatch.setattr(FastDoor, "_answer", lambda *given: None)
    door = FastDoor(app, lambda *given: alone.append(find_others()) or ())

    def ask() -> None:
        join_others(among)
        environ = EnvironBuilder(path="/healthz").get_environ() | {"RAW_URI": "/healthz"}
        door(environ, lambda *given: None)

    copy_context().run(ask)
    assert alone == [None] and among.wait_for_others.called
