"""Authlib's authorization server without Flask: from a request object to an answer.

The token endpoint, introspection and revocation call :data:`exchange`. Another door does the same: it reads a form into
a :class:`app.oauth.wire_request.WireRequest`, and sends the :class:`Answer` on its own way.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from authlib.oauth2.rfc6749 import AuthorizationServer, BaseGrant

from app import metrics
from app.clients.documents.refreshing import is_host_allowed
from app.clients.models import DOCUMENT, PRIVATE_KEY_JWT, SECRET_USED, ClientSnapshot, find_client
from app.database.access import has_committed
from app.database.connections import RowGone
from app.database.repeat import repeat
from app.last_uses import LastUses
from app.logs import present
from app.oauth.assertions import authenticate_by_assertion
from app.oauth.checks.parameters import demand_sound_details_of_token
from app.oauth.client_authentication import authenticate_client, claimed_client_id
from app.oauth.failures import count_failure
from app.oauth.grants.authorization_code import AuthorizationCodeGrant
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.device_code import DeviceCodeGrant
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.introspection import Introspection
from app.oauth.journal.log import note_refusal, note_success
from app.oauth.journal.record import AUTHORIZE, DEVICE, OTHER_DOORS, TOKEN
from app.oauth.presented_token import expect_token
from app.oauth.redirect import lead_to_page, redirect_back
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.revocation import Revocation
from app.oauth.wire_request import WireRequest
from app.strict_json import is_compressed


class Answer(NamedTuple):
    """What is to be sent: a body that becomes JSON, or nothing but a redirect's headers."""

    status: int
    body: dict[str, Any] | str
    headers: Sequence[tuple[str, str]]


