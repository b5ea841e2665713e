"""What somebody gives up who stops an app: how many people, tokens and secrets, as counts that point at nobody."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.clients.models import Client
from app.clients.secrets import count_live_secrets
from app.consents.live import is_live
from app.consents.models import Consent
from app.extensions import db
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken


class Costs(Struct, frozen=True):
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
    """Returns the costs of one app, or of several together; a person who has two of them connected counts once."""
    keys = [client.key for client in clients]
    return Costs(
        people=_count(
            select(func.count(Consent.user_id.distinct())).where(Consent.client_key.in_(keys), is_live(Consent))
        ),
        access_tokens=_count_access_tokens(keys),
        refresh_tokens=_count_of_families(RefreshToken, keys, RefreshToken.rotated_at),
        secrets=count_live_secrets(db.session(), keys),
    )


def count_people_of_resource(resource_id: str) -> int:
    """Returns how many people allow an app to use something at a resource server now."""
    # Names are of letters, digits and "_", none within another.
    names = Consent.resources.contains(resource_id, autoescape=True)
    return _count(select(func.count(Consent.user_id.distinct())).where(names, is_live(Consent)))


def _count_access_tokens(keys: list[str]) -> int:
    # One without a family is the organization's own. Each kind has the index by which it is counted.
    own = select(func.count()).where(
        AccessToken.family_id.is_(None),
        AccessToken.client_key.in_(keys),
        AccessToken.expires_at > clock.now(),
        AccessToken.revoked_at.is_(None),
    )
    return _count(own) + _count_of_families(AccessToken, keys, AccessToken.revoked_at)


def _count_of_families(
    token: type[AccessToken] | type[RefreshToken], keys: list[str], ended_at: InstrumentedAttribute[datetime | None]
) -> int:
    return _count(
        select(func.count())
        .select_from(token)
        .join(TokenFamily, TokenFamily.id == token.family_id)
        .join(Consent, Consent.grant_id == TokenFamily.grant_id)
        .where(
            Consent.client_key.in_(keys),
            token.expires_at > clock.now(),
            ended_at.is_(None),
            TokenFamily.revoked_at.is_(None),
            is_live(Consent),
        )
    )


def _count(statement: Select[Any]) -> int:
    return db.session.scalar(statement) or 0
