"""What of Authlib we set, override or read is there in the version that is installed, and is called as we call it.

Authlib is pinned below its next minor version. When that pin moves, this file says by name what has moved with it.
"""

import inspect

import pytest
from authlib.consts import default_json_headers
from authlib.integrations import flask_oauth2
from authlib.oauth2 import OAuth2Error, rfc8628
from authlib.oauth2.rfc6749 import AuthorizationServer, BaseGrant, OAuth2Request, TokenEndpoint, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from app.oauth.exchange import Exchange, exchange
from app.oauth.grants.authorization_code import AuthorizationCodeGrant
from app.oauth.grants.authorize import AuthorizeGrant
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.device_code import DeviceCodeGrant
from app.oauth.grants.device_decision import DeviceDecisionGrant
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.introspection import Introspection
from app.oauth.refusals import Refused
from app.oauth.revocation import Revocation
from app.oauth.server import Server, server
from app.oauth.wire_request import WireRequest
from tests.integrator import s256
from tests.tables import each

#: our class, the class of Authlib's that it stands on, what of that it overrides, with the parameters there: of some
#: Authlib's decorator for hooks hides them.
OVERRIDES = [
    (Exchange, AuthorizationServer, "create_token_response", ["request"]),
    (Exchange, AuthorizationServer, "create_endpoint_response", ["name", "request"]),
    (Exchange, AuthorizationServer, "get_token_grant", ["request"]),
    (Exchange, AuthorizationServer, "authenticate_client", ["request", "methods", "endpoint"]),
    (Exchange, AuthorizationServer, "handle_error_response", ["request", "error"]),
    (Exchange, AuthorizationServer, "get_error_uri", ["request", "error"]),
    (Exchange, AuthorizationServer, "create_oauth2_request", ["request"]),
    (Exchange, AuthorizationServer, "handle_response", ["status", "body", "headers"]),
    (Exchange, AuthorizationServer, "send_signal", ["name", "args", "kwargs"]),
    (Server, flask_oauth2.AuthorizationServer, "handle_response", ["status_code", "payload", "headers"]),
    (Server, flask_oauth2.AuthorizationServer, "create_authorization_response", ["args", "kwargs"]),
    (Server, flask_oauth2.AuthorizationServer, "handle_error_response", ["request", "error"]),
    (AuthorizeGrant, grants.AuthorizationCodeGrant, "validate_authorization_request", []),
    (
        AuthorizeGrant,
        grants.AuthorizationCodeGrant,
        "create_authorization_response",
        ["redirect_uri", "grant_user"],
    ),
    (AuthorizeGrant, grants.AuthorizationCodeGrant, "generate_authorization_code", []),
    (AuthorizeGrant, grants.AuthorizationCodeGrant, "save_authorization_code", ["code", "request"]),
    (AuthorizationCodeGrant, grants.AuthorizationCodeGrant, "query_authorization_code", ["code", "client"]),
    (AuthorizationCodeGrant, grants.AuthorizationCodeGrant, "validate_token_request", ["args", "kwargs"]),
    (AuthorizationCodeGrant, grants.AuthorizationCodeGrant, "create_token_response", ["args", "kwargs"]),
    (RefreshTokenGrant, grants.RefreshTokenGrant, "validate_token_request", []),
    (RefreshTokenGrant, grants.RefreshTokenGrant, "authenticate_refresh_token", ["refresh_token"]),
    (RefreshTokenGrant, grants.RefreshTokenGrant, "create_token_response", ["args", "kwargs"]),
    (DeviceCodeGrant, rfc8628.DeviceCodeGrant, "validate_token_request", []),
    (DeviceCodeGrant, rfc8628.DeviceCodeGrant, "query_device_credential", ["device_code"]),
    (DeviceCodeGrant, rfc8628.DeviceCodeGrant, "create_token_response", ["args", "kwargs"]),
    (
        DeviceDecisionGrant,
        grants.AuthorizationCodeGrant,
        "create_authorization_response",
        ["redirect_uri", "grant_user"],
    ),
    (ClientCredentialsGrant, grants.ClientCredentialsGrant, "validate_token_request", []),
    (ClientCredentialsGrant, grants.ClientCredentialsGrant, "create_token_response", ["args", "kwargs"]),
    (Revocation, RevocationEndpoint, "authenticate_token", ["request", "client"]),
    (Revocation, RevocationEndpoint, "revoke_token", ["token", "request"]),
    (Introspection, IntrospectionEndpoint, "authenticate_token", ["request", "client"]),
    (Introspection, IntrospectionEndpoint, "create_endpoint_response", ["request"]),
    (Refused, OAuth2Error, "get_headers", []),
]

