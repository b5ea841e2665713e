"""Authlib's authorization server for Flask, wired to our records: what it calls needs no Flask (:mod:`.exchange`)."""

from collections.abc import Sequence
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Response
from werkzeug.datastructures import Headers

from app.http.wire import json_answer
from app.oauth.authorization_request import WaitingRequest
from app.oauth.checks import WayBack
from app.oauth.exchange import Exchange
from app.oauth.grants.authorize import AuthorizeGrant, Person
from app.oauth.grants.device_decision import DeviceDecisionGrant
from app.oauth.refusals import Refused
from app.oauth.wire_request import WireRequest


class Server(Exchange, AuthorizationServer):
    """The exchange, answering in Flask's way. ``init_app`` is Authlib's."""

    def authorization_grant(self, request: WireRequest, way_back: WayBack) -> AuthorizeGrant:
        """Returns the grant of an authorize request whose way back was checked. What else is wrong, it will say."""
        grant = AuthorizeGrant(request, self)
        grant.way_back = way_back
        return grant

    def device_grant(self, request: WireRequest, way_back: WayBack, waiting: WaitingRequest) -> DeviceDecisionGrant:
        """Returns the same of a device's request that waits."""
        grant = DeviceDecisionGrant(request, self)
        grant.way_back, grant.waiting = way_back, waiting
        return grant

    def create_authorization_response(
        self, request: WireRequest, grant_user: Person | None, grant: AuthorizeGrant
    ) -> Response:
        """Answer the authorize endpoint: with a code, or ``access_denied`` where no person has allowed it."""
        response: Response = super().create_authorization_response(request, grant_user, grant)
        return response

    def handle_error_response(self, request: WireRequest, error: Refused) -> Response:
        """Answer with the refusal."""
        response: Response = super().handle_error_response(request, error)
        return response

    def handle_response(self, status: int, body: dict[str, Any] | str, headers: Sequence[tuple[str, str]]) -> Response:
        """Returns Flask's response."""
        if isinstance(body, str):
            return _RedirectToClient(body, status=status, headers=headers)
        return json_answer(body, status, headers)


class _RedirectToClient(Response):
    """A redirect whose ``Location`` goes out as it is, byte for byte.

    Werkzeug passes each through its ``iri_to_uri``, whatever ``autocorrect_location_header`` says: that writes hosts
    in lower case, makes ``:/`` of ``:///``, and fails at a port that is none. An app compares what comes back.
    """

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Returns the headers, with the ``Location`` untouched."""
        with_location = self.headers
        try:
            self.headers = Headers([one for one in with_location if one[0] != "Location"])
            headers = super().get_wsgi_headers(environ)
        finally:
            self.headers = with_location
        headers["Location"] = with_location["Location"]
        return headers


server = Server()
