"""Exports of assistants: conversations, what was remembered, and what of it is broken."""

import json
from datetime import UTC, datetime

from app.memories.importing.skips import Reason
from tests.memories.importing.archives import as_json, chatgpt_conversation, claude_conversation, make_zip
from tests.tables import each

ASKED = (("user", "What is the capital of France?"), ("assistant", "Paris."))


def test_a_conversation_of_chatgpt(read):
    (draft,) = read(as_json([chatgpt_conversation("Capitals", *ASKED)]), "conversations.json").drafts
    assert (draft.title, draft.folder, draft.source.name) == ("Capitals", "Conversations", "ChatGPT")
    assert draft.text == "**You:**\n\nWhat is the capital of France?\n\n**ChatGPT:**\n\nParis."
    assert draft.created_at == datetime(2025, 1, 7, 0, 23, 20, 250000, tzinfo=UTC)
    assert draft.source_url == "https://chatgpt.com/c/8f3a2b1c-0000-4000-8000-000000000001"


def test_what_was_asked_anew_and_what_tools_said_stays_out(read):
    conversation = chatgpt_conversation("T", *ASKED)
    nodes = conversation["mapping"]
    other = json.loads(json.dumps(nodes["n2"]))
    other["message"]["content"]["parts"] = ["Lyon."]
    tool = json.loads(json.dumps(nodes["n2"]))
    tool["message"] |= {"author": {"role": "tool"}, "content": {"content_type": "text", "parts": ["{search}"]}}
    call = json.loads(json.dumps(nodes["n2"]))
    call["message"] |= {"recipient": "web", "content": {"content_type": "code", "text": "search()"}}
    nodes |= {"other": other, "tool": tool | {"parent": "n1"}, "call": call | {"parent": "tool"}}
    nodes["n2"]["parent"] = "call"
    text = read(as_json([conversation]), "conversations.json").drafts[0].text
    assert "Paris." in text and not any(word in text for word in ("Lyon", "search"))


