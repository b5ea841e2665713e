"""The one spelling of words: the same for every way in which Unicode can write them."""

import re
import unicodedata

from app.folding import fold, index_words, is_beginning, question_words, spell
from tests.tables import each

#: Every letter, mark, number and sign of the first planes, a part of them at a time.
_LETTERS = [
    chr(code)
    for code in range(0x80, 0x30000)
    if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")
    and (code < 0x3400 or code % 29 == 0 or 0xF900 <= code < 0x20000)
]


#: Each between two others, in texts of a hundred words: to fold one takes as long as to fold a word.
_TEXTS = [" ".join(f"a{letter}b" for letter in _LETTERS[place : place + 100]) for place in range(0, len(_LETTERS), 100)]


def test_composed_and_decomposed_letters_are_folded_alike_and_folding_again_changes_nothing():
    for text in _TEXTS:
        runs = fold(text)
        for form in ("NFC", "NFD"):
            assert fold(unicodedata.normalize(form, text)) == runs
        assert fold(" ".join(runs)) == runs
        # Nothing that a database would read as syntax.
        assert not re.search(r"[\x00-\x2f\x3a-\x60\x7b-\x7f\s]", "".join(runs))


def test_upper_and_lower_case_are_folded_alike():
    """But for the iota that Greek writes below a letter, and in capitals beside it."""
    for text in _TEXTS:
        words = [word for word in text.split(" ") if "\u0345" not in unicodedata.normalize("NFD", word)]
        text = " ".join(words)
        assert fold(text.upper()) == fold(text.lower()) == fold(text)


@each(
    ("text", "words"),
    [
        ("Plain English, 3.14", None),
        ("é", "e"),
        ("学校", "学校 校"),
        ("校", "校"),
        ("東京tower学", "東京 京 tower 学"),
        ("x" * 130, f"{'x' * 60} {'x' * 60} {'x' * 10}"),
        ("…", ""),
    ],
)
def test_the_words_that_the_index_holds(text, words):
    assert index_words(text) == words


@each(
    ("runs", "words", "is_open"),
    [
        (["学校"], ["学校"], False),
        (["校"], ["校"], True),
        (["学校で"], ["学校", "校で"], False),
        (["学校", "tower"], ["学校", "校", "tower"], False),
        (["tower", "校"], ["tower", "校"], True),
        (["学", "学"], ["学", "学"], True),
    ],
)
def test_the_words_that_a_question_asks_for(runs, words, is_open):
    """A text may go on after the last letter, so that is no word of its own; alone it is the beginning of one."""
    assert question_words(runs) == words
    assert is_beginning(words[-1]) == is_open


def test_marks_without_end_are_folded_in_no_time():
    """Putting a hundred thousand marks in order takes minutes; nobody reads more than a few on one letter."""
    assert spell("a" + "\u0301\u0323" * 50_000 + "b") == "ab"


def test_what_stands_for_marks_is_counted_as_marks():
    """As decomposed it is one, or several: a text of them would be put in order for a minute."""
    for first in range(0, 0x110000, 256):
        block = "".join(map(chr, range(first, first + 256)))
        if unicodedata.normalize("NFKD", block) == block and not any(map(unicodedata.combining, block)):
            # None of these is decomposed, and none is a mark.
            continue
        for letter in block:
            if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]):
                assert len(spell("a" + f"{letter}\u0301" * 500 + "b")) < 130, ascii(letter)
    assert spell("ｶﾞ") == spell("ガ")
