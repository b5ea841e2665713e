"""Whatever is sent to the token endpoint and its siblings: a refusal of the RFC's, never a failure of ours."""

import base64
import logging

import pytest
from werkzeug.test import TestResponse

from tests.integrator import TOKEN, Integrator, basic
from tests.robustness.bad_values import (
    BAD_VALUES,
    LIKE_NOTHING,
    MARK,
    NEVER_ACCEPTED,
    SEVERAL,
    assert_no_problems,
    encode,
    find_problem_with_refusal,
    spoil,
)
from tests.tables import each

FORM = "application/x-www-form-urlencoded"
REVOKE, INTROSPECT = "/oauth/revoke", "/oauth/introspect"


@pytest.fixture(autouse=True)
def _no_failure_is_logged(caplog):
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


@pytest.fixture
def post_notebook(notebook) -> Integrator:
    """The confidential client, sending its secret in the body."""
    notebook.auth_method = "client_secret_post"
    return notebook


@pytest.fixture(params=["notebook", "post_notebook", "pocket"])
def integrator(request) -> Integrator:
    """A client for each of the three ways to authenticate, in turn."""
    return request.getfixturevalue(request.param)


class TestTokenEndpoint:
    @pytest.mark.parametrize(
        "parameter",
        ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "resource", "x"],
    )
    def test_bad_value_in_an_exchange(self, parameter, integrator, browser, alice):
        browser.enter(alice)
        integrator.allow(alice, integrator.scope, {"selection": "all"})

        def fresh(_answered):
            return {
                "grant_type": "authorization_code",
                "code": integrator.code(browser),
                "redirect_uri": integrator.redirect_uri,
                "code_verifier": integrator.code_verifier,
            }

        walk_the_table(integrator, TOKEN, parameter, fresh)

    @pytest.mark.parametrize("parameter", ["grant_type", "refresh_token", "scope", "client_id", "client_secret", "x"])
    def test_bad_value_in_a_refresh(self, parameter, integrator, browser, alice):
        browser.enter(alice)

        def fresh(answered):
            tokens = answered or integrator.tokens(browser)
            return {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

        walk_the_table(integrator, TOKEN, parameter, fresh)

    @each("parameter", ["grant_type", "scope", "resource", "client_id", "client_secret", "x"])
    @pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
    def test_bad_value_in_client_credentials(self, parameter, auth_method, notebook):
        notebook.auth_method = auth_method
        walk_the_table(notebook, TOKEN, parameter, lambda _: {"grant_type": "client_credentials"})


class TestSiblings:
    @each("parameter", ["token", "token_type_hint", "client_id", "client_secret", "x"])
    @pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
    def test_bad_value(self, path, parameter, notebook, browser, alice):
        browser.enter(alice)

        tokens = [notebook.tokens(browser)]

        def fresh(_answered):
            # What was asked about is as good as before; what was revoked is not.
            if path == REVOKE and not notebook.is_alive(tokens[0]["access_token"]):
                tokens[0] = notebook.tokens(browser)
            return {"token": tokens[0]["access_token"], "token_type_hint": "access_token"}

        walk_the_table(notebook, path, parameter, fresh, free=("token", "token_type_hint"))


HEADERS = {
    "empty": "",
    "only the scheme": "Basic",
    "nothing encoded": "Basic ",
    "not base64": f"Basic {MARK}%%%",
    "no padding": "Basic YTpi" + "YQ",
    "without a colon": "Basic " + base64.b64encode(MARK.encode()).decode(),
    "only a colon": "Basic Og==",
    "not UTF-8": "Basic " + base64.b64encode(b"\xff\xfe:\xff\xfe").decode(),
    "escapes that are not UTF-8": "Basic " + base64.b64encode(b"%FF%FE:%C0%80").decode(),
    "escapes of nothing": "Basic " + base64.b64encode(b"%:%zz%").decode(),
    "NUL": "Basic " + base64.b64encode(b"a\x00b:c\x00d").decode(),
    "escaped NUL": "Basic " + base64.b64encode(b"a%00b:c%00d").decode(),
    "line break": "Basic " + base64.b64encode(b"a\r\nb:c\r\nd").decode(),
    "emoji": "Basic " + base64.b64encode("🐘:🐘".encode()).decode(),
    "100 kB": "Basic " + base64.b64encode(b"x" * 50_000 + b":" + b"y" * 50_000).decode(),
    "raw bytes": "Basic \xff\xfe\x80",
    "raw line break": "Basic YTpi\r\nX: y",
    "raw NUL": "Basic \x00",
    "two schemes": "Basic YTpi, Basic YTpi",
    "another scheme": f"Bearer {MARK}",
    "no scheme": MARK,
    "only spaces": "   ",
    "Digest": f'Digest username="{MARK}", realm="x", nonce="", uri="/", response=""',
    "hyphen": "Basic " + base64.b64encode(b"a-b:c-d").decode(),
}


class TestAuthorizationHeader:
    @pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
    def test_bad_header_is_no_client(self, path, app, notebook):
        """:rfc:`6749#section-5.2`: one constant ``invalid_client``, whatever is wrong with the credentials."""
        body = b"grant_type=client_credentials&token=x"
        problems, answers = {}, set()
        for kind, header in HEADERS.items():
            answer = send(app, path, body, environ={"HTTP_AUTHORIZATION": header})
            problems[kind,] = find_problem_with_refusal(answer)
            answers.add((answer.status_code, answer.text))
        assert_no_problems(problems)
        assert len(answers) == 1
        assert answers.pop()[0] == 401

    @pytest.mark.parametrize("half", ["client_id", "client_secret"])
    def test_bad_half_of_the_credentials(self, half, app, notebook):
        honest = {"client_id": notebook.client_id.encode(), "client_secret": notebook.client_secret.encode()}
        problems = {}
        for kind, make in BAD_VALUES.items():
            for bad in set(make(honest[half])) - {honest[half]}:
                raw = honest | {half: bad}
                header = "Basic " + base64.b64encode(raw["client_id"] + b":" + raw["client_secret"]).decode()
                answer = send(app, TOKEN, b"grant_type=client_credentials", environ={"HTTP_AUTHORIZATION": header})
                problems[half, kind] = find_problem_with_refusal(answer)
        assert_no_problems(problems)


BEARERS = {
    "empty": "Bearer",
    "a space": "Bearer ",
    "unknown": f"Bearer {MARK}",
    "several": f"Bearer {MARK} {MARK}",
    "list": f"Bearer {MARK}, Bearer {MARK}",
    "100 kB": "Bearer " + MARK + "x" * 100_000,
    "NUL": f"Bearer {MARK}\x00",
    "line break": f"Bearer {MARK}\r\nX: y",
    "not ASCII": "Bearer é",
    "not UTF-8": "Bearer \xff\xfe\x80",
    "quotes": f'Bearer "{MARK}\\"',
    "Basic": basic("a", "b"),
    "no scheme": MARK,
    "nothing": "",
    "spaces": "   ",
}


@pytest.mark.parametrize("path", ["/api/me/", "/api/v1/me/", "/api/v1/account/"])
def test_bad_bearer_header_is_refused_as_the_rfc_says(path, app):
    """:rfc:`6750#section-3`: 400 or 401, with a challenge that repeats nothing."""
    for kind, header in BEARERS.items():
        answer = app.test_client().get(path, environ_overrides={"HTTP_AUTHORIZATION": header})
        assert answer.status_code in (400, 401), kind
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm="), kind
        assert answer.json["code"] in ("unauthenticated", "invalid_token", "invalid_request"), kind
        assert MARK not in answer.text + str(answer.headers), kind


CONTENT_TYPES = (
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/x-www-form-urlencodedx",
    "application/json; charset=\x00",
    "",
    "x",
    "a/b;;;=",
    "\xff\xfe",
    "a" * 100_000,
)
BODIES = (
    b"",
    b'{"grant_type": "client_credentials"}',
    b"grant_type=client_credentials&token=x",
    b"--b\r\n\r\n",
    b"\xff",
)
HOSTS = ("", "zq7xwv.example", "a b", "\xff", "[::1", "x:y:z", "127.0.0.1:99999", "\x00")


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
class TestShape:
    """How the request comes, not what is in its parameters."""

    def test_only_a_form_body_counts(self, path, app, notebook):
        """:rfc:`6749#section-3.2`: ``application/x-www-form-urlencoded`` in the request body."""
        for content_type in CONTENT_TYPES:
            for body in BODIES:
                answer = send(app, path, body, content_type, {"HTTP_AUTHORIZATION": basic_of(notebook)})
                assert find_problem_with_refusal(answer) is None, (content_type[:80], body)
                assert answer.json["error"] == "invalid_request", (content_type[:80], body)

    def test_only_post_counts(self, path, app):
        """:rfc:`6749#section-3.2`: the client MUST use POST."""
        for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", MARK, "HEAD"):
            answer = app.test_client().open(path, method=method, query_string="grant_type=client_credentials")
            assert answer.status_code == 405, method
            assert "POST" in answer.headers["Allow"], method
            assert method == "HEAD" or find_problem_with_refusal(answer) is None, method
        assert app.test_client().options(path).status_code in (200, 204)

    def test_query_string_is_not_read(self, path, app, notebook):
        """:rfc:`6749#section-3.2`: parameters MUST NOT be included in the URI."""
        query = f"grant_type=client_credentials&token=x&client_id={notebook.client_id}"
        answer = send(app, f"{path}?{query}", b"", environ={"HTTP_AUTHORIZATION": basic_of(notebook)})
        assert answer.json["error"] == "invalid_request"

    def test_more_than_is_allowed_is_refused(self, path, app):
        assert find_problem_with_refusal(send(app, path, b"x=" + b"y" * 300_000)) is None
        many = b"&".join(b"x%d=1" % number for number in range(9000))
        assert find_problem_with_refusal(send(app, path, many)) is None

    def test_wrong_length_is_no_failure_of_ours(self, path, app):
        for length in ("", "-1", "abc", "0", "9" * 20, "1.5", "\xb2"):
            answer = send(app, path, b"grant_type=client_credentials", environ={"CONTENT_LENGTH": length})
            assert find_problem_with_refusal(answer) is None, length

    def test_foreign_host_changes_nothing(self, path, app, notebook):
        """Where we are is configured, never read from the request."""
        for host in HOSTS:
            environ = {"HTTP_HOST": host, "HTTP_AUTHORIZATION": basic_of(notebook)}
            answer = send(app, path, b"grant_type=client_credentials&token=x", environ=environ)
            assert answer.status_code == 200, host

    def test_host_that_cannot_be_one_is_refused(self, path, app):
        assert find_problem_with_refusal(send(app, path, b"", environ={"HTTP_HOST": MARK * 1000})) is None


def basic_of(integrator: Integrator) -> str:
    return basic(integrator.client_id, integrator.client_secret)


def send(app, path: str, body: bytes, content_type: str = FORM, environ: dict[str, str] | None = None) -> TestResponse:
    """POST exactly these bytes; ``environ`` sets headers as a server hands them over, however wrong they are."""
    overrides = {"CONTENT_TYPE": content_type} | (environ or {})
    return app.test_client().post(path, data=body, environ_overrides=overrides)


def walk_the_table(integrator: Integrator, path: str, parameter: str, fresh, *, free: tuple[str, ...] = ()) -> None:
    """Send every kind of bad value in one parameter; after that, the honest request must still work.

    ``fresh`` makes an honest request's parameters, beginning with what was answered to the last one. What was accepted all
    the same may have used them up. That may happen in a parameter which means nothing here (``free``), or with a value
    that is none.
    """
    honest, problems = authenticated(integrator, fresh(None)), {}
    environ = {"HTTP_AUTHORIZATION": basic_of(integrator)} if sends_basic(integrator) else {}
    for kind, bad in BAD_VALUES.items():
        answer = send(integrator.app, path, spoil(honest, parameter, bad), environ=environ)
        if answer.status_code != 200:
            problem = find_problem_with_refusal(answer)
            # A resource may come several times (RFC 8707 section 2); those of this table are none of ours.
            expected = "invalid_target" if parameter == "resource" and kind in SEVERAL else "invalid_request"
            if kind in NEVER_ACCEPTED and answer.json["error"] != expected:
                problem = f"is {answer.json['error']}"
        else:
            may_be = (parameter in (*free, "x") and kind not in NEVER_ACCEPTED) or kind in LIKE_NOTHING
            problem = None if may_be and MARK not in answer.text else "is accepted"
            honest = authenticated(integrator, fresh(answer.json))
        problems[parameter, kind] = problem
    assert_no_problems(problems)
    assert send(integrator.app, path, spoil(honest, "", lambda _: []), environ=environ).status_code == 200


def authenticated(integrator: Integrator, parameters: dict[str, str]) -> dict[str, bytes]:
    if not sends_basic(integrator):
        parameters |= {"client_id": integrator.client_id, "client_secret": integrator.client_secret}
    return encode(parameters)


def sends_basic(integrator: Integrator) -> bool:
    return integrator.client_secret is not None and integrator.auth_method == "client_secret_basic"
