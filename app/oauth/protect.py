"""The guard of protected resources (:rfc:`6750`)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response
from flask import request as http_request

from app import metrics
from app.consents.resources import API
from app.consents.snapshot import CONSENT_USED
from app.database.connections import Connection, connect
from app.http.services import services
from app.http.wire import error_answer
from app.last_uses import LastUses
from app.oauth.bearer_check import TokenLookup, TokenOutdated, challenge, find_live_token
from app.oauth.cross_origin import note_caller
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.tokens.access import find_access_token
from app.oauth.tokens.snapshot import TokenSnapshot

#: How often a token is looked up for one call, while what it stands on keeps being changed.
_MOST_LOOKS = 5


def protected(
    *scopes: str, find: TokenLookup = find_access_token
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view be called only with a live bearer token that has *all* the scopes.

    ``find`` gets the connection and the token's digest; one that finds more saves a view a lookup of its own.

    The view gets the :class:`TokenSnapshot` and the driver connection as its first arguments.
    Refusals are those of :rfc:`6750#section-3.1`: 401 ``invalid_token``, 403
    ``insufficient_scope``, and 401 without an error code when no token was sent.
    """
    required = " ".join(scopes)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with connect(services().engine) as connection:
                try:
                    return call_with_bearer(
                        lambda token: view(token, connection, *args, **kwargs), connection, required, find
                    )
                except Refused as refused:
                    return _answer_refusal(refused)

        return guarded

    return decorate


def call_with_bearer(
    act: Callable[[TokenSnapshot], Any],
    connection: Connection,
    required: str = "",
    find: TokenLookup = find_access_token,
    audience: str = API,
) -> Any:
    """Returns what ``act`` returns for the live bearer token of this request.

    What the token stands on may be changed meanwhile: then the token is looked up and ``act`` called once more.
    Raises :class:`Refused`.
    """
    for _tries in range(_MOST_LOOKS):
        token = _check_bearer(connection, required, find, audience)
        try:
            return act(token)
        except TokenOutdated:
            continue
    raise refuse(Reason.BEARER_REVOKED)


def _check_bearer(connection: Connection, required: str, find: TokenLookup, audience: str) -> TokenSnapshot:
    authorization = http_request.environ.get("HTTP_AUTHORIZATION", "")
    of_app = services()
    token = find_live_token(
        connection,
        authorization,
        required,
        find,
        note_caller,
        of_app.limits.calls,
        issuer=of_app.settings.issuer,
        audience=audience,
        third_party_scopes=of_app.settings.third_party_scopes,
    )
    if token.grant_id is not None:
        of_app.notes.of(LastUses).note(CONSENT_USED, token.grant_id, token.consent_last_used_at)
    return token


def _answer_refusal(refused: Refused) -> Response:
    metrics.REFUSED.inc("api", refused.reason)
    issuer = services().settings.issuer
    if refused.retry_after is not None:
        headers = {"Retry-After": str(refused.retry_after)}
    else:
        headers = {"WWW-Authenticate": challenge(refused, issuer)}
    needed = refused.values.get("needed")
    return error_answer(
        refused.status_code,
        refused.error,
        refused.description,
        headers=headers,
        scope=None if needed is None else str(needed),
    )
