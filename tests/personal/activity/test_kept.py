"""For how long it is kept what apps did: as its person says."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock
from app.consents.receipts import AccessRecord, ReceiptDetail, ReceiptMemory
from tests.personal.conftest import post
from tests.purging import purge
from tests.tables import each

KEPT = "/account/activity/kept"


@pytest.fixture
def count(in_database):
    """How many minutes, details and names there are."""

    def ask(session):
        tables = (AccessRecord, ReceiptDetail, ReceiptMemory)
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)

    return lambda: in_database(ask)


@pytest.fixture
def receipts_of_days(connected, in_database):
    """A receipt with one memory of so many days ago, for each."""

    def add(*days: int) -> None:
        def act(session):
            for ago in days:
                minute = (clock.now() - timedelta(days=ago)).replace(second=0, microsecond=0)
                told = {"grant_id": connected.grant_id, "minute": minute, "count": 1}
                session.add(AccessRecord(action="read", **told))
                detail = ReceiptDetail(kind="read", question="", question_key="", calls=1, **told)
                session.add(detail)
                session.flush()
                session.add(ReceiptMemory(detail_id=detail.id, memory_id="mry_1"))
            session.commit()

        in_database(act)

    return add


def test_longer_is_kept_at_once_and_shorter_is_asked_about(signed_in, receipts_of_days, count):
    receipts_of_days(1, 40, 80)
    assert post(signed_in, KEPT, {"days": "365"}).status_code == 303
    page = post(signed_in, KEPT, {"days": "30"})
    assert page.status_code == 200 and "2 minutes of it are older" in page.text
    assert count() == (3, 3, 3)
    assert signed_in.submit(page, press="Keep 30 days").status_code == 303
    assert count() == (1, 1, 1)
    assert "for the last 30 days" in signed_in.get("/account/activity/").text


def test_to_keep_nothing_says_what_that_means_and_then_nothing_is_there(signed_in, receipts_of_days, call, count):
    receipts_of_days(0, 1)
    page = post(signed_in, KEPT, {"days": "0"})
    assert "nobody can tell you afterwards what it has seen" in page.text
    assert "2 minutes" in page.text and "can be undone for 30 days" in page.text
    signed_in.submit(page, press="Keep nothing")
    call("GET", "memories/"), call("POST", "memories/", {"title": "Note", "text": "x"})
    assert count() == (0, 0, 0)
    assert "You keep nothing of what apps read" in signed_in.get("/account/activity/").text
    assert "Note" in signed_in.get("/account/activity/undo/").text


def test_to_keep_nothing_is_asked_about_where_nothing_is_yet(signed_in, connected):
    assert post(signed_in, KEPT, {"days": "0"}).status_code == 200


@each("days", ["", "1", "-30", "x", "9" * 5000, "３０"])
def test_what_is_no_choice_is_refused(signed_in, receipts_of_days, count, days):
    receipts_of_days(1)
    assert post(signed_in, KEPT, {"days": days, "action": "sure"}).status_code == 400
    assert count() == (1, 1, 1)


@pytest.mark.parametrize(("days", "left"), [(0, 0), (30, 1), (90, 2), (365, 3)])
def test_the_purge_goes_by_what_each_person_says(app, signed_in, receipts_of_days, count, in_database, days, left):
    post(signed_in, KEPT, {"days": str(days), "action": "sure"})
    receipts_of_days(29, 89, 364, 366)
    told = purge(app)
    assert count() == (left, left, left)
    assert told["access_records"] == told["receipt_details"] == 4 - left


def test_a_page_shows_nothing_that_is_over_before_the_purge_comes(signed_in, receipts_of_days):
    receipts_of_days(91)
    assert "Nothing yet" in signed_in.get("/account/activity/").text
