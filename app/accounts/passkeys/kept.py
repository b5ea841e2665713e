"""The passkeys that a person has, and what they change about them."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import text
from app.accounts.passkeys.models import Passkey, PasskeyHandle
from app.sentences import _

MOST_OF_PERSON = 20
MOST_NAME_LENGTH = 100


class UnacceptableName(ValueError):
    """Not a name for a passkey; the message says what to write."""


def list_passkeys(session: Session, user_id: str) -> Sequence[Passkey]:
    """Returns a person's passkeys, in the order in which they were made."""
    mine = select(Passkey).where(Passkey.user_id == user_id)
    return session.scalars(mine.order_by(Passkey.created_at, Passkey.id)).all()


def count_passkeys(session: Session, user_id: str) -> int:
    """Returns how many passkeys a person has."""
    return session.scalar(select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)) or 0


def find_passkey(session: Session, user_id: str, passkey_id: str) -> Passkey | None:
    """Returns the passkey with this id, if it is this person's."""
    if "\x00" in passkey_id:
        return None
    return session.scalar(select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id))


def find_handle(session: Session, user_id: str) -> str | None:
    """Returns the name under which this person's devices keep their passkeys, once there has been one."""
    return session.scalar(select(PasskeyHandle.handle).where(PasskeyHandle.user_id == user_id))


def remove_passkey(session: Session, passkey: Passkey) -> None:
    """Take a passkey away from a person. The caller commits."""
    session.execute(delete(Passkey).where(Passkey.id == passkey.id))


def normalize_passkey_name(name: str) -> str:
    """Returns a passkey's name on one line: trimmed, single spaces. Raises :class:`UnacceptableName`."""
    name = text.clean_line(name)
    if not name:
        raise UnacceptableName(_("Enter a name, such as that of the device."))
    problem = text.find_typed_name_problem(name, MOST_NAME_LENGTH, text.find_line_problem)
    if problem is not None:
        raise UnacceptableName(problem)
    return name
