"""Public apps: those that their organization lets everybody find; and others whose names look like one of theirs."""

import re
from functools import lru_cache

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from app.accounts.models import Organization
from app.clients.models import REGISTERED, Client
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.folding import fold

# Pairs of a letter, as it is folded, and the Latin one that it looks like: Cyrillic, Greek, Armenian, digits.
_LOOKS_LIKE = {
    ord(letter): latin
    for letter, latin in (
        pair.split("=")
        for pair in (
            "\u0430=a \u0432=b \u0433=r \u0435=e \u0438=n \u043a=k \u043c=m \u043d=h \u043e=o \u043f=n \u0440=p"
            " \u0441=c \u0442=t \u0443=y \u0445=x \u0455=s \u0456=i \u0458=j \u04bb=h \u04cf=i \u0501=d \u051b=q \u051d=w"
            " \u03b1=a \u03b2=b \u03b5=e \u03b7=n \u03b9=i \u03ba=k \u03bd=v \u03bf=o \u03c1=p \u03c3=o \u03c4=t \u03c5=u"
            " \u03c7=x \u03c9=w \u0578=n \u057d=u \u0585=o \u0570=h \u0566=q \u0581=g"
            " 0=o 1=i 3=e 5=s 8=b l=i"
        ).split()
    )
}
_SPELLED_OUT = re.compile(r"\u2039U\+([0-9A-F]{4,5})\u203a")
# Two letters that are read as one.
_READ_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# What a copy adds, and what says nothing of who it is.
_SAYS_NOTHING = frozenset(("app", "for", "inc", "llc", "ltd", "my", "official", "the"))


class Namesake(Struct, frozen=True):
    """A public app of another organization that people could take the app that asks for, or whose organization they could.

    ``is_organization`` says that it is the organization's name that looks like one of the app that asks.
    """

    name: str
    organization: str
    is_organization: bool = False


def is_public() -> ColumnElement[bool]:
    """Returns the condition that everybody may find an app: its organization says so, and it works."""
    return and_(Client.published, Client.origin == REGISTERED, Client.suspended_at.is_(None), Client.ended_at.is_(None))


def find_namesake(session: Session, client: Client) -> Namesake | None:
    """Returns the public app of another organization that people could take this one, or whose it is, for; else None.

    Anybody may found an organization of any name, and call an app by it.
    """
    looks = {as_seen_at_a_glance(name) for name in (client.name, client.organization_name) if name}
    rows = SessionConnection(session).all(_LIST_PUBLIC, client=client.key)
    others = [row for row in rows if row.organization_id != client.organization_id]
    for row in others:
        if as_seen_at_a_glance(row.name) in looks:
            return Namesake(row.name, row.organization)
    for row in others:
        if as_seen_at_a_glance(row.organization) in looks:
            return Namesake(row.name, row.organization, is_organization=True)
    return None


_LIST_PUBLIC = Statement(
    select(Client.name, Organization.name.label("organization"), Client.organization_id)
    .join(Organization, Organization.id == Client.organization_id)
    .where(is_public(), Client.key != bindparam("client"))
    .order_by(Client.created_at, Client.key)
)


@lru_cache(maxsize=10_000)
def as_seen_at_a_glance(name: str) -> str:
    """Returns what is equal for names that a person takes for each other, whatever alphabet they are written in."""
    # A letter of another alphabet among Latin ones is spelled out where the name is read from the database.
    runs = fold(_SPELLED_OUT.sub(lambda found: chr(int(found[1], 16)), name))
    text = "".join([run for run in runs if run not in _SAYS_NOTHING] or runs)
    for letters, one in _READ_AS_ONE:
        text = text.replace(letters, one)
    return text.translate(_LOOKS_LIKE) or name
