"""Whatever is sent to the authorize endpoint: never a failure of ours, never a redirect to an unregistered address."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.actors import Browser
from tests.integrator import AUTHORIZE, Integrator, s256
from tests.robustness.bad_values import (
    BAD_VALUES,
    NEVER_ACCEPTED,
    SEVERAL,
    assert_no_problems,
    encode,
    find_problem_with_page,
    spoil,
)
from tests.tables import each

PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "resource",
    "authorization_details",
    "request",
    "anything_else",
)


@pytest.fixture(autouse=True)
def _no_failure_is_logged(caplog):
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


@each("parameter", PARAMETERS)
def test_bad_value_never_redirects_a_stranger(parameter, browser, notebook, pocket):
    """:rfc:`9700#section-4.11.2`: who is not signed in is never sent anywhere but to the sign-in page."""
    problems = {}
    for integrator in (notebook, pocket):
        for kind, bad in BAD_VALUES.items():
            answer = ask(browser, spoil(honest(integrator), parameter, bad))
            problem = find_problem_with_page(answer, redirect_uri=None)
            if answer.location and not answer.location.startswith("/sign-in?next="):
                problem = f"to {answer.location}"
            problems[parameter, kind, integrator.client_id] = problem
    assert_no_problems(problems)


@each("parameter", PARAMETERS)
def test_bad_value_redirects_the_signed_in_to_the_registered_address_alone(parameter, browser, alice, notebook, pocket):
    """:rfc:`6749#section-3.1.2.4`; the confidential client has a consent already, the public one always asks."""
    browser.enter(alice)
    notebook.code(browser)
    problems = {}
    for integrator in (notebook, pocket):
        for kind, bad in BAD_VALUES.items():
            answer = ask(browser, spoil(honest(integrator), parameter, bad))
            cell = parameter, kind, integrator.client_id
            problems[cell] = find_problem_with_page(answer, redirect_uri=integrator.redirect_uri)
            assert not (answer.location or "").startswith("/sign-in"), cell
            if kind in NEVER_ACCEPTED and parameter not in ("client_id", "redirect_uri"):
                # A resource may come several times (RFC 8707 section 2); those of this table are none of ours.
                expected = "invalid_target" if parameter == "resource" and kind in SEVERAL else "invalid_request"
                problems[cell] = problems[cell] or find_error_other_than(expected, answer)
            elif problems[cell] is None:
                # What was accepted must also be shown.
                shown = browser.follow(answer)
                problems[cell] = find_problem_with_page(shown, redirect_uri=integrator.redirect_uri)
    assert_no_problems(problems)


@pytest.mark.parametrize("parameter", ["client_id", "redirect_uri"])
def test_without_a_known_client_and_address_it_is_a_page(parameter, browser, notebook):
    """:rfc:`6749#section-4.1.2.1`: the server MUST NOT redirect."""
    problems = {}
    for kind, bad in BAD_VALUES.items():
        answer = ask(browser, spoil(honest(notebook), parameter, bad))
        is_page = (answer.status_code, answer.location, answer.mimetype) == (400, None, "text/html")
        problems[parameter, kind] = None if is_page else answer.status
        if (parameter, kind) == ("client_id", "another origin"):
            # There may be a document about a client at that address: whoever has signed in is told whether there is.
            assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
            problems.pop((parameter, kind))
    # The parameter itself is whole here; what follows it is another, which nobody knows.
    problems.pop((parameter, "its name in brackets"))
    assert_no_problems(problems)


STATES = ("é🐘", "a b+c%20d", "\r\nSet-Cookie: a=b", "\t\x1b\x7f", '"\\<>&=#?', "x" * 4096, " ", "\u2028\u202e")


@pytest.mark.parametrize("integrator", ["notebook", "pocket"])
def test_state_comes_back_as_it_was(integrator, browser, alice, request):
    """:rfc:`6749#section-4.1.2`: the exact value, and as one parameter however it looks."""
    integrator = request.getfixturevalue(integrator)
    browser.enter(alice)
    for state in STATES:
        assert integrator.authorize(browser, state=state)["state"] == state
        answer = integrator.answer(integrator.start(browser, state=state, scope="unknown"))
        assert (answer["state"], answer["error"]) == (state, "invalid_scope")


def test_state_that_is_refused_is_not_sent_back(browser, alice, notebook):
    """What cannot come back byte for byte does not come back at all."""
    browser.enter(alice)
    for kind in ("not UTF-8", "NUL", "twice", "100 kB"):
        answer = ask(browser, spoil(honest(notebook), "state", BAD_VALUES[kind]))
        parameters = parse_qs(urlsplit(answer.location).query)
        assert (parameters["error"], parameters.get("state")) == (["invalid_request"], None), kind


def test_more_parameters_than_anybody_needs(browser, notebook):
    query = spoil(honest(notebook), "z", lambda _: [b"1"] + [b"1&z%d=1" % number for number in range(5000)])
    assert ask(browser, query).status_code == 400


@each("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_authorize_is_asked_by_get_alone(method, browser, notebook):
    answer = browser.client.open(notebook.authorize_url(), method=method)
    # Without its token, a form is turned away before anybody looks where it was sent.
    assert answer.status_code in (400, 405)
    assert answer.location is None


def honest(integrator: Integrator) -> dict[str, bytes]:
    """The query string's parameters of an honest request, form-encoded one by one."""
    return encode(
        {
            "response_type": "code",
            "client_id": integrator.client_id,
            "redirect_uri": integrator.redirect_uri,
            "state": integrator.state,
            "scope": integrator.scope,
            "code_challenge": s256(integrator.code_verifier),
            "code_challenge_method": "S256",
        }
    )


def find_error_other_than(error: str, answer: TestResponse) -> str | None:
    """What is wrong with a redirect that should tell the client of this error."""
    sent = parse_qs(urlsplit(answer.location or "").query).get("error")
    return None if sent == [error] else f"error is {sent}"


def ask(browser: Browser, query: bytes) -> TestResponse:
    """GET authorize with exactly these bytes, as a server hands them over."""
    # Cookies are sent only to the address that set them.
    at = {"base_url": browser.client.application.extensions["services"].settings.issuer}
    return browser.client.get(AUTHORIZE, environ_overrides={"QUERY_STRING": query.decode("latin-1")}, **at)
