"""Assertions that were used: each is good once (:rfc:`7523#section-3`), in whatever process it comes again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Index, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from app.credentials import digest
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Base, Digest, UtcMicroseconds
from app.oauth.assertions.reading import LEEWAY, Assertion


class UsedAssertion(Base):
    """The digest of one, until it is over by itself."""

    __tablename__ = "used_assertions"
    __table_args__ = (Index(None, "expires_at"),)

    expires_at: Mapped[datetime] = mapped_column(UtcMicroseconds)
    digest: Mapped[str] = mapped_column(Digest, primary_key=True)


# Written out, because SQLAlchemy has this clause only per dialect; both databases read the same words.
_USE = Statement(
    text(
        "INSERT INTO used_assertions (expires_at, digest) VALUES (:expires_at, :digest) ON CONFLICT (digest) DO NOTHING"
    ).bindparams(bindparam("expires_at", type_=UtcMicroseconds()), bindparam("digest", type_=Digest()))
)


def use_assertion(connection: Connection, client_key: str, assertion: Assertion) -> bool:
    """Use up an assertion whose signature is right. Returns whether it was still to be used: of several at once, one is.

    It is known by its ``jti``, and without one by all that was signed, never by its signature: of some kinds there are
    several for the same.
    """
    known_by = assertion.signed if assertion.token_id is None else f"jti {assertion.token_id}"
    ends_at = datetime.fromtimestamp(assertion.expires_at, UTC) + timedelta(seconds=2 * LEEWAY)
    return connection.run(_USE, expires_at=ends_at, digest=digest(f"{client_key}\n{known_by}")) == 1
