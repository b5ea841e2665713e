"""The authorize endpoint's half of the authorization code grant (:rfc:`6749#section-4.1.1`): check, and issue a code."""

from datetime import timedelta
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import grants

from app import clock, credentials, metrics
from app.oauth.checks import WayBack, check_request
from app.oauth.checks.way_back import demand_checked_for
from app.oauth.journal.log import note_success
from app.oauth.journal.record import AUTHORIZE
from app.oauth.redirect import Redirect, redirect_back
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import format_asked
from app.oauth.tokens.code import add_authorization_code
from app.oauth.tokens.code_while import Basis, add_code_while
from app.oauth.wire_request import WireRequest
from app.scopes import PROFILE, parse_scope, without_profile


class Person(Protocol):
    """Who has allowed it."""

    id: str


class AuthorizeGrant(grants.AuthorizationCodeGrant):
    """Issues a code for a request that was checked, and that a person has allowed.

    ``way_back`` is what the checks have found: the client's redirect URI. Without it there is nowhere to send a code.
    """

    way_back: WayBack | None = None

    def validate_authorization_request(self) -> WayBack:
        """Run the checks, and returns the way back.

        Raises :class:`Refused`, which knows the redirect URI, and :class:`UncheckedWayBack` when nobody checked that.
        """
        return check_request(self.request, self.way_back)

    def create_authorization_response(self, way_back: WayBack, person: Person | None) -> Redirect:
        """Returns the redirect that carries the code. Raises :class:`Refused` when no ``person`` has allowed it."""
        if person is None:
            refused = refuse(Reason.DENIED)
            refused.redirect_uri = way_back.uri
            raise refused
        demand_checked_for(way_back, person.id)
        self.request.user = person
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        self.request.connection.once_committed(self._note_code)
        return redirect_back(self.request, way_back.uri, {"code": code})

    def answer_while(self, way_back: WayBack, basis: Basis) -> Redirect | None:
        """Returns the redirect that carries a code; None, and nothing is written, when the basis of it is gone."""
        demand_checked_for(way_back, basis.person_id)
        code = self.generate_authorization_code()
        if not add_code_while(basis, self.request.connection, **self._describe(code)):
            return None
        self._note_code()
        return redirect_back(self.request, way_back.uri, {"code": code})

    def _note_code(self) -> None:
        note_success(self.request, AUTHORIZE)
        metrics.CODES_ISSUED.inc()

    def generate_authorization_code(self) -> str:
        """Returns a new code, which tells whether ``offline_access`` was asked for."""
        code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
        return code + credentials.ASKED_OFFLINE if self.request.asks_offline_access else code

    def save_authorization_code(self, code: str, request: WireRequest) -> None:
        """Store the code under its digest, with what it was asked with."""
        client = request.known_client
        add_authorization_code(
            request.connection,
            grant_id=request.given_consent.grant_id,
            client_key=client.key,
            keeps_first_end=client.keeps_first_refresh_end,
            **self._describe(code),
        )

    def _describe(self, code: str) -> dict[str, Any]:
        """Returns what is stored of a code, but for whose it is."""
        request, issued_at = self.request, clock.now()
        scope = request.scope
        keeps_profile = request.known_client.implies_profile and PROFILE in parse_scope(scope)
        return {
            "digest": credentials.digest(code),
            "redirect_uri": request.payload.redirect_uri,
            # What the app did not name it is not told of either: some libraries take more than they asked for as an
            # error.
            "scope": without_profile(scope) if request.asks_profile_unnamed else scope,
            "names_profile": None if keeps_profile else True,
            "audience": format_asked(request.resource_names),
            "code_challenge": request.payload.data.get("code_challenge"),
            "issued_at": issued_at,
            "expires_at": issued_at + timedelta(seconds=request.services.settings.authorization_code_lifetime),
        }
