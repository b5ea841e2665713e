"""The time zones that a person can choose from, found by a place or a country."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import cache

from babel import Locale
from babel.core import get_global
from msgspec import Struct

from app import clock
from app.folding import fold
from app.http.moments.zones import find_zone, list_zones

#: So many are shown of those that a search finds.
MOST_FOUND = 12
#: The first part of the names that are places. Others are older names of the same, or of no place.
_REGIONS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"),
    "UTC",
}


class Choice(Struct, frozen=True):
    """A time zone as a page offers it: ``now`` is the present moment, and ``zone`` what it is written in."""

    name: str
    country: str
    now: datetime
    zone: tzinfo


def find_choices(question: str) -> tuple[list[Choice], int]:
    """Returns the time zones whose place or country has every word of the question, and how many there are in all."""
    words = fold(question.replace("_", " "))[:10]
    if not words:
        return [], 0
    names = [name for name, told in _told() if all(any(part.startswith(word) for part in told) for word in words)]
    return _to_choices(names[:MOST_FOUND]), len(names)


def is_time_zone(name: str) -> bool:
    """Returns whether it is the name of one, as a place or as a browser calls it."""
    return name in list_zones()


def _to_choices(names: Iterable[str]) -> list[Choice]:
    zones = [(name, find_zone(name)) for name in names]
    return [Choice(name, _country_of(name), clock.now(), zone) for name, zone in zones if zone is not None]


@cache
def _told() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each name, in order, and the words by which it is found."""
    named = sorted(name for name in list_zones() if name.split("/")[0] in _REGIONS)
    return tuple((name, tuple(fold(f"{name} {_country_of(name)}".replace("_", " ")))) for name in named)


@cache
def _country_of(name: str) -> str:
    """In which country it is, in English; empty where it is in none."""
    known = get_global("zone_aliases").get(name, name)
    territory = get_global("zone_territories").get(known, "")
    return "" if territory == "001" else Locale("en").territories.get(territory, "")
