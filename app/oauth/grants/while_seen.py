"""Tokens for a client that was seen a moment ago: neither it nor what it presents is looked up beforehand."""

from collections.abc import Callable
from typing import Any, NamedTuple

from app.clients.models.seen import SeenClient, find_seen, forget_seen
from app.consents.resources import API
from app.oauth.client_authentication import read_credentials
from app.oauth.grants.bearer import BearerTokens, new_bearer_tokens, stored_values
from app.oauth.resources import own_resource
from app.oauth.tokens.while_seen import Used
from app.oauth.wire_request import WireRequest


class Caller(NamedTuple):
    """The client as it was seen, and how it authenticates now."""

    seen: SeenClient
    method: str


def find_seen_caller(request: WireRequest, plain: frozenset[str]) -> Caller | None:
    """Returns who the request is from, if that was seen a moment ago; None also for a request with more than ``plain``."""
    if not request.form.keys() <= plain:
        return None
    client_id, client_secret, method = read_credentials(request.headers.get("Authorization"), request.form)
    seen = find_seen(request.services, client_id, client_secret)
    return None if seen is None else Caller(seen, method)


def issue_while_seen(
    server: Any,
    request: WireRequest,
    caller: Caller,
    refresh_token: str,
    use: Callable[[SeenClient, dict[str, Any]], Used | None],
) -> tuple[BearerTokens, Used] | None:
    """Returns the tokens, and what they were given for. None: nothing was done, and nothing is said by it.

    ``use`` uses up what was presented and adds the tokens, see :mod:`app.oauth.tokens.while_seen`. What they are for and
    what they may do is known afterwards.
    """
    settings, seen = request.services.settings, caller.seen
    tokens = new_bearer_tokens(
        settings,
        scope="",
        client=seen.client,
        audience=own_resource(API, settings.issuer),
        refresh_scope="",
        refresh_token=refresh_token,
    )
    try:
        used = use(seen, stored_values(tokens))
    except Exception:
        # What the database cannot say now, it is to be asked about from the beginning.
        forget_seen(request.services, seen)
        raise
    if used is None:
        return None
    tokens.scope, tokens.audience = used.scope, own_resource(used.audience, settings.issuer)
    server.accept_client(request, seen.client, caller.method)
    return tokens, used
