"""The token endpoint (:rfc:`6749#section-3.2`): a form in the body, every parameter once, and nothing else."""

import json
from dataclasses import replace

import pytest

from tests.integrator import TOKEN, basic
from tests.stock.rows import row
from tests.tables import each

PATHS = ["/oauth/token", "/oauth/token/", "/api/v1/auth/oauth2/token", "/api/v1/auth/oauth2/token/"]
HONEST = {"grant_type": "client_credentials", "scope": "memories:read"}


@each("path", PATHS)
def test_both_documented_paths_redeem_a_code_with_and_without_the_final_slash(notebook, signed_in, path):
    """Never by redirect."""
    assert notebook.exchange(notebook.code_by_consent(signed_in), path=path).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_answered(notebook, method):
    """The client MUST use the HTTP POST method (:rfc:`6749#section-3.2`)."""
    response = notebook.app.test_client().open(TOKEN, method=method, query_string=HONEST)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.mimetype == "application/json"


# -- the form --------------------------------------------------------------------------------------


@row("token parameters")
@pytest.mark.parametrize("moved", ["grant_type", "scope"])
def test_the_query_string_is_not_read(notebook, moved):
    """Parameters are sent in the request body (:rfc:`6749#section-3.2`); what is in an address gets logged."""
    response = notebook.post(f"{TOKEN}?{moved}={HONEST[moved]}", HONEST | {moved: None})
    if moved == "grant_type":
        assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    else:
        assert response.json["scope"] != HONEST["scope"]


@row("token parameters")
def test_a_client_secret_in_the_query_string_is_no_authentication(posting_notebook):
    """The parameters MUST NOT be included in the request URI (:rfc:`6749#section-2.3.1`)."""
    path = f"{TOKEN}?client_secret={posting_notebook.client_secret}"
    response = posting_notebook.post(path, HONEST | {"client_secret": None})
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


@row("token parameters")
def test_a_query_string_beside_an_honest_form_changes_nothing(notebook):
    response = notebook.post(f"{TOKEN}?grant_type=refresh_token&scope=unknown", HONEST)
    assert response.status_code == 200
    assert response.json["scope"] == "memories:read"


@row("token parameters")
@each("name", ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "unknown"])
def test_a_duplicated_parameter_is_refused(notebook, signed_in, name):
    """Request parameters MUST NOT be included more than once (:rfc:`6749#section-3.2`)."""
    honest = {
        "grant_type": "authorization_code",
        "code": notebook.code_by_consent(signed_in),
        "redirect_uri": notebook.redirect_uri,
        "code_verifier": notebook.code_verifier,
        "client_id": notebook.client_id,
        "unknown": "ignored",
    }
    response = notebook.post(TOKEN, honest | {name: [honest[name], honest[name]]})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert notebook.post(TOKEN, honest).status_code == 200


@row("token parameters")
def test_a_duplicated_parameter_is_refused_also_when_one_of_them_is_empty(notebook):
    response = notebook.post(TOKEN, HONEST | {"scope": ["memories:read", ""]})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("token parameters")
@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_a_duplicated_token_is_refused_by_the_siblings_too(notebook, path):
    response = notebook.post(path, {"token": ["one", "two"]})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("token parameters")
@pytest.mark.parametrize("grant_type", [None, ""])
def test_a_missing_grant_type_is_named(notebook, grant_type):
    """``invalid_request``: the request is missing a required parameter (:rfc:`6749#section-5.2`)."""
    response = notebook.post(TOKEN, HONEST | {"grant_type": grant_type})
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert "grant_type" in response.json["error_description"]


@row("token parameters")
@pytest.mark.parametrize("grant_type", ["password", "implicit", "Authorization_Code", "urn:x"])
def test_a_grant_type_that_does_not_exist_is_unsupported(notebook, grant_type):
    response = notebook.post(TOKEN, HONEST | {"grant_type": grant_type})
    assert (response.status_code, response.json["error"]) == (400, "unsupported_grant_type")


def test_an_unsupported_grant_type_is_told_which_ones_there_are(notebook):
    response = notebook.post(TOKEN, HONEST | {"grant_type": "password"})
    for supported in ("authorization_code", "refresh_token", "client_credentials"):
        assert supported in response.json["error_description"]


@row("token parameters")
def test_a_json_body_is_refused_with_what_to_send(notebook):
    response = notebook.app.test_client().post(
        TOKEN, json=HONEST, headers={"Authorization": basic(notebook.client_id, notebook.client_secret)}
    )
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    assert "application/x-www-form-urlencoded" in response.json["error_description"]


@row("token parameters")
def test_a_json_body_does_not_redeem_with_its_parameters_in_the_query_string(notebook):
    response = notebook.app.test_client().post(
        TOKEN,
        json={},
        query_string=HONEST,
        headers={"Authorization": basic(notebook.client_id, notebook.client_secret)},
    )
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@row("token parameters")
def test_a_multipart_body_is_refused(notebook):
    response = notebook.app.test_client().post(
        TOKEN,
        data=HONEST,
        content_type="multipart/form-data",
        headers={"Authorization": basic(notebook.client_id, notebook.client_secret)},
    )
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


