"""A file of words as a memory: its title, its day, its tags, and not a letter lost."""

import time
from datetime import UTC, datetime

import pytest

from app.memories.importing.skips import Reason
from tests.memories.importing.archives import make_zip
from tests.tables import each


def test_a_text_file_is_a_memory(read):
    (draft,) = read("Buy eggs.\r\nAnd milk.\r\n", "Shopping list.txt").drafts
    assert (draft.title, draft.text, draft.folder) == ("Shopping list", "Buy eggs.\nAnd milk.", "")
    assert draft.source.kind == "files"


def test_a_heading_says_title_tags_and_days(read):
    words = "---\ntitle: 'Lisbon: in May'\ntags: [travel, food/fish]\ncreated: 2024-05-01T10:00:00+02:00\nupdated: 2024-05-02\n---\nSardines.\n"
    (draft,) = read(words, "x.md").drafts
    assert (draft.title, draft.tags, draft.text) == ("Lisbon: in May", ("travel", "food/fish"), "Sardines.")
    assert draft.created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert draft.updated_at == datetime(2024, 5, 2, tzinfo=UTC)


@each(
    ("written", "tags"),
    [
        ("tags: a, b c", ("a", "b c")),
        ("tags: '#a #b'", ("a", "b")),
        ("tags:\n  - a\n  - '#b'\n", ("a", "b")),
        ("keywords: [2024, yes, null]", ("2024", "yes", "null")),
        ("tags: []", ()),
        ("tags:", ()),
    ],
)
def test_tags_are_written_in_many_ways(read, written, tags):
    (draft,) = read(f"---\n{written}\n---\nWords.", "x.md").drafts
    assert (draft.tags, draft.text) == (tags, "Words.")


@each(
    "left",
    [
        "rating: 5\n",
        "aliases:\n  - Lisboa\n  - LIS\n",
        "created: some day in May\n",
        "created: 9999-01-01\n",
        "tags: {a: b}\n",
        "tags: [" + ", ".join(f"t{number}" for number in range(21)) + "]\n",
        "tags: [" + "x" * 61 + "]\n",
        "title: " + "x" * 301 + "\n",
        "source_url: javascript:alert(1)\n",
    ],
)
def test_what_a_memory_has_no_place_for_stays_in_its_text(read, left):
    (draft,) = read(f"---\ntitle: T\n{left}date: 2024-05-01\n---\nWords.", "x.md").drafts
    assert draft.text == f"---\n{left}---\nWords."
    assert draft.created_at == datetime(2024, 5, 1, tzinfo=UTC)


@each(
    "words",
    [
        "---\nno: [end\n---\nWords.",
        "---\n- a\n- list\n---\nWords.",
        "---\nnever closed\n",
        "Words.\n---\ntitle: late\n---",
        "---\na: &a [*a, *a]\nb: *c\n---\nWords.",
        "---\n" + "a: b\n" * 5000 + "---\nWords.",
    ],
)
def test_a_heading_that_is_none_is_text(read, words):
    (draft,) = read(words, "x.md").drafts
    assert draft.text == words.strip("\n") and draft.title == "x"


def test_lists_in_lists_end_soon(read):
    for deep in ("[" * 5000, "- " * 5000, "a: &x [*x" + ", *x" * 3000):
        assert read(f"---\n{deep}\n---\nWords.", "x.md").drafts


def test_a_text_file_has_no_heading(read):
    (draft,) = read("---\ntitle: T\n---\nWords.", "x.txt").drafts
    assert draft.text.startswith("---") and draft.title == "x"


def test_an_obsidian_vault(read):
    found = read(
        make_zip(
            (".obsidian/app.json", "{}"),
            (
                "Daily/2024-05-01.md",
                "Met #people/Ana at [[Ramiro|the place]]. #1 is no tag, nor a#b.\n`#code`\n```\n#include\n```\n# Heading",
            ),
        )
    )
    (draft,) = found.drafts
    assert (draft.source.name, draft.folder, draft.title) == ("Obsidian", "Daily", "2024-05-01")
    assert draft.tags == ("people/Ana",)
    assert "[[Ramiro|the place]]" in draft.text
    assert found.skips == {".obsidian/app.json": Reason.PROGRAM}


