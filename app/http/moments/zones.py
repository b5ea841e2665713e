"""The time zone of whoever reads a page: the one of their account, or none."""

from datetime import UTC, date, datetime, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from flask_login import current_user

# Names that the files of the system have, and that say nothing about a place.
_NO_ZONES = {"Factory", "localtime", "posixrules"}


@cache
def list_zones() -> frozenset[str]:
    """Returns the names of all time zones that this machine knows, aliases too. To read them takes a while, once."""
    return frozenset(available_timezones() - _NO_ZONES)


@lru_cache(maxsize=600)
def find_zone(name: str | None) -> tzinfo | None:
    """Returns the time zone of this name; None where it is none that this machine knows."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        # Another machine, with newer files, may have known it when it was chosen.
        return None


def own_zone() -> tzinfo | None:
    """Returns the time zone that whoever is signed in has chosen; None when nobody is, or nothing is chosen."""
    return find_zone(getattr(current_user, "time_zone", None))


def reading_zone() -> tzinfo:
    """Returns the time zone in which days begin and end for whoever reads: their own, else UTC."""
    return own_zone() or UTC


def zone_name() -> str:
    """Returns what a page calls :func:`reading_zone`, as in “Europe/Lisbon” or “UTC”."""
    return str(own_zone() or "UTC")


def start_of(day: date) -> datetime:
    """Returns the first moment of a day of whoever reads, in UTC."""
    # Where clocks leave out midnight this is the moment at which they do, and so still the day's first.
    return datetime(day.year, day.month, day.day, tzinfo=reading_zone()).astimezone(UTC)


def day_of(at: datetime) -> date:
    """Returns on which day of whoever reads a moment is."""
    return shift(at, reading_zone()).date()


def shift(at: datetime, zone: tzinfo) -> datetime:
    """Returns a moment by the clocks of a zone; in UTC where they would be before the first year, or after the last."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at.astimezone(UTC)
