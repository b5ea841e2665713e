"""Which of an authorization request's parameters are kept while it waits."""

from collections.abc import Mapping

from app.clients.models import REGISTERED, ClientSnapshot
from app.config import Settings
from app.database.connections import Connection
from app.oauth.checks.parameters import find_unnamed_scope
from app.oauth.resources import find_own_resource
from app.scopes import asks_offline_access, parse_scope, with_offline_access

# Nothing else is kept: an app may send along, by mistake, what must not be stored in plain text, such as its secret.
_KEPT = (
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "resource",
    "authorization_details",
)

#: Of these it is kept that they were sent, which is refused once somebody has signed in.
_KEPT_BY_NAME = ("request_uri",)


def keep_parameters(
    connection: Connection, settings: Settings, client: ClientSnapshot, sent: Mapping[str, str], *markers: str
) -> dict[str, str]:
    """Returns what is kept of the parameters that a client sent, with the scope settled, and the ``markers`` beside them."""
    scope = _settle_scope(connection, settings, client, sent)
    kept = {name: sent[name] for name in _KEPT if name in sent}
    kept |= dict.fromkeys([*markers, *(name for name in _KEPT_BY_NAME if name in sent)], "1")
    return kept | ({"scope": scope} if scope else {})


def _settle_scope(
    connection: Connection, settings: Settings, client: ClientSnapshot, sent: Mapping[str, str]
) -> str | None:
    """Returns the scope that is asked for, the client's own when none is; None for one that it may not ask for.

    Settled when the request begins: a default scope that grows meanwhile must not be granted unread.
    """
    asked = sent.get("scope")
    scope = client.get_allowed_scope(asked)
    if client.origin != REGISTERED and not parse_scope(asked):
        # As the checks do, which come once somebody has signed in.
        resources = {find_own_resource(address, settings.issuer) for address in sent.get("resource", "").split(" ")}
        scope = find_unnamed_scope(connection, client, settings, resources)
    return with_offline_access(scope) if scope and asks_offline_access(asked) else scope
