"""Bytes that nobody thought of, everywhere bytes can come in. Hypothesis makes them up, the same ones in each run."""

import json
import logging
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.actors import Browser, find_forms
from tests.integrator import AUTHORIZE, TOKEN
from tests.properties import examples
from tests.robustness.bad_values import BAD_VALUES, find_problem_with_page, find_problem_with_refusal
from tests.robustness.test_bad_token_requests import FORM, INTROSPECT, REVOKE, basic_of

NAMES = [
    "authorization_details",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "resource",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
    "request",
    "next",
]
WORDS = [
    "code",
    "S256",
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "memories:read",
    "consent",
    "login",
]
PAGES = ["/", "/sign-in", "/account/", "/oauth/authorize", "/oauth/authorize/continue", "/oauth/authorize/consent"]
FOLDERS = ["oauth/", "api/", "org/oauth/", "account/", "static/", ".well-known/"]

# For programs' endpoints, which are cheap, and for what costs a sign-in or a new request each time.
bounded = examples(40)
cheap = examples(60)
costly = examples(10)

any_bytes = st.binary(max_size=60)
escaped = any_bytes.map(lambda raw: b"".join(b"%%%02X" % byte for byte in raw))
bad_values = st.sampled_from([make(b"1") for make in BAD_VALUES.values()]).map(lambda values: b"".join(values)[:5000])
values = st.one_of(any_bytes, escaped, bad_values, st.sampled_from(WORDS).map(str.encode))
names = st.one_of(st.sampled_from(NAMES).map(str.encode), any_bytes, escaped)
forms = st.lists(st.tuples(names, values).map(b"=".join), max_size=12).map(b"&".join)
texts = st.one_of(any_bytes, forms).map(lambda raw: raw.decode("latin-1"))
# What a cookie or an id of ours looks like, and then not.
credential_like = st.tuples(
    st.sampled_from(["rlq_ar_", "rlq_br_", "rlq_se_", "rlq_at_", "rlq_rt_", "rlq_ac_", "mem_", ""]),
    st.text(alphabet=string.hexdigits + "\x00é🐘%\r\n.;=", max_size=70),
).map("".join)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(caplog):
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


@pytest.fixture
def waiting(signed_in, notebook) -> TestResponse:
    """The first page of a request that waits for the signed-in person's decision."""
    return notebook.start(signed_in)