def test_a_charset_beside_the_content_type_is_no_matter(notebook):
    response = notebook.app.test_client().post(
        TOKEN,
        data="grant_type=client_credentials",
        content_type="application/x-www-form-urlencoded; charset=UTF-8",
        headers={"Authorization": basic(notebook.client_id, notebook.client_secret)},
    )
    assert response.status_code == 200


def test_unknown_parameters_are_ignored(notebook):
    """MUST ignore unrecognized request parameters (:rfc:`6749#section-3.2`)."""
    assert notebook.post(TOKEN, HONEST | {"audience": "x", "nonce": "y"}).status_code == 200


# -- no input is repeated, nothing is a 5xx --------------------------------------------------------


@row("hostile values")
@pytest.mark.parametrize("grant_type", ['"', "\\", "a\r\nb", "ß", "<script>"])
def test_a_hostile_grant_type_is_refused_and_not_repeated(notebook, grant_type):
    """``error_description`` MUST NOT hold ``"``, a backslash or what is not ASCII (:rfc:`6749#section-5.2`)."""
    response = notebook.post(TOKEN, HONEST | {"grant_type": grant_type})
    assert response.status_code == 400
    description = response.json.get("error_description", "")
    assert grant_type not in description
    assert all(0x20 <= ord(letter) <= 0x7E and letter not in '"\\' for letter in description)


@row("hostile values")
@pytest.mark.parametrize("host", ["evil.example", "id.acme.example:8443", "169.254.0.1"])
def test_a_foreign_host_is_no_matter(notebook, host):
    """Where we are is what ``ISSUER`` says."""
    assert notebook.post(TOKEN, HONEST, headers={"Host": host}).status_code == 200


@row("issuer")
def test_behind_a_tls_proxy_that_speaks_plain_http_to_us_tokens_are_issued(notebook, publish_issuer):
    publish_issuer("https://id.acme.example")
    assert notebook.post(TOKEN, HONEST, headers={"Host": "id.acme.example"}).status_code == 200


@row("issuer")
def test_behind_a_tls_proxy_people_can_be_asked(notebook, signed_in, publish_issuer):
    publish_issuer("https://id.acme.example")
    answer = signed_in.client.get(
        notebook.authorize_url(), base_url="http://127.0.0.1:8000", headers={"Host": "id.acme.example"}
    )
    assert answer.status_code in (200, 303)


# -- resource indicators ---------------------------------------------------------------------------


@each("resource", ["", "/", "/api/", "/api/v1/"])
def test_our_own_api_may_be_named_as_the_resource(notebook, resource):
    response = notebook.client_credentials(resource=notebook.app.extensions["services"].settings.issuer + resource)
    assert response.status_code == 200


@pytest.mark.parametrize("resource", ["https://api.other.example/", "http://127.0.0.1:8000.evil.example/", "api"])
def test_another_resource_is_an_invalid_target(notebook, resource):
    """:rfc:`8707#section-2.2`."""
    response = notebook.client_credentials(resource=resource)
    assert (response.status_code, response.json["error"]) == (400, "invalid_target")


def test_the_answer_to_an_error_is_json_that_nobody_may_store(notebook):
    response = notebook.post(TOKEN, HONEST | {"grant_type": None})
    assert json.loads(response.data).keys() == {"error", "error_description", "error_uri"}
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


# -- Rememberizer's path -------------------------------------------------------------------------

REMEMBERIZERS = ["/api/v1/auth/oauth2/token", "/api/v1/auth/oauth2/token/"]


@each("grant_type", [None, ""])
@pytest.mark.parametrize("path", REMEMBERIZERS)
def test_on_rememberizers_path_a_code_needs_no_grant_type(notebook, signed_in, path, grant_type):
    """Its documentation lists client_id, client_secret, code and redirect_uri, and nothing else."""
    by_body = replace(notebook, auth_method="client_secret_post")
    answer = by_body.exchange(notebook.code_by_consent(signed_in), path=path, grant_type=grant_type)
    assert (answer.status_code, answer.json["token_type"]) == (200, "Bearer"), answer.text


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/token/"])
def test_elsewhere_a_grant_type_is_required_beside_a_code(notebook, signed_in, path):
    """REQUIRED (:rfc:`6749#section-4.1.3`)."""
    answer = notebook.exchange(notebook.code_by_consent(signed_in), path=path, grant_type=None)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "grant_type" in answer.json["error_description"]


@each("code", [None, ""])
@pytest.mark.parametrize("path", REMEMBERIZERS)
def test_without_a_code_a_grant_type_is_required_there_too(notebook, path, code):
    answer = notebook.exchange(code, path=path, grant_type=None)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", REMEMBERIZERS)
def test_a_grant_type_that_is_sent_there_counts(notebook, signed_in, path):
    code = notebook.code_by_consent(signed_in)
    assert notebook.exchange(code, path=path, grant_type="password").json["error"] == "unsupported_grant_type"
    assert notebook.exchange(code, path=path, grant_type="client_credentials").status_code == 200
    assert notebook.exchange(code, path=path).status_code == 200
