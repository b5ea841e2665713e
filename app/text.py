"""What a text that people read may hold: one rule for names that somebody decides by, one for people's own words.

Apps and organizations name themselves to a person who then trusts them or does not, so their names must be readable as
what they are (:func:`find_name_problem`). What people write for themselves, or what comes from their sources, is
refused only when it cannot be kept on one line or shows nothing at all (:func:`find_line_problem`). Pages keep what is
left apart from the text around it with ``bdi``.

Unicode's properties are those of the ``regex`` library: Python's own data lacks scripts and joining types.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import regex

from app.sentences import _

#: How print's signs are written in ASCII, without the two that an ``error_description`` cannot hold.
_PLAIN = str.maketrans({"“": "'", "”": "'", "’": "'", '"': "'", "\\": "/", "…": "...", "–": "-", "×": "x"})
#: What ends a quotation in one script or another, or looks as if it did. Apostrophes stay what they are.
_QUOTATION = r"[[\p{Quotation_Mark}\u2033\u2034\u2036\u2057\u02ba\u02dd\u02ee\u3003]--['\u2018\u2019\u201a\u201b\u2039\u203a\uff07]]"
#: What draws nothing, or nothing by itself. Some marks of Arabic numbers are format characters that can be seen.
_NOTHING = (
    r"[[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{M}\p{Cc}\p{Cs}\p{Cf}\p{Noncharacter_Code_Point}"
    r"\u2800\ufffc\U0001d159\U00013441\U00013442]--\p{Prepended_Concatenation_Mark}]"
)
_CONTROL = r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]"
#: Embeddings, overrides and isolates turn what stands around them. The marks U+200E and U+200F do not.
_TURNING = r"[\u202a-\u202e\u2066-\u2069]"
#: What nobody sees in a text. Joiners and the two variation selectors of emoji are looked at where they stand.
_HIDDEN = (
    r"[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}"
    r"\u2800\ufffc\U0001d159\U00013441\U00013442]--[\u200c\u200d\ufe0e\ufe0f]]"
)
_MEANINGLESS = r"[\p{Cn}\p{Co}\ufffd]"
# RFC 5892 A.1 and A.2: after a virama, or between letters that join. A letter follows in any case.
_JOINER_IN_PLACE = (
    r"(?<=\p{ccc=9})[\u200c\u200d](?=\p{L})"
    r"|(?<=[\p{jt=L}\p{jt=D}]\p{jt=T}*)\u200c(?=\p{jt=T}*[\p{jt=R}\p{jt=D}])"
)
_SELECTOR_IN_PLACE = r"(?<=[\p{Emoji}--[0-9#*]])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)"
#: Where a joiner is not shown as one picture it hides, and two names look alike.
_EMOJI_JOINED = r"\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?\u200d"
_JOINED_EMOJI = _(
    "has an emoji that an invisible character (U+200D) joins out of several; take one that is a single picture, or none."
)
_INVISIBLE_GUESTS = r"[\u200c\u200d\ufe0e\ufe0f]"
#: A mark without a letter to stand on, the same one twice, or more than four (UTS 39 section 5.4).
_MARKS_OUT_OF_PLACE = r"(?<![\p{L}\p{M}\p{N}\p{P}\p{S}\u200c\u200d])\p{M}|([\p{Mn}\p{Me}])\1|[\p{Mn}\p{Me}]{5}"
_WORD = r"[\p{L}\p{M}\p{N}\u200c\u200d]+"

# No name or line is that long, however its letters are composed: whoever asks refuses it by its length.
_MOST_COMPOSED = 4000

#: Words of Persian, Hindi and others are written with them.
JOINERS = "\u200c\u200d"

#: The scripts of Unicode; a test says when there are more.
SCRIPTS = """
    Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Berf Bhks Bopo Brah Brai Bugi Buhd Cakm Cans
    Cari Cham Cher Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi Gara Geor Glag Gong
    Gonm Goth Gran Grek Gujr Gukh Guru Hang Hani Hano Hatr Hebr Hira Hluw Hmng Hmnp Hung Ital Java Jurc Kali
    Kana Kawi Khar Khmr Khoj Kits Knda Krai Kthi Lana Laoo Latn Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka
    Mand Mani Marc Medf Mend Merc Mero Miao Mlym Modi Mong Mroo Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo
    Nshu Ogam Olck Onao Orkh Orya Osge Osma Ougr Palm Pauc Pcun Perm Phag Phli Phlp Phnx Prti Rjng Rohg Runr
    Samr Sarb Saur Seal Sgnw Shaw Shrd Sidd Sidt Sind Sinh Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr
    Tale Talu Taml Tang Tavt Tayo Telu Tfng Tglg Thaa Thai Tibt Tirh Tnsa Todr Tols Toto Tutg Ugar Vaii Vith
    Wara Wcho Xpeo Xsux Yezi Yiii Zanb
