"""How long what was fetched may be used without asking again, as its headers say (:rfc:`9111#section-4.2`)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import client

from app import clock

#: Seconds: whatever the headers say.
LEAST, MOST = 5 * 60, 24 * 60 * 60
_SECONDS = re.compile(r'"?([0-9]{1,12})"?')


def fresh_seconds(headers: "client.HTTPMessage") -> int:
    """Returns for how many seconds from now it is fresh: from five minutes to a day."""
    directives = _read_directives(headers)
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return LEAST
    # Many people's requests are answered with one copy, as by a shared cache.
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return _clamp(min(directives[name], default=0) - _age(headers))
    return _clamp(_until_expiry(headers))


def _clamp(seconds: int) -> int:
    return max(LEAST, min(MOST, seconds))


def _read_directives(headers: "client.HTTPMessage") -> dict[str, list[int]]:
    """Each directive with every number that it is said to have; 0 for what is no number."""
    read: dict[str, list[int]] = {}
    for line in headers.get_all("Cache-Control", []):
        for directive in str(line).split(","):
            name, _equals, value = directive.strip().partition("=")
            found = _SECONDS.fullmatch(value.strip())
            read.setdefault(name.strip().lower(), []).append(int(found[1]) if found else 0)
    return read


def _age(headers: "client.HTTPMessage") -> int:
    found = _SECONDS.fullmatch(str(headers.get("Age", "")).strip())
    return int(found[1]) if found else 0


def _until_expiry(headers: "client.HTTPMessage") -> int:
    """Seconds from when it was sent, by the clock of whoever sent it."""
    expires = _read_date(headers, "Expires")
    sent = _read_date(headers, "Date") or clock.now()
    return 0 if expires is None else int((expires - sent).total_seconds())


def _read_date(headers: "client.HTTPMessage", name: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(headers[name])) if name in headers else None
    except (ValueError, OverflowError):
        return None
    return date if date is None or date.tzinfo else date.replace(tzinfo=UTC)
