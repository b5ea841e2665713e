"""The accounts of a server, as its operator lists them."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session as DatabaseSession

from app import text
from app.accounts.models import Membership, Organization, Session, User
from app.accounts.state import DISABLED, LEAVING, is_open_account
from app.same_letters import InSmallLetters, in_small_letters

OPEN = "open"
#: How an account may stand.
STATES = (OPEN, DISABLED, LEAVING)
_MOST_QUERY_LENGTH = 254


class Account(Struct, frozen=True):
    """One account, as a list shows it. ``seen_at`` is when its person was last on one of our pages, if that is known."""

    id: str
    email: str
    name: str
    state: str
    is_operator: bool
    created_at: datetime
    disabled_at: datetime | None
    deletes_at: datetime | None
    seen_at: datetime | None
    organizations: tuple[str, ...]


def find_accounts(
    session: DatabaseSession, *, query: str = "", state: str = "", operators: bool = False, most: int, skipped: int = 0
) -> tuple[list[Account], int]:
    """Returns so many accounts by address, and how many there are of them in all.

    ``query`` is part of a name or an address, in any capitals, or an id; ``state`` one of :data:`STATES`, or nothing.
    """
    wanted = and_(_has_words(query), _has_state(state), User.is_operator if operators else and_(True))
    total = session.scalar(select(func.count()).select_from(User).where(wanted)) or 0
    seen = select(func.max(Session.last_used_at)).where(Session.user_id == User.id).scalar_subquery()
    rows = session.execute(
        select(User, seen.label("seen_at")).where(wanted).order_by(User.email, User.id).limit(most).offset(skipped)
    ).all()
    slugs = _find_slugs(session, [row.User.id for row in rows])
    return [_describe(row.User, row.seen_at, tuple(slugs.get(row.User.id, ()))) for row in rows], total


def find_state(user: User) -> str:
    """Returns which of :data:`STATES` it is."""
    if user.disabled_at is not None:
        return DISABLED
    return OPEN if user.is_open else LEAVING


def _describe(user: User, seen_at: datetime | None, organizations: tuple[str, ...]) -> Account:
    return Account(
        id=user.id,
        email=user.email,
        name=user.name,
        state=find_state(user),
        is_operator=user.is_operator,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        deletes_at=user.deletes_at,
        seen_at=seen_at,
        organizations=organizations,
    )


def _has_words(query: str) -> ColumnElement[bool]:
    # What cannot be seen cannot be meant, and PostgreSQL refuses some of it.
    query = "".join(letter for letter in query if letter.isprintable() or letter in text.JOINERS)
    words = in_small_letters(query[:_MOST_QUERY_LENGTH].strip())
    if not words:
        return and_(True)
    return or_(
        InSmallLetters(User.name).contains(words, autoescape=True),
        User.email.contains(words, autoescape=True),
        User.id == words,
    )


def _has_state(state: str) -> ColumnElement[bool]:
    conditions = {
        OPEN: is_open_account(),
        DISABLED: User.disabled_at.is_not(None),
        LEAVING: and_(User.disabled_at.is_(None), User.deletes_at.is_not(None)),
    }
    return conditions.get(state, and_(True))


def _find_slugs(session: DatabaseSession, user_ids: list[str]) -> dict[str, list[str]]:
    rows = session.execute(
        select(Membership.user_id, Organization.slug)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id.in_(user_ids))
        .order_by(Organization.slug)
    )
    slugs: dict[str, list[str]] = {}
    for user_id, slug in rows:
        slugs.setdefault(user_id, []).append(slug)
    return slugs
