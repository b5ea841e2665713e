"""How a page writes a point in time: in UTC, and it says so. ``static/js/moments.js`` makes it local to the reader.

Templates use these filters and write no date in another way: ``{{ at | day }}``, ``{{ at | minute }}`` and
``{{ at | second }}`` are a ``<time>`` element. Where no element may stand, as in an ``<option>``, ``at | plain_day``
is the text, and the element around it has ``data-datetime="{{ at | stamp }}" data-precision="day"``.
"""

from datetime import UTC, datetime

from flask import Flask
from markupsafe import Markup

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


def day(at: datetime) -> Markup:
    """A ``<time>`` that shows the day, as in “3 May 2026 UTC”."""
    return _element(at, "day")


def minute(at: datetime) -> Markup:
    """A ``<time>`` that shows day and time, as in “3 May 2026, 09:30 UTC”."""
    return _element(at, "minute")


def second(at: datetime) -> Markup:
    """A ``<time>`` that shows day and time to the second, for what is compared with somebody else's log."""
    return _element(at, "second")


def plain_day(at: datetime) -> str:
    """The text of :func:`day`, without an element."""
    return _text(_in_utc(at), "day")


def plain_minute(at: datetime) -> str:
    """The text of :func:`minute`, without an element."""
    return _text(_in_utc(at), "minute")


def stamp(at: datetime) -> str:
    """The point in time as a program reads it (:rfc:`3339`), as in ``2026-05-03T09:30:00Z``."""
    return f"{_in_utc(at).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def iso_day(at: datetime) -> str:
    """The day in UTC as a field of a form and an address name it, as in ``2026-05-03``."""
    return _in_utc(at).date().isoformat()


def iso_minute(at: datetime) -> str:
    """The minute in UTC as a field of a form takes it, as in ``2026-05-03T09:30``."""
    return _in_utc(at).strftime("%Y-%m-%dT%H:%M")


def iso_exact(at: datetime) -> str:
    """The point in time to the microsecond, as an address of ours carries it."""
    return _in_utc(at).isoformat()


def _element(at: datetime, precision: str) -> Markup:
    text = _text(_in_utc(at), precision)
    return Markup(f'<time datetime="{stamp(at)}" data-precision="{precision}">{text}</time>')


def _text(at: datetime, precision: str) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}{at.strftime(_CLOCK_FORMATS[precision])} UTC"


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A point in time must be aware (UTC).")
    return at.astimezone(UTC)
