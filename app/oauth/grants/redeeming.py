"""What a code is redeemed by at the token endpoint, whichever way it came to its client: through a browser, or a device's own."""

from typing import Any

from app.clients.unregistered import find_most_scope
from app.oauth.grants.bearer import bearer_response, new_bearer_tokens, stored_values
from app.oauth.refusals import Reason, refuse
from app.oauth.resources import Resource
from app.oauth.tokens.code import CodeSnapshot, redeem_authorization_code
from app.oauth.wire_request import WireRequest
from app.scopes import intersect_scope


def demand_allowed(code: CodeSnapshot) -> None:
    """The person must still allow what the code is for. Raises :class:`Refused`."""
    if code.is_paused():
        raise refuse(Reason.CODE_PAUSED)
    if code.is_disabled():
        raise refuse(Reason.CODE_ACCOUNT_DISABLED)
    if code.is_revoked():
        raise refuse(Reason.CODE_ENDED)


def redeem_code(
    request: WireRequest, code: CodeSnapshot, audience: Resource, *, asked_offline: bool
) -> dict[str, Any] | None:
    """Redeem the code and issue its tokens, in one decision that exactly one request can win.

    Returns the answer's body; None when another request has won. Raises :class:`Refused` when nothing is left of the
    scope, and :class:`RowGone` when the client has ended since it was looked up.
    """
    client, settings = request.known_client, request.services.settings
    # As far as the client's registration and the consent still go (RFC 6749 section 5.1: what is issued is told).
    most = find_most_scope(client, settings)
    scope = code.find_told_scope(intersect_scope(most, code.consent_scope))
    if not scope:
        raise refuse(Reason.SCOPE_NOTHING_LEFT)
    tokens = new_bearer_tokens(
        settings,
        scope=scope,
        client=client,
        audience=audience,
        origin=code,
        refresh_scope=code.scope,
        asked_offline=asked_offline,
    )
    is_redeemed = redeem_authorization_code(
        request.connection,
        code.digest,
        client_key=client.key,
        family_id=code.family_id,
        tokens=stored_values(tokens),
    )
    return bearer_response(settings, tokens, code, asked_offline=asked_offline) if is_redeemed else None
