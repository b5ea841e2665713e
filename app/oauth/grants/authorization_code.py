"""The authorization code grant at the token endpoint (:rfc:`6749#section-4.1.3`): single use, and a replay ends the whole family."""

from typing import NoReturn

from app import credentials
from app.clients.models import ClientSnapshot
from app.clients.models.seen import remember_seen
from app.oauth.checks.pkce import demand_code_verifier, find_challenge
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.authorize import AuthorizeGrant
from app.oauth.grants.bearer import TokenAnswer, bearer_response, new_refresh_token
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.grants.redeeming import demand_allowed, redeem_code
from app.oauth.grants.replay import end_replayed_family
from app.oauth.grants.while_seen import find_seen_caller, issue_while_seen
from app.oauth.playground.callback import find_return_problem
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import Resource, choose_resource
from app.oauth.tokens.code import (
    FIND_CODE_WITH_CLIENT,
    CodeSnapshot,
    find_authorization_code,
)
from app.oauth.tokens.replay import CODE
from app.oauth.tokens.while_seen import redeem_while_seen
from app.oauth.tokens.with_client import Presented

#: With anything else in it, a request is more than is answered from what is remembered of its client.
_PLAIN = frozenset(("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret"))


class AuthorizationCodeGrant(AuthorizeGrant):
    """Redeems a code at the token endpoint. ``audience`` is the resource that the tokens are to be for."""

    audience: Resource
    _answer: TokenAnswer | None = None

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]

    def validate_token_request(self) -> None:
        """Authenticate the client, and find the code that it presents. Raises :class:`Refused`."""
        code = self.request.form.get("code")
        self._answer = None if code is None else self._redeem_for_seen(code)
        if self._answer is not None:
            return
        if code is not None:
            self.request.presented = Presented(FIND_CODE_WITH_CLIENT, code_digest=credentials.digest(code))
        self.request.client = authenticate_for_grant(self)
        if code is None:
            raise refuse(Reason.CODE_MISSING)
        if "redirect_uri" not in self.request.form:
            raise refuse(Reason.REDIRECT_URI_MISSING)
        self.request.authorization_code = self.query_authorization_code(code, self.request.client)
        demand_code_verifier(self.request, self.request.authorization_code.code_challenge)
        self.audience = choose_resource(
            self.request.authorization_code.audience,
            self.request.form.get("resource"),
            self.request.services.settings.issuer,
            self.request.connection,
        )

    def query_authorization_code(self, code: str, client: ClientSnapshot) -> CodeSnapshot:
        """Returns the code, if this client may redeem it now; a code that was redeemed before ends its family.

        Raises :class:`Refused`.
        """
        mistaken = find_mistaken_kind(code, credentials.AUTHORIZATION_CODE)
        if mistaken:
            raise refuse(Reason.CODE_MISTAKEN, kind=mistaken)
        known = self.request.take_presented()
        found: CodeSnapshot | None = (
            find_authorization_code(self.request.connection, credentials.digest(code)) if known is None else known.found
        )
        if found is None:
            raise refuse(Reason.CODE_UNKNOWN)
        if found.client_key != client.key:
            raise refuse(Reason.CODE_OF_ANOTHER_CLIENT)
        if found.redeemed_at is not None:
            self._end_family(found)
        if found.is_expired():
            raise refuse(Reason.CODE_EXPIRED, code_seconds=found.lifetime)
        demand_allowed(found)
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
        """Redeem the code and issue its tokens, in one decision that exactly one request can win.

        Raises a refusal.
        """
        if self._answer is not None:
            return self._answer
        request, code = self.request, self.request.authorization_code
        asked_offline = credentials.asked_offline(request.form["code"])
        body = redeem_code(request, code, self.audience, asked_offline=asked_offline)
        if body is None:
            self._end_family(code)
        remember_seen(request.services, request.known_client)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _redeem_for_seen(self, code: str) -> TokenAnswer | None:
        """Returns the answer with tokens for a client as it was seen a moment ago; None: nothing was done.

        So one statement does for looking and redeeming. Whatever could be refused is not for here.
        """
        form, connection = self.request.form, self.request.connection
        redirect_uri, verifier = form.get("redirect_uri"), form.get("code_verifier")
        caller = find_seen_caller(self.request, _PLAIN)
        if caller is None or redirect_uri is None or not caller.seen.client.check_redirect_uri(redirect_uri):
            return None
        challenge = None if verifier is None else find_challenge(verifier)
        if verifier is not None and challenge is None:
            return None
        asked_offline, code_digest = credentials.asked_offline(code), credentials.digest(code)
        issued = issue_while_seen(
            self.server,
            self.request,
            caller,
            new_refresh_token(asked_offline=asked_offline),
            lambda seen, tokens: redeem_while_seen(
                connection, code_digest, seen, tokens, redirect_uri=redirect_uri, code_challenge=challenge
            ),
        )
        if issued is None:
            return None
        response = bearer_response(self.request.services.settings, *issued, asked_offline=asked_offline)
        return 200, response, self.TOKEN_RESPONSE_HEADER

    def _end_family(self, code: CodeSnapshot) -> NoReturn:
        # RFC 6749 section 4.1.2: the tokens that were issued for a code are revoked when it comes twice.
        end_replayed_family(self.request, code, CODE)
        raise refuse(Reason.CODE_USED)
