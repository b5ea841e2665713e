"""Until when a person may allow an app something: a day, a month, a year, or until they end it."""

from datetime import datetime, timedelta

from msgspec import Struct

from app import clock
from app.sentences import _

#: What the form sends -> (what a person reads, how long that is; None for no end).
_ENDS = {
    "forever": (_("Until I end it"), None),
    "day": (_("For a day"), timedelta(days=1)),
    "month": (_("For a month (30 days)"), timedelta(days=30)),
    "year": (_("For a year (365 days)"), timedelta(days=365)),
}
_KEEP = "keep"


class End(Struct, frozen=True):
    """One choice of an end, as a form offers it. ``at`` is set for the present end alone."""

    value: str
    label: str
    chosen: bool
    at: datetime | None = None


def list_ends(present: datetime | None) -> list[End]:
    """Returns the choices; a present end comes first, and nothing is prolonged unless the person says so."""
    ends = [
        End(value, label, chosen=present is None and value == "forever") for value, (label, _lasts) in _ENDS.items()
    ]
    return ends if present is None else [End(_KEEP, _("As it is now, until"), chosen=True, at=present), *ends]


def read_end(value: str | None, present: datetime | None) -> datetime | None:
    """Returns the instant that a form's value means; an unknown value leaves the present end as it is."""
    if value not in _ENDS:
        return present
    lasts = _ENDS[value][1]
    return None if lasts is None else clock.now() + lasts