def test_pictures_and_what_was_spoken(read):
    parts = ["Look.", {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"},
             {"content_type": "audio_transcription", "text": "Spoken words."}]  # fmt: skip
    conversation = chatgpt_conversation("T", *ASKED)
    conversation["mapping"]["n1"]["message"]["content"] = {"content_type": "multimodal_text", "parts": parts}
    text = read(as_json([conversation]), "conversations.json").drafts[0].text
    assert "Look.\n\n[picture]\n\nSpoken words." in text


def test_what_chatgpt_was_told_to_remember_is_a_memory_of_its_own(read):
    conversation = chatgpt_conversation("T", *ASKED)
    nodes = conversation["mapping"]
    nodes["n2"]["message"] |= {"recipient": "bio", "content": {"content_type": "text", "parts": ["Has a cat, Mia."]}}
    nodes["n0"]["message"] |= {
        "author": {"role": "user"},
        "content": {"content_type": "user_editable_context", "user_profile": "x", "user_instructions": "y"},
        "metadata": {
            "user_context_message_data": {"about_user_message": "I cook.", "about_model_message": "Be brief."}
        },
    }
    found = read(as_json([conversation]), "conversations.json")
    assert {draft.title: draft.folder for draft in found.drafts} == {
        "Custom instructions": "Memories", "Has a cat, Mia.": "Memories", "T": "Conversations",
    }  # fmt: skip
    assert found["Custom instructions"].text == "I cook.\n\nBe brief."


@each("current", [None, "gone", "n2", 7])
def test_a_conversation_that_goes_in_a_circle_ends(read, current):
    conversation = chatgpt_conversation("T", *ASKED, current_node=current)
    conversation["mapping"]["root"]["parent"] = "n2"
    conversation["mapping"]["n0"]["parent"] = "n2"
    assert "Paris." in read(as_json([conversation]), "c.json").drafts[0].text


def test_the_whole_archive_of_chatgpt(read):
    found = read(
        make_zip(
            ("conversations-000.json", as_json([chatgpt_conversation("One", *ASKED)])),
            ("conversations-001.json", as_json([chatgpt_conversation("Two", *ASKED)])),
            ("chat.html", "<html>"), ("user.json", "{}"), ("message_feedback.json", "[]"), ("file-abc.dat", "x"),
        )
    )  # fmt: skip
    assert found.titles == ["One", "Two"]
    assert found.skips == {
        "chat.html": Reason.OTHER_KIND, "file-abc.dat": Reason.OTHER_KIND,
        "user.json": Reason.ABOUT, "message_feedback.json": Reason.ABOUT,
    }  # fmt: skip


def test_the_whole_archive_of_claude(read):
    conversation = claude_conversation("Names", ("human", "What do you call it?"), ("assistant", "Mia."))
    conversation["chat_messages"][0]["attachments"] = [{"file_name": "list.txt", "extracted_content": "Mia, Max"}]
    conversation["chat_messages"][1]["content"] = [
        {"type": "thinking", "thinking": "hidden"}, {"type": "text", "text": "Mia."}, {"type": "tool_use", "input": {}},
    ]  # fmt: skip
    project = {
        "uuid": "0b6be860-d77a-4c67-b747-d70d13d56911", "name": "Garden", "description": "About plants",
        "prompt_template": "Be green.", "created_at": "2025-01-01T00:00:00Z",
        "docs": [{"uuid": "d", "filename": "soil.md", "content": "Soil is wet.", "created_at": "2025-01-02T00:00:00Z"}],
    }  # fmt: skip
    memory = {
        "conversations_memory": "Likes tea.",
        "project_memories": {project["uuid"]: "Has roses."},
        "account_uuid": "a",
    }
    found = read(
        make_zip(
            ("conversations.json", as_json([conversation])),
            ("memories.json", as_json([memory])),
            ("projects/p.json", as_json(project)),
            ("users.json", as_json([{"uuid": "a", "full_name": "A"}])),
        )
    )
    assert {draft.title: (draft.folder, draft.text) for draft in found.drafts} == {
        "Garden": ("Projects/Garden", "About plants\n\nBe green."),
        "soil.md": ("Projects/Garden", "Soil is wet."),
        "What Claude remembers": ("Memories", "Likes tea."),
        "What Claude remembers of Garden": ("Memories", "Has roses."),
        "Names": ("Conversations", "**You:**\n\nWhat do you call it?\n\n[list.txt]\n\nMia, Max\n\n**Claude:**\n\nMia."),
    }
    assert found.skips == {"users.json": Reason.ABOUT}
    assert found["Names"].created_at == datetime(2025, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


_GOOD = [as_json(chatgpt_conversation(f"Talk {number}", *ASKED)) for number in range(5)]


@each(
    "broken",
    [
        _GOOD[2].replace('"mapping": {', '"mapping": oops {'),
        _GOOD[2][:-1],
        _GOOD[2][:-20],
        _GOOD[2][: len(_GOOD[2]) // 2],
        _GOOD[2] + "}}]",
        _GOOD[2].replace("Paris.", 'Pa"ris.'),
        _GOOD[2].replace('"title": "Talk 2"', '"title": "Talk 2'),
    ],
    ids=["word", "brace", "end", "half", "closers", "quote", "open"],
)
def test_broken_json_in_the_middle_costs_only_what_is_broken(read, broken):
    found = read("[" + ", ".join([*_GOOD[:2], broken, *_GOOD[3:]]) + "]", "conversations.json")
    assert [title for title in found.titles if title != "Talk 2"] == ["Talk 0", "Talk 1", "Talk 3", "Talk 4"]
    if "Talk 2" not in found.titles:
        assert Reason.BROKEN in found.skips.values()


def test_one_that_ends_with_the_next_costs_only_itself(read):
    """Its brackets are even again where the next one has one too many."""
    found = read("[" + ", ".join([*_GOOD[:2], "{" + _GOOD[2], _GOOD[3] + "}", _GOOD[4]]) + "]", "conversations.json")
    assert [title for title in found.titles if title != "Talk 2"] == ["Talk 0", "Talk 1", "Talk 3", "Talk 4"]


def test_a_first_one_that_is_broken_costs_only_itself(read):
    found = read("[" + ", ".join([_GOOD[0][:-30], *_GOOD[1:]]) + "]", "conversations.json")
    assert found.titles == ["Talk 1", "Talk 2", "Talk 3", "Talk 4"]
    assert found.skips == {"conversations.json: “Talk 0”": Reason.BROKEN}


def test_a_file_that_ends_too_soon(read):
    found = read("[" + ", ".join(_GOOD)[:-200], "conversations.json")
    assert found.titles == ["Talk 0", "Talk 1", "Talk 2", "Talk 3"]
    assert found.skips == {"conversations.json: “Talk 4” …": Reason.BROKEN}


def test_broken_json_of_claude_costs_only_what_is_broken(read):
    """Its messages begin as its conversations do."""
    talks = [
        as_json(claude_conversation(f"Talk {number}", ("human", "Hi"), ("assistant", "Hello"))) for number in range(4)
    ]
    found = read("[" + ",".join([talks[0], talks[1][:-5], *talks[2:]]) + "]", "conversations.json")
    assert found.titles == ["Talk 0", "Talk 2", "Talk 3"]
    assert found.skips == {"conversations.json: “Talk 1”": Reason.BROKEN}


def test_one_without_an_end_before_much_else_is_broken_and_not_large(read):
    long = as_json(chatgpt_conversation("Long", ("user", "x" * 90_000), ("assistant", "y" * 90_000)))
    found = read("[" + ",".join([_GOOD[0], _GOOD[1][:-40], *[long] * 40]) + "]", "conversations.json")
    assert len(found.drafts) == 81
    assert found.skips == {"conversations.json: “Talk 1”": Reason.BROKEN}


def test_half_characters_come_in_as_what_they_are(read):
    words = as_json([chatgpt_conversation("Half", ("user", "AA"), ("assistant", "\\ud83d\\ude00 stays"))])
    words = words.replace("AA", "a\\ud83d b\\u0000 c\\ude00").replace("\\\\ud83d\\\\ude00", "\\ud83d\\ude00")
    text = read(words, "conversations.json").drafts[0].text
    assert "a\ufffd b\ufffd c\ufffd" in text and "😀 stays" in text
    text.encode()


@each(
    "words",
    [
        "",
        "null",
        "7",
        '"text"',
        "[]",
        "{}",
        "[7, null, true]",
        '[{"a": 1}]',
        '{"a": [1, 2]}',
        "not json",
        "[[[[",
        '[{"mapping": 7}]',
    ],
)
def test_other_json_is_named(read, words):
    assert list(read(words, "x.json").skips.values()) == [Reason.UNKNOWN_JSON]


@each(
    "item",
    [
        '{"a":[' + "[]," * 200_000 + "1]}",
        '{"a":[' + "1," * 600_000 + "1]}",
        '{"a":' * 300 + "1" + "}" * 300,
        '{"a":"' + "x" * (5 * 1024 * 1024 + 300_000) + '"}',
    ],
    ids=["lists", "numbers", "deep", "long"],
)
def test_an_item_that_would_take_much_memory_is_named(read, item):
    found = read(f"[{_GOOD[0]}, {item}, {_GOOD[1]}]", "conversations.json")
    assert found.titles == ["Talk 0", "Talk 1"]
    assert list(found.skips.values()) == [Reason.LARGE_ITEM]


@each("value", [None, 7, "x", [], {}, [None], {"a": None}, True, 1e300])
def test_values_of_any_kind_break_nothing(read, value):
    """An export changes from month to month, and hostile ones are not written by anybody's rules."""
    for make, name in ((chatgpt_conversation, "title"), (claude_conversation, "name")):
        whole = make("T", ("user" if name == "title" else "human", "Hi"), ("assistant", "Hello"))
        for path in _paths(whole):
            read(as_json([_with(whole, path, value)]), "conversations.json")


def _paths(value, path=()):
    if path:
        yield path
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(below, (*path, key))


def _with(whole, path, value):
    copied = json.loads(json.dumps(whole))
    at = copied
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copied
