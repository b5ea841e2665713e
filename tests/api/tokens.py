"""Access tokens without the flow that gives them, for tests that need many."""

from datetime import timedelta

from app import clock, credentials
from app.consents.resources import API
from app.extensions import db
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.scopes import SCOPES


def issue_token(client_id: str, grant_id: str | None = None) -> str:
    """A token with all scopes, of a consent, or of the client's organization. Added to the session and flushed."""
    token, at = credentials.new_credential(credentials.ACCESS_TOKEN), clock.now()
    family_id = None
    if grant_id is not None:
        family = TokenFamily(grant_id=grant_id, issued_at=at)
        db.session.add(family)
        db.session.flush()
        family_id = family.id
    db.session.add(
        AccessToken(
            digest=credentials.digest(token),
            client_key=client_id,
            family_id=family_id,
            audience=API,
            scope=" ".join(SCOPES),
            issued_at=at,
            expires_at=at + timedelta(hours=1),
        )
    )
    db.session.flush()
    return token
