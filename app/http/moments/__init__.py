"""How a page writes a point in time: in the time zone that the account of the reader names.

Without one it is written in UTC, and says so; ``static/js/moments.js`` then makes it local to the browser.

Templates use these filters and write no date in another way: ``{{ at | day }}``, ``{{ at | minute }}`` and
``{{ at | second }}`` are a ``<time>`` element. Where no element may stand, as in an ``<option>``, ``at | plain_day``
is the text, and the element around it has ``{{ at | for_script("day") }}`` among its attributes. A letter has no reader
who is signed in: it names the zone, as in ``at | plain_minute(zone)``.
"""

from datetime import UTC, datetime, tzinfo

from flask import Flask
from markupsafe import Markup

from app.http.moments.zones import day_of, own_zone, reading_zone, shift, zone_name

_CLOCK_FORMATS = {"day": "", "minute": ", %H:%M", "second": ", %H:%M:%S"}
# Not %B, which depends on the process's locale.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Give the templates the filters of this file."""
    elements = {"day": day, "minute": minute, "second": second}
    app.jinja_env.filters |= elements | {"plain_day": plain_day, "plain_minute": plain_minute, "stamp": stamp}
    app.jinja_env.filters |= {"iso_day": iso_day, "iso_minute": iso_minute, "iso_exact": iso_exact}
    app.jinja_env.filters["for_script"] = for_script
    app.jinja_env.globals["time_zone_name"] = zone_name


def day(at: datetime) -> Markup:
    """Returns a ``<time>`` that shows the day, as in “3 May 2026 UTC”."""
    return _element(at, "day")


def minute(at: datetime, zone: tzinfo | None = None) -> Markup:
    """Returns a ``<time>`` that shows day and time, as in “3 May 2026, 09:30 UTC”; in ``zone`` for a clock elsewhere."""
    return _element(at, "minute", zone)


def second(at: datetime) -> Markup:
    """Returns a ``<time>`` that shows day and time to the second, for what is compared with somebody else's log."""
    return _element(at, "second")


def plain_day(at: datetime, zone: tzinfo | None = None) -> str:
    """Returns the text of :func:`day`, without an element; in ``zone`` where the reader's account is not asked."""
    return _text(at, "day", zone or own_zone())


def plain_minute(at: datetime, zone: tzinfo | None = None) -> str:
    """Returns the text of :func:`minute`, without an element; in ``zone`` where the reader's account is not asked."""
    return _text(at, "minute", zone or own_zone())


def for_script(at: datetime, precision: str) -> Markup:
    """Returns the attributes by which a script makes a plain text local; none where it is in the reader's zone already."""
    if own_zone() is not None:
        return Markup()
    return Markup(f' data-datetime="{stamp(at)}" data-precision="{precision}"')


def stamp(at: datetime) -> str:
    """Returns the point in time as a program reads it (:rfc:`3339`), as in ``2026-05-03T09:30:00Z``."""
    return f"{_in_utc(at).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def iso_day(at: datetime) -> str:
    """Returns the reader's day as a field of a form and an address name it, as in ``2026-05-03``."""
    return day_of(_in_utc(at)).isoformat()


def iso_minute(at: datetime) -> str:
    """Returns the minute in the reader's time zone as a field of a form takes it, as in ``2026-05-03T09:30``."""
    return shift(_in_utc(at), reading_zone()).replace(tzinfo=None).isoformat(timespec="minutes")


def iso_exact(at: datetime) -> str:
    """Returns the point in time to the microsecond, as an address of ours carries it."""
    return _in_utc(at).isoformat()


def _element(at: datetime, precision: str, zone: tzinfo | None = None) -> Markup:
    zone = zone or own_zone()
    text = _text(at, precision, zone)
    if zone is None:
        return Markup(f'<time datetime="{stamp(at)}" data-precision="{precision}">{text}</time>')
    in_utc = _text(at, "second" if precision == "second" else "minute", None)
    return Markup(f'<time datetime="{stamp(at)}" title="{in_utc}">{text}</time>')


def _text(at: datetime, precision: str, zone: tzinfo | None) -> str:
    at = shift(_in_utc(at), zone or UTC)
    named = "" if zone is not None and precision == "day" else f" {_short_name(at)}"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}{at.strftime(_CLOCK_FORMATS[precision])}{named}"


def _short_name(at: datetime) -> str:
    """Such as “CEST”; of a zone that has no such name how far it is from UTC, as in “UTC+5:45”."""
    name = at.tzname() or ""
    if name[:1] not in ("+", "-"):
        return name
    # A line may break after a hyphen; so it is a minus.
    sign = "+" if name[0] == "+" else "\u2212"
    return f"UTC{sign}{int(name[1:3])}" + ("" if name[3:5] in ("", "00") else f":{name[3:5]}")


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A point in time must be aware (UTC).")
    return at.astimezone(UTC)
