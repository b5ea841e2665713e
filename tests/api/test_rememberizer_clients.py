"""What the Rememberizer API's public clients send and read: its MCP server, and the sample app "Talk to Slack"."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.consents.receipts import AccessRecord
from app.consents.receipts.log import AccessLog
from app.extensions import db
from app.http.services import services
from tests.robustness.locking import locked
from tests.tables import each

CHAT = "2026-01-01T00:03:00+00:00"


@pytest.fixture
def filled(shelf, connect):
    drive, slack = shelf.connect(), shelf.connect("slack", "Acme's Slack")
    filled = {
        "lisbon": shelf.keep("Lisbon", drive, folder="Trips", text="Trams and hills. " * 1000),
        "bread": shelf.keep("Bread", drive, text="Flour, water and salt."),
        "chat": shelf.keep("Chat", slack, text="About trams."),
        "diary": shelf.keep("Diary", shelf.connect("gmail"), text="Trams again."),
    }
    return connect(shelf.memento("Work", drive, slack)), filled


def test_each_integration_has_the_names_of_both(filled):
    """The sample app reads ``integration_type`` and ``source`` of each."""
    answer = filled[0].get("integrations").json
    assert {"data", "message", "code"} == answer.keys()
    slack = next(one for one in answer["data"] if one["integration_type"] == "slack")
    assert (slack["kind"], slack["name"], slack["source"]) == ("slack", "Acme's Slack", "Acme's Slack")
    assert (slack["integration_step"], slack["document_type"]) == ("authorized", "channel")
    assert slack["document_stats"] == {
        "status": {"indexed": 1, "indexing": 0, "error": 0},
        "total_size": len("About trams."),
        "document_count": 1,
    }


def test_an_integration_that_is_disconnected_is_not_authorized(shelf, connect):
    caller, drive = connect(), shelf.connect()
    assert caller.patch(f"integrations/{drive}/", {"status": "disconnected"}).json["integration_step"] == "unauthorized"


def test_sizes_are_bytes_of_what_is_within_reach_alone(shelf, connect):
    drive = shelf.connect()
    shelf.keep("One", drive, folder="Trips", text="記憶"), shelf.keep("Two", drive, text="out of reach")
    caller = connect(shelf.memento("Trips", (drive, "Trips")))
    listed = caller.get("integrations/").json["data"][0]
    assert listed["document_stats"]["total_size"] == len("記憶".encode())
    assert caller.get(f"integrations/{drive}/").json == listed


@pytest.mark.parametrize("path", ["documents/search/", "documents/search", "documents/agentic_search/"])
def test_empty_bounds_of_time_are_none(filled, path):
    """The MCP server sends exactly ``from=&to=`` when nobody asked for a time."""
    answer = filled[0].get(path, q="trams", n=5, from_="", to="")
    assert answer.status_code == 200, answer.text
    assert sorted(chunk["document"]["name"] for chunk in answer.json["matched_chunks"]) == ["Chat", "Lisbon"]


@each("path", ["documents/agentic_search/", "documents/agentic_search"])
@pytest.mark.parametrize("bounds", [{"from": None, "to": None}, {"from": "", "to": ""}, {}])
def test_the_agentic_search_is_the_same_search(filled, path, bounds):
    caller, _ = filled
    body = {"query": "trams", "n_chunks": 5, "user_context": None, **bounds}
    answer = caller.post(path, body)
    assert answer.status_code == 200, answer.text
    assert answer.json == caller.get("documents/search/", q="trams", n=5).json
    assert caller.post(path, body | {"llm_filter": True}).json == answer.json


def test_the_agentic_search_waits_for_nobody_who_writes(app, filled):
    """It is sent as a POST, and only reads."""
    if not app.extensions["services"].settings.database_url.startswith("sqlite"):
        pytest.skip("on PostgreSQL nobody who reads waits")
    caller, _ = filled
    # That the app was here is written down at most once a minute, and by the first call.
    assert caller.get("documents/search/", q="trams").status_code == 200
    with locked(app):
        answer = caller.post("documents/agentic_search/", {"query": "trams"})
    assert (answer.status_code, len(answer.json["matched_chunks"])) == (200, 2)


def test_the_agentic_search_is_narrowed_by_time_and_number(filled):
    caller, _ = filled
    body = {"query": "trams", "n_chunks": 1, "from": CHAT, "to": "2026-01-01t00:03:01z"}
    chunks = caller.post("documents/agentic_search/", body).json["matched_chunks"]
    assert [chunk["document"]["name"] for chunk in chunks] == ["Chat"]


@each(
    ("changed", "field"),
    [({"query": ""}, "query"), ({"query": None}, "query"), ({"n_chunks": 0}, "n_chunks"), ({"from": "soon"}, "from")],
)
def test_an_agentic_search_that_cannot_be_taken_says_why(filled, changed, field):
    response = filled[0].post("documents/agentic_search/", {"query": "trams"} | changed)
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, field)


def test_a_thousand_documents_come_on_a_page(filled):
    caller, _ = filled
    assert len(caller.get("documents", page=1, page_size=1000).json["results"]) == 3
    assert caller.get("documents", page_size=1001).json["errors"][0]["field"] == "page_size"


@pytest.mark.parametrize("path", ["documents/{}/contents/", "documents/{}/contents"])
def test_the_contents_of_a_document_are_its_text(filled, path):
    caller, ids = filled
    answer = caller.get(path.format(ids["bread"]))
    assert (answer.status_code, answer.json) == (200, {"content": "Flour, water and salt.", "end_chunk": 1})


def test_the_chunks_of_a_document_put_together_are_its_text(filled):
    caller, ids = filled
    path, text, start = f"documents/{ids['lisbon']}/contents/", "", 0
    whole = caller.get(path).json
    assert whole == {"content": "Trams and hills. " * 1000, "end_chunk": 4}
    for _ in range(4):
        part = caller.get(path, start_chunk=start, end_chunk=start + 1).json
        text, start = text + part["content"], part["end_chunk"]
    assert (text, start) == (whole["content"], whole["end_chunk"])
    assert caller.get(path, start_chunk=start).json == {"content": "", "end_chunk": start}
    assert caller.get(path, start_chunk=2, end_chunk=1).json == {"content": "", "end_chunk": 2}


@pytest.mark.parametrize("path", ["discussions/{}/contents/", "discussions/{}/contents"])
def test_the_contents_of_a_discussion_are_its_text(filled, path):
    caller, ids = filled
    answer = caller.get(path.format(ids["chat"]), integration_type="slack")
    assert answer.status_code == 200
    assert answer.json == {"discussion_content": "About trams.", "thread_contents": {}}


@each(
    ("bounds", "told"),
    [
        ({"from_": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, True),
        # As its documentation says it: from the later one back to the earlier one.
        ({"from_": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, True),
        ({"from_": "", "to": ""}, True),
        ({"from_": "2026-01-02T00:00:00Z"}, False),
        ({"to": "2025-12-31T00:00:00Z"}, False),
    ],
)
def test_a_discussion_is_narrowed_by_time(filled, bounds, told):
    caller, ids = filled
    answer = caller.get(f"discussions/{ids['chat']}/contents/", **bounds).json
    assert answer["discussion_content"] == ("About trams." if told else "")


def test_a_document_is_no_discussion_and_what_is_out_of_reach_is_neither(filled):
    caller, ids = filled
    for path in (
        f"discussions/{ids['bread']}/contents/",
        f"discussions/{ids['bread']}/contents/?integration_type=google_drive",
        f"discussions/{ids['chat']}/contents/?integration_type=discord",
        f"discussions/{ids['diary']}/contents/",
        f"documents/{ids['diary']}/contents/",
        "documents/12345/contents/",
    ):
        response = caller.open("GET", path)
        assert (response.status_code, response.json["code"]) == (404, "not_found"), path


def test_what_is_read_under_these_names_is_noted_as_read(app, filled):
    """A call that gives a text away is a read, under whatever name."""
    caller, ids = filled
    caller.get(f"documents/{ids['bread']}/contents/")
    caller.get(f"discussions/{ids['chat']}/contents/")
    caller.get(f"discussions/{ids['chat']}/contents/", to="2025-01-01")
    caller.post("documents/agentic_search/", {"query": "salt"})
    with app.app_context():
        services().notes.of(AccessLog).flush()
        rows = db.session.execute(select(AccessRecord.action, AccessRecord.count).where(AccessRecord.memento_key == ""))
        counts: Counter[str] = Counter()
        # One row a minute, and another may begin in between.
        for action, count in rows:
            counts[action] += count
        assert counts == {"read": 3}


@pytest.mark.parametrize("path", ["common-knowledge/subscribed-list/", "common-knowledge/subscribed-list"])
def test_nobody_has_subscribed_to_knowledge_of_others(filled, path):
    answer = filled[0].get(path)
    assert (answer.status_code, answer.json) == (200, [])


def test_the_times_are_as_put_there(filled):
    caller, ids = filled
    assert datetime.fromisoformat(caller.get(f"memories/{ids['chat']}/").json["created_at"]) == datetime(
        2026, 1, 1, 0, 3, tzinfo=UTC
    )
