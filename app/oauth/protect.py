"""The guard of protected resources (:rfc:`6750`)."""

from collections.abc import Callable
from functools import wraps

from flask import Response
from flask import request as http_request

from app import credentials
from app.config import settings
from app.consents.live import has_run_out
from app.consents.snapshot import touch_consent
from app.database.connections import Connection, connect
from app.extensions import db
from app.http.wire import error_answer, error_uri
from app.oauth.cross_origin import note_caller
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.tokens.token import TokenSnapshot, find_access_token
from app.scopes import parse_scope

_REALM = "reliquary"

TokenLookup = Callable[[Connection, str], TokenSnapshot | None]


def find_token(
    connection: Connection, authorization: str, required: str, find: TokenLookup, note: Callable[[str], None]
) -> TokenSnapshot:
    """Returns the live token of an ``Authorization`` header, if it has all the ``required`` scopes.

    ``note`` is told which client calls. Raises :class:`Refused`, in words that say what happened and what to do:
    whoever holds a token may know all of its own fate.
    """
    presented = _read_bearer(authorization)
    mistaken = find_mistaken_kind(presented, credentials.ACCESS_TOKEN)
    if mistaken:
        raise refuse(Reason.BEARER_MISTAKEN, kind=mistaken)
    token = find(connection, credentials.digest(presented))
    if token is None:
        raise refuse(Reason.BEARER_UNKNOWN)
    note(token.client_id)
    if token.is_expired():
        raise refuse(Reason.BEARER_EXPIRED)
    if token.is_revoked():
        raise refuse(_why_ended(token))
    missing = [name for name in required.split() if name not in parse_scope(token.get_scope())]
    if missing:
        raise refuse(Reason.SCOPE_LACKING, missing=" ".join(missing))
    return token


def _read_bearer(authorization: str) -> str:
    scheme, *token = authorization.split(None, 1)[:2] or [""]
    if scheme.lower() != "bearer":
        # RFC 6750 section 3.1: no error code for a request that tried no bearer token.
        raise refuse(Reason.BEARER_MISSING)
    if not token:
        raise refuse(Reason.BEARER_EMPTY)
    return token[0]


def _why_ended(token: TokenSnapshot) -> Reason:
    if token.is_paused():
        return Reason.BEARER_PAUSED
    if token.client_suspended_at is not None:
        return Reason.BEARER_SUSPENDED
    is_over = has_run_out(token.consent_revoked_at, token.consent_expires_at)
    if token.revoked_at is None and token.family_revoked_at is None and is_over:
        return Reason.BEARER_PAST_ITS_END
    return Reason.BEARER_REVOKED


def protected(*scopes: str, find: TokenLookup = find_access_token) -> Callable:
    """Let a view be called only with a live bearer token that has *all* the scopes.

    ``find`` gets the connection and the token's digest; one that finds more saves a view a lookup of its own.

    The view gets the :class:`TokenSnapshot` and the driver connection as its first arguments.
    Refusals are those of :rfc:`6750#section-3.1`: 401 ``invalid_token``, 403
    ``insufficient_scope``, and 401 without an error code when no token was sent.
    """
    required = " ".join(scopes)

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(*args, **kwargs):
            with connect(db.engine) as connection:
                try:
                    authorization = http_request.environ.get("HTTP_AUTHORIZATION", "")
                    token = find_token(connection, authorization, required, find, note_caller)
                except Refused as refused:
                    return _answer_refusal(refused, required)
                if token.grant_id is not None:
                    touch_consent(connection, token.grant_id, token.consent_last_used_at)
                return view(token, connection, *args, **kwargs)

        return guarded

    return decorate


def _answer_refusal(refused: Refused, required: str) -> Response:
    challenge = [
        f'realm="{_REALM}"',
        f'resource_metadata="{settings().issuer}/.well-known/oauth-protected-resource"',
    ]
    code, message = refused.error, refused.description
    if refused.reason is not Reason.BEARER_MISSING:
        uri = error_uri(refused.anchor("api"))
        challenge += [f'error="{code}"', f'error_description="{message}"', f'error_uri="{uri}"']
    if refused.reason is Reason.SCOPE_LACKING:
        challenge.append(f'scope="{required}"')
    headers = {"WWW-Authenticate": "Bearer " + ", ".join(challenge)}
    return error_answer(refused.status_code, code, message, headers=headers, scope=refused.values.get("missing"))
