"""The authorization code grant (:rfc:`6749#section-4.1`): single use, and a replay ends the whole family."""

from datetime import timedelta
from typing import NoReturn, Protocol

from authlib.oauth2.rfc6749 import grants

from app import clock, credentials
from app.clients.models import ClientSnapshot
from app.oauth.checks import WayBack, check_request
from app.oauth.checks.pkce import demand_code_verifier
from app.oauth.checks.way_back import demand_checked_for
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.bearer import TokenAnswer, add_bearer_tokens, bearer_response, new_bearer_tokens
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.grants.replay import end_replayed_family
from app.oauth.journal.log import note_success
from app.oauth.journal.record import AUTHORIZE
from app.oauth.playground.callback import find_return_problem
from app.oauth.redirect import Redirect, redirect_back
from app.oauth.refusals import Reason, refuse
from app.oauth.tokens.code import (
    CodeSnapshot,
    add_authorization_code,
    find_authorization_code,
    redeem_authorization_code,
)
from app.oauth.tokens.replay import CODE
from app.oauth.wire_request import WireRequest
from app.scopes import intersect_scope

# At the end of the code of a request that asked for offline_access: so it is stored nowhere, and nobody can add it.
# No hex digit is an "o".
_ASKED_OFFLINE = "o"


class Person(Protocol):
    """Who has allowed it."""

    id: str


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    """Authorize endpoint: ask. Token endpoint: redeem.

    ``way_back`` is what the checks have found: the client's redirect URI. Without it there is nowhere to send a code.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    way_back: WayBack | None = None

    # -- at the authorize endpoint -------------------------------------------------------------

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
        note_success(self.request, AUTHORIZE)
        return redirect_back(self.request, way_back.uri, {"code": code})

    def generate_authorization_code(self) -> str:
        """Returns a new code, which tells whether ``offline_access`` was asked for."""
        code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
        return code + _ASKED_OFFLINE if self.request.asks_offline_access else code

    def save_authorization_code(self, code: str, request: WireRequest) -> None:
        """Store the code under its digest, with what it was asked with."""
        issued_at = clock.now()
        add_authorization_code(
            request.connection,
            grant_id=request.given_consent.grant_id,
            digest=credentials.digest(code),
            client_key=request.known_client.key,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            code_challenge=request.payload.data.get("code_challenge"),
            issued_at=issued_at,
            expires_at=issued_at + timedelta(seconds=request.services.settings.authorization_code_lifetime),
        )

    # -- at the token endpoint -----------------------------------------------------------------

    def validate_token_request(self) -> None:
        """Authenticate the client, and find the code that it presents. Raises :class:`Refused`."""
        self.request.client = authenticate_for_grant(self)
        code = self.request.form.get("code")
        if code is None:
            raise refuse(Reason.CODE_MISSING)
        if "redirect_uri" not in self.request.form:
            raise refuse(Reason.REDIRECT_URI_MISSING)
        self.request.authorization_code = self.query_authorization_code(code, self.request.client)
        demand_code_verifier(self.request, self.request.authorization_code.code_challenge)

    def query_authorization_code(self, code: str, client: ClientSnapshot) -> CodeSnapshot:
        """Returns the code, if this client may redeem it now; a code that was redeemed before ends its family.

        Raises :class:`Refused`.
        """
        mistaken = find_mistaken_kind(code, credentials.AUTHORIZATION_CODE)
        if mistaken:
            raise refuse(Reason.CODE_MISTAKEN, kind=mistaken)
        found = find_authorization_code(self.request.connection, credentials.digest(code))
        if found is None:
            raise refuse(Reason.CODE_UNKNOWN)
        if found.client_key != client.key:
            raise refuse(Reason.CODE_OF_ANOTHER_CLIENT)
        if found.redeemed_at is not None:
            self._end_family(found)
        if found.is_expired():
            raise refuse(Reason.CODE_EXPIRED, code_seconds=found.lifetime)
        if found.is_paused():
            raise refuse(Reason.CODE_PAUSED)
        if found.is_revoked():
            raise refuse(Reason.CODE_ENDED)
        if self.request.payload.redirect_uri != found.redirect_uri:
            raise refuse(Reason.REDIRECT_URI_CHANGED, expected_uri=found.redirect_uri)
        self._demand_way_back(found)
        return found

    def _demand_way_back(self, code: CodeSnapshot) -> None:
        # Whoever is at an address that was taken off the list holds a code that came there before.
        request, issuer = self.request, self.request.services.settings.issuer
        problem = find_return_problem(request.connection, request.client, code.redirect_uri, code.user_id, issuer)
        if problem is not None:
            reason = Reason.REDIRECT_URI_REMOVED if problem is Reason.REDIRECT_URI_MISMATCH else problem
            raise refuse(reason)

    def create_token_response(self) -> TokenAnswer:
        """Redeem the code and issue its tokens, in one transaction that exactly one request can win."""
        code, client, connection = self.request.authorization_code, self.request.client, self.request.connection
        # As far as the client's registration and the consent still go (RFC 6749 section 5.1: what is issued is told).
        scope = intersect_scope(intersect_scope(code.scope, client.scope), code.consent_scope)
        if not scope:
            raise refuse(Reason.SCOPE_NOTHING_LEFT)
        tokens = new_bearer_tokens(
            self.request.services.settings, scope=scope, client=client, origin=code, refresh_scope=code.scope
        )
        with connection.transaction():
            is_first = redeem_authorization_code(connection, code.digest)
            if is_first:
                add_bearer_tokens(connection, tokens)
        if not is_first:
            self._end_family(code)
        asked_offline = self.request.form["code"].endswith(_ASKED_OFFLINE)
        response = bearer_response(self.request.services.settings, tokens, code, asked_offline=asked_offline)
        return 200, response, self.TOKEN_RESPONSE_HEADER

    def _end_family(self, code: CodeSnapshot) -> NoReturn:
        # RFC 6749 section 4.1.2: the tokens that were issued for a code are revoked when it comes twice.
        end_replayed_family(self.request, code, CODE)
        raise refuse(Reason.CODE_USED)
