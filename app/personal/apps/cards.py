"""One card for an app, wherever apps are listed: each installation on it by its own name, and no more than a few."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from app.clients.trust import Trust
from app.consents.models import Consent
from app.memories.mementos import MementoSummary
from app.oauth.endpoints.logo import logo_url
from app.personal.apps.connections import Connection, app_of, describe_all, list_live

_MOST_ON_A_CARD = 3
#: So many installations, on however many cards, are one page.
PAGE_SIZE = 4


class Card(Struct, frozen=True):
    """An app with its installations, the one used last first; ``more`` is how many of them are not on the card.

    ``trust`` is how all of them are known; None where that is told of each.
    """

    own_name: str
    logo_url: str | None
    trust: Trust | None
    connections: list[Connection]
    more: int


class Cards(Struct, frozen=True):
    """A page of cards. ``live`` are all the installations of the person's, ``going_on`` is how many are not paused."""

    cards: list[Card]
    live: list[Consent]
    going_on: int
    has_next: bool

    @property
    def count(self) -> int:
        return len(self.live)


def list_cards(
    user_id: str,
    page: int = 1,
    *,
    of: str | None = None,
    size: int = PAGE_SIZE,
    mementos: Sequence[MementoSummary] | None = None,
) -> Cards:
    """Returns a page of the person's apps, the one used last first; with ``of``, each installation of that one's app.

    ``mementos`` are all of the person's, where they have been listed already.
    """
    consents = list_live(user_id)
    pages = [*(_page_by_app(consents, size) if of is None else _pages_of(consents, of, size))]
    chosen = pages[page - 1] if page <= len(pages) else []
    shown = describe_all(user_id, [one for group in chosen for one in group.shown], consents, mementos)
    by_grant = {one.grant_id: one for one in shown}
    return Cards(
        cards=[_make_card([by_grant[one.grant_id] for one in group.shown], group.more) for group in chosen],
        live=consents,
        going_on=sum(consent.paused_at is None for consent in consents),
        has_next=page < len(pages),
    )


class _Group(Struct, frozen=True):
    shown: Sequence[Consent]
    more: int


def _page_by_app(consents: Sequence[Consent], size: int) -> Iterator[list[_Group]]:
    page: list[_Group] = []
    for _app, each in groupby(consents, key=app_of):
        group = _fold(list(each), min(_MOST_ON_A_CARD, size))
        if page and sum(len(one.shown) for one in page) + len(group.shown) > size:
            yield page
            page = []
        page.append(group)
    if page:
        yield page


def _fold(group: list[Consent], most: int) -> _Group:
    # Nothing is folded away to save one place.
    shown = group[:most] if len(group) > most + 1 else group
    return _Group(shown, len(group) - len(shown))


def _pages_of(consents: Sequence[Consent], grant_id: str, size: int) -> Iterator[list[_Group]]:
    wanted = next((app_of(one) for one in consents if one.grant_id == grant_id), None)
    found = [one for one in consents if app_of(one) == wanted]
    for start in range(0, len(found), size):
        yield [_Group(found[start : start + size], 0)]


def _make_card(connections: list[Connection], more: int) -> Card:
    first = connections[0]
    is_known_alike = all(one.trust == first.trust for one in connections)
    return Card(
        own_name=first.own_name,
        logo_url=logo_url(first.consent.client),
        trust=first.trust if is_known_alike else None,
        connections=connections,
        more=more,
    )
