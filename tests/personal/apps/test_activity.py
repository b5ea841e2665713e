"""What an app did, minute by minute, in a person's words."""

import re
from datetime import UTC, datetime

import pytest

from app.consents.receipt_log import AccessLog
from app.consents.receipts import AccessRecord
from app.http.services import services
from app.memories.models import Memento
from app.personal.apps.activity import PAGE_SIZE


@pytest.fixture
def at_noon(monkeypatch):
    """It is noon."""
    monkeypatch.setattr("app.clock.now", lambda: datetime(2026, 5, 15, 12, 0, 30, tzinfo=UTC))


def rows(page) -> list[str]:
    """Each line of the record, as text."""
    bodies = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", body).split()) for body in bodies if "<td>" in body]


def test_before_it_has_done_anything_the_page_says_what_will_be_here(signed_in, connected):
    page = signed_in.get(connected.path + "activity").text
    assert "Nothing yet" in page and "how many" in page


def test_each_minute_says_when_what_how_many_and_in_which_mementos(at_noon, signed_in, connected, record):
    record(1, "read", 12, Recipes=9, Diary=5)
    record(1, "write", 1)
    record(90, "read", 1, Recipes=1)
    record(13 * 60, "read", 0)
    page = signed_in.get(connected.path + "activity")
    assert rows(page) == [
        "15 May 2026, 11:59 UTC Read 12 memories Recipes 9, Diary 5",
        "15 May 2026, 11:59 UTC Added, changed or deleted 1 memory not told apart",
        "15 May 2026, 10:30 UTC Read 1 memory Recipes 1",
        "14 May 2026, 23:00 UTC Read no memories",
    ]


def test_what_an_app_read_that_sees_everything_is_named_so(signed_in, connected, record, in_database):
    record(1, "read", 2)
    in_database(lambda session: _add_everything(session, 2))
    (row,) = rows(signed_in.get(connected.path + "activity"))
    assert row.endswith("Read 2 memories Everything 2")


def _add_everything(session, count: int) -> None:
    (whole,) = session.query(AccessRecord)
    fields = {"grant_id": whole.grant_id, "minute": whole.minute, "action": "read", "memento_key": "all"}
    session.add(AccessRecord(count=count, **fields))
    session.commit()


def test_a_memento_that_was_deleted_since_is_said_to_be(signed_in, connected, record, shelf, in_database):
    record(1, "read", 2, Recipes=2)

    def delete(session):
        session.delete(session.get_one(Memento, shelf.mementos["Recipes"]))
        session.commit()

    in_database(delete)
    (row,) = rows(signed_in.get(connected.path + "activity"))
    assert row.endswith("Read 2 memories a memento that is deleted 2")


def test_a_long_record_is_shown_in_pages(signed_in, connected, record):
    for minute in range(PAGE_SIZE + 5):
        record(minute, "read", minute + 1, Recipes=1)
    first, second = (signed_in.get(f"{connected.path}activity?page={page}") for page in (1, 2))
    assert len(rows(first)) == PAGE_SIZE and len(rows(second)) == 5
    assert "Earlier" in first.text and "Later" in second.text
    assert set(rows(first)).isdisjoint(rows(second))


@pytest.mark.parametrize("page", ["0", "-1", "x", "9999999999", "1" * 5000, "²", "%00", "99999"])
def test_a_page_that_is_none_is_no_error(signed_in, connected, record, page):
    record(1, "read", 2, Recipes=2)
    assert signed_in.get(f"{connected.path}activity?page={page}").status_code == 200


def test_what_the_api_notes_is_what_the_page_shows(app, signed_in, connected):
    """The page has no record of its own."""
    answer = connected.integrator.me(connected.access_token, "/api/v1/memories/")
    assert len(answer.json["data"]) == 2
    with app.app_context():
        services().notes.of(AccessLog).flush()
    (row,) = rows(signed_in.get(connected.path + "activity"))
    assert row.endswith("Read 2 memories Recipes 2")
