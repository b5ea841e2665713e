"""What the description promises is accepted, and one more is refused with a sentence that says the limit."""

import json

import pytest

from app.operations.bodies import describe_size, largest_body
from app.operations.new_memories import MOST_AT_ONCE, MOST_TEXT_AT_ONCE
from app.strict_json import MOST_VALUES, BadBody, parse_body
from tests.api.bounds import WIDE, find_bounds
from tests.api.operations import OPERATIONS
from tests.tables import each

BOUNDS = find_bounds(OPERATIONS)
#: Well-formed, and yet names nothing.
_NOTHING = {"unknown", "invalid_cursor", "not_found"}


@pytest.fixture
def seeded(shelf, connect, choose):
    slack = shelf.connect("slack")
    memory = shelf.keep("a", slack, text="a", tags=["city"])
    memento = shelf.memento("Mine", slack)
    caller = connect(memento)
    choose(caller, writable=[memento])
    made = caller.post("mementos/", {"name": "Made"}).json["id"]
    return caller, {"memory_id": memory, "integration_id": slack, "memento_id": made}


def send(seeded, bound, what):
    caller, ids = seeded
    path = bound.path.removeprefix("/api/v1/").format(**ids)
    if bound.in_query:
        return caller.open(bound.method, path, query_string=what)
    # With every character escaped, as json.dumps does it.
    return caller.open(bound.method, path, data=json.dumps(what), content_type="application/json")


@each("bound", BOUNDS, ids=str)
def test_what_is_at_its_bound_is_taken_and_what_is_beyond_is_refused(seeded, bound):
    kept = send(seeded, bound, bound.kept)
    codes = {error["code"] for error in (kept.json or {}).get("errors", ())} | {(kept.json or {}).get("code")}
    assert kept.status_code < 300 or codes & _NOTHING, kept.text
    beyond = send(seeded, bound, bound.beyond)
    assert beyond.status_code == 422, beyond.text
    assert any(error["field"] == bound.name.rpartition(".")[2] for error in beyond.json["errors"]), beyond.text


def test_every_text_and_list_of_a_body_has_a_bound():
    """Where one has none, the size of a body would not follow from the description."""
    for one in OPERATIONS:
        if one.body is not None:
            assert one.largest_body == largest_body(one.body)
    assert {"title", "text", "tags", "folder", "source_url"} <= {bound.name for bound in BOUNDS}


@each(
    "spelled",
    [json.dumps("記" * 100_000, ensure_ascii=False), json.dumps("ж" * 55_000), json.dumps(WIDE * 100_000)],
    ids=["characters of three bytes", "Cyrillic letters, escaped", "surrogate pairs, escaped"],
)
@pytest.mark.parametrize("path", ["memories/", "memories/bulk/", "documents/memorize/", "memories/{memory_id}/"])
def test_the_longest_text_is_taken_in_every_spelling(seeded, path, spelled):
    caller, ids = seeded
    body, method = '{"title": "Long", "text": ' + spelled + "}", "POST"
    if path == "memories/bulk/":
        body = '{"memories": [' + body + "]}"
    elif path == "documents/memorize/":
        body = '{"name": "Long", "content": ' + spelled + "}"
    elif "{" in path:
        method = "PATCH"
    answer = caller.open(method, path.format(**ids), data=body.encode(), content_type="application/json")
    assert answer.status_code in (200, 201), answer.text[:300]
    found = next(one for one in caller.get("memories/").json["data"] if one["title"] == "Long")
    assert found["text"] == json.loads(spelled)


def test_a_whole_memory_at_all_its_bounds_fits_into_one_body(seeded):
    caller, _ = seeded
    memory = {
        "title": WIDE * 300,
        "text": WIDE * 100_000,
        "tags": [f"{WIDE * 58}{number:02}" for number in range(20)],
        "folder": WIDE * 500,
        "source_url": "https://" + WIDE * 1992,
    }
    answer = caller.open("POST", "memories/", data=json.dumps(memory, indent=4), content_type="application/json")
    assert answer.status_code == 201, answer.text[:300]


@each("lengths", [[MOST_TEXT_AT_ONCE // MOST_AT_ONCE] * MOST_AT_ONCE, [100_000] * 10, [100_000] * 9 + [50_000, 50_000]])
def test_many_memories_are_taken_up_to_a_million_characters(seeded, lengths):
    caller, _ = seeded
    drafts = [{"title": str(place), "text": WIDE * length} for place, length in enumerate(lengths)]
    answer = caller.open(
        "POST", "memories/bulk/", data=json.dumps({"memories": drafts}), content_type="application/json"
    )
    assert (answer.status_code, len(answer.json["data"])) == (201, len(lengths))
    drafts[0]["text"] += "x" if lengths[0] < 100_000 else ""
    drafts[-1]["text"] += "x"
    if len(lengths) != 10:
        refused = caller.post("memories/bulk/", {"memories": drafts})
        assert refused.status_code == 422
        assert "1000000 characters" in refused.json["errors"][0]["message"]


@each("one", [one for one in OPERATIONS if one.body], ids=lambda one: f"{one.method} {one.path}")
def test_a_body_that_is_too_large_is_told_how_large_it_may_be(app, seeded, one):
    caller, ids = seeded
    path = one.path.removeprefix("/api/v1/").format(**ids)
    body = b'{"x": "' + b"x" * one.largest_body + b'"}'
    answer = caller.open(one.method, path, data=body, content_type="application/json")
    most = describe_size(one.largest_body)
    assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")
    assert most in answer.json["message"]
    description = app.test_client().get("/api/openapi.json").json["paths"][one.path][one.method.lower()]
    assert most in description["responses"]["413"]["description"]


@each("value", ["{}", "[]", "0", '""', '"a"', "1.5", "null", '{"a": "b"}', "[[]]"])
def test_a_body_of_very_many_values_is_refused_before_they_are_made(value):
    """Room is for long texts. 15 MB of empty objects would be half a gigabyte."""
    with pytest.raises(BadBody, match="more values than any call takes"):
        parse_body(f'{{"memories": [{", ".join([value] * 150_000)}]}}'.encode())


@each("text", ['"' * 500_000, "\\" * 500_000, '\\"[{,' * 100_000, ',[{"\\\\"}],' * 50_000], ids=lambda one: one[:9])
def test_what_stands_in_a_text_is_not_counted(text):
    memory = {"title": text, "text": f"{text}\\", "tags": ["a", text]}
    assert parse_body(json.dumps({"memories": [memory, memory]}).encode()) == {"memories": [memory, memory]}


def test_no_call_takes_as_many_values():
    for one in OPERATIONS:
        assert one.body is None or count_values(one.body) < MOST_VALUES, one.path


def count_values(schema) -> int:
    """How many values the largest body has that a schema allows, itself among them."""
    if "properties" in schema:
        return 1 + sum(map(count_values, schema["properties"].values()))
    return 1 + schema["maxItems"] * count_values(schema["items"]) if "items" in schema else 1
