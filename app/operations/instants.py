"""Points in time as text (:rfc:`3339`)."""

import re
from datetime import UTC, datetime, timedelta

# The letters may be in lower case (section 5.6). A "+" that was not escaped in a query has become a space.
_UNESCAPED_PLUS = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_LEAP_SECOND = re.compile(r"(?<=\d:\d\d:)60(?=$|[^\d])", re.ASCII)


def read_instant(text: str) -> datetime:
    """Returns the point in time, in UTC. A date alone is its midnight, and a time without an offset is UTC.

    A leap second is the end of a day in UTC, ``23:59:60`` (section 5.7); here, where no day has one, it is the moment
    after, which is midnight. Raises ``TypeError``, ``ValueError`` or ``OverflowError``.
    """
    text = _UNESCAPED_PLUS.sub("+", text)
    if text[-1:] == "z":
        text = text[:-1] + "Z"
    spelled, leap_seconds = _LEAP_SECOND.subn("59", text, count=1)
    instant = datetime.fromisoformat(spelled)
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    if leap_seconds:
        if (instant.hour, instant.minute) != (23, 59):
            raise ValueError("A leap second is at the end of a day.")
        instant += timedelta(seconds=1)
    return instant
