"""Authlib's authorization server, wired to our records: one object, whose grants are registered at import."""

from collections.abc import Mapping
from urllib.parse import quote

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Request,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Response
from flask import request as http_request
from werkzeug.datastructures import Headers

from app.clients.models import ClientSnapshot, find_client
from app.config import settings
from app.database.connections import Connection, RowGone
from app.http.wire import error_uri, json_answer
from app.oauth.client_authentication import (
    ClientAuthenticationFailed,
    SeveralClientAuthentications,
    authenticate_client,
    claimed_client_id,
)
from app.oauth.cross_origin import note_caller
from app.oauth.grants.authorization_code import AuthorizationCodeGrant, demand_own_resource
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.pkce import S256CodeChallenge
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.journal.log import note_refusal, note_success
from app.oauth.journal.record import AUTHORIZE, TOKEN
from app.oauth.parameters import STATE_DEMANDED, demands_state, parse_parameters
from app.oauth.reasons import Reason, because, reason_of
from app.oauth.refused_grants import REFUSED_GRANTS
from app.scopes import asks_offline_access

_FORM_TYPE = "application/x-www-form-urlencoded"
_REALM = "reliquary"
# Where the description of the error is a sentence about a parameter that the record should keep.
_DETAILED = (
    Reason.PARAMETER_DEFECTIVE,
    Reason.DETAILS_REFUSED,
    Reason.CODE_MISTAKEN,
    Reason.REFRESH_MISTAKEN,
    Reason.OTHER,
)
# What Authlib raises for one reason only.
_FALLBACKS = {UnauthorizedClientError: Reason.GRANT_NOT_ALLOWED}


class WireRequest(OAuth2Request):
    """A request as Authlib wants it, made from the configured issuer and strictly parsed parameters.

    ``connection`` is the driver connection all of it runs on; ``defect`` is what was wrong
    with the parameters, for endpoints that answer by redirect; ``consent`` is set before a
    code is issued. ``reason`` and ``expected_uri`` are for the record, where a refusal comes
    from Authlib and brings none. ``asks_offline_access`` and ``demands_state`` are what the request was begun with.
    """

    def __init__(self, parameters: Mapping[str, str], connection: Connection, *, defect: str | None = None):
        # Not super().__init__(), which looks whether the address is https: that is the issuer's, checked at the
        # start, and never that of the Host header, which depends on a proxy.
        # Flask's proxy is asked once: each look through it costs as much as several attributes.
        http = http_request._get_current_object()
        self.method, self.headers = http.method, http.headers
        self.uri = settings().issuer + http.path
        self.client = self.user = self.auth_method = None
        self.authorization_code = self.refresh_token = self.credential = None
        self._scope = None
        self.payload = BasicOAuth2Payload(parameters)
        self.connection = connection
        self.defect = defect
        self.consent = self.reason = None
        # Now, because the screens put into ``scope`` what the person allows.
        self.asks_offline_access = asks_offline_access(parameters.get("scope"))
        self.demands_state = demands_state(http.path) or STATE_DEMANDED in parameters
        self.expected_uri = ""

    @property
    def form(self) -> Mapping[str, str]:
        return self.payload.data


class InvalidClient(InvalidClientError):
    """The one answer to every failed client authentication (:rfc:`6749#section-5.2`)."""

    status_code = 401
    description = "Client authentication failed."

    def __init__(self, failure: ClientAuthenticationFailed):
        super().__init__()
        self.reason, self.client, self.secret_digest = failure.reason, failure.client, failure.secret_digest

    def get_headers(self):
        headers = [(name, value) for name, value in super().get_headers() if name != "WWW-Authenticate"]
        return [*headers, ("WWW-Authenticate", f'Basic realm="{_REALM}", charset="UTF-8"')]


class UnreadableForm(InvalidRequestError):
    """Parameters that cannot be relied on; ``request`` holds those that can, for the record."""

    def __init__(self, description: str, reason: Reason, request: WireRequest):
        super().__init__(description)
        self.reason, self.request = reason, request


class UnknownGrantType(UnsupportedGrantTypeError):
    """:rfc:`6749#section-5.2`, without repeating what was sent."""

    description = "The grant_type must be authorization_code, refresh_token or client_credentials."


