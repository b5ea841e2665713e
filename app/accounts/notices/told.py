"""A notice as a person reads it, on a page and in a letter."""

import json
from datetime import datetime, tzinfo
from typing import Any

from markupsafe import escape
from msgspec import Struct
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.accounts.notices.kinds import BY_WHAT, KINDS, Kind
from app.accounts.notices.models import Notice
from app.accounts.places.devices import describe_device
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.http.moments import minute, plain_minute
from app.sentences import gettext, translated
from app.text import isolated

_COUNT_UNSEEN = Statement(
    select(func.count()).select_from(Notice).where(Notice.user_id == bindparam("user"), Notice.seen_at.is_(None))
)


class Told(Struct, frozen=True):
    """One notice. ``way`` is the path where one can look at it. ``device`` and ``address`` are empty where unknown.

    ``session_id`` is the session that it is about, if it is about one.
    """

    id: str
    kind: str
    at: datetime
    title: str
    words: str
    way: str
    leads_to: str
    advice: str
    device: str
    address: str
    session_id: str | None
    is_seen: bool
    is_of_security: bool


def read_notice(notice: Notice, zone: tzinfo | None = None) -> Told | None:
    """Returns the notice in words; None for a kind that only a newer version knows. ``zone`` is the one of a letter.

    Without it the words are for a page, and may hold an element.
    """
    kind = KINDS.get(notice.kind)
    if kind is None:
        return None
    facts: dict[str, Any] = json.loads(notice.facts)
    own = {name: value for name, value in facts.items() if name not in BY_WHAT}
    return Told(
        id=notice.id,
        kind=notice.kind,
        at=notice.at,
        title=_fill(kind.title, kind, own, zone),
        words=_fill(kind.told, kind, own, zone),
        way=kind.way % facts,
        leads_to=kind.leads_to,
        advice=kind.advice,
        device=describe_device(facts["user_agent"]) if "user_agent" in facts else "",
        address=facts.get("address", ""),
        session_id=facts.get("session_id"),
        is_seen=notice.seen_at is not None,
        is_of_security=kind.choice is None,
    )


def list_notices(session: Session, user_id: str, *, page: int = 1, size: int, unseen: bool = False) -> list[Told]:
    """Returns a page of the person's notices and one more, if there is more; the latest first."""
    query = select(Notice).where(Notice.user_id == user_id).order_by(Notice.at.desc(), Notice.id)
    if unseen:
        query = query.where(Notice.seen_at.is_(None))
    found = session.scalars(query.offset((page - 1) * size).limit(size + 1))
    return [told for one in found if (told := read_notice(one)) is not None]


def count_unseen(session: Session, user_id: str) -> int:
    """Returns how many the person has not put away yet."""
    return SessionConnection(session).scalar(_COUNT_UNSEEN, user=user_id) or 0


def _fill(sentence: str, kind: Kind, facts: dict[str, Any], zone: tzinfo | None) -> str:
    if zone is not None:
        return gettext(
            sentence, **{name: _write(kind, name, value, zone) for name, value in facts.items()}
        ).translated()
    shown = {name: _show(kind, name, value) for name, value in facts.items()}
    return escape(translated(sentence)) % shown if shown else escape(translated(sentence))


def _show(kind: Kind, name: str, value: Any) -> str:
    """As a page says it: an instant that a script can make local."""
    return minute(datetime.fromisoformat(value)) if name in kind.instants else isolated(str(value))


def _write(kind: Kind, name: str, value: Any, zone: tzinfo) -> str:
    """As a letter says it."""
    return plain_minute(datetime.fromisoformat(value), zone) if name in kind.instants else isolated(str(value))
