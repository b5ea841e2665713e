"""The test client asks and remembers what Flask's does."""

import pytest
from flask import Flask
from flask.testing import EnvironBuilder, FlaskClient
from werkzeug.datastructures import MultiDict

from tests.client import QuickClient
from tests.tables import each

HOME = "http://127.0.0.1:8000"
#: Requests that are put together here,
PLAIN = [
    ("/", {}),
    ("/a/b?c=d&e=%20f&g=[h]", {}),
    ("/a%2Fb/%C3%A9%FF/;x=(y)", {"base_url": HOME}),
    (
        "/a",
        {"base_url": "https://example.com/root/", "environ_overrides": {"REMOTE_ADDR": "10.0.0.1", "HTTP_HOST": "x"}},
    ),
    ("/a", {"query_string": {"q": "é&", "tag": ["a", "b"], "none": None}}),
    ("/a", {"query_string": {}}),
    ("/a", {"headers": {"Authorization": "Bearer x", "x-y": "é", "Host": "other"}, "method": "DELETE"}),
    ("/a", {"method": "POST", "data": "a=é", "content_type": "application/x-www-form-urlencoded"}),
    ("/a", {"method": "POST", "data": b"\xff", "headers": {"Content-Type": "text/plain; charset=x"}}),
    ("/a", {"method": "POST", "data": b"\xff"}),
    ("/a", {"method": "POST", "data": {}}),
    ("/a", {"method": "POST", "data": {"a": "é b", "c": ["/", ":"]}, "base_url": HOME}),
    ("/a", {"method": "POST", "data": MultiDict([("a", "1"), ("b", "2"), ("a", "3")])}),
    ("/a", {"method": "PATCH", "json": {"a": ["é", None]}, "headers": {"Accept": "*/*"}}),
    ("/a", {"method": "POST", "json": [], "content_type": "application/merge-patch+json"}),
]
#: and those that are left to Flask's.
OTHERS = [
    ("/é", {}),
    ("/a b", {}),
    ("//a/b", {}),
    ("http://example.com/a", {}),
    ("/a?", {}),
    ("/a#b", {}),
    ("/a\\b", {}),
    ("/a", {"query_string": "a=b"}),
    ("/a", {"headers": [("A", "b"), ("A", "c")]}),
    ("/a", {"headers": {"A": "b", "a": "c"}}),
    ("/a", {"headers": {"A": 1}}),
    ("/a", {"headers": {"Content-Length": "7"}}),
    ("/a", {"data": "", "content_type": "application/x-www-form-urlencoded"}),
    ("/a", {"data": {"a": "b"}, "content_type": "multipart/form-data"}),
    ("/a", {"data": {"a": 1}}),
    ("/a", {"data": {"a": b"b"}}),
    ("/a", {"environ_base": {"A": "b"}}),
    ("/a", {"auth": ("a", "b")}),
]


@pytest.fixture
def plain_app() -> Flask:
    """An app that sets what it is asked to, and has its own words for what it was sent."""
    app = Flask(__name__)
    app.test_client_class = QuickClient

    @app.get("/set/<name>")
    def give(name: str):
        answer = app.make_response("")
        answer.set_cookie(name, "1", path=f"/{name}" if name != "all" else "/")
        return answer

    @app.get("/drop/<name>")
    def take(name: str):
        answer = app.make_response("")
        answer.delete_cookie(name, path=f"/{name}" if name != "all" else "/")
        return answer

    @app.get("/", defaults={"rest": ""})
    @app.get("/<path:rest>")
    def tell(rest: str):
        from flask import request

        return {"cookies": dict(request.cookies), "rest": rest}

    return app


@each(("path", "how"), PLAIN, ids=str)
def test_a_plain_request_is_the_same(plain_app, path, how):
    made = plain_app.test_client().put_together(path, **how)
    assert made is not None and _comparable(made) == _comparable(_ask_flask(plain_app, path, how)), path


@each(("path", "how"), OTHERS, ids=str)
def test_another_one_is_left_to_flask(plain_app, path, how):
    assert plain_app.test_client().put_together(path, **how) is None


def test_cookies_are_kept_and_sent_by_host_and_path(plain_app):
    ours, flasks = plain_app.test_client(), FlaskClient(plain_app, plain_app.response_class)
    for base_url in (HOME, "http://localhost/", "http://Example.com:80/"):
        for path in ("/set/all", "/set/a", "/", "/a", "/a/b", "/ab", "/a/é", "/drop/a", "/a", "/drop/all", "/a"):
            told = [client.get(path, base_url=base_url) for client in (ours, flasks)]
            assert told[0].text == told[1].text and told[0].request.url == told[1].request.url
    assert ours._cookies == flasks._cookies


def test_an_answer_knows_what_was_asked(plain_app):
    answer = plain_app.test_client().post("/a?b=c", data={"d": "e"}, base_url=HOME)
    assert (answer.request.url, answer.request.form["d"]) == (f"{HOME}/a?b=c", "e")


def _ask_flask(app: Flask, path: str, how: dict) -> dict:
    client = FlaskClient(app, app.response_class)
    return EnvironBuilder(app, path, environ_base=client.environ_base, **how).get_environ()


def _comparable(environ: dict) -> dict:
    return {name: value.read() if name == "wsgi.input" else value for name, value in environ.items()}