class Server(AuthorizationServer):
    """What differs from Authlib's own, and nothing else."""

    def read_form(self, connection: Connection) -> WireRequest:
        """The request of a token-like endpoint: from a form body alone, never the query string.

        Raises :class:`UnreadableForm` (``invalid_request``) for anything else, and for any parameter that is
        defective.
        """
        http = http_request._get_current_object()
        body_type = (http.content_type or "").partition(";")[0].strip().lower()
        # Without a body there is nothing to name the type of; what is missing then is told by its name.
        if body_type != _FORM_TYPE and (body_type or http.content_length or "HTTP_TRANSFER_ENCODING" in http.environ):
            what_to_do = f"Send the parameters in the body as {_FORM_TYPE}."
            raise UnreadableForm(what_to_do, Reason.NOT_A_FORM, WireRequest({}, connection))
        parameters = parse_parameters(http.read_body())
        note_caller(parameters.values.get("client_id"))
        request = WireRequest(parameters.values, connection)
        defect = parameters.find_defect()
        if defect:
            raise UnreadableForm(defect, Reason.PARAMETER_DEFECTIVE, request)
        return request

    def create_oauth2_request(self, request: WireRequest) -> WireRequest:
        return request

    def authenticate_client(self, request: WireRequest, methods, endpoint="token") -> ClientSnapshot:
        try:
            client, request.auth_method = authenticate_client(
                request.connection, request.headers.get("Authorization"), request.form
            )
        except SeveralClientAuthentications as error:
            raise because(error.reason, InvalidRequestError(str(error))) from None
        except ClientAuthenticationFailed as failure:
            raise InvalidClient(failure) from None
        request.client = client
        note_caller(client.client_id)
        return client

    def get_token_grant(self, request: WireRequest):
        if request.payload.grant_type is None:
            raise because(Reason.GRANT_TYPE_MISSING, InvalidRequestError("The parameter 'grant_type' is missing."))
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError as error:
            raise because(Reason.GRANT_TYPE_UNSUPPORTED, UnknownGrantType(error.grant_type)) from None

    def create_token_response(self, request: WireRequest) -> Response:
        try:
            demand_own_resource(request)
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            response = self.handle_response(*grant.create_token_response())
        except OAuth2Error as error:
            self.note_token_refusal(request, error)
            return self.handle_error_response(request, error)
        except RowGone:
            # The client was deleted since it was looked up.
            return self.handle_error_response(request, InvalidClient(ClientAuthenticationFailed()))
        note_success(request.client, TOKEN, request.form)
        return response

    def note_token_refusal(self, request: WireRequest, error: OAuth2Error) -> None:
        """Note why, for the people of the client that it is, or says it is."""
        if isinstance(error, InvalidClient):
            _note_refusal(error.client, TOKEN, request, error, secret_digest=error.secret_digest)
            return
        client = request.client
        if client is None:
            claimed = claimed_client_id(request.headers.get("Authorization"), request.form)
            client = find_client(request.connection, claimed) if claimed else None
        _note_refusal(client, TOKEN, request, error)

    def authorization_grant(self, request: WireRequest) -> AuthorizationCodeGrant:
        """The grant of an authorize request whose client is known. What is wrong with it, the grant will say."""
        grant = AuthorizationCodeGrant(request, self)
        S256CodeChallenge(required=True)(grant)
        return grant

    def handle_error_response(self, request: WireRequest | None, error: OAuth2Error) -> Response:
        if error.redirect_uri is None:
            return super().handle_error_response(request, error)
        _note_refusal(request.client, AUTHORIZE, request, error)
        body = {
            "error": error.error,
            "error_description": error.get_error_description(),
            "error_uri": error_uri(f"authorize-{error.error}"),
        }
        return self.handle_response(*self.redirect_back(request, error.redirect_uri, body))

    def get_error_uri(self, request: WireRequest | None, error: OAuth2Error) -> str:
        """The guide's line about the error; about its reason where every reason that may be told has a line."""
        reason = reason_of(error) or (request.reason if request is not None else None)
        if isinstance(error, InvalidGrantError) and reason in REFUSED_GRANTS:
            return error_uri(f"invalid_grant-{REFUSED_GRANTS[reason][0]}")
        return error_uri(f"token-{error.error}")

    def redirect_back(self, request: WireRequest, redirect_uri: str, parameters: Mapping[str, str]):
        """Status, body and headers of the redirect to the client, with ``state`` and ``iss`` (:rfc:`9207#section-2`).

        The parameters are appended to the registered URI as it is: parsing and re-encoding
        its query could change it.
        """
        answer = dict(parameters)
        if request.payload.state is not None:
            answer["state"] = request.payload.state
        answer["iss"] = settings().issuer
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in answer.items())
        separator = "&" if "?" in redirect_uri else "?"
        status = 303 if http_request.method == "POST" else 302
        return status, "", [("Location", f"{redirect_uri}{separator}{query}"), ("Cache-Control", "no-store")]

    def handle_response(self, status_code: int, payload, headers) -> Response:
        if not isinstance(payload, dict):
            return _RedirectToClient(payload, status=status_code, headers=headers)
        return json_answer(payload, status_code, headers)

    def send_signal(self, name: str, *args, **kwargs) -> None:
        """Authlib's signals carry tokens; nobody here listens."""


class _RedirectToClient(Response):
    """A redirect whose ``Location`` goes out as it is, byte for byte.

    Werkzeug passes each through its ``iri_to_uri``, whatever ``autocorrect_location_header`` says: that writes hosts
    in lower case, makes ``:/`` of ``:///``, and fails at a port that is none. An app compares what comes back.
    """

    def get_wsgi_headers(self, environ):
        with_location = self.headers
        try:
            self.headers = Headers([one for one in with_location if one[0] != "Location"])
            headers = super().get_wsgi_headers(environ)
        finally:
            self.headers = with_location
        headers["Location"] = with_location["Location"]
        return headers


def _note_refusal(
    client: ClientSnapshot | None, endpoint: str, request: WireRequest, error: OAuth2Error, **more
) -> None:
    reason = reason_of(error) or request.reason or _FALLBACKS.get(type(error), Reason.OTHER)
    note_refusal(
        client,
        endpoint,
        request.form,
        error=error.error,
        reason=reason,
        expected_uri=request.expected_uri,
        detail=error.get_error_description() if reason in _DETAILED else "",
        **more,
    )


server = Server()
server.register_grant(AuthorizationCodeGrant, [S256CodeChallenge(required=True)])
server.register_grant(RefreshTokenGrant)
server.register_grant(ClientCredentialsGrant)
