"""What every HTTP answer shares: the safe ``next``, security headers, error answers, the page session."""

import io
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask, abort, request, session
from flask.sessions import NullSession
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from werkzeug.test import EnvironBuilder

from app import create_app
from app.database.access import may_orm_write
from app.http.doors import API, META, PAGE
from app.http.safe_next import safe_next
from tests.tables import each

PAGES = ("/sign-in", "/nothing-here", "/oauth/authorize", "/api/v1/auth/oauth2/authorize/")
WIRE = ("/oauth/token", "/api/v1/auth/oauth2/token/", "/api/me/", "/api/nothing-here", "/healthz")


# -- next ----------------------------------------------------------------------------------------


@each(
    "target", ["/", "/account", "/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fb", "/a//b", "/?x#y", "/größe"]
)
def test_a_path_of_ours_is_a_safe_next(target):
    assert safe_next(target) == target


@each(
    "target",
    [
        None,
        "",
        "account",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\x00//evil.example",
        " //evil.example",
        "/\x7f/evil.example",
        "/a\r\nSet-Cookie: b",
        "/a\x00",
        "javascript:alert(1)",
        "http:evil.example",
        "?next=/",
        "#",
    ],
)
def test_anything_else_is_replaced_by_the_default(target):
    assert safe_next(target) == "/"
    assert safe_next(target, "/account") == "/account"


@given(st.text(st.sampled_from("/\\.:@?#%a\t\n\r \x00"), max_size=12))
def test_a_safe_next_never_leads_to_another_origin(target):
    """As a browser resolves it: control characters are dropped and a backslash is a slash."""
    browsers_view = "".join(c for c in safe_next(target) if c not in "\t\n\r").strip("\x00 ").replace("\\", "/")
    assert urlsplit(urljoin("https://id.example/x", browsers_view))[:2] == ("https", "id.example")


# -- headers -------------------------------------------------------------------------------------


@each("path", PAGES)
def test_a_page_runs_nothing_but_our_own_files_and_cannot_be_framed(app, path):
    response = app.test_client().get(path)
    assert response.content_type.startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"


@each("path", WIRE)
def test_a_program_gets_json_without_a_cookie_that_nobody_keeps(app, path):
    response = app.test_client().get(path)
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers


@each("path", WIRE)
def test_a_program_has_no_session_to_be_confused_with_a_persons(app, path):
    with app.test_request_context(path):
        assert isinstance(session._get_current_object(), NullSession)


def test_over_https_cookies_and_transport_are_strict(settings):
    https = create_app(structs.replace(settings, issuer="https://id.example.com"))
    https.add_url_rule("/keep", view_func=_keep_something, door=PAGE)
    response = https.test_client().get("/keep", base_url="https://id.example.com")
    assert response.headers["Set-Cookie"].startswith("__Host-reliquary=")
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in response.headers["Set-Cookie"].split("; ")
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_what_an_earlier_version_kept_of_apps_is_dropped(app):
    browser = app.test_client()
    with browser.session_transaction() as kept:
        kept["redirect_origins"] = ["https://app.example"]
    assert "app.example" not in str(browser.get("/sign-in").headers)
    with browser.session_transaction() as kept:
        assert "redirect_origins" not in kept


def test_a_file_of_ours_may_be_kept_for_a_while(app):
    response = app.test_client().get("/static/css/tokens.css")
    assert response.status_code == 200 and "max-age=3600" in response.headers["Cache-Control"]


def test_the_address_of_a_person_is_what_the_trusted_proxies_say(settings):
    sent = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3", "X-Forwarded-Host": "evil.example"}
    for proxies, address in ((0, "127.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2")):
        app = create_app(structs.replace(settings, trusted_proxies=proxies))
        app.add_url_rule("/address", view_func=lambda: f"{request.remote_addr} {request.host}", door=PAGE)
        assert app.test_client().get("/address", headers=sent).text == f"{address} 127.0.0.1:8000"


# -- errors --------------------------------------------------------------------------------------


@each("status", [400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503])
def test_a_person_reads_what_happened_and_what_to_do(house, status):
    response = house.test_client().get(f"/fail/{status}")
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert "<h1>" in response.text


@each(
    ("status", "error"),
    [(400, "invalid_request"), (404, "not_found"), (413, "invalid_request"), (500, "server_error")],
)
def test_a_program_that_speaks_oauth_reads_an_error_of_oauths(house, status, error):
    response = house.test_client().get(f"/.well-known/fail/{status}")
    assert (response.status_code, response.json["error"]) == (status, error)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid_request"), (404, "not_found"), (413, "payload_too_large"), (415, "unsupported_media_type"),
     (418, "invalid_request"), (429, "too_many_requests"), (500, "server_error"), (502, "server_error"), (503, "unavailable")],
)  # fmt: skip
def test_a_program_that_calls_the_api_reads_a_code_a_sentence_and_the_id_of_its_request(house, status, code, capsys):
    response = house.test_client().get(f"/api/fail/{status}?q=secret", headers={"X-Request-ID": "forged"})
    assert (response.status_code, response.json["code"]) == (status, code)
    assert response.json["message"].endswith(".")
    assert response.json["request_id"] == response.headers["X-Request-ID"] != "forged"
    logged = capsys.readouterr().err
    assert f"{response.json['request_id']} GET /api/fail/<int:status> answered {status} {code}" in logged
    assert "secret" not in logged


def test_every_request_to_the_api_has_an_id_of_its_own(app):
    ids = [app.test_client().get(path).headers["X-Request-ID"] for path in ("/api/me/", "/api/me/", "/api/nothing")]
    assert len(set(ids)) == 3 and all(id.startswith("req_") for id in ids)


