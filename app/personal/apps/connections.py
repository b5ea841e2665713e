"""The apps that a person has connected, and what each may do and does."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from flask_login import current_user
from msgspec import Struct
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload

from app import clock
from app.accounts.known_browsers import find_known_browser
from app.clients.models import DYNAMIC, Client
from app.clients.trust import Trust, find_receiver, find_trust, seen_from_elsewhere
from app.clients.unregistered import find_most_scope
from app.config import settings
from app.consents.installations import as_people_see, mark_browser
from app.consents.introductions import Earlier, find_earlier, find_introduction
from app.consents.live import is_live
from app.consents.models import Consent, ConsentMemento
from app.consents.receipts import AccessRecord
from app.consents.receipts.keeping import find_kept_days
from app.consents.saved import find_saved_memento_id
from app.credentials import is_id
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.extensions import db
from app.memories.built_once import Limits
from app.memories.contents import select_counts
from app.memories.keeping_back import count_kept_back, shared_only
from app.memories.mementos import MementoSummary
from app.memories.models import Memento
from app.oauth.tokens.replay import list_replays
from app.scopes import SCOPES, intersect_scope, parse_scope, reaches_memories

READ_DAYS = 30

_OF_PERSON = (
    select(Consent)
    .where(Consent.user_id == bindparam("user"))
    .options(joinedload(Consent.client).options(joinedload(Client.organization), joinedload(Client.logo)))
)
_FIND_CONSENT = _OF_PERSON.where(Consent.grant_id == bindparam("grant"))
_FIND_CONTINUED = _OF_PERSON.where(Consent.continued_by == bindparam("by"))
_LIST_LIVE = _OF_PERSON.where(is_live(Consent, bindparam("at", type_=UtcDateTime())))
_LIST_WINDOWS = Statement(
    select(Memento.id, Memento.name, ConsentMemento.can_write)
    .outerjoin(
        ConsentMemento,
        (ConsentMemento.memento_id == Memento.id) & (ConsentMemento.grant_id == bindparam("grant")),
    )
    .where((ConsentMemento.grant_id.is_not(None)) | (Memento.id == bindparam("saved")))
    .where(Memento.user_id == bindparam("user"))
)
_COUNT_READ = Statement(
    select(func.sum(AccessRecord.count)).where(
        AccessRecord.grant_id == bindparam("grant"),
        AccessRecord.minute >= bindparam("since"),
        AccessRecord.action == "read",
        AccessRecord.memento_key == "",
    )
)


class Window(Struct, frozen=True):
    """A memento that an app looks through, with how many memories it sees in it now.

    ``is_saved`` marks the one that holds what the app itself added.
    """

    id: str
    name: str
    count: int
    can_write: bool
    is_saved: bool


class Connection(Struct, frozen=True):
    """A consent and its app. ``read_count`` is of the last :data:`READ_DAYS` days, None for who keeps nothing.

    ``app_name`` is what the person calls it, ``own_name`` what the app calls itself. It ``has_twins`` when another live
    connection reads the same.

    ``left_out`` is what it would like to do and was not allowed, for as long as it may ask for that.
    ``kept_back`` is how many memories it would see if the person did not keep them back from all apps.
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
    left_out: list[str]
    windows: list[Window]
    kept_back: int
    read_count: int | None
    replays: list[datetime]

    @property
    def grant_id(self) -> str:
        return self.consent.grant_id

    @property
    def used_at(self) -> datetime:
        """When it was used last, or else connected."""
        return used_at(self.consent)

    @property
    def sentences(self) -> list[str]:
        return [SCOPES[name] for name in self.scopes]

    @property
    def reaches_memories(self) -> bool:
        return reaches_memories(frozenset(self.scopes))

    @property
    def may_write(self) -> bool:
        return "memories:write" in self.scopes


def list_live(user_id: str) -> list[Consent]:
    """Returns the person's live consents, the one used last first; those of one app follow each other."""
    consents = db.session.scalars(_LIST_LIVE, {"user": user_id, "at": clock.now()}).all()
    latest: dict[tuple[object, ...], datetime] = {}
    for one in consents:
        group = app_of(one)
        latest[group] = max(used_at(one), latest.get(group, used_at(one)))
    return sorted(consents, key=lambda one: (latest[app_of(one)], app_of(one), used_at(one)), reverse=True)


def app_of(consent: Consent) -> tuple[object, ...]:
    """Returns what is equal for installations of what a person takes for one app.

    Clients that registered themselves are each their own, and one app is many of them: only their name tells it.
    """
    client = consent.client
    return as_people_see(client.name), "" if client.origin == DYNAMIC else client.key


def used_at(consent: Consent) -> datetime:
    """Returns when it was used last, or else connected."""
    return consent.last_used_at or consent.issued_at