def test_a_notion_export(read):
    page = (
        "# A very long title of a page that Notion cuts in the name of its file\n\n"
        "Created: January 5, 2024 3:07 PM\nTags: travel, food\nStatus: Done\n\nWords.\n"
    )
    id = "0123456789abcdef0123456789abcdef"
    found = read(
        make_zip(
            (f"Trips {id}/A very long title of a page that Notion cuts in th {id}.md", page), (f"Trips {id}.csv", "a,b")
        )
    )
    (draft,) = found.drafts
    assert draft.title == "A very long title of a page that Notion cuts in the name of its file"
    assert (draft.source.name, draft.folder, draft.tags) == ("Notion", "Trips", ("travel", "food"))
    assert draft.created_at == datetime(2024, 1, 5, 15, 7, tzinfo=UTC)
    assert draft.text == page.strip("\n")
    assert found.skips == {f"Trips {id}.csv": Reason.TABLE}


@each(
    "data",
    [
        "Grüße aus Köln".encode("utf-8-sig"),
        "Grüße aus Köln".encode("utf-16"),
        b"\xfe\xff" + "Grüße aus Köln".encode("utf-16-be"),
        "Grüße aus Köln".encode("utf-16-le"),
        "Grüße aus Köln".encode("utf-32"),
        "Grüße aus Köln".encode("cp1252"),
        "Grüße aus Köln".encode(),
    ],
)
def test_text_in_any_encoding(read, data):
    assert read(data, "x.md").drafts[0].text == "Grüße aus Köln"


def test_what_no_database_keeps_is_shown_as_such(read):
    (draft,) = read(b"A\x00B and \xed\xa0\x80 half" + b", in words that go on: \xc3\xa4" * 40, "x.md").drafts
    assert "\x00" not in draft.text and draft.text.startswith("A\ufffdB") and "ä" in draft.text
    draft.text.encode()


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02\x03" * 100, b"%PDF-1.7\n" + bytes(range(32)) * 50],
)
def test_what_is_no_text_is_named(read, data):
    assert read(data, "x.md").skips == {"x.md": Reason.NOT_TEXT}


def test_a_very_long_text_becomes_several_with_not_a_letter_lost(read):
    words = "\n\n".join(f"Paragraph {number} " + "of many words. " * 20 for number in range(1000))
    found = read(words, "Long.md")
    assert found.titles == ["Long (1 of 4)", "Long (2 of 4)", "Long (3 of 4)", "Long (4 of 4)"]
    assert "".join(draft.text for draft in found.drafts) == words
    assert all(len(draft.text) <= 100_000 for draft in found.drafts)
    assert found.drafts[1].text.startswith("Paragraph")


def test_a_text_without_any_place_to_cut_is_cut_all_the_same(read):
    found = read("x" * 250_000, "Long.txt")
    assert [len(draft.text) for draft in found.drafts] == [100_000, 100_000, 50_000]


def test_a_file_that_is_too_large_is_named(read):
    assert read(b"x" * (8 * 1024 * 1024 + 1), "x.md").skips == {"x.md": Reason.LARGE}


@pytest.mark.parametrize(
    ("name", "reason"), [("x.pdf", Reason.OTHER_KIND), ("x.csv", Reason.TABLE), ("x", Reason.OTHER_KIND)]
)
def test_another_file_is_named(read, name, reason):
    assert read("Words.", name).skips == {name: reason}


def test_the_same_file_is_known_again_whenever_it_was_changed_last(read):
    first, second = (read("Words.", name).drafts[0].digest() for name in ("a.md", "a.md"))
    assert first == second
    assert read("Words", "a.md").drafts[0].digest() != first
    assert read("Words.", "b.md").drafts[0].digest() != first


def test_thousands_of_blanks_take_no_time(read):
    """While a pattern is looked for nobody else in the process does anything."""
    id, blanks = "0123456789abcdef0123456789abcdef", " " * 20_000
    began = time.process_time()
    archive = make_zip((f"Page {id}.md", f"# A{blanks}page\n\nTags: travel\n\nWords."), (f"x{blanks}y.md", "Words."))
    page, other = read(archive).drafts
    assert page.title.startswith("A") and page.tags == ("travel",) and other.title
    assert time.process_time() - began < 1
