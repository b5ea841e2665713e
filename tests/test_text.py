"""The one rule for names that others decide by, and the milder one for people's own words."""

import re

import pytest
import regex

from app import text
from app.demonstration import seeds
from app.operations import patterns
from tests.tables import each

#: Every character there is, without most of the ideographs, syllables and private ones: each is like the next.
EVERYTHING = "".join(
    chr(code)
    for start, end in ((0, 0x3500), (0xA000, 0xAC10), (0xD7A0, 0xD800), (0xF8F0, 0x17010), (0x18700, 0x20010))
    for code in range(start, end)
) + "".join(chr(code) for plane in range(2, 17) for code in (plane * 0x10000 + 0xFFFE, plane * 0x10000 + 0xFFFF))
EVERYTHING += "".join(map(chr, range(0xE0000, 0xE1000)))

#: Names of apps and organizations that people all over the world may have.
NAMES = [
    "Acme Notebook",
    "Zoë's Café 2",
    "O'Нил",
    "Яндекс-Диск",
    "за\u0301мок",
    "Сбер Sber",
    "Tiếng Việt",
    "می\u200cخواهم",
    "ノート 📓 نوشته\u200cها",
    "日本語ー",
    "東京メモApp",
    "한국어 漢字메모 App",
    "ㄅㄆ漢字App",
    "क्\u200dष",
    "ශ්\u200dරී ලංකා",
    "שלום",
    "ไทย",
    "Fox 🦊",
    "I ❤\ufe0f Notes",
    "1\ufe0f\u20e3 First",
    "3M",
    "½",
    "٣ كتب",
    "µTorrent",
]

#: (name, what the sentence says)
NO_NAMES = [
    ("\u200b", "has no visible character"),
    ("\u3164", "has no visible character"),
    ("\u2800", "has no visible character"),
    ("\u115f\u1160", "has no visible character"),
    ("\uffa0", "has no visible character"),
    ("\u200d\u200c", "has no visible character"),
    ("\u034f\u00ad\u180e\u17b4\ufe0f\U000e0041\ufffc\U0001d159\U00013441", "has no visible character"),
    ("\u0301", "has no visible character"),
    ("Goo\u200bgle\u00ad", "invisible or control character (U+200B)"),
    ("Goo\u00adgle", "(U+00AD)"),
    ("Acme\u3164", "(U+3164)"),
    ("Acme\u2800Notes", "(U+2800)"),
    ("ᄀ\u1160", "(U+1160)"),
    ("Acme\uffa0", "(U+FFA0)"),
    ("Goo\ufe0fgle", "(U+FE0F)"),
    ("Acme\U000e0067", "(U+E0067)"),
    ("Acme\ufffc", "(U+FFFC)"),
    ("Acme\nNotes", "(U+000A)"),
    ("Acme\u2028Notes", "(U+2028)"),
    ("Acme\u2029", "(U+2029)"),
    ("Acme\x00", "(U+0000)"),
    ("Acme\ud800", "(U+D800)"),
    ("\u202eemcA", "(U+202E)"),
    ("\u200eAcme", "(U+200E)"),
    ("Ac\u200cme", "(U+200C)"),
    ("a\u200db", "(U+200D)"),
    ("می\u200c", "(U+200C)"),
    ("\u200cمی", "(U+200C)"),
    ("अ\u200cब", "(U+200C)"),
    ("श्री\u200d", "(U+200D)"),
    ("👨\u200d👩\u200d👧 Family", "joins out of several; take one that is a single picture"),
    ("Code 🧑🏽\u200d💻", "joins out of several"),
    ("Flag 🏳️\u200d🌈", "joins out of several"),
    ("Acme \ue000", "(U+E000) that many screens cannot show"),
    ("Acme \u0378", "(U+0378)"),
    ("Acme \ufffd", "(U+FFFD)"),
    ("\u0301Acme", "mark without a letter"),
    ("Acme \u0301", "mark without a letter"),
    ("e\u0301\u0301", "too many on one"),
    ("Za\u0300\u0316\u0302\u0317\u0304lgo", "too many on one"),
    ("🦊", "has no letter or digit"),
    ("!!!", "has no letter or digit"),
    ("αβtest", "mixes alphabets in the word “αβtest”"),
    ("Аcme", "mixes alphabets"),
    ("Notes of Gооgle", "mixes alphabets in the word “Gооgle”"),
    ("Яー", "mixes alphabets"),
    ("한かな", "mixes alphabets"),
]


