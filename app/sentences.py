"""The mark on a sentence that a person will read on a page, for code that does not know where it will be shown.

Write ``_("Give the app a name.")``, with its values as names: ``_("At most %(most)d addresses.", most=20)``. What comes
back is a ``str``, in English, for the log, the command line and the wire. A page
shows the same sentence in the language of its reader: Jinja asks for ``__html__``, and code that puts it elsewhere on a
page asks :func:`translated`.

Do not use Flask-Babel's ``lazy_gettext``: it is no ``str``, and it is put into a page without being escaped. Inside a
view ``flask_babel.gettext`` does as well.
"""

from collections.abc import Callable
from typing import Any, Self

from markupsafe import Markup, escape


def _in_english(singular: str, plural: str | None, number: int) -> str:
    return singular if plural is None or number == 1 else plural


#: How a sentence is said in the language of whoever reads the page; the app puts Flask-Babel's way here.
_speak: Callable[[str, str | None, int], str] = _in_english


def speak_with(speak: Callable[[str, str | None, int], str]) -> None:
    """Translate with ``speak(singular, plural, number)`` from now on; ``plural`` is None for a sentence without one."""
    global _speak
    _speak = speak


class Sentence(str):
    """A sentence in English that knows how it was made, so that it can be said in another language later."""

    __slots__ = ("_number", "_plural", "_singular", "_values")

    _singular: str
    _plural: str | None
    _number: int
    _values: dict[str, Any]

    def __new__(cls, singular: str, plural: str | None = None, number: int = 1, /, **values: Any) -> Self:
        made = super().__new__(cls, _filled(_in_english(singular, plural, number), values))
        made._singular, made._plural, made._number, made._values = singular, plural, number, values
        return made

    def translated(self) -> str:
        """Returns the sentence in the language of whoever reads the page."""
        values = {name: translated(value) for name, value in self._values.items()}
        return _filled(_speak(self._singular, self._plural, self._number), values)

    def __html__(self) -> Markup:
        return escape(self.translated())


def gettext(sentence: str, /, **values: Any) -> Sentence:
    """Returns the sentence, marked, with ``values`` in the places that name them: ``%(name)s``."""
    return Sentence(sentence, **values)


def ngettext(singular: str, plural: str, number: int, /, **values: Any) -> Sentence:
    """Returns the one of the two that fits ``number``, marked; it may name it as ``%(num)s``."""
    return Sentence(singular, plural, number, num=number, **values)


_ = gettext


def translated(value: Any) -> Any:
    """Returns the sentence in the reader's language, and anything that is none as it is."""
    return value.translated() if isinstance(value, Sentence) else value


def sentence_of(error: Exception) -> str:
    """Returns what the error was raised with, still marked; its text when that is no sentence."""
    told = error.args[0] if error.args else None
    return told if isinstance(told, str) else str(error)


def _filled(sentence: str, values: dict[str, Any]) -> str:
    # Without values it is no format string, and may hold a percent sign as it is.
    return sentence % values if values else sentence
