"""The guard of protected resources (:rfc:`6750`)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response
from flask import request as http_request

from app import metrics
from app.consents.snapshot import CONSENT_USED
from app.database.connections import connect
from app.http.services import services
from app.http.wire import error_answer
from app.last_uses import LastUses
from app.oauth.bearer_check import TokenLookup, TokenOutdated, challenge, find_live_token
from app.oauth.cross_origin import note_caller
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.tokens.access import find_access_token

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
            of_app = services()
            with connect(of_app.engine) as connection:
                for _tries in range(_MOST_LOOKS):
                    try:
                        authorization = http_request.environ.get("HTTP_AUTHORIZATION", "")
                        token = find_live_token(
                            connection, authorization, required, find, note_caller, of_app.limits.calls
                        )
                    except Refused as refused:
                        return _answer_refusal(refused, required)
                    if token.grant_id is not None:
                        of_app.notes.of(LastUses).note(CONSENT_USED, token.grant_id, token.consent_last_used_at)
                    try:
                        return view(token, connection, *args, **kwargs)
                    except TokenOutdated:
                        continue
                return _answer_refusal(refuse(Reason.BEARER_REVOKED), required)

        return guarded

    return decorate


def _answer_refusal(refused: Refused, required: str) -> Response:
    metrics.REFUSED.inc("api", refused.reason)
    if refused.retry_after is not None:
        headers = {"Retry-After": str(refused.retry_after)}
    else:
        headers = {"WWW-Authenticate": challenge(refused, required, services().settings.issuer)}
    missing = refused.values.get("missing")
    return error_answer(
        refused.status_code,
        refused.error,
        refused.description,
        headers=headers,
        scope=None if missing is None else str(missing),
    )
