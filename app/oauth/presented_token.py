"""The ``token`` parameter of revocation and introspection (:rfc:`7009#section-2.1`, :rfc:`7662#section-2.1`)."""

from app import credentials
from app.clients.models import ClientSnapshot
from app.oauth.refusals import Reason, refuse
from app.oauth.tokens.access import FIND_ACCESS_TOKEN_WITH_CLIENT, find_access_token
from app.oauth.tokens.refresh import FIND_REFRESH_TOKEN_WITH_CLIENT, find_refresh_token
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.tokens.with_client import Presented
from app.oauth.wire_request import WireRequest


def find_presented_token(request: WireRequest, client: ClientSnapshot) -> TokenSnapshot | None:
    """Returns the presented token, in whatever state, if it was issued to this client; else None.

    Raises :class:`Refused` (``invalid_request``) when there is no token.
    """
    token = find_token(request)
    return token if token is not None and token.check_client(client) else None


def expect_token(request: WireRequest) -> Presented | None:
    """Returns how the presented token is found together with the client; None when there is none."""
    presented = request.form.get("token")
    if presented is None:
        return None
    is_refresh_token = presented.startswith(credentials.REFRESH_TOKEN)
    find = FIND_REFRESH_TOKEN_WITH_CLIENT if is_refresh_token else FIND_ACCESS_TOKEN_WITH_CLIENT
    return Presented(find, token_digest=credentials.digest(presented))


def find_token(request: WireRequest) -> TokenSnapshot | None:
    """Returns the presented token, in whatever state, whoever it was issued to; None for one that is none.

    ``token_type_hint`` changes nothing, whatever it says: a token shows by its prefix what it is.
    Raises :class:`Refused` (``invalid_request``) when there is no token.
    """
    presented = request.form.get("token")
    if presented is None:
        raise refuse(Reason.TOKEN_MISSING)
    known = request.take_presented()
    if known is not None:
        token: TokenSnapshot | None = known.found
    elif presented.startswith(credentials.REFRESH_TOKEN):
        token = find_refresh_token(request.connection, credentials.digest(presented))
    else:
        token = find_access_token(request.connection, credentials.digest(presented))
    if token is not None:
        token.hold_to(request.services.settings.third_party_scopes)
    return token
