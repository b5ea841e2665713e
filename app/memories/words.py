"""Words as the full-text index reads them: what a person looks for, and how well a text answers it."""

import re

from app.folding import fold, is_unspaced, pairs, spell
from app.memories.index.sought import Words

#: So many words of a question count; what follows is left out.
MOST_WORDS = 32
# What of one word counts, or of words that are to stand together.
_MOST_LENGTH = 64
# An excerpt is looked for in parts of a text of this length.
_PART = 200

_QUOTED = re.compile(r'"([^"]*)"')
_ENDING = re.compile(r"(?<=..)(?:ings?|edly|ed|es|s|ly|y|e)$")


def parse_query(text: str, *, any_is_enough: bool = False) -> Words | None:
    """Returns the words of a query, each to be found, and in quotation marks several that stand together.

    None when there is no word at all.
    """
    phrases: list[tuple[str, ...]] = []
    for part, quoted in _split(text):
        runs = fold(part)
        if quoted and runs:
            phrases.append(tuple(runs[:_MOST_LENGTH]))
            continue
        for run in runs:
            phrases.append((run[:_MOST_LENGTH] if is_unspaced(run) else run,))
            if any_is_enough and is_unspaced(run):
                # A sentence without spaces: nobody says where its words end.
                phrases += [(pair,) for pair in pairs(run)]
    phrases = list(dict.fromkeys(phrases))[:MOST_WORDS]
    return Words(tuple(phrases), any_is_enough) if phrases else None


def score(words: Words, title: str, text: str) -> int:
    """Returns how well a memory answers: hits in the title count most, then how often the words are in the text.

    It depends on this one memory alone, so that it stays what it was while others are added.
    """
    title, text = spell(title), spell(text)
    total = 0
    for phrase in words.phrases:
        pattern = _pattern(phrase)
        in_text = len(pattern.findall(text))
        total += 50 * (pattern.search(title) is not None) + 4 * min(in_text, 10) + 10 * (in_text > 0)
    if len(words.phrases) > 1:
        together = _pattern(words.together().phrases[0])
        total += 40 * (together.search(title) is not None) + 20 * (together.search(text) is not None)
    return total


def excerpt(words: Words, text: str, length: int = 1000) -> str:
    """Returns the part of a text around the first word that was looked for; at most ``length`` characters."""
    if len(text) <= length:
        return text
    begin = max(0, min(_find_first(words, text) - length // 4, len(text) - length))
    return text[begin : begin + length]


def _find_first(words: Words, text: str) -> int:
    """Where the first word is, or the part of the text that has it. 0 where there is none."""
    if text.isascii():
        # As it stands there, so that every character keeps its place.
        found = (_pattern(phrase, "[a-z0-9]", "[^a-z0-9]+").search(text.lower()) for phrase in words.phrases)
        return min((match.start() for match in found if match), default=0)
    patterns = [_pattern(phrase) for phrase in words.phrases]
    for begin in range(0, len(text), _PART):
        # A little more than the part, for a word at its end.
        part = spell(text[begin : begin + _PART + _MOST_LENGTH])
        if any(pattern.search(part) for pattern in patterns):
            return begin
    return 0


def _split(text: str) -> list[tuple[str, bool]]:
    """Parts of a query and whether each stood in quotation marks."""
    pieces = _QUOTED.split(text)
    return [(piece, place % 2 == 1) for place, piece in enumerate(pieces)]


def _pattern(phrase: tuple[str, ...], letter: str = r"\S", between: str = " ") -> re.Pattern[str]:
    """Matches the runs of a phrase, by default in a text as :func:`app.folding.spell` gives it."""
    return re.compile(between.join(_run_pattern(run, letter) for run in phrase))


def _run_pattern(run: str, letter: str) -> str:
    if is_unspaced(run):
        return re.escape(run)
    # The index knows words by their stems; a word without its ending is as good for counting.
    return f"(?<!{letter}){re.escape(_ENDING.sub('', run))}{letter}*"
