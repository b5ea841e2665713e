"""Words are found in their own spelling and in any other that means the same, in every script, on every database."""

import unicodedata

import pytest
from sqlalchemy import insert, update

from app import clock
from app.extensions import db
from app.memories.models import Memory
from app.memories.search import Filters, search_memories
from app.memories.tree import search_tree
from app.memories.unfolded import fold_memories
from app.memories.words import parse_query
from tests.memories.spelled import check_index, find, keep

_FAMILY = "👨\u200d👩\u200d👧"

#: A text, and what finds it.
SPELLINGS = [
    ("Korean", "한국어 회의록을 썼다", ["한국어", "회의록", "한국어 회의록", '"한국어 회의록"', "회의", "록"]),
    ("Cyrillic", "йога и ёлка", ["йога", "ёлка", "ЁЛКА", "елка", "ЙОГА"]),
    ("stress", "за́мок", ["замок", "за́мок"]),
    ("Greek", "Καλημέρα στην ΟΔΌΣ", ["Καλημέρα", "καλημερα", "οδός", "ΟΔΟΣ"]),
    ("Hiragana", "がっこうへいく", ["がっこう", "がっこうへ", "こう", "が"]),
    ("half-width Katakana", "ｶﾞｯｺｳ", ["ガッコウ", "ｶﾞｯｺｳ"]),
    ("Hindi", "हिन्दी में लिखा क़लम", ["हिन्दी", "लिखा", "क़लम", '"हिन्दी में"']),
    ("Arabic", "كِتابٌ جميل", ["كِتابٌ", "كتاب", "كـتـاب", "جميل"]),
    ("Persian", "می\u200cخواهم", ["می\u200cخواهم", "میخواهم"]),
    ("Hebrew", "שָׁלוֹם", ["שלום", "שָׁלוֹם"]),
    ("Thai", "โรงเรียนภาษาไทย", ["ภาษา", "โรงเรียน", "ไทย", "ภาษาไทย"]),
    ("Lao", "ພາສາລາວ", ["ລາວ", "ພາສາ"]),
    ("Khmer", "ភាសាខ្មែរ", ["ខ្មែរ", "ភាសា"]),
    ("Burmese", "မြန်မာဘာသာ", ["ဘာသာ", "မြန်မာ"]),
    ("Japanese", "東京の学校で", ["学校", "校", "東", "で", "東京の学校で", '"学校で"', "東京 学校"]),
    ("Chinese and Latin", "我用iPhone拍照2024年", ["iphone", "拍照", "2024", '"iphone拍照"', "用"]),
    ("Tamil", "தமிழ் மொழி", ["தமிழ்", "மொழி"]),
    ("ligatures", "oﬃce of the ﬁre œuvre", ["office", "fire", "ﬁre", "oeuvre", "œuvre"]),
    ("full width", "ＦＵＬＬＷＩＤＴＨ １２３", ["fullwidth", "ＦＵＬＬＷＩＤＴＨ", "123"]),
    ("half width", "fullwidth 123", ["ＦＵＬＬＷＩＤＴＨ", "１２３"]),
    ("superscript", "40 m² at the sea", ["m²", "m2", '"40 m²"']),
    ("square metres", "40㎡", ["㎡", "m2", "m²", "40"]),
    ("a fraction", "5½ cups", ["5", "½"]),
    ("a trade mark", "Acme™", ["acme", "Acme™"]),
    ("digits", "١٢٣ and १२३", ["123", "١٢٣"]),
    ("sharp s", "Die Straße", ["Straße", "strasse", "STRASSE", "STRAẞE"]),
    ("ss", "Die Strasse", ["Straße"]),
    ("Polish", "Łódź", ["łódź", "lodz", "Lodz"]),
    ("Vietnamese", "Đường phố", ["đường", "duong", "phố"]),
    ("Turkish", "Isparta ılık İzmir", ["isparta", "ısparta", "ilik", "izmir", "İZMİR"]),
    ("Danish", "Smørrebrød på Ærø", ["smorrebrod", "smørrebrød", "aero"]),
    ("an emoji", "Well done 👍🏽 ❤️", ["👍🏽", "👍", "👍🏿", "❤", "❤️"]),
    ("a family", f"us {_FAMILY} here", [_FAMILY, "👩", f'"us {_FAMILY} here"']),
    ("flags", "🇧🇫🇷🇩", ["🇧🇫", "🇷🇩"]),
    ("a keycap", "1️⃣ first", ["1️⃣", "1"]),
    ("a soft hyphen", "Donau\u00addampf", ["donaudampf"]),
    ("typographic apostrophes", "don’t", ["don't", "don’t", "donʼt"]),
    ("Georgian", "ქართული ენა", ["ქართული"]),
    ("Armenian", "Հայերեն", ["հայերեն"]),
    ("a rare Han letter", "𠮷野家", ["𠮷野", "𠮷", "野家"]),
    ("a long word", "x" * 200 + " end", ["x" * 200, "end"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "questions"), [one[1:] for one in SPELLINGS], ids=[one[0] for one in SPELLINGS])
def test_a_word_is_found_in_every_spelling(ann, everything, text, questions):
    """In the text and in the title; composed and decomposed, in the text and in the question."""
    keep(ann, "Other", "Nothing of it, ничего, 無し.")
    for form in ("NFC", "NFD"):
        keep(ann, f"{form} text", unicodedata.normalize(form, text))
        keep(ann, unicodedata.normalize(form, text), f"{form} title")
    for question in questions:
        for form in ("NFC", "NFD"):
            assert len(find(everything, unicodedata.normalize(form, question))) == 4, question


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("かっこう", "がっこう"),
        ("学と校", "学校"),
        ("学校", "校学"),
        ("हिन्दू", "हिन्दी"),
        ("東京の学校", '"東京 学校"'),
        ("東京 の学校", "東京の"),
        ("学校で tower", '"学校 tower"'),
        ("🇧🇫🇷🇩", "🇫🇷"),
        ("👩", "👨"),
        ("strase", "straße"),
        ("", "校"),
    ],
)
def test_another_word_is_not_found(ann, everything, text, question):
    keep(ann, "Note", text)
    assert find(everything, question) == []


