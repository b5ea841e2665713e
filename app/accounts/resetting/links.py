"""The link by which a person sets a new password: made, found, and used up once."""

from datetime import timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, scoped_session

from app import clock
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.accounts.resetting.models import PasswordReset
from app.credentials import PASSWORD_RESET, digest, new_credential
from app.database.connections import connect
from app.database.rows import changed_rows
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db

#: For so long a link works.
LIFETIME = timedelta(minutes=30)
#: For so long a new password waits for the sign-in to end; as long as the second step does, and a little.
_WAITS = timedelta(minutes=15)
#: Where a link leads, with its token behind it.
PATH = "/reset-password/"
#: Under this name the browser's session holds the token, once its link was opened there.
HELD_TOKEN = "reset_token"
_LONGEST = 100


class OpenReset(Struct, frozen=True):
    """A link that works, and whose password it sets."""

    user_id: str
    email: str
    name: str


_FIND = Statement(
    select(PasswordReset.user_id, User.email, User.name, User.password_hash, PasswordReset.password_digest)
    .join(User, (User.id == PasswordReset.user_id) & (User.email == PasswordReset.email))
    .where(
        PasswordReset.digest == bindparam("digest"),
        PasswordReset.expires_at > bindparam("at", type_=UtcDateTime),
        PasswordReset.new_password_hash.is_(None),
    )
)


def make_reset_link(session: Session | scoped_session[Any], user: User, *, by_mail: bool) -> str:
    """Add a link for the person; an older one dies. Returns its path, whose token exists nowhere else. The caller commits."""
    token = new_credential(PASSWORD_RESET)
    lock_person(_plain(session), user.id)
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user.id))
    session.add(
        PasswordReset(
            user_id=user.id,
            digest=digest(token),
            email=user.email,
            password_digest=digest(user.password_hash),
            by_mail=by_mail,
            expires_at=clock.now() + LIFETIME,
        )
    )
    session.flush()
    return PATH + token


def is_token(text: object) -> bool:
    """Returns whether the text looks like a token of ours; anything else is not worth keeping or asking about."""
    return isinstance(text, str) and text.startswith(PASSWORD_RESET) and len(text) <= _LONGEST


def find_open_reset(token: object) -> OpenReset | None:
    """Returns the link with this token, while it works. The caller may not have begun a transaction."""
    if not isinstance(token, str) or not is_token(token):
        return None
    with connect(db.engine) as connection:
        row = connection.first(_FIND, digest=digest(token), at=clock.now())
    # Whoever has changed the password since, or whose address is another, has taken the account back by other means.
    if row is None or digest(row.password_hash) != row.password_digest:
        return None
    return OpenReset(row.user_id, row.email, row.name)


def use_up(session: Session | scoped_session[Any], token: object, password_hash: str, target: str) -> bool:
    """Use the link, for a password that is set once the sign-in has ended. Returns False when somebody was faster."""
    if not isinstance(token, str):
        return False
    used = session.execute(
        update(PasswordReset)
        .where(
            PasswordReset.digest == digest(token),
            PasswordReset.new_password_hash.is_(None),
            PasswordReset.expires_at > clock.now(),
        )
        .values(new_password_hash=password_hash, target=target, expires_at=clock.now() + _WAITS)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(used) == 1


def take_used(session: Session, user: User, token: object) -> PasswordReset | None:
    """Returns the person's link that was used with this token, for its password to be set now; it is gone by that.

    The caller holds the person.
    """
    if not isinstance(token, str) or not is_token(token):
        return None
    reset = session.scalar(
        select(PasswordReset).where(
            PasswordReset.user_id == user.id,
            PasswordReset.digest == digest(token),
            PasswordReset.new_password_hash.is_not(None),
            PasswordReset.expires_at > clock.now(),
        )
    )
    if reset is None:
        return None
    session.delete(reset)
    is_as_it_was = reset.email == user.email and reset.password_digest == digest(user.password_hash)
    return reset if is_as_it_was else None


def _plain(session: Session | scoped_session[Any]) -> Session:
    return session() if isinstance(session, scoped_session) else session
