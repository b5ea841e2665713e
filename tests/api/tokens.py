"""Access tokens without the flow that gives them, for tests that need many."""

from datetime import timedelta

from app import clock, credentials
from app.extensions import db
from app.oauth.tokens.code import TokenFamily
from app.oauth.tokens.token import AccessToken
from app.scopes import SCOPES


def issue_token(client_id: str, grant_id: str | None = None) -> str:
    """A token with all scopes, of a consent, or of the client's organization. Added to the session and flushed."""
    token, at = credentials.new_credential(credentials.ACCESS_TOKEN), clock.now()
    family_id = None
    if grant_id is not None:
        family_id = credentials.new_id("fam")
        db.session.add(TokenFamily(family_id=family_id, grant_id=grant_id, issued_at=at))
        db.session.flush()
    db.session.add(
        AccessToken(
            digest=credentials.digest(token),
            hint=credentials.hint(token),
            client_key=client_id,
            family_id=family_id,
            scope=" ".join(SCOPES),
            issued_at=at,
            expires_at=at + timedelta(hours=1),
        )
    )
    db.session.flush()
    return token