def raw(text: str) -> str:
    """Text as it stands in a WSGI environment."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


# -- programs' endpoints -----------------------------------------------------------------------------


@cheap
@given(path=st.sampled_from([TOKEN, REVOKE, INTROSPECT]), body=st.one_of(forms, any_bytes), authenticated=st.booleans())
def test_any_body(app, notebook, path, body, authenticated):
    environ = {"HTTP_AUTHORIZATION": basic_of(notebook)} if authenticated else {}
    answer = app.test_client().post(path, data=body, content_type=FORM, environ_overrides=environ)
    assert answer.status_code == 200 or find_problem_with_refusal(answer) is None


@cheap
@given(
    path=st.sampled_from([TOKEN, REVOKE, INTROSPECT, "/api/me/", "/.well-known/oauth-authorization-server"]),
    environ=st.fixed_dictionaries(
        {},
        optional={
            "HTTP_AUTHORIZATION": st.one_of(
                texts, st.tuples(st.sampled_from(["Basic ", "Bearer ", "bearer  ", "Basic"]), texts).map("".join)
            ),
            "HTTP_HOST": texts,
            "HTTP_COOKIE": texts,
            "HTTP_X_FORWARDED_FOR": texts,
            "HTTP_X_FORWARDED_PROTO": texts,
            "HTTP_ORIGIN": texts,
            "HTTP_ACCEPT": texts,
            "HTTP_USER_AGENT": texts,
            "CONTENT_TYPE": st.one_of(texts, texts.map(lambda text: FORM + ";" + text)),
            "CONTENT_LENGTH": texts,
            "HTTP_CONTENT_ENCODING": texts,
            "HTTP_RANGE": texts,
            "HTTP_IF_NONE_MATCH": texts,
            "HTTP_IF_MODIFIED_SINCE": texts,
            "QUERY_STRING": texts,
            "REMOTE_ADDR": texts,
        },
    ),
)
def test_any_header(app, path, environ):
    method = "GET" if path.startswith(("/api/", "/.well")) else "POST"
    body = b"grant_type=client_credentials&token=x"
    answer = app.test_client().open(path, method=method, data=body, content_type=FORM, environ_overrides=environ)
    assert answer.status_code in (200, 400, 401, 413, 416), (answer.status, answer.text)


# -- people's pages --------------------------------------------------------------------------------------


@bounded
@given(query=st.one_of(forms, any_bytes), path=st.sampled_from([AUTHORIZE, "/sign-in", "/sign-up", "/", "/account/"]))
@pytest.mark.parametrize("visitor", ["browser", "signed_in"])
def test_any_query_string(request, visitor, query, path):
    browser = request.getfixturevalue(visitor)
    answer = visit(browser, path, QUERY_STRING=query.decode("latin-1"))
    assert find_problem_with_page(answer, redirect_uri=None) is None


@bounded
@given(query=forms)
def test_any_parameters_beside_a_known_client(signed_in, notebook, query):
    """With the client and its address given, everything else decides only which of the two answers it is."""
    known = f"client_id={notebook.client_id}&redirect_uri={notebook.redirect_uri}&".encode()
    answer = visit(signed_in, AUTHORIZE, QUERY_STRING=(known + query).decode("latin-1"))
    assert find_problem_with_page(answer, redirect_uri=notebook.redirect_uri) is None


@bounded
@given(
    path=st.sampled_from(PAGES),
    session=st.one_of(texts, credential_like.map(raw)),
    nonce=st.one_of(texts, credential_like.map(raw)),
    handle=st.one_of(texts, credential_like.map(raw)),
)
def test_any_cookie_and_any_handle(app, path, session, nonce, handle):
    answer = visit(
        Browser(app),
        path,
        HTTP_COOKIE=f"reliquary={session}; reliquary_browser={nonce}",
        QUERY_STRING=f"request={handle}",
    )
    assert find_problem_with_page(answer, redirect_uri=None) is None


@bounded
@given(
    environ=st.fixed_dictionaries(
        {},
        optional={
            "HTTP_HOST": texts,
            "HTTP_REFERER": texts,
            "HTTP_ORIGIN": texts,
            "HTTP_USER_AGENT": texts,
            "HTTP_ACCEPT_LANGUAGE": texts,
            "HTTP_X_FORWARDED_HOST": texts,
            "REMOTE_ADDR": texts,
        },
    )
)
def test_any_header_of_a_browser(signed_in, notebook, environ):
    answer = visit(signed_in, notebook.authorize_url(), **environ)
    assert find_problem_with_page(answer, redirect_uri=notebook.redirect_uri) is None
    assert answer.location is None or "://" not in answer.location


@bounded
@given(handle=credential_like)
def test_nobody_opens_a_request_by_guessing(signed_in, waiting, handle):
    answer = visit(signed_in, "/oauth/authorize/consent", QUERY_STRING=f"request={raw(handle)}")
    assert answer.status_code in (400, 410)


# -- the forms of the decision -----------------------------------------------------------------------


FIELDS = ("selection", "memento_ids", "new_name", "new_integration_ids", "action", "csrf_token", "request", "next")


form_values = st.one_of(values, st.sampled_from(["all", "none", "selected", "create", "continue"]).map(str.encode))
fields = st.one_of(st.sampled_from(FIELDS).map(str.encode), names)
form_bodies = st.lists(st.tuples(fields, form_values).map(b"=".join), max_size=10).map(b"&".join)
endings = st.sampled_from([b"", b"&action=authorize", b"&action=cancel"])


@bounded
@given(step=st.sampled_from(["mementos", "consent"]), body=form_bodies)
def test_any_form_about_a_waiting_request(signed_in, notebook, waiting, step, body):
    """The token against forgery is right, so that what is behind it is reached."""
    answer = post(signed_in, f"/oauth/authorize/{step}", waiting, body)
    assert find_problem_with_page(answer, redirect_uri=notebook.redirect_uri) is None


@costly
@given(step=st.sampled_from(["mementos", "consent"]), body=form_bodies, ending=endings)
def test_any_form_that_decides(signed_in, notebook, step, body, ending):
    answer = post(signed_in, f"/oauth/authorize/{step}", notebook.start(signed_in), body + ending)
    assert find_problem_with_page(answer, redirect_uri=notebook.redirect_uri) is None


@costly
@given(body=form_bodies)
@pytest.mark.parametrize("path", ["/sign-out", "/oauth/authorize/switch"])
def test_any_form_that_signs_out(app, alice, notebook, path, body):
    browser = Browser(app)
    browser.enter(alice)
    answer = post(browser, path, notebook.start(browser), body)
    assert find_problem_with_page(answer, redirect_uri=None) is None


@bounded
@given(name=any_bytes.map(lambda raw: raw.replace(b"/", b"") or b"x"), body=form_bodies)
def test_any_ending_form(signed_in, waiting, name, body):
    path = "/account/apps/{}/disconnect".format("".join(f"%{byte:02X}" for byte in name))
    answer = post(signed_in, path, waiting, body)
    assert find_problem_with_page(answer, redirect_uri=None) is None


# -- the address itself -------------------------------------------------------------------------------


@bounded
@given(path=st.one_of(texts, st.tuples(st.sampled_from(FOLDERS), texts).map("".join)))
@pytest.mark.parametrize("visitor", ["browser", "signed_in"])
def test_any_path(request, visitor, path):
    answer = visit(request.getfixturevalue(visitor), "/", PATH_INFO="/" + path)
    assert answer.status_code < 500
    assert answer.location is None or answer.location.startswith("/sign-in")


members = st.sampled_from(["type", "actions", "locations", "identifier"])
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["memento", "read", "write"]),
)


def nested(inner):
    objects = st.dictionaries(st.one_of(members, st.text(max_size=5)), inner, max_size=4)
    return st.one_of(st.lists(inner, max_size=4), objects)


@costly
@given(details=st.recursive(atoms, nested, max_leaves=12))
def test_any_authorization_details(signed_in, notebook, details):
    """:rfc:`9396`: any JSON at all, sound or not."""
    url = notebook.authorize_url(authorization_details=json.dumps([details, {"type": "memento"}]))
    answer = signed_in.get(url)
    assert find_problem_with_page(answer, redirect_uri=notebook.redirect_uri) is None


# -- sending exactly these bytes --------------------------------------------------------------------------


def visit(browser: Browser, path: str, **environ: str) -> TestResponse:
    """GET with these headers, as a server hands them over, however wrong they are."""
    issuer = browser.client.application.extensions["services"].settings.issuer
    return browser.client.get(path, base_url=issuer, environ_overrides=environ)


def post(browser: Browser, path: str, page: TestResponse, body: bytes) -> TestResponse:
    """Send these bytes as a form of the page: with its token, and about the request it is about."""
    issuer = browser.client.application.extensions["services"].settings.issuer
    token = next(dict(form.values)["csrf_token"] for form in find_forms(page.text) if form.method == "post")
    target = f"{path}?request={page.request.args['request']}"
    body = b"csrf_token=" + token.encode() + b"&" + body
    return browser.client.post(target, base_url=issuer, data=body, content_type=FORM)
