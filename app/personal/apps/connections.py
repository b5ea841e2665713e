"""The apps that a person has connected, and what each may do and does."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from flask_login import current_user
from sqlalchemy import func, select

from app import clock
from app.accounts.known_browsers import find_known_browser
from app.clients.models import Client
from app.clients.trust import Trust, find_receiver, find_trust, seen_from_elsewhere
from app.clients.unregistered import find_most_scope
from app.config import settings
from app.consents.installations import as_people_see, mark_browser
from app.consents.introductions import Earlier, find_earlier, find_introduction
from app.consents.live import is_live
from app.consents.models import Consent, ConsentMemento
from app.consents.receipts import AccessRecord
from app.consents.saved import find_saved_memento_id
from app.extensions import db
from app.memories.mementos import is_id
from app.memories.models import Memento
from app.oauth.tokens.replay import TokenReplay
from app.personal.apps.endings import was_ended_for_them
from app.scopes import SCOPES, intersect_scope, parse_scope, reaches_memories

_MOST_ENDED = 20
_MOST_REPLAYS = 100
_MOST_AT_ONCE = 3
READ_DAYS = 30


@dataclass(frozen=True, slots=True)
class Window:
    """A memento that an app looks through. ``is_saved`` marks the one that holds what the app itself added."""

    id: str
    name: str
    can_write: bool
    is_saved: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """A consent and its app. ``read_count`` is of the last :data:`READ_DAYS` days.

    ``app_name`` is what the person calls it, ``own_name`` what the app calls itself. It ``has_twins`` when another live
    connection reads the same.

    ``replays`` are the points in time of these days at which an old key of the app came a second time, the latest first.
    """

    consent: Consent
    app_name: str
    own_name: str
    has_twins: bool
    is_of_this_browser: bool
    trust: Trust
    earlier: Earlier | None
    is_suspended: bool
    scopes: list[str]
    windows: list[Window]
    read_count: int
    replays: list[datetime]

    @property
    def grant_id(self) -> str:
        return self.consent.grant_id

    @property
    def used_at(self) -> datetime:
        """When it was used last, or else connected."""
        return self.consent.last_used_at or self.consent.issued_at

    @property
    def sentences(self) -> list[str]:
        return [SCOPES[name] for name in self.scopes]

    @property
    def reaches_memories(self) -> bool:
        return reaches_memories(frozenset(self.scopes))

    @property
    def may_write(self) -> bool:
        return "memories:write" in self.scopes


def list_connections(user_id: str) -> list[Connection]:
    """The person's live consents, the one used last first; those of apps of one name follow each other."""
    consents = db.session.scalars(select(Consent).where(Consent.user_id == user_id, is_live(Consent))).all()
    names = Counter(as_people_see(consent.called) for consent in consents)
    found = [_describe(consent, has_twins=names[as_people_see(consent.called)] > 1) for consent in consents]
    latest: dict[tuple[str, ...], datetime] = {}
    for one in found:
        group = as_people_see(one.own_name)
        latest[group] = max(one.used_at, latest.get(group, one.used_at))
    return sorted(found, key=lambda one: (latest[as_people_see(one.own_name)], one.used_at), reverse=True)


