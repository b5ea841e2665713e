"""How soon a password would be guessed, as zxcvbn estimates it: what is common, and what is made of one's own words."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from app.sentences import Sentence, _

# Of zxcvbn's five grades the first that a program needs more than a hundred million guesses for.
_GOOD = 3
# The library looks at no more, and its work grows with the square of the length ...
_PIECE, _SHORT_PIECE = 72, 16
# ... and with the ways in which digits and signs could stand for letters: from here on, in shorter pieces.
_MOST_WORK = 250_000
_LEAST_OWN, _MOST_OWN, _LEAST_LEFT = 3, 40, 6
_ROWS = frozenset(["repeat", "sequence", "spatial"])

_TOO_CLOSE = _(
    "That password is too close to your name, your address or the name of this site. "
    "Choose another. Four words that do not belong together are a good one."
)
_RUNS = _(
    "Repeats and runs such as “aaaa”, “1234” or “qwerty” are guessed first. "
    "Choose another. Four words that do not belong together are a good one."
)
_COMMON = _(
    "That password is one of the first that anybody would try. "
    "Choose another. Four words that do not belong together are a good one."
)

# It keeps the own words of whoever is asked about in a table that all threads share.
_one_at_a_time = threading.Lock()


def find_guessable(password: str, own: Iterable[str]) -> Sentence | None:
    """Returns what to do instead when the password would soon be guessed by who knows the ``own`` words; else None.

    However long the password, this takes no more than a fraction of a second.
    """
    # Frequency lists of 100,000 words: loaded when somebody chooses a password, not with each start.
    from zxcvbn import zxcvbn

    words, seen = list(dict.fromkeys(_own_words(own))), []
    # A year and two signs around one's name are many guesses by the book, and few for who knows the name.
    if _left_without(words, password) < _LEAST_LEFT:
        return _TOO_CLOSE
    for piece in _pieces(password.strip()):
        with _one_at_a_time:
            found = zxcvbn(piece, user_inputs=words)
        if found["score"] >= _GOOD:
            return None
        seen.extend(found["sequence"])
    return _advice(seen)


def _own_words(own: Iterable[str]) -> Iterator[str]:
    """The words whole and in parts, with and without accents, as somebody would put them into a password."""
    for text in own:
        whole = unicodedata.normalize("NFKC", text).casefold().strip()
        for word in [whole, *re.split(r"[\W_]+", whole)][:_MOST_OWN]:
            yield from (one for one in (word, _plain(word)) if len(one) >= _LEAST_OWN)


def _left_without(words: Iterable[str], password: str) -> int:
    """How many letters and digits are left of the password without these words; all of them where it has none."""
    plain = _plain(password.casefold())
    left = plain
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(_plain(word), "\n")
    return len(password) if left == plain else sum(map(str.isalnum, left))


def _plain(text: str) -> str:
    """The text without accents; letters stay what they are."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def _pieces(password: str) -> Iterator[str]:
    # One good piece makes the whole good. Whoever uses twenty signs has it in the first.
    size = _PIECE if _work(password[:_PIECE]) <= _MOST_WORK else _SHORT_PIECE
    for begin in range(0, len(password), size):
        yield password[begin : begin + size]


def _work(piece: str) -> int:
    from zxcvbn.matching import L33T_TABLE

    ways = prod(max(1, sum(sign in piece for sign in signs)) for signs in L33T_TABLE.values())
    return ways * len(piece) ** 2


def _advice(sequence: list[dict[str, Any]]) -> Sentence:
    if any(part.get("dictionary_name") == "user_inputs" for part in sequence):
        return _TOO_CLOSE
    if sequence and all(part["pattern"] in _ROWS for part in sequence):
        return _RUNS
    return _COMMON
