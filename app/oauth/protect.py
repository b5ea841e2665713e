"""The guard of protected resources (:rfc:`6750`)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request as http_request

from app.consents.resources import API
from app.database.connections import Connection, connect
from app.http.services import services
from app.http.wire import JsonAnswer
from app.oauth.bearer_answer import write_refusal
from app.oauth.bearer_check import TokenLookup, act_with_bearer
from app.oauth.cross_origin import note_caller
from app.oauth.refusals import Refused
from app.oauth.tokens.access import find_access_token
from app.oauth.tokens.snapshot import TokenSnapshot


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
                    return JsonAnswer(write_refusal(refused, http_request.environ, services().settings.issuer))

        return guarded

    return decorate


def call_with_bearer(
    act: Callable[[TokenSnapshot], Any],
    connection: Connection,
    required: str = "",
    find: TokenLookup = find_access_token,
    audience: str = API,
) -> Any:
    """Returns what ``act`` returns for the live bearer token of this request. Raises :class:`Refused`."""
    authorization = http_request.environ.get("HTTP_AUTHORIZATION", "")
    return act_with_bearer(
        act, connection, services(), authorization, note_caller, find=find, required=required, audience=audience
    )
