"""What an app may send as a text is kept and found, whatever letters it is made of."""

import json

from tests.tables import each


def send(caller, text: str):
    body = json.dumps({"title": "Endless", "text": text}, ensure_ascii=False).encode()
    return caller.post("memories/", data=body, headers={"Content-Type": "application/json"})


@each("letter", ["\u3316", "\ufdfa", "x", "\u0301\u0323", "👍🏽", "\u200b"])
def test_60_000_of_any_letter_are_kept_and_found_by_what_follows(sees_all, letter):
    """PostgreSQL answered 500: a text may stand for more words than a vector holds, or for one that is too long."""
    assert send(sees_all, letter * (60_000 // len(letter)) + " needle").status_code == 201
    assert sees_all.titles(q="needle") == ["Endless"]
    assert sees_all.get("documents/search/", q="needle").json["matched_chunks"][0]["document"]["name"] == "Endless"


def test_80_000_letters_that_stand_for_six_each(connect):
    caller = connect()
    assert send(caller, "\u3316" * 80_000).status_code == 201
    assert caller.titles(q="キロメートル") == caller.titles(q="\u3316") == ["Endless"]


_QUESTIONS = ["\u3316" * 20, "\ufdfa" * 20, "x" * 500, "\u0301" * 500, "👍🏽" * 100, "\u200b", "校" * 500, "é" * 500]


@each("q", _QUESTIONS)
def test_no_question_is_a_fault(sees_all, q):
    send(sees_all, "Something")
    assert sees_all.titles(q=q) == []
    assert sees_all.get("documents/search/", q=q).status_code == 200


@each("path", ["memories/?q=caf%E9", "memories/?limit=3&tag=%FF", "documents/search/?q=caf%E9"])
def test_a_question_in_another_encoding_is_refused(sees_all, path):
    """It was looked for as it is spelled, so there was nothing to be found and nobody was told why."""
    answer = sees_all.open("GET", path)
    assert answer.status_code == 422
    assert [error["message"] for error in answer.json["errors"]] == ["Must be UTF-8, percent-encoded."]


def test_a_parameter_that_means_nothing_may_be_in_any_encoding(sees_all):
    """Where those are let pass."""
    send(sees_all, "A café.")
    assert sees_all.open("GET", "documents/search/?q=caf%C3%A9&session=%E9").json["matched_chunks"]


def test_a_change_is_found_by_its_new_spelling(connect):
    caller = connect()
    id = send(caller, "學校").json["id"]
    assert caller.patch(f"memories/{id}/", {"text": "東京の学校で"}).status_code == 200
    assert (caller.titles(q="学校"), caller.titles(q="學校")) == (["Endless"], [])
    assert caller.patch(f"memories/{id}/", {"tags": ["a"]}).status_code == 200
    assert caller.titles(q="学校") == ["Endless"]


def test_the_part_of_a_long_text_around_the_word_is_told(connect):
    caller = connect()
    send(caller, "ほかのこと。" * 2_000 + "東京の学校で" + "、つづき" * 2_000)
    (chunk,) = caller.get("documents/search/", q="学校").json["matched_chunks"]
    assert "東京の学校で" in chunk["matched_content"] and len(chunk["matched_content"]) == 1000
    assert 0 < chunk["distance"] < 1
