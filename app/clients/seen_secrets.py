"""Which secrets somebody has seen, and still work: they stay known to whoever leaves an organization.

A secret is shown once, to whoever made it; so these are the secrets that a person made.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import Membership, User
from app.clients.events import record_client_event
from app.clients.models import Client, ClientSecret

# So many are named on a page; each that is dealt with makes room for the next.
_MOST_NAMED = 5


class SeenSecret(Struct, frozen=True):
    """One that still works. ``seen_by`` is the name of who has seen it, None where the account is gone."""

    id: str
    client_id: str
    app_name: str
    hint: str
    label: str
    seen_by: str | None
    made_at: datetime
    last_used_at: datetime | None


class SeenSecrets(Struct, frozen=True):
    """The first of them, and how many there are in all."""

    first: Sequence[SeenSecret]
    count: int


def find_secrets_seen_by(session: Session, organization_id: str, user_id: str) -> SeenSecrets:
    """Returns the secrets of the organization's apps that this person has seen."""
    return _find(session, _select(organization_id).where(ClientSecret.created_by_user_id == user_id))


def find_secrets_of_who_left(session: Session, organization_id: str) -> SeenSecrets:
    """Returns those that somebody has seen who does not belong to the organization any more, and that nobody let pass."""
    is_member = (
        select(Membership.user_id)
        .where(Membership.organization_id == organization_id, Membership.user_id == ClientSecret.created_by_user_id)
        .exists()
    )
    left = _select(organization_id).where(
        ClientSecret.created_by_user_id.is_not(None), ClientSecret.let_pass_at.is_(None), ~is_member
    )
    return _find(session, left)


def let_pass(session: Session, client: Client, secret: ClientSecret, *, actor_user_id: str) -> None:
    """Note that the secret may stay as it is although somebody who left has seen it. The caller commits."""
    if secret.let_pass_at is None:
        secret.let_pass_at = clock.now()
        told = {"secret_id": secret.id, "hint": secret.hint, "label": secret.label}
        record_client_event(session, "client.secret_let_pass", client, actor_user_id, **told)


def _select(organization_id: str) -> Any:
    works = and_(
        ClientSecret.revoked_at.is_(None),
        or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > clock.now()),
    )
    return (
        select(
            ClientSecret.id,
            Client.client_id,
            Client.name,
            ClientSecret.hint,
            ClientSecret.label,
            User.name,
            ClientSecret.created_at,
            ClientSecret.last_used_at,
        )
        .join(Client, Client.key == ClientSecret.client_key)
        .outerjoin(User, User.id == ClientSecret.created_by_user_id)
        .where(Client.organization_id == organization_id, Client.ended_at.is_(None), works)
    )


def _find(session: Session, statement: Any) -> SeenSecrets:
    count = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.execute(statement.order_by(Client.name, ClientSecret.created_at, ClientSecret.id).limit(_MOST_NAMED))
    return SeenSecrets([SeenSecret(*row) for row in rows], count)
