"""The one spelling of words in which texts are indexed and questions are asked, on every database.

Letters are folded: case, width, accents and other ways to write the same letter mean nothing. What is a letter stays
one: the vowel signs of Hindi and Thai, the dakuten of Japanese. A text is folded to *runs*, as ``["tokyo", "学校"]``.
The index holds *words*: a run as it is, or of a script that is written without spaces every two letters next to each
other, so that any part of it can be found.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

#: So many characters of a text are indexed.
MOST_CHARACTERS = 100_000
#: A longer word is indexed as several, so that every database can hold it.
LONGEST_WORD = 60

# PostgreSQL holds at most 1 MB of different words a memory, and so many words are more than any text has that is not
# made of signs that stand for many letters, such as U+3316. Beyond either what is repeated is left out first.
_MOST_WORDS = 120_000
_MOST_BYTES = 900_000
_MOST_REPETITIONS = 200
# Of how many marks on one letter the rest is noise. Putting thousands in order would take minutes.
_MOST_MARKS = 30
# No marks by their own class, but decomposed they are, some of them two.
_STAND_FOR_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")

# Scripts without spaces between words, and Korean, where particles cling to them.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u1780-\u17ff\u19e0-\u19ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u3005-\u3007\u3021-\u3035\u303b\u3040-\u312f\u31a0-\u31ff\U0001aff0-\U0001b16f"  # Kana, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\ua000-\ua4cf"  # Yi
)
_FLAG = "\U0001f1e6-\U0001f1ff"
_compiled = cache(re.compile)
# Compiled when a text is met that is not ASCII: it takes longer than the start of most modules.
_RUN = f"[{_UNSPACED}]+|[{_FLAG}]{{1,2}}|[^ {_UNSPACED}{_FLAG}]+"
_IS_UNSPACED = f"[{_UNSPACED}]"
_ASCII_RUN = re.compile("[a-z0-9]+")
_LONG_ASCII_RUN = re.compile(f"[A-Za-z0-9]{{{LONGEST_WORD + 1}}}")

# Marks that say how a letter sounds or is stressed, in ranges: those of Latin, Greek and Cyrillic, the vowel points of
# Hebrew, Arabic and Syriac, and what chooses between two pictures of one sign.
_ACCENTS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x0711, 0x0711), (0x0730, 0x074A), (0x0898, 0x089F), (0x08CA, 0x08FF), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFB1E, 0xFB1E), (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F), (0xE0100, 0xE01EF),
)  # fmt: skip
# Nothing to see: the tatweel only makes a word longer, and the fillers of Hangul stand for no letter.
_NOTHING = frozenset("\u0640\u115f\u1160\u3164\uffa0")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
# Emoji that Unicode counts among the mathematical signs.
_OTHER_EMOJI = frozenset("\u2194\u25fb\u25fc\u25fd\u25fe")
# Letters that are often written as another, and no decomposition says so. The first two are apostrophes.
_ALSO_WRITTEN = {"ʼ": " ", "ʻ": " ", "ð": "d", "þ": "th", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه"}
# As "LATIN SMALL LETTER L WITH STROKE", "… DOTLESS I", "… LIGATURE OE".
_LATIN = re.compile(r"LATIN SMALL (?:LETTER|LIGATURE) (?:DOTLESS )?([A-Z]{1,2})(?: WITH .+)?")


def fold(text: str) -> list[str]:
    """Returns the runs of a text in their order."""
    if text.isascii():
        return _ASCII_RUN.findall(text.lower())
    letters = set(text)
    marks = "".join(letter for letter in letters if unicodedata.combining(letter) or letter in _STAND_FOR_MARKS)
    if marks:
        text = re.sub(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+", r"\1", text)
    apart = {ord(letter): f" {letter} " for letter in letters if _stands_apart(letter)}
    text = unicodedata.normalize("NFKD", text.translate(apart) if apart else text)
    text = text.translate({ord(letter): _spell(letter) for letter in set(text)})
    return _compiled(_RUN).findall(unicodedata.normalize("NFC", text))


def spell(text: str) -> str:
    """Returns the runs of a text with a space between two."""
    return " ".join(fold(text))


def holds(text: str, question: str) -> bool:
    """Returns whether a text has all runs of a question somewhere, or the question as it is."""
    runs, spelled = fold(question), spell(text)
    return question.casefold() in text.casefold() or (bool(runs) and all(run in spelled for run in runs))


def is_unspaced(run: str) -> bool:
    """Returns whether a run is of a script that is written without spaces."""
    return _compiled(_IS_UNSPACED).match(run) is not None


def index_words(text: str) -> str | None:
    """Returns the words that the index is to hold of a text, with spaces between.

    None when the database finds the same words in the text by itself: it takes runs of ASCII letters and digits.
    """
    text = text[:MOST_CHARACTERS]
    if text.isascii() and not _LONG_ASCII_RUN.search(text):
        return None
    runs = fold(text)
    words_of = {run: _words_of(run) for run in set(runs)}
    words = [word for run in runs for word in words_of[run]]
    # Each character is at most four bytes, and what is kept about a word two more.
    if len(words) > _MOST_WORDS or 4 * sum(map(len, words)) + 8 * len(words) > _MOST_BYTES:
        words = list(_as_much_as_fits(words))
    return " ".join(words)


def question_words(runs: Sequence[str]) -> list[str]:
    """Returns the words of the index that stand next to each other where these runs do.

    The last may be only the beginning of a word, see :func:`is_beginning`.
    """
    *before, last = runs
    words = [word for run in before for word in _words_of(run)]
    # A text may go on after the last pair of letters, which then is followed by another pair.
    return words + (pairs(last) if len(last) > 1 and is_unspaced(last) else _words_of(last))


def is_beginning(word: str) -> bool:
    """Returns whether the last word of a question is one letter of a script whose words are pairs."""
    return len(word) == 1 and is_unspaced(word)


def pairs(run: str) -> list[str]:
    """Returns every two letters next to each other."""
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _words_of(run: str) -> list[str]:
    if is_unspaced(run):
        # The last letter alone, too: so each letter begins a word, and the end of the run can be told.
        return [*pairs(run), run[-1]]
    if len(run) <= LONGEST_WORD:
        return [run]
    return [run[place : place + LONGEST_WORD] for place in range(0, len(run), LONGEST_WORD)]


def _as_much_as_fits(words: list[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    count = size = 0
    for word in words:
        times = seen[word]
        if times >= _MOST_REPETITIONS:
            continue
        cost = 2 if times else len(word.encode("utf-8", "replace")) + 8
        if size + cost > _MOST_BYTES or count >= _MOST_WORDS:
            continue
        seen[word] += 1
        count, size = count + 1, size + cost
        yield word


# -- single characters -------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _stands_apart(letter: str) -> bool:
    """Whether a character that stands for several is not part of the word beside it, as in ``5½`` and ``Acme™``."""
    stands_for = unicodedata.decomposition(letter)
    return stands_for.startswith("<") and (
        unicodedata.category(letter) == "So" or stands_for.startswith(("<fraction>", "<circle>", "<square>"))
    )


@lru_cache(maxsize=8192)
def _spell(letter: str) -> str:
    """What a decomposed character becomes: letters, nothing, or a space where a word ends."""
    category = unicodedata.category(letter)
    if letter in _NOTHING or category == "Cf" or ord(letter) in _SKIN_TONES or _is_accent(letter):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    if category[0] == "L":
        return _spell_letter(letter)
    if category[0] in "MN" or _is_in_flag(letter):
        return letter
    # An emoji is a word of its own, and so is what this Unicode does not know yet. The blank of Braille is none.
    if category in ("So", "Cn") or letter in _OTHER_EMOJI:
        return " " if letter == "\u2800" else f" {letter} "
    return " "


def _spell_letter(letter: str) -> str:
    letter = letter.casefold()
    if letter in _ALSO_WRITTEN:
        return _ALSO_WRITTEN[letter]
    latin = _LATIN.fullmatch(unicodedata.name(letter, "")) if len(letter) == 1 else None
    return letter if latin is None else latin[1].lower()


def _is_accent(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _ACCENTS) and unicodedata.category(letter)[0] == "M"


def _is_in_flag(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
