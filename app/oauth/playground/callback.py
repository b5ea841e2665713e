"""The playground's callback: a redirect URI of one client, for one admin's trial, which ends by itself."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.clients.address_problems import find_redirect_uri_problem
from app.clients.models import ClientSnapshot
from app.credentials import new_id
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Base, UtcDateTime
from app.oauth.refusals import Reason


class PlaygroundCallback(Base):
    """It holds until ``expires_at``, whether or not anybody clears it away, and for the person who opened it alone."""

    __tablename__ = "playground_callbacks"
    __table_args__ = (UniqueConstraint("client_id", "user_id"), Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("try"))
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: clock.now())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


_FIND_OPEN = Statement(
    select(PlaygroundCallback.redirect_uri, PlaygroundCallback.user_id).where(
        PlaygroundCallback.client_key == bindparam("client"), PlaygroundCallback.expires_at > bindparam("at")
    )
)


def callback_uri(issuer: str, client_id: str) -> str:
    """Returns the playground's own address for an app, open or not."""
    return f"{issuer}/org/oauth/{client_id}/playground/callback"


def find_return_problem(
    connection: Connection, client: ClientSnapshot, redirect_uri: str, user_id: str | None, issuer: str
) -> Reason | None:
    """Returns why an answer may not go to this address now; None if it is the client's, or its open playground's.

    The latter for the admin who opened it alone, character for character whatever kind of app it is.
    ``user_id`` is None while nobody has signed in, which settles nothing yet: it must be asked again then.
    """
    if client.check_redirect_uri(redirect_uri):
        return None
    if client.has_registered(redirect_uri):
        return Reason.REDIRECT_URI_REFUSED
    # Compared here: what somebody sends may hold what PostgreSQL does not take.
    is_open = any(
        redirect_uri == one.redirect_uri and user_id in (None, one.user_id)
        for one in connection.all(_FIND_OPEN, client=client.key, at=clock.now())
    )
    if is_open:
        return Reason.REDIRECT_URI_REFUSED if find_redirect_uri_problem(redirect_uri) else None
    is_playground = redirect_uri == callback_uri(issuer, client.client_id)
    return Reason.PLAYGROUND_CLOSED if is_playground else Reason.REDIRECT_URI_MISMATCH