def describe_all(
    user_id: str,
    chosen: Sequence[Consent],
    among: Collection[Consent],
    mementos: Iterable[MementoSummary] | None = None,
) -> list[Connection]:
    """Returns what a page tells of the chosen ones, which are ``among`` all that live.

    ``mementos`` are all of the person's, where they have been listed already.
    """
    names = Counter(as_people_see(consent.called) for consent in among)
    if not chosen:
        return []
    limits = shared_only(db.session(), user_id)
    counts = count_mementos(user_id, limits, mementos)
    return [_describe(one, counts, limits, has_twins=names[as_people_see(one.called)] > 1) for one in chosen]


def count_mementos(user_id: str, limits: Limits, mementos: Iterable[MementoSummary] | None = None) -> Counter[str]:
    """Returns how many memories each memento of the person's holds that an app can see; ``limits`` leave out what is never shared."""
    if mementos is not None and not limits:
        return Counter({one.id: one.count for one in mementos})
    counts: Counter[str] = Counter()
    for memento_id, _kind, _name, count in select_counts.read(db.session(), user_id, limits):
        counts[memento_id] += int(count)
    return counts


def find_connection(user_id: str, grant_id: str) -> Connection | None:
    """Returns a live consent of the person's."""
    consent = find_consent(user_id, grant_id)
    if consent is None or not consent.is_live():
        return None
    limits = shared_only(db.session(), user_id)
    return _describe(consent, count_mementos(user_id, limits), limits)


def find_neighbours(user_id: str, consent: Consent) -> tuple[Consent | None, Consent | None]:
    """Returns the connection whose place this one took, and the one that took its place."""
    before = db.session.scalar(_FIND_CONTINUED, {"user": user_id, "by": consent.grant_id})
    after = find_consent(user_id, consent.continued_by) if consent.continued_by else None
    return before, after


def find_consent(user_id: str, grant_id: str) -> Consent | None:
    """Returns a consent of the person's, whether it lives or has ended."""
    if not is_id(grant_id):
        return None
    return db.session.scalar(_FIND_CONSENT, {"user": user_id, "grant": grant_id})


def _describe(consent: Consent, counts: Counter[str], limits: Limits, *, has_twins: bool = False) -> Connection:
    client, told = consent.client, find_introduction(db.session(), consent.grant_id)
    browser = find_known_browser(current_user)
    is_of_this_browser = browser is not None and mark_browser(browser, consent.grant_id) == consent.browser_digest
    trust = find_trust(client, told.redirect_uri if told is not None else _find_only_address(client))
    most = find_most_scope(client, settings())
    scopes, left_out = (_list_scopes(scope, most) for scope in (consent.scope, consent.declined_scope))
    windows = list_windows(consent, counts)
    return Connection(
        consent=consent,
        app_name=consent.called,
        own_name=client.name,
        has_twins=has_twins,
        is_of_this_browser=is_of_this_browser,
        trust=trust if is_of_this_browser else seen_from_elsewhere(trust),
        earlier=find_earlier(told, client, client.name),
        is_suspended=client.suspended_at is not None,
        scopes=scopes,
        left_out=[SCOPES[name] for name in left_out],
        windows=windows,
        kept_back=_count_kept_back(consent, windows, limits) if reaches_memories(frozenset(scopes)) else 0,
        read_count=_count_read(consent.user_id, consent.grant_id, clock.now() - timedelta(days=READ_DAYS)),
        replays=list_replays(db.session(), consent.grant_id, clock.now() - timedelta(days=READ_DAYS)),
    )


def _list_scopes(scope: str, most: str) -> list[str]:
    return [name for name in SCOPES if name in parse_scope(intersect_scope(scope, most))]


def _count_kept_back(consent: Consent, windows: list[Window], limits: Limits) -> int:
    chosen = None if consent.selection == "all" else [window.id for window in windows]
    return count_kept_back(db.session(), consent.user_id, limits, chosen)


def _find_only_address(client: Client) -> str:
    """Returns an address to which the client's answers go, when one receives them all; else nothing."""
    receivers = {find_receiver(uri) for uri in client.redirect_uris}
    return client.redirect_uris[0] if len(receivers) == 1 else ""


def list_windows(consent: Consent, counts: Counter[str]) -> list[Window]:
    """Returns the mementos that a consent names, and the app's own."""
    saved = find_saved_memento_id(db.session(), consent.user_id, consent.client_key, consent.installation)
    of_one = {"user": consent.user_id, "grant": consent.grant_id, "saved": saved}
    rows = SessionConnection(db.session()).all(_LIST_WINDOWS, **of_one)
    windows = [
        Window(id, name, counts[id], can_write=bool(can_write) or id == saved, is_saved=id == saved)
        for id, name, can_write in rows
    ]
    return sorted(windows, key=lambda one: (one.is_saved, one.name.casefold()))


def _count_read(user_id: str, grant_id: str, since: datetime) -> int | None:
    """Memories the app was given; one that it was given twice counts twice."""
    if not find_kept_days(db.session(), user_id):
        return None
    return int(SessionConnection(db.session()).scalar(_COUNT_READ, grant=grant_id, since=since) or 0)