@each("name", NAMES)
def test_a_name_may_be_in_any_alphabet(name):
    assert text.clean_name(name) == name
    assert text.find_name_problem(name) is None
    assert text.shown_name(name) == name


@each(("name", "says"), NO_NAMES, ids=[ascii(name) for name, _ in NO_NAMES])
def test_a_name_that_hides_or_misleads_is_refused_and_says_why(name, says):
    assert says in text.find_name_problem(text.clean_name(name))


@each("name", [name for name, _ in NO_NAMES], ids=ascii)
def test_a_stored_name_that_the_rule_refuses_is_shown_with_what_is_wrong_spelled_out(name):
    shown = text.shown_name(name)
    assert re.search(r"‹U\+[0-9A-F]{4,6}›", shown)
    assert text.find_name_problem(shown) is None, shown


@each(
    ("name", "shown"),
    [
        ("Goo\u200bgle\u00ad", "Goo‹U+200B›gle‹U+00AD›"),
        ("\u3164", "‹U+3164›"),
        ("Notes of Аcme", "Notes of ‹U+0410›cme"),
        ("Cafe\u0301 \u2800", "Café ‹U+2800›"),
        ("", "‹›"),
    ],
)
def test_only_what_is_wrong_is_spelled_out(name, shown):
    assert text.shown_name(name) == shown


def test_a_name_is_kept_in_one_spelling():
    """NFC, and one kind of space: two names that look the same are the same."""
    assert text.clean_name("\u00a0Cafe\u0301\u2003Notes\u3000\t\n") == "Café Notes"


@pytest.mark.parametrize("clean", [text.clean_name, text.clean_line])
def test_what_is_too_long_for_a_name_is_not_put_in_order(clean):
    """Marks on one letter are ordered in the square of their number: a form of 256 kB would hold everybody up for half
    a minute, before anybody has said who they are."""
    many = "a" + "\u0301\u0327" * 3000
    assert clean(f"  {many}\u3000") == many
    assert clean("e\u0301" * 2000) == "é" * 2000


def test_no_script_is_missing_and_so_every_letter_can_be_in_a_name():
    known = "".join(rf"\p{{sc={script}}}" for script in (*text.SCRIPTS, "Zyyy", "Zinh", "Zzzz"))
    assert regex.findall(f"[^{known}]", EVERYTHING) == []


@each(
    "words",
    [
        "می\u200cخواهم",
        "👨\u200d👩\u200d👧",
        "🦊",
        "αβtest",
        "\u200eשלום",
        "🏴\U000e0067\U000e0062\U000e007f",
        "!!!",
        "½",
        "\ue000",
    ],
)
def test_peoples_own_words_are_theirs(words):
    assert text.find_line_problem(words) is None


@each(
    "words",
    ["\u200b", "\u3164", "\u2800", "\u00ad", "\u200e\u200f", "\u0301", "\u00a0\u2003\u3000", "\ufeff", "\U000e0041"],
    ids=ascii,
)
def test_words_that_show_nothing_are_refused(words):
    assert text.find_line_problem(words) == "has no visible character."


@each("words", ["a\x00", "a\nb", "a\u2029b", "a\ud800", "a\u202eb", "a\u2066b"], ids=ascii)
def test_words_that_do_not_stay_on_their_line_are_refused(words):
    assert "without control characters" in text.find_line_problem(words)


def test_the_api_describes_the_same_invisible_characters():
    """The pattern in ``/api/openapi.json`` is written out; it leaves out the marks, which would fill a page."""
    assert patterns.VISIBLE in patterns.ONE_LINE
    described = set(re.findall(patterns.VISIBLE, EVERYTHING))
    known = {letter for letter in EVERYTHING if not text.shows_nothing(letter)}
    assert not known - described
    assert regex.fullmatch(r"\p{M}*", "".join(described - known))


def test_words_are_kept_apart_where_no_element_can_do_it():
    assert text.isolated("Acme") == "Acme"
    assert text.isolated("שלום\u202e") == "\u2068שלום\u2069"


def test_the_demonstration_keeps_the_rule():
    names = [*seeds._ORGANIZATIONS.values(), *(client["name"] for client in seeds._CLIENTS)]
    assert [text.find_name_problem(name) for name in names] == [None] * len(names)
