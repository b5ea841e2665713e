"""Memories over the API: what an app reads, narrows and pages through."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from app.accounts.organizations import find_organization
from app.extensions import db
from tests.tables import each

# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["memories", "memories/"])
def test_memories_come_newest_first_with_and_without_the_final_slash(shelf, connect, path):
    drive = shelf.connect()
    for title in ("one", "two", "three"):
        shelf.keep(title, drive)
    response = connect().get(path)
    assert response.status_code == 200
    assert [memory["title"] for memory in response.json["data"]] == ["three", "two", "one"]
    assert response.json["next_cursor"] is None


def test_a_memory_is_told_whole(shelf, connect):
    drive = shelf.connect()
    id = shelf.keep("Cod", drive, folder="Trips/Lisbon", text="With chips.", tags=["fish", "dinner"])
    memory = connect().get(f"memories/{id}/").json
    assert memory == {
        "id": id,
        "title": "Cod",
        "text": "With chips.",
        "tags": ["dinner", "fish"],
        "folder": "Trips/Lisbon",
        "source_url": None,
        "integration_id": drive,
        "integration_kind": "google_drive",
        "created_at": "2026-01-01T00:01:00+00:00",
        "updated_at": "2026-01-01T00:01:00+00:00",
    }


def test_only_what_the_consent_covers_is_listed_found_and_read(shelf, connect):
    drive, slack = shelf.connect(), shelf.connect("slack")
    trip, diary = shelf.keep("Lisbon", drive, folder="Trips"), shelf.keep("Diary", drive, folder="Private")
    chat = shelf.keep("Chat", slack)
    caller = connect(shelf.memento("Trips", (drive, "Trips")), shelf.memento("Chats", slack))
    assert caller.titles() == ["Chat", "Lisbon"]
    assert caller.titles(q="about") == ["Chat", "Lisbon"]
    assert caller.get(f"memories/{trip}/").status_code == caller.get(f"memories/{chat}/").status_code == 200
    response = caller.get(f"memories/{diary}/")
    assert (response.status_code, response.json["code"]) == (404, "not_found")


def test_another_persons_memory_is_as_if_it_did_not_exist(app, shelf, connect, bob):
    other = type(shelf)(app, user_id=bob.id)
    id = other.keep("Bob's", other.connect())
    caller = connect()
    theirs, nobodys = caller.get(f"memories/{id}/"), caller.get("memories/mry_000/")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json["message"] == nobodys.json["message"]
    assert caller.titles() == caller.titles(q="bob") == []


def test_a_client_credentials_token_reads_the_organizations_memories_and_no_persons(app, shelf, organization, bob):
    shelf.keep("Alice's", shelf.connect())
    with app.app_context():
        acme = find_organization("acme").id
    ours = type(shelf)(app, organization_id=acme)
    ours.keep("Handbook", ours.connect("drive"))
    assert organization.titles() == organization.titles(q="handbook") == ["Handbook"]


@each("method", ["get", "post", "patch", "delete"])
def test_without_the_scope_nothing_is_done(connect, shelf, method):
    caller = connect(scope="integrations:read")
    id = shelf.keep("One", shelf.connect())
    response = getattr(caller, method)("memories/" if method in ("get", "post") else f"memories/{id}/")
    assert (response.status_code, response.json["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


# -- filters ---------------------------------------------------------------------------------------


@pytest.fixture
def filled(shelf, connect):
    """A caller who reads four memories through two mementos; and the ids of what there is."""
    drive, slack = shelf.connect(), shelf.connect("slack")
    shelf.keep("Lisbon", drive, folder="Trips", tags=["city"])
    shelf.keep("Porto", drive, folder="Trips/North", tags=["city", "wine"])
    shelf.keep("Bread", drive, folder="Food")
    shelf.keep("Chat", slack, tags=["wine"])
    shelf.keep("Diary", shelf.connect("gmail"), tags=["city"])
    trips, rest = shelf.memento("Trips", (drive, "Trips")), shelf.memento("Rest", (drive, "Food"), slack)
    unticked = shelf.memento("Unticked", drive)
    ids = {"drive": drive, "slack": slack, "trips": trips, "rest": rest, "unticked": unticked}
    return connect(trips, rest), ids


def test_memories_are_narrowed_by_memento(filled):
    caller, ids = filled
    assert caller.titles() == ["Chat", "Bread", "Porto", "Lisbon"]
    for q in ({}, {"q": "about"}):
        assert caller.titles(memento=ids["trips"], **q) == ["Porto", "Lisbon"]
        assert caller.titles(memento=ids["rest"], **q) == ["Chat", "Bread"]


def test_a_memento_that_was_not_chosen_narrows_to_nothing(filled):
    """Not to those of its memories that are reached otherwise: that would tell what is in it."""
    caller, ids = filled
    assert caller.titles(memento=ids["unticked"]) == caller.titles(memento="mem_0", q="about") == []
    assert caller.titles(memento="all") == []


def test_everything_is_a_memento_of_who_was_given_everything(shelf, connect):
    shelf.keep("One", shelf.connect())
    caller = connect()
    assert caller.titles(memento="all") == caller.titles(memento="all", q="one") == ["One"]


def test_memories_are_narrowed_by_integration_tag_and_time(filled):
    caller, ids = filled
    for q in ({}, {"q": "about"}):
        assert caller.titles(integration=ids["slack"], **q) == ["Chat"]
        assert caller.titles(integration="int_0", **q) == []
        assert caller.titles(tag="wine", **q) == ["Chat", "Porto"]
        assert caller.titles(tag="wine", memento=ids["trips"], **q) == ["Porto"]
        assert caller.titles(from_="2026-01-01T00:02:00Z", to="2026-01-01T00:04:00Z", **q) == ["Bread", "Porto"]
        assert caller.titles(from_="2026-01-01T01:02:00+01:00", to="2026-01-01T00:03:00Z", **q) == ["Porto"]
        assert caller.titles(to="2026-01-01", **q) == []


# -- pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [None, "about", "number"])
def test_pages_hold_everything_once_while_memories_are_added(shelf, connect, q):
    drive = shelf.connect()
    for number in range(7):
        shelf.keep(f"Number {number}", drive)
    caller, seen, query = connect(), [], {"limit": 3} | ({"q": q} if q else {})
    while True:
        page = caller.get("memories/", **query).json
        seen += [memory["title"] for memory in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        shelf.keep(f"Newer number {len(seen)}", drive)
    assert seen == [f"Number {number}" for number in reversed(range(7))]


def test_memories_of_the_same_moment_are_paged_too(app, shelf, connect):
    drive = shelf.connect()
    for _ in range(5):
        shelf.minutes = 0
        shelf.keep("Same", drive)
    caller = connect()
    for q in ({}, {"q": "same"}):
        first = caller.get("memories/", limit=2, **q).json
        second = caller.get("memories/", limit=3, cursor=first["next_cursor"], **q).json
        assert len({memory["id"] for memory in first["data"] + second["data"]}) == 5


@each("cursor", ["x", "W10", "bnVsbA", "WyJsaXN0IiwxXQ", "é", "A" * 1999, "WyJsaXN0IixbIjIwMjYiLCJ4Il1d"])
@pytest.mark.parametrize("q", ["", "one"])
def test_a_cursor_that_is_not_ours_is_refused(sees_all, cursor, q):
    response = sees_all.get("memories/", cursor=cursor, q=q)
    assert (response.status_code, response.json["code"]) == (400, "invalid_cursor")


def test_a_cursor_of_a_list_is_none_of_a_search(shelf, connect):
    drive = shelf.connect()
    shelf.keep("One", drive), shelf.keep("Two", drive)
    caller = connect()
    cursor = caller.get("memories/", limit=1).json["next_cursor"]
    assert caller.get("memories/", limit=1, q="about", cursor=cursor).json["code"] == "invalid_cursor"


@each(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"from_": "yesterday"}, "from"),
        ({"to": "0001-01-01T00:00:00+01:00"}, "to"),
        ({"to": "2026-02-30"}, "to"),
        ({"mementos": "x"}, "mementos"),
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"memento": "a b"}, "memento"),
        ({"tag": "\0"}, "tag"),
    ],
)
def test_a_parameter_that_cannot_be_taken_is_named(sees_all, query, field):
    response = sees_all.get("memories/", **query)
    assert (response.status_code, response.json["code"]) == (422, "validation_failed")
    assert [error["field"] for error in response.json["errors"]] == [field]


# -- cost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"q": "about"}])
def test_a_page_takes_the_same_few_statements_however_long_it_is(app, shelf, connect, query):
    drive = shelf.connect()
    caller, counts = connect(shelf.memento("Mine", drive)), []
    for more in (2, 20):
        for number in range(more):
            shelf.keep(f"Number {number}", drive, tags=["a", "b"])
        with app.app_context(), counted(db.engine) as statements:
            assert len(caller.titles(limit=100, **query)) >= more
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


@contextmanager
def counted(engine):
    """The statements of SQLAlchemy's meanwhile; the guard's own are on a driver connection."""
    statements = []
    note = lambda _connection, _cursor, statement, *_: statements.append(statement)  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)
