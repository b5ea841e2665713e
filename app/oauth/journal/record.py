"""One authorize or token request of a client, as its people may see it: no credential, no state, no person."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, UtcDateTime

AUTHORIZE, TOKEN, PUSHED, DEVICE = "authorize", "token", "pushed", "device"

#: Those by which an authorization request comes in, beside the authorize endpoint.
OTHER_DOORS = (PUSHED, DEVICE)

#: The ``error`` of a refusal that no redirect may carry: the person saw a page, the client got no answer.
ERROR_PAGE = "error_page"


class RequestRecord(Base):
    """What was asked and how it ended. ``error`` and ``reason`` are None for a success.

    ``error`` is the OAuth error on the wire, ``reason`` a :class:`app.oauth.refusals.Reason`. What was sent stands here
    as ``oauth.shown_parameters`` leaves it. ``expected_uri`` is the redirect URI that the code was asked with, where
    another came with it; ``detail`` is a sentence of our own about a malformed parameter.
    ``door`` is by which door an authorization request came in, where that is not the authorize endpoint; the version
    before knows that endpoint and the token endpoint alone, so ``endpoint`` names no other.
    """

    __tablename__ = "request_records"
    __table_args__ = (
        CheckConstraint("endpoint IN ('authorize', 'token')", name="endpoint"),
        Index(None, "client_id", "at"),
        Index(None, "at"),
    )

    # Counted up, so that what came in one instant has an order.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    client_key: Mapped[str] = mapped_column("client_id", String(60), ForeignKey("clients.key", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    endpoint: Mapped[str] = mapped_column(String(9))
    door: Mapped[str | None] = mapped_column(String(9))
    error: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(40))
    grant_type: Mapped[str] = mapped_column(String(60), default="")
    redirect_uri: Mapped[str] = mapped_column(String(2000), default="")
    expected_uri: Mapped[str] = mapped_column(String(2000), default="")
    scope: Mapped[str] = mapped_column(String(300), default="")
    detail: Mapped[str] = mapped_column(String(200), default="")
    #: As in the answer's ``X-Request-ID``, or that of the page that a person saw instead.
    request_id: Mapped[str] = mapped_column(String(40), default="", server_default=text("''"))

    @property
    def came_to(self) -> str:
        """Where the request came in."""
        return self.door or self.endpoint
