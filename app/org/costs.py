"""What somebody gives up who stops an app: how many people, tokens and secrets, as counts that point at nobody."""

from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from app import clock
from app.clients.models import Client
from app.clients.secrets import list_live_secrets
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.oauth.tokens.code import TokenFamily
from app.oauth.tokens.token import AccessToken, RefreshToken


@dataclass(frozen=True, slots=True)
class Costs:
    """What is alive now. ``refresh_tokens`` are those that can still be used, one for each place the app runs in."""

    people: int
    access_tokens: int
    refresh_tokens: int
    secrets: int

    @property
    def tokens(self) -> int:
        """Of both kinds."""
        return self.access_tokens + self.refresh_tokens


def count_costs(*clients: Client) -> Costs:
    """Of one app, or of several together; a person who has two of them connected counts once."""
    keys = [client.key for client in clients]
    return Costs(
        people=_count(
            select(func.count(Consent.user_id.distinct())).where(Consent.client_key.in_(keys), is_live(Consent))
        ),
        access_tokens=_count(
            select(func.count())
            .select_from(AccessToken)
            .outerjoin(TokenFamily, TokenFamily.family_id == AccessToken.family_id)
            .outerjoin(Consent, Consent.grant_id == TokenFamily.grant_id)
            .where(
                AccessToken.client_key.in_(keys),
                AccessToken.expires_at > clock.now(),
                AccessToken.revoked_at.is_(None),
                # One without a family is the organization's own.
                or_(AccessToken.family_id.is_(None), and_(TokenFamily.revoked_at.is_(None), is_live(Consent))),
            )
        ),
        refresh_tokens=_count(
            select(func.count())
            .select_from(RefreshToken)
            .join(TokenFamily, TokenFamily.family_id == RefreshToken.family_id)
            .join(Consent, Consent.grant_id == TokenFamily.grant_id)
            .where(
                Consent.client_key.in_(keys),
                RefreshToken.expires_at > clock.now(),
                RefreshToken.rotated_at.is_(None),
                TokenFamily.revoked_at.is_(None),
                is_live(Consent),
            )
        ),
        secrets=sum(len(list_live_secrets(key)) for key in keys),
    )


def _count(statement) -> int:
    return db.session.scalar(statement) or 0
