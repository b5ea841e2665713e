"""The guard of protected resources (:rfc:`6750`)."""

from collections.abc import Callable
from functools import wraps

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, MissingAuthorizationError, UnsupportedTokenTypeError
from authlib.oauth2.rfc6750 import BearerTokenValidator, InsufficientScopeError, InvalidTokenError
from flask import Response
from flask import request as http_request

from app import credentials
from app.config import settings
from app.consents.models import touch_consent
from app.database.connections import Connection, connect
from app.extensions import db
from app.http.wire import error_answer, error_uri
from app.oauth.cross_origin import note_caller
from app.oauth.refused_grants import find_mistaken_kind
from app.oauth.tokens.token import TokenSnapshot, find_access_token
from app.scopes import parse_scope

_REALM = "reliquary"

TokenLookup = Callable[[Connection, str], TokenSnapshot | None]


class _Guard(ResourceProtector):
    """Authlib's, with the lookup on the connection of the request."""

    def find_token(self, required: list[str] | None, connection: Connection, find: TokenLookup) -> TokenSnapshot:
        """The live token of the present request. Raises an ``OAuth2Error`` when it does not do."""
        http = http_request._get_current_object()
        if http.environ.get("HTTP_AUTHORIZATION", "").strip().lower() == "bearer":
            raise InvalidRequestError("The Authorization header names no token.")
        validator, token_string = self.parse_request_authorization(http)
        mistaken = find_mistaken_kind(token_string, credentials.ACCESS_TOKEN)
        if mistaken:
            raise InvalidTokenError(f"That is {mistaken}, not an access token: send the access_token of the answer.")
        token = find(connection, credentials.digest(token_string))
        if token is not None:
            note_caller(token.client_id)
        validator.validate_token(token, required, http)
        return token


class _Validator(BearerTokenValidator):
    """Authlib's, in words that say what happened and what to do: who holds a token may know all of its own fate."""

    def validate_token(self, token: TokenSnapshot | None, scopes: list[str] | None, request) -> None:
        if token is None:
            raise InvalidTokenError("The access token is unknown: it is not whole, not ours, or expired long ago.")
        if token.is_expired():
            raise InvalidTokenError("The access token has expired: get the next one with the refresh token.")
        if token.is_revoked():
            raise InvalidTokenError(_why_ended(token))
        # One element, or none, is Authlib's AND.
        missing = [name for name in (scopes or [""])[0].split() if name not in parse_scope(token.get_scope())]
        if missing:
            error = InsufficientScopeError(f"This call needs the scope {' '.join(missing)}, which the token lacks.")
            error.missing = " ".join(missing)
            raise error


def _why_ended(token: TokenSnapshot) -> str:
    if token.is_paused():
        return "The user has paused this app's access. It works again when they resume it."
    if token.client_suspended_at is not None:
        return "The app is switched off for now: its tokens work again when its organization resumes it."
    if token.revoked_at is None and token.family_revoked_at is None and token.consent_revoked_at is None:
        return "The end has come that the user had set for this app's access: send them to authorize again."
    return "The access token was revoked: the app ended it, or the user disconnected the app."


_guard = _Guard()
_guard.register_token_validator(_Validator(realm=_REALM))


def protected(*scopes: str, find: TokenLookup = find_access_token) -> Callable:
    """Let a view be called only with a live bearer token that has *all* the scopes.

    ``find`` gets the connection and the token's digest; one that finds more saves a view a lookup of its own.

    The view gets the :class:`TokenSnapshot` and the driver connection as its first arguments.
    Refusals are those of :rfc:`6750#section-3.1`: 401 ``invalid_token``, 403
    ``insufficient_scope``, and 401 without an error code when no token was sent.
    """
    # One element is Authlib's AND; several would be its OR.
    required = [" ".join(scopes)] if scopes else None

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(*args, **kwargs):
            with connect(db.engine) as connection:
                try:
                    token = _guard.find_token(required, connection, find)
                except OAuth2Error as error:
                    return _refuse(error, scopes)
                if token.grant_id is not None:
                    touch_consent(connection, token.grant_id, token.consent_last_used_at)
                return view(token, connection, *args, **kwargs)

        return guarded

    return decorate


def _refuse(error: OAuth2Error, scopes: tuple[str, ...]) -> Response:
    challenge = [
        f'realm="{_REALM}"',
        f'resource_metadata="{settings().issuer}/.well-known/oauth-protected-resource"',
    ]
    if isinstance(error, MissingAuthorizationError | UnsupportedTokenTypeError):
        # RFC 6750 section 3.1: no error code for a request that tried no bearer token.
        status, code, message = 401, "unauthenticated", "Send the access token as 'Authorization: Bearer <token>'."
    else:
        status, code, message = error.status_code, error.error, error.description
        challenge += [f'error="{code}"', f'error_description="{message}"', f'error_uri="{error_uri(f"api-{code}")}"']
        if status == 403:
            challenge.append(f'scope="{" ".join(scopes)}"')
    headers = {"WWW-Authenticate": "Bearer " + ", ".join(challenge)}
    return error_answer(status, code, message, headers=headers, scope=getattr(error, "missing", None))