""".split()
#: Scripts that are written together (UTS 39 section 5.1), each also with Latin ("highly restrictive", section 5.2).
_WRITTEN_TOGETHER = (("Hani", "Hira", "Kana"), ("Hani", "Hang"), ("Hani", "Bopo"))


def clean_name(text: str) -> str:
    """Returns the name of an app or an organization as it is kept: NFC, trimmed, with single spaces.

    Nothing else is mended.
    """
    if text.isascii():
        return re.sub(" +", " ", text).strip(" \t\r\n")
    return _composed(regex.sub(r"[\p{Zs}]+", " ", text).strip(" \t\r\n"))


def find_name_problem(name: str) -> str | None:
    """Returns what is wrong with the cleaned name of an app or an organization, to follow “The name …”; None when nothing is."""
    if name.isascii() and name.isprintable() and any(map(str.isalnum, name)):
        return None
    control = _search(_CONTROL, name)
    if control is not None:
        return _hidden_sentence(control)
    if shows_nothing(name):
        return _("has no visible character.")
    return find_hidden(name) or _find_unreadable(name)


def find_typed_name_problem(name: str, most: int, find_problem: Callable[[str], str | None]) -> str | None:
    """Returns what is wrong with a cleaned name that somebody types, as a sentence; None when nothing is.

    ``find_problem`` is the rule that it is held against, :func:`find_name_problem` or :func:`find_line_problem`.
    """
    if not name:
        return _("Enter a name.")
    if len(name) > most:
        return _("Enter a name of at most %(most)s characters.", most=most)
    problem = find_problem(name)
    return None if problem is None else _("The name %(problem)s", problem=problem)


def find_hidden(text: str) -> str | None:
    """Returns the same of a text that somebody decides by, in which only what cannot be seen is wrong."""
    found = _search(_HIDDEN, text)
    return None if found is None else _hidden_sentence(found)


def clean_line(text: str) -> str:
    """Returns people's own words as they are kept on one line: NFC, trimmed, with single spaces."""
    return _composed(" ".join(text.strip("\ufeff").split()))


def find_line_problem(text: str) -> str | None:
    """Returns what is wrong with people's own words on one line, to follow “The name …” or the like; None when nothing is."""
    if text.isascii() and text.isprintable() and text.strip():
        return None
    found = _search(f"{_CONTROL}|{_TURNING}", text)
    if found is not None:
        return _hidden_sentence(found)
    return _("has no visible character.") if shows_nothing(text) else None


def shows_nothing(text: str) -> bool:
    """Returns whether whoever looks at the text sees nothing, or marks without a letter. True of an empty one."""
    return regex.fullmatch(f"{_NOTHING}*+", text, regex.V1) is not None


def isolated(words: str) -> str:
    """Returns words for a place where no ``bdi`` can stand, such as a page's title: they do not turn what stands around them."""
    if words.isascii():
        return words
    return f"\u2068{regex.sub(_TURNING, '', words)}\u2069"


def inside_quotes(name: str) -> str:
    """Returns the name of an app as it stands between quotation marks of ours, which its own must not seem to end."""
    return regex.sub(_QUOTATION, "’", name, flags=regex.V1)