def list_ended(user_id: str) -> list[Consent]:
    """Consents that were ended or have come to their end, the latest first, as long as there is something to see."""
    return list(
        db.session.scalars(
            select(Consent)
            .where(Consent.user_id == user_id, ~is_live(Consent))
            .where(
                select(AccessRecord.id).where(AccessRecord.grant_id == Consent.grant_id).exists()
                | select(TokenReplay.family_id).where(TokenReplay.grant_id == Consent.grant_id).exists()
                | was_ended_for_them()
            )
            .order_by(Consent.updated_at.desc())
            .limit(_MOST_ENDED)
        )
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The connections of apps of one name: those that a page shows at once, and those that it folds away."""

    shown: list[Connection]
    folded: list[Connection]


def group_by_name(connections: list[Connection]) -> list[Group]:
    """Returns the connections in their order, with no more than a few of one name at once."""
    groups = [list(group) for _, group in groupby(connections, key=lambda one: as_people_see(one.own_name))]
    # Nothing is folded away to save one place.
    return [Group(each, []) if len(each) <= _MOST_AT_ONCE + 1 else _fold(each) for each in groups]


def _fold(group: list[Connection]) -> Group:
    return Group(group[:_MOST_AT_ONCE], group[_MOST_AT_ONCE:])


def find_connection(user_id: str, grant_id: str) -> Connection | None:
    """A live consent of the person's."""
    consent = find_consent(user_id, grant_id)
    return _describe(consent) if consent is not None and consent.is_live() else None


def find_neighbours(user_id: str, consent: Consent) -> tuple[Consent | None, Consent | None]:
    """Returns the connection whose place this one took, and the one that took its place."""
    of_person = select(Consent).where(Consent.user_id == user_id)
    before = db.session.scalar(of_person.where(Consent.continued_by == consent.grant_id))
    after = db.session.scalar(of_person.where(Consent.grant_id == consent.continued_by))
    return before, after


def find_consent(user_id: str, grant_id: str) -> Consent | None:
    """A consent of the person's, whether it lives or has ended."""
    if not is_id(grant_id):
        return None
    return db.session.scalar(select(Consent).where(Consent.grant_id == grant_id, Consent.user_id == user_id))


def _describe(consent: Consent, *, has_twins: bool = False) -> Connection:
    client, told = consent.client, find_introduction(db.session(), consent.grant_id)
    browser = find_known_browser(current_user.email)
    is_of_this_browser = browser is not None and mark_browser(browser, consent.grant_id) == consent.browser_digest
    trust = find_trust(client, told.redirect_uri if told is not None else _find_only_address(client))
    most = find_most_scope(client, settings())
    return Connection(
        consent=consent,
        app_name=consent.called,
        own_name=client.name,
        has_twins=has_twins,
        is_of_this_browser=is_of_this_browser,
        trust=trust if is_of_this_browser else seen_from_elsewhere(trust),
        earlier=find_earlier(told, client, client.name),
        is_suspended=client.suspended_at is not None,
        scopes=[name for name in SCOPES if name in parse_scope(intersect_scope(consent.scope, most))],
        windows=_list_windows(consent),
        read_count=_count_read(consent.grant_id, clock.now() - timedelta(days=READ_DAYS)),
        replays=list_replays(consent.grant_id, clock.now() - timedelta(days=READ_DAYS)),
    )


def _find_only_address(client: Client) -> str:
    """Returns an address to which the client's answers go, when one receives them all; else nothing."""
    receivers = {find_receiver(uri) for uri in client.redirect_uris}
    return client.redirect_uris[0] if len(receivers) == 1 else ""


def _list_windows(consent: Consent) -> list[Window]:
    saved = find_saved_memento_id(db.session(), consent.user_id, consent.client_key, consent.installation)
    rows = db.session.execute(
        select(Memento.id, Memento.name, ConsentMemento.can_write)
        .outerjoin(
            ConsentMemento,
            (ConsentMemento.memento_id == Memento.id) & (ConsentMemento.grant_id == consent.grant_id),
        )
        .where((ConsentMemento.grant_id.is_not(None)) | (Memento.id == saved))
        .where(Memento.user_id == consent.user_id)
    ).all()
    windows = [Window(id, name, bool(can_write) or id == saved, id == saved) for id, name, can_write in rows]
    return sorted(windows, key=lambda one: (one.is_saved, one.name.casefold()))


def _count_read(grant_id: str, since: datetime) -> int:
    """Memories the app was given; one that it was given twice counts twice."""
    total = select(func.coalesce(func.sum(AccessRecord.count), 0)).where(
        AccessRecord.grant_id == grant_id,
        AccessRecord.minute >= since,
        AccessRecord.action == "read",
        AccessRecord.memento_key == "",
    )
    return int(db.session.scalar(total) or 0)


def list_replays(grant_id: str, since: datetime | None = None) -> list[datetime]:
    """When an old key of the app came a second time, so that a sign-in's keys were ended; the latest first."""
    return list(
        db.session.scalars(
            select(TokenReplay.at)
            .where(TokenReplay.grant_id == grant_id, *([TokenReplay.at >= since] if since else []))
            .order_by(TokenReplay.at.desc())
            .limit(_MOST_REPLAYS)
        )
    )
