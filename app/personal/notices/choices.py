"""What a person wants to be told, and how."""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.lock import lock_person
from app.accounts.notices.kinds import KINDS
from app.accounts.notices.models import NoticeChoice
from app.sentences import _

#: What a form sends -> what a person reads. The first is what holds where nothing was chosen.
WAYS = {
    "mail": _("By mail, and on these pages"),
    "page": _("On these pages"),
    "off": _("Not at all"),
}


class Choice(Struct, frozen=True):
    """One kind that can be turned off, said as a thing, and what the person has chosen for it."""

    kind: str
    says: str
    way: str


def list_choices(session: Session, user_id: str) -> list[Choice]:
    """Returns each kind that is not of security."""
    chosen = {one.kind: one.way for one in session.scalars(select(NoticeChoice).where(NoticeChoice.user_id == user_id))}
    return [Choice(kind, says, chosen.get(kind, "mail")) for kind, says in _choosable()]


def save_choices(session: Session, user_id: str, sent: Mapping[str, str]) -> None:
    """Keep what a form says of each kind; what it does not say, or says wrongly, stays. The caller commits."""
    lock_person(session, user_id)
    for kind, _says in _choosable():
        way = sent.get(kind)
        if way not in WAYS:
            continue
        mine = (NoticeChoice.user_id == user_id, NoticeChoice.kind == kind)
        session.execute(delete(NoticeChoice).where(*mine))
        if way != "mail":
            session.add(NoticeChoice(user_id=user_id, kind=kind, way=way))


def _choosable() -> Iterator[tuple[str, str]]:
    for name, kind in KINDS.items():
        if kind.choice is not None:
            yield name, kind.choice
