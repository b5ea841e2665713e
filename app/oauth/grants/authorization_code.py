"""The authorization code grant (:rfc:`6749#section-4.1`): single use, and a replay ends the whole family."""

from datetime import timedelta

from authlib.oauth2.rfc6749 import grants

from app import clock, credentials
from app.config import settings
from app.consents.details import find_details_problem
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.asked_scope import refuse_scope
from app.oauth.grants.bearer import add_bearer_tokens, bearer_response, new_bearer_tokens
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.grants.replay import end_replayed_family
from app.oauth.journal.log import note_success
from app.oauth.journal.record import AUTHORIZE
from app.oauth.playground.callback import find_return_problem
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.tokens.code import (
    CodeSnapshot,
    add_authorization_code,
    find_authorization_code,
    redeem_authorization_code,
)
from app.oauth.tokens.replay import CODE
from app.scopes import intersect_scope

PROMPTS = ("consent", "login", "select_account")
# At the end of the code of a request that asked for offline_access: so it is stored nowhere, and nobody can add it.
# No hex digit is an "o".
_ASKED_OFFLINE = "o"


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    """Authorize endpoint: ask. Token endpoint: redeem.

    The client and its redirect URI are identified before, by the server object: without
    both there is nowhere to send an error. Everything below is answered by a redirect.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    # -- at the authorize endpoint -------------------------------------------------------------

    def validate_authorization_request(self) -> str:
        """Run every check in order; the redirect URI.

        Raises :class:`Refused`, which knows the redirect URI.
        """
        redirect_uri = self.request.payload.redirect_uri
        try:
            for check in _AUTHORIZATION_CHECKS:
                check(self.request)
            self.execute_hook("after_validate_authorization_request_payload", redirect_uri)
        except Refused as refused:
            refused.redirect_uri = redirect_uri
            raise
        return redirect_uri

    def create_authorization_response(self, redirect_uri: str, grant_user):
        """The redirect that carries the code, or ``access_denied`` without a ``grant_user``."""
        if grant_user is None:
            refused = refuse(Reason.DENIED)
            refused.redirect_uri = redirect_uri
            raise refused
        self.request.user = grant_user
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        note_success(self.request.client, AUTHORIZE, self.request.form)
        return self.server.redirect_back(self.request, redirect_uri, {"code": code})

    def generate_authorization_code(self) -> str:
        code = credentials.new_credential(credentials.AUTHORIZATION_CODE)
        return code + _ASKED_OFFLINE if self.request.asks_offline_access else code

    def save_authorization_code(self, code: str, request) -> None:
        issued_at = clock.now()
        add_authorization_code(
            request.connection,
            family_id=credentials.new_id("fam"),
            grant_id=request.consent.grant_id,
            digest=credentials.digest(code),
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            code_challenge=request.payload.data.get("code_challenge"),
            issued_at=issued_at,
            expires_at=issued_at + timedelta(seconds=settings().authorization_code_lifetime),
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
        self.execute_hook("after_validate_token_request", None)

    def query_authorization_code(self, code: str, client) -> CodeSnapshot:
        """The code, if this client may redeem it now; a code that was redeemed before ends its family."""
        mistaken = find_mistaken_kind(code, credentials.AUTHORIZATION_CODE)
        if mistaken:
            raise refuse(Reason.CODE_MISTAKEN, kind=mistaken)
        found = find_authorization_code(self.request.connection, credentials.digest(code))
        if found is None:
            raise refuse(Reason.CODE_UNKNOWN)
        if found.client_id != client.client_id:
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
        problem = find_return_problem(self.request.connection, self.request.client, code.redirect_uri, code.user_id)
        if problem is not None:
            reason = Reason.REDIRECT_URI_REMOVED if problem is Reason.REDIRECT_URI_MISMATCH else problem
            raise refuse(reason)

    def create_token_response(self):
        """Redeem the code and issue its tokens, in one transaction that exactly one request can win."""
        code, client, connection = self.request.authorization_code, self.request.client, self.request.connection
        # As far as the client's registration and the consent still go (RFC 6749 section 5.1: what is issued is told).
        scope = intersect_scope(intersect_scope(code.scope, client.scope), code.consent_scope)
        if not scope:
            raise refuse(Reason.SCOPE_NOTHING_LEFT)
        tokens = new_bearer_tokens(scope=scope, client=client, origin=code, refresh_scope=code.scope)
        with connection.transaction():
            is_first = redeem_authorization_code(connection, code.digest)
            if is_first:
                add_bearer_tokens(connection, tokens)
        if not is_first:
            self._end_family(code)
        asked_offline = self.request.form["code"].endswith(_ASKED_OFFLINE)
        return 200, bearer_response(tokens, code, asked_offline=asked_offline), self.TOKEN_RESPONSE_HEADER

    def _end_family(self, code: CodeSnapshot):
        # RFC 6749 section 4.1.2: the tokens that were issued for a code are revoked when it comes twice.
        end_replayed_family(self.request, code, CODE)
        raise refuse(Reason.CODE_USED)


# -- the checks of the authorize endpoint, in order --------------------------------------------------


def _refuse_defects(request) -> None:
    if request.defect:
        raise refuse(Reason.PARAMETER_DEFECTIVE, detail=request.defect)


def _demand_response_type_code(request) -> None:
    response_type = request.payload.data.get("response_type")
    if response_type is None:
        raise refuse(Reason.RESPONSE_TYPE_MISSING)
    if response_type != "code":
        raise refuse(Reason.RESPONSE_TYPE_UNSUPPORTED)


def _demand_state(request) -> None:
    """PKCE binds the answer to whoever asked, as ``state`` does (:rfc:`9700#section-2.1`)."""
    parameters = request.payload.data
    has_challenge = "code_challenge" in parameters and parameters.get("code_challenge_method") == "S256"
    if request.payload.state is None and (request.demands_state or not has_challenge):
        raise refuse(Reason.STATE_MISSING)


def _resolve_scope(request) -> None:
    scope = request.client.get_allowed_scope(request.payload.scope)
    if scope is None:
        raise refuse_scope(request.payload.scope)
    request.scope = scope


def _demand_known_prompt(request) -> None:
    prompt = request.payload.data.get("prompt")
    if prompt is not None and not set(prompt.split(" ")) <= set(PROMPTS):
        raise refuse(Reason.PROMPT_UNKNOWN)


def demand_own_resource(request) -> None:
    """Refuse a resource indicator that names anything but this server's API (:rfc:`8707#section-2`)."""
    resource = request.payload.data.get("resource")
    if resource is not None and resource not in _own_resources(settings().issuer):
        raise refuse(Reason.RESOURCE_UNKNOWN)


def _own_resources(issuer: str) -> tuple[str, ...]:
    return issuer, f"{issuer}/", f"{issuer}/api/", f"{issuer}/api/v1/"


def _demand_sound_details(request) -> None:
    details = request.payload.data.get("authorization_details")
    problem = find_details_problem(details, settings().issuer) if details is not None else None
    if problem:
        raise refuse(Reason.DETAILS_REFUSED, detail=problem)


_AUTHORIZATION_CHECKS = (
    _refuse_defects,  # invalid_request
    _demand_response_type_code,  # invalid_request, unsupported_response_type
    _demand_state,  # invalid_request
    _resolve_scope,  # invalid_scope
    _demand_known_prompt,  # invalid_request
    demand_own_resource,  # invalid_target
    _demand_sound_details,  # invalid_authorization_details
    # then, as an extension: PKCE, invalid_request
)
