"""Which installation of an app asks, and which earlier connection of the person's it may be the same as.

A client that registered itself is one installation, and so is each connection of a client that a document describes.
Nobody can tell whether a new one is an old one, reinstalled: its name proves nothing. So the person is asked, about
their own connections alone.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.clients.models import DOCUMENT, DYNAMIC, Client, ClientSnapshot
from app.consents.choice import Choice, select_choice
from app.consents.introductions import Introduction
from app.consents.live import find_end, is_live, was_live_since
from app.consents.models import ONLY, Consent
from app.consents.saved import SavedMemento, find_saved_memento_id, is_saved_under
from app.credentials import digest, new_id
from app.folding import fold
from app.scopes import parse_scope, reaches_memories
from app.text import inside_quotes

#: So many are offered, the likeliest first; a page is to be read to its end.
MOST_OFFERED = 4
#: How long a connection that has ended is offered though it has saved nothing.
_OFFERED_AFTER_END = timedelta(days=90)
# So many are looked through; nobody has that many of one name.
_MOST_READ = 500


def installation_of(client: ClientSnapshot) -> str | None:
    """Returns the installation that asks; None when every connection of the client is a new one."""
    return None if client.origin == DOCUMENT else ONLY


def new_installation() -> str:
    """Returns the id of an installation that nobody has seen before."""
    return new_id("ins")


def mark_browser(browser: str | None, grant_id: str) -> str | None:
    """Returns what tells that a connection was made in this browser, and of no other connection anything."""
    return None if browser is None else digest(f"{browser}\n{grant_id}")


def as_people_see(name: str) -> tuple[str, ...]:
    """Returns what is equal for names that read the same: case, accents and what stands between words mean nothing."""
    return tuple(fold(name)) or (name,)


class Predecessor(Struct, frozen=True):
    """An earlier connection, and what a new one that is the same takes over from it.

    ``choice`` is None for one that has never reached memories. ``ended_at`` is None while it lives.
    """

    grant_id: str
    name: str
    app_name: str
    issued_at: datetime
    used_at: datetime
    scope: str
    ended_at: datetime | None
    paused_at: datetime | None
    expires_at: datetime | None
    is_of_this_browser: bool
    choice: Choice | None
    saved_memento_id: str | None

    @property
    def called(self) -> str:
        """What the person calls it."""
        return self.name or inside_quotes(self.app_name)


def find_predecessors(session: Session, user_id: str, client: ClientSnapshot, browser: str | None) -> list[Predecessor]:
    """Returns the connections of this person that the client may be the same as, the likeliest first.

    None for a client that is known by itself: one that is registered, or registered itself and was connected before.
    ``browser`` is the name of the browser that asks, if that is known.
    """
    if client.origin not in (DOCUMENT, DYNAMIC) or _is_known(session, user_id, client):
        return []
    found = [_describe(row, browser) for row in _read_latest(session, user_id, client)]
    return sorted(found, key=_likelihood, reverse=True)


def _is_known(session: Session, user_id: str, client: ClientSnapshot) -> bool:
    """Whether this very installation was connected before."""
    if client.origin == DOCUMENT:
        return False
    own = select(Consent.grant_id).where(Consent.user_id == user_id, Consent.client_key == client.key, is_live(Consent))
    saved = find_saved_memento_id(session, user_id, client.key, ONLY)
    return saved is not None or session.scalar(own) is not None


def _read_latest(session: Session, user_id: str, client: ClientSnapshot) -> Iterator[Any]:
    """Yields the latest connection of each installation that fits."""
    name, seen = as_people_see(client.name), set()
    is_recent = was_live_since(Consent, clock.now() - _OFFERED_AFTER_END)
    rows = session.execute(
        select(
            Consent,
            Client.key,
            Client.name.label("app_name"),
            func.coalesce(Introduction.client_name, Client.name).label("told_name"),
            select_choice().label("choice"),
            SavedMemento.memento_id.label("saved_memento_id"),
        )
        .join(Client, Client.key == Consent.client_key)
        .outerjoin(SavedMemento, is_saved_under(Consent))
        .outerjoin(Introduction, Introduction.grant_id == Consent.grant_id)
        .where(Consent.user_id == user_id, Consent.continued_by.is_(None), _may_precede(client))
        .where(or_(is_recent, SavedMemento.memento_id.is_not(None)))
        .order_by(Consent.issued_at.desc(), Consent.grant_id)
        .limit(_MOST_READ)
    )
    for row in rows:
        installation = (row.key, row.Consent.installation)
        if installation in seen or not (row.key == client.key or _is_called(row, name)):
            continue
        seen.add(installation)
        yield row


def _is_called(row: Any, name: tuple[str, ...]) -> bool:
    """Whether a connection is of an app of this name, and was when it was allowed.

    What an app has saved must not go to the one that it names itself after later.
    """
    return as_people_see(row.app_name) == name == as_people_see(row.told_name)


def _may_precede(client: ClientSnapshot) -> ColumnElement[bool]:
    """A condition on :class:`Client`: connections of it may be the same installation, as far as one can know.

    What is behind another app's document, or an organization's registration, is never taken over for a name's sake.
    """
    if client.origin == DYNAMIC:
        return Client.origin == DYNAMIC
    return or_(Client.key == client.key, Client.origin == DYNAMIC)


def _describe(row: Any, browser: str | None) -> Predecessor:
    consent: Consent = row.Consent
    ended_at = find_end(consent.revoked_at, consent.expires_at)
    mark = mark_browser(browser, consent.grant_id)
    return Predecessor(
        grant_id=consent.grant_id,
        name=consent.name,
        app_name=row.app_name,
        issued_at=consent.issued_at,
        used_at=consent.last_used_at or consent.issued_at,
        scope=consent.scope,
        ended_at=ended_at,
        paused_at=consent.paused_at if ended_at is None else None,
        expires_at=consent.expires_at if ended_at is None else None,
        is_of_this_browser=mark is not None and mark == consent.browser_digest,
        choice=row.choice.without(row.saved_memento_id) if reaches_memories(parse_scope(consent.scope)) else None,
        saved_memento_id=row.saved_memento_id,
    )


def _likelihood(one: Predecessor) -> tuple[bool, bool, datetime]:
    return one.ended_at is None, one.is_of_this_browser, one.used_at
