"""Words as the full-text index reads them: what a person looks for, and how well a text answers it."""

import re
import unicodedata

from app.memories.search_index import Words

#: So many words of a question count; what follows is left out.
MOST_WORDS = 32

_QUOTED = re.compile(r'"([^"]*)"')
_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?<=..)(?:ings?|edly|ed|es|s|ly|y|e)$")


def parse_query(text: str, *, any_is_enough: bool = False) -> Words | None:
    """The words of a query, each to be found, and in quotation marks several that stand together.

    None when there is no word at all.
    """
    phrases: list[tuple[str, ...]] = []
    for part, quoted in _split(text):
        words = split_words(part)
        phrases += [tuple(words)] if quoted and words else [(word,) for word in words]
    phrases = list(dict.fromkeys(phrases))[:MOST_WORDS]
    return Words(tuple(phrases), any_is_enough) if phrases else None


def split_words(text: str) -> list[str]:
    """The words of a text in lower case and without accents."""
    return _WORD.findall(_plain(text))


def score(words: Words, title: str, text: str) -> int:
    """How well a memory answers: hits in the title count most, then how often the words are in the text.

    It depends on this one memory alone, so that it stays what it was while others are added.
    """
    title, text = _plain(title), _plain(text)
    total = 0
    for phrase in words.phrases:
        pattern = _pattern(phrase)
        in_text = len(pattern.findall(text))
        total += 50 * (pattern.search(title) is not None) + 4 * min(in_text, 10) + 10 * (in_text > 0)
    together = " ".join(word for phrase in words.phrases for word in phrase)
    if len(words.phrases) > 1:
        total += 40 * (together in title) + 20 * (together in text)
    return total


def excerpt(words: Words, text: str, length: int = 1000) -> str:
    """The part of a text around the first word that was looked for; at most ``length`` characters."""
    if len(text) <= length:
        return text
    # Lower case alone keeps every character in its place, almost always, and a shifted excerpt does no harm.
    found = (_pattern(phrase).search(text.lower()) for phrase in words.phrases)
    first = min((match.start() for match in found if match), default=0)
    begin = max(0, min(first - length // 4, len(text) - length))
    return text[begin : begin + length]


def _split(text: str) -> list[tuple[str, bool]]:
    """Parts of a query and whether each stood in quotation marks."""
    pieces = _QUOTED.split(text)
    return [(piece, place % 2 == 1) for place, piece in enumerate(pieces)]


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def _pattern(phrase: tuple[str, ...]) -> re.Pattern[str]:
    # The index knows words by their stems; a word without its ending is as good for counting.
    stems = [re.escape(_ENDING.sub("", word)) for word in phrase]
    return re.compile(r"\b" + r"\w*\W+".join(stems))
