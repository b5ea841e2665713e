"""The refresh token grant (:rfc:`6749#section-6`), rotated on every use."""

import secrets
from datetime import timedelta
from typing import NoReturn

from authlib.oauth2.rfc6749 import grants

from app import clock, credentials
from app.clients.models.seen import remember_seen
from app.config import Settings
from app.consents.snapshot import CONSENT_USED
from app.last_uses import LastUses
from app.oauth.checks.parameters import refuse_scope
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.bearer import (
    BearerTokens,
    TokenAnswer,
    bearer_response,
    new_bearer_tokens,
    new_refresh_token,
    stored_values,
)
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.grants.replay import end_replayed_family
from app.oauth.grants.while_seen import find_seen_caller, issue_while_seen
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import Resource, choose_resource
from app.oauth.tokens.refresh import (
    FIND_REFRESH_TOKEN_WITH_CLIENT,
    RefreshSnapshot,
    count_repeat,
    find_refresh_token,
    rotate_refresh_token,
)
from app.oauth.tokens.replay import REFRESH_TOKEN
from app.oauth.tokens.while_seen import Used, rotate_while_seen
from app.oauth.tokens.with_client import Presented
from app.scopes import format_scope, parse_scope

#: How often within the grace a rotated token gets its successor again.
_MOST_REPEATS = 5
_A_DAY = timedelta(days=1)
#: With anything else in it, a request is more than is answered from what is remembered of its client.
_PLAIN = frozenset(("grant_type", "refresh_token", "client_id", "client_secret"))


