"""Which client comes with a token request, and whether it may use the grant (:rfc:`6749#section-5.2`)."""

from authlib.oauth2.rfc6749 import BaseGrant

from app.clients.models import ClientSnapshot
from app.oauth.refusals import Reason, refuse


def authenticate_for_grant(grant: BaseGrant) -> ClientSnapshot:
    """Returns the authenticated client. Raises :class:`Refused` for one that is not, or that may not use the grant."""
    client: ClientSnapshot = grant.authenticate_token_endpoint_client()
    if not client.check_grant_type(grant.GRANT_TYPE):
        raise refuse(Reason.GRANT_NOT_ALLOWED, grant_type=grant.GRANT_TYPE)
    return client
