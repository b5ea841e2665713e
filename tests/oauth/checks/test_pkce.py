"""Proof Key for Code Exchange (:rfc:`7636`): S256 alone, demanded early, and never forgotten."""

from dataclasses import replace

import pytest

from tests.integrator import s256
from tests.stock.rows import row
from tests.tables import each

WITHOUT_PKCE = {"code_challenge": None, "code_challenge_method": None}


# -- at the authorize endpoint ---------------------------------------------------------------------


@row("pkce")
@each("method", ["plain", "s256", "S512", "S256 "])
def test_a_method_other_than_s256_is_refused(notebook, signed_in, method):
    """MUST answer with ``invalid_request`` what it does not support (:rfc:`7636#section-4.4.1`)."""
    answer = notebook.answer(notebook.start(signed_in, code_challenge_method=method))
    assert answer["error"] == "invalid_request"


@row("pkce")
def test_a_challenge_without_a_method_is_refused(notebook, signed_in):
    """Missing means ``plain`` (:rfc:`7636#section-4.3`), which is not offered."""
    answer = notebook.answer(notebook.start(signed_in, code_challenge_method=None))
    assert answer["error"] == "invalid_request"


@row("pkce")
def test_a_method_without_a_challenge_is_refused(notebook, signed_in):
    answer = notebook.answer(notebook.start(signed_in, code_challenge=None))
    assert answer["error"] == "invalid_request"


@row("pkce")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda challenge: challenge + "\n", id="with a trailing newline"),
        pytest.param(lambda challenge: challenge[:-1], id="of 42 characters"),
        pytest.param(lambda challenge: challenge + "A", id="of 44 characters"),
        pytest.param(lambda challenge: challenge + "=", id="with its padding"),
        pytest.param(lambda challenge: challenge[:-1] + "~", id="with a character base64url lacks"),
        pytest.param(lambda challenge: challenge[:-1] + "\u0661", id="with a digit that is not ASCII"),
    ],
)
def test_a_challenge_that_no_sha256_gives_is_refused(notebook, signed_in, change):
    """The challenge is 43 characters of base64url (:rfc:`7636#section-4.2`)."""
    challenge = change(s256(notebook.code_verifier))
    answer = notebook.answer(notebook.start(signed_in, code_challenge=challenge))
    assert answer["error"] == "invalid_request"


@row("pkce")
def test_a_public_client_without_a_challenge_is_refused_before_anybody_is_asked(pocket, signed_in):
    """Authorization servers MUST require PKCE of public clients (:rfc:`9700#section-2.1.1`)."""
    answer = pocket.answer(pocket.start(signed_in, **WITHOUT_PKCE))
    assert answer["error"] == "invalid_request"
    assert "code_challenge" in answer["error_description"]


@row("pkce")
def test_a_client_that_registered_to_need_pkce_is_refused_without(strict_notebook, signed_in):
    answer = strict_notebook.answer(strict_notebook.start(signed_in, **WITHOUT_PKCE))
    assert answer["error"] == "invalid_request"


def test_a_client_that_registered_to_need_pkce_gets_tokens_with_it(strict_notebook, signed_in):
    assert strict_notebook.tokens(signed_in)["access_token"]


def test_a_confidential_client_may_do_without_pkce(notebook, signed_in):
    code = notebook.code(signed_in, **WITHOUT_PKCE)
    assert notebook.exchange(code, code_verifier=None).status_code == 200


# -- at the token endpoint -------------------------------------------------------------------------


@row("pkce")
def test_a_code_with_a_challenge_demands_the_verifier_also_of_a_confidential_client(notebook, signed_in):
    """If the values are not equal, an error MUST be returned (:rfc:`7636#section-4.6`); no value is equal to none."""
    response = notebook.exchange(notebook.code_by_consent(signed_in), code_verifier=None)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("pkce")
def test_a_wrong_verifier_is_refused(notebook, signed_in):
    """An error response indicating ``invalid_grant`` MUST be returned (:rfc:`7636#section-4.6`)."""
    response = notebook.exchange(notebook.code_by_consent(signed_in), code_verifier="x" * 43)
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@row("pkce")
def test_the_challenge_itself_is_no_verifier(notebook, signed_in):
    response = notebook.exchange(notebook.code_by_consent(signed_in), code_verifier=s256(notebook.code_verifier))
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")


@row("pkce")
def test_a_verifier_for_a_code_without_a_challenge_is_refused(notebook, signed_in):
    """Else an attacker could strip the challenge from the request (:rfc:`9700#section-4.8.2`)."""
    response = notebook.exchange(notebook.code(signed_in, **WITHOUT_PKCE))
    assert response.status_code == 400
    assert response.json["error"] in ("invalid_grant", "invalid_request")


@row("pkce")
@pytest.mark.parametrize(
    "verifier",
    [
        pytest.param("a" * 42, id="of 42 characters"),
        pytest.param("a" * 129, id="of 129 characters"),
        pytest.param("a" * 42 + "+", id="with a reserved character"),
        pytest.param("a" * 43 + "\n", id="with a trailing newline"),
    ],
)
def test_a_verifier_that_is_none_is_refused_even_if_it_matches(notebook, signed_in, verifier):
    """43 to 128 unreserved characters (:rfc:`7636#section-4.1`)."""
    careless = replace(notebook, code_verifier=verifier)
    response = careless.exchange(careless.code(signed_in))
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("verifier", ["a" * 43, "-._~" * 32])
def test_the_shortest_and_the_longest_verifier_are_taken(pocket, signed_in, verifier):
    careful = replace(pocket, code_verifier=verifier)
    assert careful.exchange(careful.code(signed_in)).status_code == 200