def test_the_token_endpoints_id_tells_nothing_of_why_it_refused(app):
    """Its refusals are alike; the id is random, and the reason is found under it by the app's own people alone."""
    ids = [app.test_client().post("/oauth/token").headers["X-Request-ID"] for _ in range(2)]
    assert len(set(ids)) == 2 and all(id.startswith("req_") for id in ids)


@pytest.mark.parametrize("path", ["/boom", "/api/boom"])
def test_an_unexpected_error_is_logged_without_its_words_and_not_shown(house, path, capsys):
    """What an exception says may be what somebody sent; where it came from is enough to find it."""
    response = house.test_client().get(f"{path}?code=from-the-query")
    assert response.status_code == 500
    assert "what-broke" not in response.text and "from-the-query" not in response.text
    logged = capsys.readouterr().err
    assert f"{response.headers['X-Request-ID']} Unexpected error at GET {path}" in logged and "test_web.py" in logged
    assert "what-broke" not in logged and "from-the-query" not in logged


def test_nothing_of_the_request_is_repeated_on_an_error_page(app):
    response = app.test_client().get("/<script>alert(1)</script>?a=<script>", headers={"X": "<script>"})
    assert response.status_code == 404 and "alert" not in response.text


def test_the_error_page_can_be_shown_when_the_database_is_what_failed(settings):
    app = create_app(structs.replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    browser = app.test_client()
    # A browser that says it is signed in, so that the page would have to look who it is.
    cookie = app.session_interface.get_signing_serializer(app).dumps({"_user_id": "rlq_se_" + "0" * 64})
    browser.set_cookie("reliquary", cookie)
    page = browser.get("/account/?x=1")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert "We cannot reach our records just now" in page.text and 'href="/account/?x=1"' in page.text
    ours = {"Origin": "http://127.0.0.1:8000"}
    page = browser.post("/account/memories/new", data={"text": "An hour's work."}, headers=ours)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert 'name="text" value="An hour&#39;s work."' in page.text
    # What is not there is not there, and saying so needs no database.
    assert browser.get("/nothing-here").status_code == 404


@pytest.mark.parametrize("path", ["/oauth/token", "/healthz"])
def test_a_method_that_is_not_allowed_says_which_are(app, path):
    response = app.test_client().put(path)
    assert response.status_code == 405 and response.headers["Allow"]


HOSTILE = [
    {"QUERY_STRING": "next=\xff"},
    {"QUERY_STRING": "%ff=%00&&&="},
    {"HTTP_COOKIE": "reliquary=\xff"},
    {"HTTP_COOKIE": "\xff=\xff; ;;="},
    {"HTTP_COOKIE": "reliquary=" + "x" * 10_000},
    {"HTTP_HOST": "\xff"},
    {"HTTP_HOST": "["},
    {"HTTP_HOST": "a b"},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_REFERER": "\xff"},
    {"CONTENT_LENGTH": "many"},
    {"CONTENT_LENGTH": "-1"},
    {"CONTENT_TYPE": "\xff"},
    {"CONTENT_TYPE": "multipart/form-data"},
    {"CONTENT_TYPE": "multipart/form-data; boundary=\xff", "wsgi.input": b"--\xff"},
    {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "3", "wsgi.input": b"a=\xff"},
    {"HTTP_AUTHORIZATION": "Basic \xff"},
    {"HTTP_AUTHORIZATION": "Bearer \xff"},
    {"HTTP_USER_AGENT": "\xff" * 4000},
    {"HTTP_ACCEPT": "\xff"},
    {"HTTP_ACCEPT_LANGUAGE": "\xff;q=x"},
    {"HTTP_X_FORWARDED_FOR": "\xff"},
    {"PATH_INFO": "/\xff\x00"},
]


@each("odd", HOSTILE, ids=lambda odd: next(iter(odd)))
@pytest.mark.parametrize("path", ["/sign-in", "/oauth/authorize", "/oauth/token", "/api/me/", "/nothing-here"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_odd_request_is_never_a_failure_of_ours(app, method, path, odd):
    answers = []
    environ = EnvironBuilder(path=path, method=method).get_environ() | odd
    environ["wsgi.input"] = io.BytesIO(odd.get("wsgi.input", b""))
    b"".join(app.wsgi_app(environ, lambda status, _headers, _error=None: answers.append(int(status[:3]))))
    assert answers[0] < 500


# -- transactions --------------------------------------------------------------------------------


def test_a_request_that_only_reads_says_so_and_only_for_itself(house):
    browser = house.test_client()
    assert browser.get("/reads-only").text == "True"
    assert browser.head("/reads-only").status_code == 200
    assert may_orm_write() is True
    assert browser.post("/api/reads-only").text == "False"


# -- a house with odd rooms ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def house(settings) -> Flask:
    """An app with routes that misbehave."""
    house = create_app(settings)
    for prefix, door in (("", PAGE), ("/api", API), ("/.well-known", META)):
        house.add_url_rule(f"{prefix}/fail/<int:status>", f"{prefix} fail", lambda status: abort(status), door=door)
        house.add_url_rule(f"{prefix}/boom", f"{prefix} boom", _boom, door=door)
        methods = ["GET", "POST"]
        house.add_url_rule(f"{prefix}/reads-only", f"{prefix} reads", _tell_reads_only, methods=methods, door=door)
    return house


def _tell_reads_only() -> str:
    return str(not may_orm_write())


def _boom():
    raise ZeroDivisionError("what-broke")


def _keep_something():
    session["something"] = 1
    return "kept"
