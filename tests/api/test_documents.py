"""The calls of the Rememberizer API: our memories under its names."""

import pytest

from app.memories import search
from app.memories.search import load_memories
from tests.databases import BACKEND
from tests.statements import find_plan, noted_statements
from tests.tables import each


@pytest.fixture
def filled(shelf, connect):
    drive, slack = shelf.connect(), shelf.connect("slack")
    shelf.keep("Lisbon", drive, folder="Trips", text="Trams and hills. " * 100)
    shelf.keep("Bread", drive, text="Flour, water and salt.")
    shelf.keep("Chat", slack, text="About trams.")
    shelf.keep("Diary", shelf.connect("gmail"), text="Trams again.")
    return connect(shelf.memento("Work", drive, slack))


@pytest.mark.parametrize("path", ["documents/search/", "documents/search"])
def test_documents_are_searched_within_reach(filled, path):
    answer = filled.get(path, q="trams", n=5).json
    assert sorted(chunk["document"]["name"] for chunk in answer["matched_chunks"]) == ["Chat", "Lisbon"]
    assert sorted((one["name"], one["documents"]) for one in answer["data_sources"]) == [
        ("google_drive", 1),
        ("slack", 1),
    ]
    for chunk in answer["matched_chunks"]:
        assert "trams" in chunk["matched_content"].lower() and len(chunk["matched_content"]) <= 1000
        assert 0 <= chunk["distance"] <= 1


def test_a_document_has_the_names_its_clients_know(filled):
    document = filled.get("documents/search/", q="salt").json["matched_chunks"][0]["document"]
    assert (document["name"], document["path"], document["size"]) == ("Bread", "/Bread", 22)
    assert document["integration"]["integration_type"] == document["integration_type"] == "google_drive"
    assert document["id"] == document["document_id"] == document["pk"]


def test_a_question_finds_what_has_any_of_its_words_when_nothing_has_all(filled):
    answer = filled.get("documents/search/", q="What do I need for bread, besides flour?").json
    assert answer["matched_chunks"][0]["document"]["name"] == "Bread"
    assert filled.get("documents/search/", q="zebra quagga").json == {"data_sources": [], "matched_chunks": []}


def test_a_search_is_narrowed_by_number_and_time(filled):
    assert len(filled.get("documents/search/", q="trams", n=1, prev_chunks=2).json["matched_chunks"]) == 1
    later = filled.get("documents/search/", q="trams", from_="2026-01-01T00:02:00Z", to="2026-02-01T00:00:00Z")
    assert [chunk["document"]["name"] for chunk in later.json["matched_chunks"]] == ["Chat"]


@each(
    ("query", "field"), [({}, "q"), ({"q": ""}, "q"), ({"q": "a", "n": "0"}, "n"), ({"q": "a", "from_": "x"}, "from")]
)
def test_a_search_that_cannot_be_taken_says_why(filled, query, field):
    response = filled.get("documents/search/", **query)
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, field)


def test_documents_are_listed_by_page(filled):
    first = filled.get("documents/", page_size=2).json
    assert (first["count"], first["previous"]) == (3, None)
    assert [document["name"] for document in first["results"]] == ["Chat", "Bread"]
    assert first["next"] == "http://127.0.0.1:8000/api/v1/documents/?page=2&page_size=2"
    second = filled.get("documents/", page_size=2, page=2).json
    assert [document["name"] for document in second["results"]] == ["Lisbon"]
    assert (second["next"], second["previous"]) == (None, "http://127.0.0.1:8000/api/v1/documents/?page=1&page_size=2")
    assert filled.get("documents/", page=1000).json["results"] == []


def test_documents_are_listed_by_kind_of_integration(filled):
    answer = filled.get("documents/", integration_type="google_drive").json
    assert (answer["count"], [document["name"] for document in answer["results"]]) == (2, ["Bread", "Lisbon"])
    assert filled.get("documents/", integration_type="gmail").json["count"] == 0


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
def test_a_kind_is_looked_for_among_the_persons_own_sources(app, filled):
    """Everybody has some of each."""
    with noted_statements(app) as noted:
        filled.get("documents/", integration_type="google_drive")
    steps = [step for one, _values in noted if "integrations.kind = ?" in one for step in find_plan(app, one)]
    assert any(step.startswith("SEARCH integrations") for step in steps)
    assert not any(step.startswith("SCAN integrations") for step in steps)


def test_a_document_is_memorized(filled):
    answer = filled.post("documents/memorize/", {"name": "Rye", "content": "Darker flour."})
    assert answer.status_code == 201
    assert filled.titles(q="darker") == ["Rye"]
    assert filled.get(f"memories/{answer.json['data'][0]['id']}/").json["text"] == "Darker flour."


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": "x"}, "content"), ({"content": "x"}, "name"), ({"name": "x", "content": 1}, "content")],
)
def test_a_document_that_cannot_be_memorized_says_why(filled, body, field):
    response = filled.post("documents/memorize/", body)
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, field)


def test_a_long_page_of_documents_is_not_in_memory_at_once(filled, monkeypatch):
    """A thousand texts of a hundred thousand characters are up to 400 MB, for a list that tells their sizes."""
    loaded = []

    def load(session, reach, ids):
        loaded.append(len(ids))
        return load_memories(session, reach, ids)

    monkeypatch.setattr(search, "load_memories", load)
    monkeypatch.setattr(search, "_LOADED_AT_ONCE", 2)
    page = filled.get("documents/", page_size=1000).json
    assert loaded == [2, 1]
    assert [one["name"] for one in page["results"]] == ["Chat", "Bread", "Lisbon"]
