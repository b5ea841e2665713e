"""What apps did, minute by minute, in a person's words: which memories, in which mementos, and what was asked."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, update

from app import clock
from app.accounts.models import User
from app.consents.receipts import AccessRecord, ReceiptDetail, ReceiptWriter
from app.memories.models import Memento, Memory
from app.personal.activity.entries import PAGE_SIZE
from tests.databases import BACKEND
from tests.personal.activity.conftest import items as rows
from tests.personal.activity.conftest import words
from tests.spreadsheet import read_table
from tests.statements import find_plan, noted_statements
from tests.tables import each


@pytest.fixture
def at_noon(monkeypatch):
    """It is noon."""
    monkeypatch.setattr("app.clock.now", lambda: datetime(2026, 5, 15, 12, 0, 30, tzinfo=UTC))


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
        "15 May 2026, 11:59 UTC Added, changed or deleted 1 memory not told apart",
        "15 May 2026, 11:59 UTC Read 12 memories Recipes 9, Diary 5",
        "15 May 2026, 10:30 UTC Read 1 memory Recipes 1",
        "14 May 2026, 23:00 UTC Read no memories",
    ]


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
def test_what_belongs_to_the_minutes_of_a_page_is_looked_up(app, at_noon, signed_in, connected, record):
    """Or all that every app did for everybody is gone through for each page."""
    for minutes in range(3):
        record(minutes, "read", 1, Recipes=1)
    with noted_statements(app) as noted:
        signed_in.get("/account/activity/")
    asked = [one for one, _values in noted if "FROM access_records" in one or "FROM receipt_details" in one]
    assert len(asked) > 2
    gone_through = [step for one in asked for step in find_plan(app, one) if re.match("SCAN (access|receipt)_", step)]
    assert gone_through == []


def test_of_many_mementos_three_are_named_and_all_where_the_minute_is_unfolded(
    signed_in, connected, alice, in_database
):
    def read_forty(session):
        mementos = [Memento(user_id=alice.id, name=f"Volume {number:02}") for number in range(40)]
        session.add_all(mementos)
        session.flush()
        for key, memento_id, count in [("", None, 40), *((one.id, one.id, 1) for one in mementos)]:
            fields = {"grant_id": connected.grant_id, "minute": clock.now().replace(second=0, microsecond=0)}
            session.add(AccessRecord(action="read", memento_key=key, memento_id=memento_id, count=count, **fields))
        session.commit()

    in_database(read_forty)
    (row,) = rows(signed_in.get(connected.path + "activity"))
    told, unfolded = row.split("All of it")
    assert told.strip().endswith("Volume 00 1, Volume 01 1, Volume 02 1 and 37 more")
    assert unfolded.count("Volume") == 40


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


@each("page", ["0", "-1", "x", "9999999999", "1" * 5000, "²", "%00", "99999"])
def test_a_page_that_is_none_is_no_error(signed_in, connected, record, page):
    record(1, "read", 2, Recipes=2)
    assert signed_in.get(f"{connected.path}activity?page={page}").status_code == 200


def test_what_the_api_notes_is_what_the_page_shows(signed_in, connected, call):
    """The page has no record of its own. It names the memories by their titles of now."""
    assert len(call("GET", "memories/")["data"]) == 2
    (row,) = rows(signed_in.get(connected.path + "activity"))
    assert row.endswith("Read 2 memories Recipes 2 Opened or listed: Bread , Soup")


def test_a_search_says_what_was_asked(signed_in, connected, call):
    for question in ("bread", "bread", "<b>gold</b>"):
        call("GET", "memories/", q=question)
    page = signed_in.get("/account/activity/")
    (row,) = rows(page)
    assert "Searched for “ bread ” 2 times: Bread" in row
    assert "Searched for “ <b>gold</b> ”: found nothing" in row and "<b>gold" not in page.text


def test_a_title_is_that_of_now_and_a_deleted_memory_is_told_as_such(signed_in, shelf, call, in_database):
    call("GET", "memories/")

    def change(session):
        session.get_one(Memory, shelf.memories["Bread"]).title = "Rye"
        session.delete(session.get_one(Memory, shelf.memories["Soup"]))
        session.commit()

    in_database(change)
    (row,) = rows(signed_in.get("/account/activity/"))
    assert row.endswith("Opened or listed: Rye , a memory that is deleted")


def test_all_apps_stand_on_one_page_each_by_its_name(signed_in, connect, connected, notebook, pocket, shelf, call):
    other = connect(pocket, shelf.mementos["Diary"])
    call("GET", "memories/"), call("GET", "memories/", token=other.access_token)
    told = signed_in.get("/account/activity/")
    assert len(rows(told)) == 2
    assert all(f'/account/apps/{one.grant_id}/activity"' in told.text for one in (connected, other))
    assert len(rows(signed_in.get(f"/account/activity/?app={other.grant_id}"))) == 1


def test_receipts_are_found_by_day_kind_and_memory(at_noon, signed_in, shelf, call, monkeypatch):
    call("GET", "memories/", q="soup")
    call("POST", "memories/", {"title": "Note", "text": "x"})
    yesterday = clock.now()
    monkeypatch.setattr("app.clock.now", lambda: yesterday + timedelta(minutes=10))
    call("GET", f"memories/{shelf.memories['Bread']}/")

    def found(**query) -> list[str]:
        page = signed_in.client.get("/account/activity/", query_string=query, base_url="http://127.0.0.1:8000")
        assert page.status_code == 200
        return [row.partition("Acme Notebook · ")[2] for row in rows(page)]

    everything = found()
    assert len(everything) == 3
    assert found(kind="read") == [row for row in everything if row.startswith("Read")]
    assert [row for row in found(kind="searched")] == [row for row in everything if "Searched" in row]
    assert found(kind="added") == [row for row in everything if "Note" in row]
    assert found(kind="deleted") == found(day="2026-05-14") == []
    assert found(day="2026-05-15") == everything
    assert found(memory=shelf.memories["Bread"]) == [row for row in everything if "Bread" in row]
    assert found(memory="mry_0") == []
    for odd in ({"day": "x"}, {"day": "9999-12-31"}, {"kind": "x"}, {"page": "x"}, {"day": "0001-01-01"}):
        assert found(**odd) == everything
    assert found(memory="\0") == everything


def test_what_lies_between_two_receipts_that_a_filter_finds_is_not_read(signed_in, shelf, call, pass_minutes):
    """A memory that was read once a year ago and once today would else cost a year of receipts."""
    paths = [f"memories/{shelf.memories[title]}/" for title in ("Bread", "Soup", "Soup", "Soup", "Bread")]
    for path in paths:
        call("GET", path)
        pass_minutes(5)
    loaded = []
    event.listen(ReceiptDetail, "load", lambda detail, _context: loaded.append(detail.minute))
    page = signed_in.get(f"/account/activity/?memory={shelf.memories['Bread']}")
    assert len(rows(page)) == len(loaded) == 2


def test_pages_keep_the_filter(signed_in, connected, record):
    for minute in range(PAGE_SIZE + 5):
        record(minute, "read", minute + 1)
    page = signed_in.get("/account/activity/?kind=read")
    assert 'href="?kind=read&amp;page=2"' in page.text


def test_the_drawing_and_its_table_say_the_same(at_noon, signed_in, connected, record):
    record(1, "read", 12)
    record(2, "write", 3)
    record(3 * 24 * 60, "read", 6)
    page = signed_in.get("/account/activity/").text
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert words(table) == "15 May 2026 UTC 12 3 12 May 2026 UTC 6 0"
    bars = re.findall(r'<rect class="(\w+)" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)"', page)
    assert sorted(bars) == [("read", "28.0"), ("read", "56.0"), ("written", "24.0")]
    assert "Memories read: 18; added, changed or deleted: 3" in page
    hours = signed_in.get("/account/activity/?day=2026-05-15").text
    table = hours[hours.index("<tbody>") : hours.index("</tbody>")]
    assert words(table) == "15 May 2026, 11:00 UTC 12 3"


def test_a_day_that_the_zone_of_the_reader_left_out_is_no_day(alice, signed_in, in_database):
    """Samoa went from the 29th to the 31st: there are no hours of the day between to draw."""
    in_database(lambda session: session.execute(update(User).values(time_zone="Pacific/Apia")) and session.commit())
    for day, is_one in (("2011-12-29", True), ("2011-12-30", False), ("2011-12-31", True)):
        page = signed_in.get(f"/account/activity/?day={day}")
        assert page.status_code == 200, day
        assert (day in page.text) == is_one, day


def test_a_server_that_ended_by_force_leaves_a_gap_that_is_named(at_noon, signed_in, connected, record, in_database):
    record(1, "read", 2)

    def add(*seen):
        def act(session):
            session.add_all(ReceiptWriter(id=f"wrt_{at.isoformat()}", seen_at=at) for at in seen)
            session.commit()

        in_database(act)

    # One that gave a sign a moment ago is at work.
    add(clock.now() - timedelta(seconds=40))
    assert "ended by force" not in signed_in.get("/account/activity/").text
    add(clock.now() - timedelta(minutes=30), clock.now() - timedelta(minutes=30, seconds=20))
    for path in ("/account/activity/", connected.path + "activity", "/account/activity/?day=2026-05-15"):
        notices = re.findall(r'<p class="notice">(.*?ended by force.*?)</p>', signed_in.get(path).text)
        assert [words(one) for one in notices] == [
            "Between 15 May 2026, 11:30:05 UTC and 15 May 2026, 11:31:05 UTC a server of ours ended by force."
            " What apps read then may be missing here; what they wrote is not."
        ], path
    assert "ended by force" not in signed_in.get("/account/activity/?day=2026-05-14").text


# -- to take along ---------------------------------------------------------------------------------


def test_a_file_holds_all_that_the_filter_finds(signed_in, connected, record, call, monkeypatch):
    monkeypatch.setattr("app.personal.activity.exporting._AT_ONCE", 3)
    for minute in range(7):
        record(minute + 1, "read", minute + 1, Recipes=1)
    call("POST", "memories/", {"title": "Note", "text": "x"})
    told = signed_in.get("/account/activity/receipts.json").json["receipts"]
    assert [one["memories"] for one in told] == [1, 1, 2, 3, 4, 5, 6, 7]
    assert told[0]["details"][0]["named"][0]["title"] == "Note" and told[0]["app"] == "Acme Notebook"
    assert told[1]["mementos"] == [{"name": "Recipes", "memories": 1}]
    assert len(signed_in.get("/account/activity/receipts.json?kind=added").json["receipts"]) == 1
    rows = read_table(signed_in.get("/account/activity/receipts.csv"))
    assert rows[0][:5] == ["time", "app", "connection", "act", "question"] and len(rows) == 9


@each("title", ["=1+1", "+1", "-1", "@A1", " =1", "＝1", "=HYPERLINK(0)"])
def test_no_cell_is_a_formula(signed_in, shelf, call, in_database, title):
    def rename(session):
        session.get_one(Memory, shelf.memories["Bread"]).title = title
        session.commit()

    in_database(rename)
    call("GET", f"memories/{shelf.memories['Bread']}/")
    call("GET", "memories/", q="=cmd;=1; -2 - 3\n@x;y")
    cells = read_table(signed_in.get("/account/activity/receipts.csv"))
    assert sorted(row[-1] for row in cells[1:]) == ["", f"'{title}"]
    # Where a comma is the decimal sign, a semicolon begins a cell, and a line's end a row.
    assert {row[4] for row in cells[1:]} == {"", "'=cmd;'=1; '-2 - 3\n'@x;y"}
