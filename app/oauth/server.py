"""Authlib's authorization server, wired to our records: one object, whose grants are registered at import."""

from collections.abc import Mapping
from urllib.parse import quote

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import BaseGrant, OAuth2Request, UnsupportedGrantTypeError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import Response
from flask import request as http_request
from werkzeug.datastructures import Headers

from app.clients.models import ClientSnapshot, find_client
from app.config import settings
from app.database.connections import Connection, RowGone
from app.http.wire import error_uri, json_answer
from app.oauth.client_authentication import authenticate_client, claimed_client_id
from app.oauth.cross_origin import note_caller
from app.oauth.grants.authorization_code import AuthorizationCodeGrant, demand_own_resource
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.pkce import S256CodeChallenge
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.journal.log import note_refusal, note_success
from app.oauth.journal.record import AUTHORIZE, TOKEN
from app.oauth.parameters import STATE_DEMANDED, demands_state, parse_parameters
from app.oauth.refusals import Reason, Refused, refuse
from app.scopes import asks_offline_access

_FORM_TYPE = "application/x-www-form-urlencoded"


class WireRequest(OAuth2Request):
    """A request as Authlib wants it, made from the configured issuer and strictly parsed parameters.

    ``connection`` is the driver connection all of it runs on; ``defect`` is what was wrong with the parameters, and
    ``is_form`` whether they came as a form; ``consent`` is set before a code is issued. ``asks_offline_access`` and
    ``demands_state`` are what the request was begun with.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        connection: Connection,
        *,
        defect: str | None = None,
        is_form: bool = True,
    ) -> None:
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
        self.defect, self.is_form = defect, is_form
        self.consent = None
        # Now, because the screens put into ``scope`` what the person allows.
        self.asks_offline_access = asks_offline_access(parameters.get("scope"))
        self.demands_state = demands_state(http.path) or STATE_DEMANDED in parameters

    @property
    def form(self) -> Mapping[str, str]:
        return self.payload.data


def demand_form(request: WireRequest) -> None:
    """Refuse parameters that cannot be relied on."""
    if not request.is_form:
        raise refuse(Reason.NOT_A_FORM)
    if request.defect:
        raise refuse(Reason.PARAMETER_DEFECTIVE, detail=request.defect)


class Server(AuthorizationServer):
    """What differs from Authlib's own, and nothing else."""

    def read_form(self, connection: Connection) -> WireRequest:
        """Returns the request of a token-like endpoint: from a form body alone, never the query string."""
        http = http_request._get_current_object()
        body_type = (http.content_type or "").partition(";")[0].strip().lower()
        # Without a body there is nothing to name the type of; what is missing then is told by its name.
        if body_type != _FORM_TYPE and (body_type or http.content_length or "HTTP_TRANSFER_ENCODING" in http.environ):
            return WireRequest({}, connection, is_form=False)
        parameters = parse_parameters(http.read_body())
        note_caller(parameters.values.get("client_id"))
        return WireRequest(parameters.values, connection, defect=parameters.find_defect())

    def create_oauth2_request(self, request: WireRequest) -> WireRequest:
        return request

    def authenticate_client(self, request: WireRequest, methods: list[str], endpoint: str = "token") -> ClientSnapshot:
        """Returns the client that the request is from. Raises :class:`Refused`."""
        demand_form(request)
        client, request.auth_method = authenticate_client(
            request.connection, request.headers.get("Authorization"), request.form
        )
        request.client = client
        note_caller(client.client_id)
        return client

    def get_token_grant(self, request: WireRequest) -> BaseGrant:
        """Returns the grant that the request names. Raises :class:`Refused`."""
        if request.payload.grant_type is None:
            raise refuse(Reason.GRANT_TYPE_MISSING)
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise refuse(Reason.GRANT_TYPE_UNSUPPORTED) from None

    def create_token_response(self, request: WireRequest) -> Response:
        """Answer the token endpoint, and note how it ended for the client's people."""
        try:
            demand_form(request)
            demand_own_resource(request)
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            response = self.handle_response(*grant.create_token_response())
        except Refused as refused:
            self.note_token_refusal(request, refused)
            return self.handle_error_response(request, refused)
        except RowGone:
            # The client was deleted since it was looked up.
            return self.handle_error_response(request, refuse(Reason.CLIENT_UNKNOWN))
        note_success(request.client, TOKEN, request.form)
        return response

    def note_token_refusal(self, request: WireRequest, refused: Refused) -> None:
        """Note why, for the people of the client that it is, or says it is."""
        client = refused.client or request.client
        if client is None and refused.reason is not Reason.CLIENT_UNKNOWN:
            claimed = claimed_client_id(request.headers.get("Authorization"), request.form)
            client = find_client(request.connection, claimed) if claimed else None
        note_refusal(client, TOKEN, request.form, refused)

    def authorization_grant(self, request: WireRequest) -> AuthorizationCodeGrant:
        """The grant of an authorize request whose client is known. What is wrong with it, the grant will say."""
        grant = AuthorizationCodeGrant(request, self)
        S256CodeChallenge(required=True)(grant)
        return grant

    def handle_error_response(self, request: WireRequest | None, error: Refused) -> Response:
        """Answer with the refusal: by redirect where it is known to lead back to the client, else as JSON."""
        if error.redirect_uri is None:
            return super().handle_error_response(request, error)
        note_refusal(request.client, AUTHORIZE, request.form, error)
        body = {
            "error": error.error,
            "error_description": error.description,
            "error_uri": error_uri(error.anchor("authorize")),
        }
        return self.handle_response(*self.redirect_back(request, error.redirect_uri, body))

    def get_error_uri(self, request: WireRequest | None, error: Refused) -> str:
        """Returns the address of the guide's line about the refusal."""
        return error_uri(error.anchor("token"))

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


server = Server()
server.register_grant(AuthorizationCodeGrant, [S256CodeChallenge(required=True)])
server.register_grant(RefreshTokenGrant)
server.register_grant(ClientCredentialsGrant)
