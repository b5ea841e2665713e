"""How long what was fetched is used without asking again (:rfc:`9111`): from five minutes to a day."""

from datetime import UTC, datetime
from http.client import HTTPMessage

import pytest

from app import clock
from app.fetch.freshness import LEAST, MOST, fresh_seconds

_AT = "Mon, 01 Jun 2026 12:00:00 GMT"
_LATER = "Mon, 01 Jun 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, LEAST),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": 'public, MAX-AGE="600"'}, 600),
        ({"Cache-Control": "max-age=0"}, LEAST),
        ({"Cache-Control": "max-age=299"}, LEAST),
        ({"Cache-Control": "max-age=86400"}, MOST),
        ({"Cache-Control": "max-age=31536000, immutable"}, MOST),
        ({"Cache-Control": "max-age=99999999999999999999"}, LEAST),
        ({"Cache-Control": "max-age=-5"}, LEAST),
        ({"Cache-Control": "max-age"}, LEAST),
        ({"Cache-Control": "max-age=1e9"}, LEAST),
        ({"Cache-Control": "max-age=600, max-age=900"}, 600),
        ({"Cache-Control": "no-store, max-age=600"}, LEAST),
        ({"Cache-Control": "max-age=600, no-cache"}, LEAST),
        ({"Cache-Control": "private, max-age=600"}, LEAST),
        ({"Cache-Control": "s-maxage=900, max-age=600"}, 900),
        ({"Cache-Control": "max-age=900", "Age": "300"}, 600),
        ({"Cache-Control": "max-age=900", "Age": "old"}, 900),
        ({"Cache-Control": "max-age=900", "Age": "86400"}, LEAST),
        ({"Cache-Control": "max-age=600", "Expires": _LATER, "Date": _AT}, 600),
        ({"Expires": _LATER, "Date": _AT}, 3600),
        ({"Expires": _AT, "Date": _LATER}, LEAST),
        ({"Expires": _LATER}, 1800),
        ({"Expires": "0"}, LEAST),
        ({"Expires": "Mon, 99 Jun 2026 13:00:00 GMT", "Date": _AT}, LEAST),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": _AT}, MOST),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 -2359", "Date": _AT}, MOST),
        ({"Expires": _LATER, "Date": "nonsense"}, 1800),
        ({"Expires": "Mon, 01 Jun 2026 13:00:00 -0000", "Date": _AT}, 3600),
    ],
)
def test_the_headers_say_it_within_bounds(headers, seconds, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 1, 12, 30, tzinfo=UTC))
    message = HTTPMessage()
    for name, value in headers.items():
        message[name] = value
    assert fresh_seconds(message) == seconds


def test_several_lines_are_read_as_one():
    message = HTTPMessage()
    message["Cache-Control"] = "public"
    message["Cache-Control"] = "max-age=700"
    assert fresh_seconds(message) == 700


def test_the_bounds_are_five_minutes_and_a_day():
    assert (LEAST, MOST) == (300, 86400)