@lru_cache(maxsize=1024)
def shown_name(name: str) -> str:
    """Returns the name of an app or an organization as it may be shown, whenever it was stored.

    A name that the rule refuses is shown with what is wrong in it spelled out: ``Goo‹U+200B›gle``.
    """
    name = clean_name(name)
    if find_name_problem(name) is None:
        return name
    words = name.split(" ")
    wrong = [word for word in words if shows_nothing(word) or find_hidden(word) or _find_unreadable(word, alone=False)]
    return " ".join(_spell_out(word) if word in wrong or not wrong else word for word in words) or "‹›"


def _spell_out(word: str) -> str:
    """The word with what is hidden in it spelled out; when nothing is, its marks, or what is not ASCII, or all of it."""
    for pattern in (f"{_HIDDEN}|{_INVISIBLE_GUESTS}", rf"{_MEANINGLESS}|\p{{M}}", r"[^ -~]", r"."):
        spelled, count = regex.subn(pattern, lambda found: f"‹{_code_point(found.group())}›", word, flags=regex.V1)
        if count:
            break
    return spelled


def _find_unreadable(name: str, *, alone: bool = True) -> str | None:
    """What else than hidden characters makes a name unreadable. ``alone`` is False for a single word of one."""
    found = _search(_INVISIBLE_GUESTS, regex.sub(f"{_JOINER_IN_PLACE}|{_SELECTOR_IN_PLACE}", "", name, flags=regex.V1))
    if found is not None:
        return _JOINED_EMOJI if _search(_EMOJI_JOINED, name) else _hidden_sentence(found)
    found = _search(_MEANINGLESS, name)
    if found is not None:
        return _(
            "contains a character (%(code_point)s) that many screens cannot show; leave it out.",
            code_point=_code_point(found),
        )
    if _search(_MARKS_OUT_OF_PLACE, unicodedata.normalize("NFD", name)) is not None:
        return _("has an accent or mark without a letter under it, or too many on one; leave it out.")
    if alone and _search(r"[\p{L}\p{N}]", name) is None:
        return _("has no letter or digit; add one, so that people can say it.")
    for word in regex.findall(_WORD, name):
        if not _is_of_one_script(word):
            return _(
                "mixes alphabets in the word “%(word)s”, where letters that look alike mislead; write it in one.",
                word=word,
            )
    return None


@lru_cache(maxsize=1024)
def _is_of_one_script(word: str) -> bool:
    if word.isascii():
        return True
    together = [(*scripts, "Latn") for scripts in _WRITTEN_TOGETHER]
    return any(_is_written_in(scripts, word) for scripts in [*together, *((script,) for script in SCRIPTS)])


def _is_written_in(scripts: tuple[str, ...], word: str) -> bool:
    # What belongs to no script in particular fits all, and so do the accents, which Unicode lists with few of them.
    allowed = "".join(rf"\p{{scx={script}}}" for script in (*scripts, "Zyyy", "Zinh"))
    return regex.fullmatch(rf"[{allowed}\u0300-\u036f]+", word) is not None


def _composed(text: str) -> str:
    """NFC. A text that is too long for a name stays as it is: to put marks in order takes the square of their number."""
    return unicodedata.normalize("NFC", text) if len(text) <= _MOST_COMPOSED else text


def _search(pattern: str, text: str) -> str | None:
    found = regex.search(pattern, text, regex.V1)
    return found and found.group()


def _hidden_sentence(letter: str) -> str:
    return _(
        "contains an invisible or control character (%(code_point)s); type it again without control characters.",
        code_point=_code_point(letter),
    )


def _code_point(letter: str) -> str:
    return f"U+{ord(letter[0]):04X}"


def in_ascii(sentence: str) -> str:
    """Returns a sentence for people, set as print is, as OAuth's ``error_description`` may hold it (:rfc:`6749#section-5.2`)."""
    return sentence.translate(_PLAIN).encode("ascii", "replace").decode()