#: What we call and do not override, with the parameters that we give.
CALLED = [
    (AuthorizationServer, "register_grant", ["grant_cls", "extensions"]),
    (AuthorizationServer, "register_endpoint", ["endpoint"]),
    (AuthorizationServer, "create_endpoint_response", ["name", "request"]),
    (flask_oauth2.AuthorizationServer, "init_app", ["app", "query_client", "save_token"]),
    (BaseGrant, "__init__", ["request", "server"]),
    (BaseGrant, "authenticate_token_endpoint_client", []),
    (TokenEndpoint, "authenticate_endpoint_client", ["request"]),
    (OAuth2Error, "__call__", ["uri"]),
    (OAuth2Error, "get_body", []),
]


def _parameters(function) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


@each(("ours", "theirs", "name", "parameters"), OVERRIDES, ids=lambda value: getattr(value, "__name__", None))
def test_what_we_override_is_there_with_the_parameters_that_we_take(ours, theirs, name, parameters):
    assert issubclass(ours, theirs) and name in vars(ours), f"{ours.__name__}.{name} is none of ours any more."
    assert _parameters(getattr(theirs, name)) == parameters


@each(("theirs", "name", "parameters"), CALLED, ids=lambda value: getattr(value, "__name__", None))
def test_what_we_call_is_there_with_the_parameters_that_we_give(theirs, name, parameters):
    assert _parameters(getattr(theirs, name)) == parameters


def test_no_override_of_ours_is_left_out_of_the_table():
    """A method of ours that one of Authlib's classes has too is an override, whether or not that was meant."""
    listed = {(ours, name) for ours, _, name, _ in OVERRIDES}
    for ours in {ours for ours, *_ in OVERRIDES}:
        theirs = [base for base in ours.__mro__ if base.__module__.startswith("authlib.")]
        for name, value in vars(ours).items():
            if inspect.isfunction(value) and name != "__init__" and any(name in vars(base) for base in theirs):
                assert (ours, name) in listed, f"{ours.__name__}.{name} overrides one of Authlib's."


def test_the_request_has_every_attribute_of_authlibs(app, notebook):
    """Ours does not call Authlib's ``__init__``, so whatever that sets must be set by ours."""
    services = app.extensions["services"]
    theirs = OAuth2Request("POST", "https://id.example/oauth/token")
    ours = WireRequest({}, None, services, method="POST", path="/oauth/token", headers={}, request_id="req_" + "0" * 24)
    # Deprecated: the body, beside the payload.
    assert vars(theirs).keys() - {"_body"} <= vars(ours).keys()
    for name in ("client", "user", "auth_method", "authorization_code", "refresh_token", "credential", "_scope"):
        assert getattr(theirs, name) is None and getattr(ours, name) is None
    assert isinstance(inspect.getattr_static(OAuth2Request, "scope"), property)
    assert isinstance(inspect.getattr_static(OAuth2Request, "form"), property)


def test_the_payload_reads_the_parameters_that_we_ask_it_for():
    sent = {"client_id": "a", "redirect_uri": "b", "state": "c", "scope": "d", "grant_type": "e", "response_type": "f"}
    payload = BasicOAuth2Payload(sent)
    assert payload.data is sent
    assert {name: getattr(payload, name) for name in sent} == sent


def test_each_server_has_its_grants_and_endpoints_where_authlib_looks_for_them():
    for one in (exchange, server):
        assert [grant.GRANT_TYPE for grant, _extensions in one._token_grants] == [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ]
        assert {name: len(endpoints) for name, endpoints in one._endpoints.items()} == {
            "revocation": 1,
            "introspection": 1,
        }


def test_a_grant_answers_to_its_type_by_post_alone(app):
    def ask(method: str, grant_type: str) -> WireRequest:
        return WireRequest(
            {"grant_type": grant_type}, None, app.extensions["services"],
            method=method, path="/oauth/token", headers={}, request_id="",
        )  # fmt: skip

    for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant):
        assert grant.check_token_endpoint(ask("POST", grant.GRANT_TYPE))
        assert not grant.check_token_endpoint(ask("GET", grant.GRANT_TYPE))
        assert grant.TOKEN_RESPONSE_HEADER is default_json_headers
        assert set(grant.TOKEN_ENDPOINT_AUTH_METHODS) == {
            "client_secret_basic", "client_secret_post", "none", "private_key_jwt",
        }  # fmt: skip


def test_an_error_of_authlibs_has_what_ours_fills_in():
    error = OAuth2Error("A sentence.", status_code=401, error="invalid_client")
    assert (error.error, error.description, error.status_code) == ("invalid_client", "A sentence.", 401)
    assert error.redirect_uri is None
    status, body, _headers = error("https://id.example/guide")
    assert (status, list(body)) == (401, ["error", "error_description", "error_uri"])
    with pytest.raises(ValueError, match="forbidden characters"):
        OAuth2Error('With "quotes".')


def test_a_challenge_is_what_s256_makes():
    assert create_s256_code_challenge("v" * 43) == s256("v" * 43)
