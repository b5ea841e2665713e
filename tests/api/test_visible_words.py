"""Titles, tags, folders and names of integrations are people's own words: refused only when they show nothing."""

from itertools import product

from tests.tables import each

NOTHING = ["\u200b", "\u3164", "\u2800", "\u00ad", "\ufe0f", "\u0301", "\u200e\u200f", "\u00a0\u3000", "\U000e0041"]
OWN_WORDS = ["می\u200cخواهم", "👨\u200d👩\u200d👧", "🦊", "αβtest", "\u200eשלום"]

FIELDS = {"title": lambda words: words, "tags": lambda words: [words], "folder": lambda words: f"Trips/{words}"}


@each(("field", "words"), list(product(FIELDS, NOTHING)))
def test_what_shows_nothing_names_nothing(sees_all, field, words):
    response = sees_all.post("memories/", {"title": "Bread", "text": "Flour."} | {field: FIELDS[field](words)})
    assert (response.status_code, response.json["code"]) == (422, "validation_failed")
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(field, "invalid")]
    assert sees_all.titles() == []


@each(("field", "words"), list(product(FIELDS, OWN_WORDS)))
def test_whatever_can_be_seen_is_kept_as_it_is(sees_all, field, words):
    value = FIELDS[field](words)
    memory = sees_all.post("memories/", {"title": "Bread", "text": "Flour."} | {field: value})
    assert (memory.status_code, memory.json[field]) == (201, value)


@each("words", NOTHING, ids=ascii)
def test_a_document_or_an_integration_needs_a_name_too(sees_all, words):
    for path, sent in (
        ("documents/memorize/", {"name": words, "content": "Flour."}),
        ("integrations/", {"kind": "slack", "name": words}),
    ):
        response = sees_all.post(path, sent)
        assert (response.status_code, response.json["errors"][0]["field"]) == (422, "name")