def test_words_of_several_scripts_stand_together(ann, everything):
    keep(ann, "Note", "学校 tower と")
    assert find(everything, '"学校 tower"') == find(everything, '"校 tower と"') == ["Note"]


def test_a_question_in_a_script_without_spaces_finds_what_has_a_part_of_it(ann, everything):
    keep(ann, "Note", "東京の学校で")
    words = parse_query("学校はどこですか", any_is_enough=True)
    assert [one.title for one in search_memories(db.session, everything, words, Filters(), 10).memories] == ["Note"]


def test_the_best_come_first_in_every_script(ann, everything):
    keep(ann, "Diary", "学校、学校！")
    keep(ann, "Shopping", "学校のパン")
    keep(ann, "学校", "一つ")
    assert find(everything, "学校") == ["学校", "Diary", "Shopping"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("title", "questions"),
    [
        ("Élan vital", ["elan", "ÉLAN", "la"]),
        ("東京の学校で", ["学校", "校"]),
        ("Straße", ["strasse", "STRASSE", "raße"]),
        ("Йога", ["йога", "ЙО"]),
        ("हिन्दी", ["हिन्दी"]),
        ("👍🏽 done", ["👍", "👍🏽"]),
        ("ＦＵＬＬ", ["full"]),
    ],
)
def test_the_tree_is_searched_by_the_same_spelling(ann, title, questions, form):
    memory = ann.keep(unicodedata.normalize(form, title), folder="A")
    ann.keep("x", folder=unicodedata.normalize(form, title))
    for question in questions:
        found = search_tree(ann.user_id, question)
        assert [one.id for one in found.memories] == [memory.id], question
        assert len(found.folders) == 1, question


def test_what_has_no_word_is_looked_for_as_it_is(ann):
    ann.keep("C++ notes")
    ann.keep("C notes")
    assert [one.title for one in search_tree(ann.user_id, "++").memories] == ["C++ notes"]


# -- the index follows -----------------------------------------------------------------------------


def test_a_change_is_found_by_its_new_words_and_not_by_the_old(ann, everything):
    memory = keep(ann, "Note", "學校")
    memory.text = "東京"
    db.session.flush()
    assert (find(everything, "東京"), find(everything, "學校")) == (["Note"], [])
    memory.title = "Łódź"
    db.session.flush()
    assert (find(everything, "lodz"), find(everything, "note"), find(everything, "東京")) == (["Łódź"], [], ["Łódź"])
    memory.folder = "Moved"
    db.session.flush()
    assert find(everything, "東京") == ["Łódź"]
    db.session.delete(memory)
    db.session.flush()
    assert find(everything, "東京") == []


def test_what_the_version_before_writes_is_found_at_once_in_english_and_once_folded_in_every_spelling(ann, everything):
    """While machines are replaced one after the other, some write memories without their words."""
    memory = keep(ann, "Note", "Ärger")
    columns = Memory.__table__.c
    db.session.execute(
        Memory.__table__.update()
        .where(columns.id == memory.id)
        .values(text="Recipes and Größe", updated_at=clock.now(), folded_at=columns.folded_at)
    )
    old = {"user_id": ann.user_id, "integration_id": memory.integration_id, "folder": "", "created_at": clock.now()}
    old |= {
        "id": "mry_old",
        "title": "Old",
        "text": "Recipes in Łódź 学校",
        "folded_at": None,
        "updated_at": clock.now(),
    }
    db.session.execute(insert(Memory.__table__), old | {"title_words": None, "text_words": None})
    assert set(find(everything, "recipe")) == {"Note", "Old"}
    assert find(everything, "Ärger") == []
    db.session.commit()
    assert fold_memories(db.engine) == 2
    assert fold_memories(db.engine) == 0
    assert (find(everything, "grosse"), find(everything, "lodz"), find(everything, "学")) == (
        ["Note"],
        ["Old"],
        ["Old"],
    )
    check_index()


def test_folding_leaves_when_a_memory_was_changed(ann):
    memory = keep(ann, "Note", "Größe")
    changed = memory.updated_at
    db.session.execute(update(Memory.__table__).values(folded_at=None, updated_at=changed))
    db.session.commit()
    assert fold_memories(db.engine) == 1
    db.session.expire_all()
    assert memory.updated_at == memory.folded_at == changed


def test_plain_english_is_kept_once(ann):
    """What the database finds in a text by itself takes no room beside it."""
    assert keep(ann, "Note", "Plain English, 1 2 3.").text_words is None
    assert keep(ann, "Note", "Größe").text_words == "grosse"
