"""Which words are the same but for capitals, in any alphabet: one answer in Python and in both databases.

``lower`` knows no more than A to Z on SQLite, and on PostgreSQL as much as a locale does.
"""

import unicodedata
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

# Beyond stand letters of which NFKC makes others, and scripts without capitals.
_LETTERS = range(0x80, 0x2E00)
_SMALL = zip(_LETTERS, map(str.casefold, map(chr, _LETTERS)), strict=True)
_TO_SMALL = {letter: small for letter, small in _SMALL if chr(letter) != small and len(small) == 1}
#: Under this name SQLite has :func:`in_small_letters`.
SQLITE_NAME = "in_small_letters"


def in_small_letters(text: str | None) -> str | None:
    """Returns what is equal for words that differ in capitals, or in how wide their letters are or put together."""
    if text is None or text.isascii():
        return text and text.lower()
    text = unicodedata.normalize("NFKC", text).replace("ß", "ss").replace("ẞ", "ss")
    return text.translate(_TO_SMALL).translate(_ASCII_TO_SMALL)


_ASCII_TO_SMALL = {number: number + 32 for number in range(ord("A"), ord("Z") + 1)}


class InSmallLetters(GenericFunction[str]):
    """The same of a text in a statement."""

    type = String()
    name = SQLITE_NAME
    inherit_cache = True


@compiles(InSmallLetters, "postgresql")
def _postgresql(element: InSmallLetters, compiler: Any, **how: Any) -> str:
    text = compiler.process(element.clauses, **how)
    composed = f"replace(replace(normalize({text}, NFKC), 'ß', 'ss'), 'ẞ', 'ss')"
    capitals, small = "".join(map(chr, _TO_SMALL)), "".join(_TO_SMALL.values())
    # Most tags need no look at a thousand letters.
    return (
        f"lower(CASE WHEN octet_length({text}) = char_length({text}) THEN {text}"
        f" ELSE translate({composed}, '{capitals}', '{small}') END COLLATE \"C\")"
    )