class Exchange(AuthorizationServer):
    """What differs from Authlib's own, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant, DeviceCodeGrant):
            self.register_grant(grant)
        for endpoint in (Revocation, Introspection):
            self.register_endpoint(endpoint)

    def create_token_response(self, request: WireRequest) -> Any:
        """Answer the token endpoint, and note how it ended for the client's people."""
        return repeat(lambda: self._answer_token_request(request), may_repeat=nothing_stands)

    def create_endpoint_response(self, name: str, request: WireRequest | None = None) -> Any:
        """Answer revocation or introspection."""
        assert request is not None
        request.endpoint = name
        request.presented = expect_token(request)
        endpoint = super().create_endpoint_response
        return repeat(lambda: endpoint(name, request), may_repeat=nothing_stands)

    def _answer_token_request(self, request: WireRequest) -> Any:
        try:
            demand_form(request)
            if "authorization_details" in request.form:
                demand_sound_details_of_token(request)
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            status, body, headers = grant.create_token_response()
        except Refused as refused:
            return self.refuse_form(request, refused, TOKEN)
        except RowGone:
            # The client was deleted since it was looked up.
            return self.handle_error_response(request, refuse(Reason.CLIENT_UNKNOWN))
        note_success(request, TOKEN)
        metrics.TOKENS_ISSUED.inc("access_token", request.payload.grant_type)
        if "refresh_token" in body:
            metrics.TOKENS_ISSUED.inc("refresh_token", request.payload.grant_type)
        return self.handle_response(status, body, headers)

    def get_token_grant(self, request: WireRequest) -> BaseGrant:
        """Returns the grant that the request names. Raises :class:`Refused`."""
        if request.payload.grant_type is None:
            raise refuse(Reason.GRANT_TYPE_MISSING)
        for grant, _extensions in self._token_grants:
            if grant.check_token_endpoint(request):
                return grant(request, self)
        raise refuse(Reason.GRANT_TYPE_UNSUPPORTED)

    def authenticate_client(self, request: WireRequest, methods: list[str], endpoint: str = "token") -> ClientSnapshot:
        """Returns the client that the request is from. Raises :class:`Refused`."""
        demand_form(request)
        if "client_assertion" in request.form:
            client, method = authenticate_by_assertion(request), PRIVATE_KEY_JWT
        else:
            client, method = authenticate_client(
                request.connection,
                request.headers.get("Authorization"),
                request.form,
                find_client if request.presented is None else request.presented.find_client,
            )
        demand_host_of_document(request, client)
        self.accept_client(request, client, method)
        if client.secret_digest is not None:
            request.services.notes.of(LastUses).note(SECRET_USED, client.secret_digest, client.secret_last_used_at)
        return client

    def accept_client(self, request: WireRequest, client: ClientSnapshot, method: str) -> None:
        """Go on with the client that the request is from, which authenticated by this method."""
        request.client, request.auth_method = client, method
        request.caller = client.client_id
        present.note_client(client.key)

    def refuse_form(self, request: WireRequest, refused: Refused, endpoint: str) -> Any:
        """Answer a form with the refusal, and note why, for the people of the client that it is from, or says it is."""
        answered = count_failure(request, refused)
        if not refused.noted:
            return super().handle_error_response(request, answered)
        client = refused.client or request.client
        if client is None and refused.reason is not Reason.CLIENT_UNKNOWN:
            claimed = claimed_client_id(request.headers.get("Authorization"), request.form)
            client = find_client(request.connection, claimed) if claimed else None
        if client is not None:
            present.note_client(client.key)
        note_refusal(request, endpoint, client, refused, error=answered.error)
        return self._refuse(request, answered)

    def handle_error_response(self, request: WireRequest, error: Refused) -> Any:
        """Answer with the refusal: by redirect where that is known to lead back to the client, else as JSON.

        A device reads of it when it asks next, and its person on a page of ours.
        """
        if error.redirect_uri is None and request.told_at is None:
            return self._refuse(request, count_failure(request, error))
        metrics.REFUSED.inc(AUTHORIZE, error.reason)
        door = AUTHORIZE if request.told_at is None else DEVICE
        request.connection.once_committed(lambda: note_refusal(request, door, request.client, error))
        if error.redirect_uri is None:
            return self.handle_response(*lead_to_page(request))
        body = {
            "error": error.error,
            "error_description": error.description,
            "error_uri": error.guide_uri(request.services.settings.issuer, "authorize"),
        }
        return self.handle_response(*redirect_back(request, error.redirect_uri, body))

    def _refuse(self, request: WireRequest, error: Refused) -> Any:
        metrics.REFUSED.inc(request.endpoint, error.reason)
        if error.client is not None:
            present.note_client(error.client.key)
        return super().handle_error_response(request, error)

    def get_error_uri(self, request: WireRequest, error: Refused) -> str:
        """Returns the address of the guide's line about the refusal."""
        door = request.endpoint if request.endpoint in OTHER_DOORS else TOKEN
        return error.guide_uri(request.services.settings.issuer, door)

    def create_oauth2_request(self, request: WireRequest) -> WireRequest:
        """Returns the request as it is: every door makes it by itself."""
        return request

    def handle_response(self, status: int, body: dict[str, Any] | str, headers: Sequence[tuple[str, str]]) -> Any:
        """Returns an :class:`Answer`."""
        return Answer(status, body, headers)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Authlib's signals carry tokens; nobody here listens."""


def demand_host_of_document(request: WireRequest, client: ClientSnapshot) -> None:
    """Refuse an app whose document lies on a host that the operator has denied since. Nothing is asked of that host.

    Raises :class:`Refused`.
    """
    if client.origin == DOCUMENT and not is_host_allowed(request.services, client.client_id):
        raise refuse(Reason.DOCUMENT_DENIED, client=client)


def nothing_stands() -> bool:
    """Returns whether a request may begin anew, since nothing that it did is kept."""
    return not has_committed()


def demand_form(request: WireRequest) -> None:
    """Refuse parameters that cannot be relied on. Raises :class:`Refused`."""
    if not request.is_form or (request.defect and is_compressed(request.headers)):
        raise refuse(Reason.NOT_A_FORM)
    if request.defect:
        raise refuse(Reason.PARAMETER_DEFECTIVE, detail=request.defect)


exchange = Exchange()