class RefreshTokenGrant(grants.RefreshTokenGrant):
    """Each use ends the presented token and issues its successor, which keeps the full scope.

    ``audience`` is the resource that the access token is to be for.
    """

    audience: Resource
    _answer: TokenAnswer | None = None

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]

    def validate_token_request(self) -> None:
        """Authenticate the client, and find the token that it presents. Raises :class:`Refused`."""
        presented = self.request.form.get("refresh_token")
        self._answer = None if presented is None else self._rotate_for_seen(presented)
        if self._answer is not None:
            return
        if presented is not None:
            digest = credentials.digest(presented)
            self.request.presented = Presented(FIND_REFRESH_TOKEN_WITH_CLIENT, token_digest=digest)
        self.request.client = authenticate_for_grant(self)
        if presented is None:
            raise refuse(Reason.REFRESH_MISSING)
        token = self.request.refresh_token = self.authenticate_refresh_token(presented)
        self.audience = choose_resource(
            token.audience, self.request.form.get("resource"), self.settings.issuer, self.request.connection
        )

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshSnapshot:
        """Returns the token, if this client may use it now; one that was used before ends its family. Raises a refusal."""
        mistaken = find_mistaken_kind(refresh_token, credentials.REFRESH_TOKEN)
        if mistaken:
            raise refuse(Reason.REFRESH_MISTAKEN, kind=mistaken)
        known = self.request.take_presented()
        token: RefreshSnapshot | None = (
            find_refresh_token(self.request.connection, credentials.digest(refresh_token))
            if known is None
            else known.found
        )
        if token is None:
            raise refuse(Reason.REFRESH_UNKNOWN)
        token.hold_to(self.settings.third_party_scopes)
        if not token.check_client(self.request.client):
            raise refuse(Reason.REFRESH_OF_ANOTHER_CLIENT)
        if token.rotated_at is not None and not _is_in_grace(token, self.settings):
            self._end_family(token)
        if token.is_expired():
            raise refuse(Reason.REFRESH_EXPIRED)
        if token.is_paused():
            raise refuse(Reason.REFRESH_PAUSED)
        if token.is_disabled():
            raise refuse(Reason.REFRESH_ACCOUNT_DISABLED)
        if token.is_revoked():
            raise refuse(Reason.REFRESH_ENDED)
        return token

    def create_token_response(self) -> TokenAnswer:
        """Rotate the token, or repeat its successor, and issue an access token. Raises :class:`Refused`."""
        if self._answer is not None:
            return self._answer
        token, connection = self.request.refresh_token, self.request.connection
        presented = self.request.form["refresh_token"]
        scope = self._resolve_scope(token)
        tokens: BearerTokens | None = None
        if token.rotated_at is None:
            successor, salt = self._new_successor(presented)
            tokens = self._new_tokens(token, successor, scope)
            if not rotate_refresh_token(
                connection,
                token.digest,
                client_key=token.client_key,
                family_id=token.family_id,
                successor_salt=salt,
                tokens=stored_values(tokens),
            ):
                # Somebody was quicker: look again, and treat this as the repetition it is.
                token = self.authenticate_refresh_token(presented)
                tokens = None
        if tokens is None:
            tokens = self._repeat(token, presented, scope)
        remember_seen(self.request.services, self.request.client)
        return self._answer_with(tokens, token, presented)

    def _answer_with(self, tokens: BearerTokens, token: RefreshSnapshot | Used, presented: str) -> TokenAnswer:
        asked_offline = credentials.asked_offline(presented) or self.request.asks_offline_access
        response = bearer_response(self.settings, tokens, token, asked_offline=asked_offline)
        # An app that only keeps its tokens fresh uses what it was given, too.
        self.request.services.notes.of(LastUses).note(CONSENT_USED, token.grant_id, token.consent_last_used_at, _A_DAY)
        return 200, response, self.TOKEN_RESPONSE_HEADER

    def _rotate_for_seen(self, presented: str) -> TokenAnswer | None:
        """Returns the answer with tokens for a client as it was seen a moment ago; None: nothing was done.

        So one statement does for looking and rotating. Whatever could be refused is not for here.
        """
        caller = find_seen_caller(self.request, _PLAIN)
        if caller is None or not presented.isascii():
            return None
        successor, salt = self._new_successor(presented)
        connection, token_digest = self.request.connection, credentials.digest(presented)
        issued = issue_while_seen(
            self.server,
            self.request,
            caller,
            successor,
            lambda seen, tokens: rotate_while_seen(connection, token_digest, seen, tokens, successor_salt=salt),
        )
        return None if issued is None else self._answer_with(*issued, presented)

    @property
    def settings(self) -> Settings:
        """What the operator has chosen."""
        settings: Settings = self.request.services.settings
        return settings

    def _resolve_scope(self, token: RefreshSnapshot) -> str:
        """What the access token may do: the asked part of what the refresh token still may."""
        allowed = parse_scope(token.get_scope())
        requested = parse_scope(self.request.payload.scope)
        if not requested <= allowed and "," in self.request.payload.scope:
            raise refuse_scope(self.request.payload.scope)
        if not requested <= allowed or not allowed:
            raise refuse(Reason.SCOPE_TOO_WIDE)
        return format_scope(requested) if requested else token.get_told_scope()

    def _new_successor(self, presented: str) -> tuple[str, str | None]:
        """The next refresh token, and the salt that gives it again together with the presented one."""
        if not self.settings.refresh_token_grace:
            # Nobody ever needs it again, and it is purely random.
            return new_refresh_token(asked_offline=credentials.asked_offline(presented)), None
        salt = secrets.token_hex(32)
        return credentials.successor(presented, salt), salt

    def _new_tokens(self, token: RefreshSnapshot, successor: str, scope: str) -> BearerTokens:
        client = self.request.client
        return new_bearer_tokens(
            self.settings,
            scope=scope,
            client=client,
            audience=self.audience,
            origin=token,
            refresh_scope=token.scope,
            refresh_token=successor,
            # The presented one kept the first one's end, and so on: also when the client has registered since what
            # would let it live longer.
            refresh_until=token.expires_at if token.keeps_first_end or client.keeps_first_refresh_end else None,
        )

    def _repeat(self, token: RefreshSnapshot, presented: str, scope: str) -> BearerTokens:
        """Within the grace: the *same* successor again, with a fresh access token.

        It is for an answer that was lost, and for a few of an app's own processes that refresh at once. More than
        that is neither, and ends the family like any other replay.
        """
        # Only a token in its grace is repeated, and that has kept its salt.
        assert token.successor_salt is not None
        tokens = new_bearer_tokens(
            self.settings,
            scope=scope,
            client=self.request.client,
            audience=self.audience,
            origin=token,
            refresh_scope=token.scope,
            refresh_token=credentials.successor(presented, token.successor_salt),
        )
        if not count_repeat(
            self.request.connection,
            token.digest,
            client_key=token.client_key,
            family_id=token.family_id,
            most=_MOST_REPEATS,
            tokens=stored_values(tokens),
        ):
            self._end_family(token)
        return tokens

    def _end_family(self, token: RefreshSnapshot) -> NoReturn:
        end_replayed_family(self.request, token, REFRESH_TOKEN)
        raise refuse(Reason.REFRESH_REUSED)


def _is_in_grace(token: RefreshSnapshot, settings: Settings) -> bool:
    """Whether a rotated token may be repeated: shortly after, and only while its successor is unused."""
    grace = timedelta(seconds=settings.refresh_token_grace)
    return (
        token.rotated_at is not None
        and token.successor_salt is not None
        and token.successor_rotated_at is None
        # A clock that was ahead would have let it be repeated until then.
        and abs(clock.now() - token.rotated_at) < grace
    )
