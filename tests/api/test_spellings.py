"""Spellings that standards allow, of parameters, points in time and JSON."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.operations.instants import read_instant
from tests.api.operations import OPERATIONS
from tests.properties import examples
from tests.tables import each

OPTIONAL = [
    (one, name) for one in OPERATIONS for name, field in one.query.items() if not field.required and one.method == "GET"
]


@pytest.fixture
def seeded(shelf, connect):
    slack = shelf.connect("slack")
    memory = shelf.keep("Trams", slack, text="Trams.", tags=["city"])
    shelf.keep("Others", slack, text="Other trams.")
    caller = connect(shelf.memento("Mine", slack))
    made = caller.post("mementos/", {"name": "Made"}).json["id"]
    return caller, {"memory_id": memory, "integration_id": slack, "memento_id": made}


@each(("one", "name"), OPTIONAL, ids=[f"{one.path} {name}" for one, name in OPTIONAL])
def test_an_optional_parameter_that_is_empty_is_as_if_it_were_not_there(seeded, one, name):
    """Many clients send all parameters that they know, and nothing in those that nobody asked for."""
    caller, ids = seeded
    path = one.path.removeprefix("/api/v1/").format(**ids)
    needed = {other: "trams" for other, field in one.query.items() if field.required}
    without = caller.open("GET", path, query_string=needed)
    empty = caller.open("GET", path, query_string={**needed, name: ""})
    assert (empty.status_code, empty.json) == (200, without.json)


def test_every_operation_with_parameters_is_among_them():
    """Where this fails, an operation has only parameters that are required: say here why that is right."""
    assert {one.path for one, _ in OPTIONAL} == {one.path for one in OPERATIONS if one.query}


def test_a_parameter_that_is_sent_twice_is_refused_also_when_one_is_empty(seeded):
    response = seeded[0].open("GET", "memories/?tag=&tag=city")
    assert (response.status_code, response.json["errors"][0]["code"]) == (422, "twice")


def test_rememberizers_apps_may_say_a_thing_twice_and_no_two_things(seeded):
    """The one that shows how it is done has ``integration_type=slack`` in the address and adds it once more."""
    caller, ids = seeded
    path = "discussions/{memory_id}/contents?integration_type=slack&integration_type=".format(**ids)
    assert caller.open("GET", path + "slack").status_code == 200
    response = caller.open("GET", path + "gmail")
    assert (response.status_code, response.json["errors"][0]["code"]) == (422, "twice")


# -- points in time ------------------------------------------------------------------------------


@each(
    ("spelled", "means"),
    [
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00+00:00"),
        ("2026-01-31t09:30:00z", "2026-01-31T09:30:00+00:00"),
        ("2026-01-31T09:30:00.5z", "2026-01-31T09:30:00.500000+00:00"),
        ("2026-01-31t09:30:00+01:00", "2026-01-31T08:30:00+00:00"),
        ("2026-01-31T09:30:00-00:00", "2026-01-31T09:30:00+00:00"),
        ("2026-01-31T09:30:00.123456789Z", "2026-01-31T09:30:00.123456+00:00"),
        ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00+00:00"),
        ("1990-12-31t23:59:60.25z", "1991-01-01T00:00:00.250000+00:00"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00+00:00"),
    ],
)
def test_a_point_in_time_is_read_as_rfc_3339_writes_it(sees_all, spelled, means):
    """Section 5.6: "T" and "Z" may be in lower case; section 5.7: a leap second is 60, whatever the offset."""
    made = sees_all.post("integrations/", {"kind": "notion", "name": "Notes", "last_synced_at": spelled})
    assert (made.status_code, made.json.get("last_synced_at")) == (201, means), made.text


@each(
    "spelled",
    ["2026-01-31T09:30:60Z", "1998-12-31T23:58:60Z", "2026-01-31T09:60:00Z", "2026-01-31T09:30:61Z", "z", "t", "60",
     "2026-01-31T24:00:00Z", "2026-02-29t00:00:00z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+01:00"],
)  # fmt: skip
def test_what_is_no_point_in_time_is_refused(sees_all, spelled):
    response = sees_all.get("memories/", from_=spelled)
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, "from")


_OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@examples(25)
@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=_OFFSETS), st.booleans())
def test_every_point_in_time_is_read_in_either_case(instant, is_upper):
    spelled = instant.isoformat()
    assert read_instant(spelled.upper() if is_upper else spelled.lower()) == instant


# -- JSON ----------------------------------------------------------------------------------------

BODIES = [one for one in OPERATIONS if one.body is not None]


@each("one", BODIES, ids=lambda one: f"{one.method} {one.path}")
def test_a_byte_order_mark_before_json_changes_nothing(seeded, one):
    """RFC 8259 section 8.1: whoever reads may look past it."""
    caller, ids = seeded
    path = one.path.removeprefix("/api/v1/").format(**ids)
    bare, marked = (caller.open(one.method, path, data=mark + b'{"\\u0000": 1}', content_type="application/json")
                    for mark in (b"", b"\xef\xbb\xbf"))  # fmt: skip
    assert marked.status_code == bare.status_code != 400
    body = json.dumps({"title": "Bread", "text": "Flour."}).encode()
    added = caller.open("POST", "memories/", data=b"\xef\xbb\xbf" + body, content_type="application/json")
    assert (added.status_code, added.json["title"]) == (201, "Bread")


@each("body", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00"])
def test_what_is_no_json_behind_a_mark_is_refused(sees_all, body):
    response = sees_all.open("POST", "memories/", data=body, content_type="application/json")
    assert (response.status_code, response.json["code"]) == (400, "invalid_request")
