"""Texts that no index can hold as they are can be kept all the same, and are found."""

import pytest

from app.extensions import db
from tests.memories.spelled import check_index, find, keep

_ENDLESS = {
    "signs that stand for many letters": "\u3316" * 80_000,
    "phrases of one character": "\ufdfa" * 99_000,
    "one word": "x" * 99_000,
    "one word of a script without case": "ა" * 99_000,
    "marks alone": "\u0301\u0323" * 49_000,
    "marks that are letters": "\u093f" * 99_000,
    "letters that never come twice": "".join(chr(0x20000 + number * 7919 % 40_000) for number in range(99_000)),
    "words that never come twice": " ".join(f"{number:x}" for number in range(17_000)),
    "foreign words that never come twice": " ".join(f"ა{number:x}ა" for number in range(12_000)),
    "one letter a word": "a é " * 24_000,
    "nothing to see": "\u200b\u200d" * 49_000,
    "emoji": "👍🏽" * 49_000,
    "from right to left": "مرحبا بالعالم " * 7_000,
    "spaces": " \u3000" * 49_000,
}


@pytest.mark.parametrize("text", _ENDLESS.values(), ids=_ENDLESS)
def test_any_text_can_be_kept_and_is_found_by_its_end(ann, everything, text):
    """PostgreSQL holds 1 MB of words a memory, 2 kB a word, and knows no place beyond 16,383."""
    memory = keep(ann, "Note", f"{text} needle 学校で")
    for question in ("needle", '"needle 学校"', "学校で"):
        assert find(everything, question) == ["Note"], question
    memory.text = "short"
    db.session.flush()
    assert find(everything, "needle") == []
    memory.title = text[:299]
    db.session.flush()
    assert find(everything, "short") == [memory.title]
    check_index()


def test_a_phrase_is_found_beyond_the_last_place_that_postgresql_knows(ann, everything):
    keep(ann, "Long", "学校 filler " * 8_500 + "green tea")
    keep(ann, "Repeated", "green hill " * 600 + "green tea")
    assert set(find(everything, '"green tea"')) == {"Long", "Repeated"}
    assert find(everything, '"tea hill"') in ([], ["Repeated"])
