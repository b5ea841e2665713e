"""What a log tells of an exception: its kind and where it came from, and never its words.

An exception quotes what it did not like: a value that somebody sent, a row that exists, the address that was asked for.
Which of them holds a credential or a person's words nobody can know, so only words that are surely none are told: those
of the operating system, and those of a database about itself.
"""

import os
import traceback
from typing import Any

_MOST_OF_WORDS = 300
_MOST_OF_TRACEBACK = 2_600
#: The SQLSTATEs that PostgreSQL explains with values: data that does not fit, and constraints.
_ABOUT_VALUES = ("22", "23", "44", "P0", "HV")
#: SQLite tells these of an error that it has no name for; what follows is a name of ours.
_OF_SCHEMA = "no such table: "


def describe(error: BaseException) -> str:
    """Returns the kind of the error, with the words that are no value."""
    cause = getattr(error, "orig", None) or error
    name = type(error).__name__ if cause is error else f"{type(error).__name__} ({type(cause).__name__})"
    words = " ".join((_words_of(cause) or "").split())[:_MOST_OF_WORDS]
    return f"{name}: {words}" if words else name


def tell_traceback(error: BaseException) -> str:
    """Returns where the error came from, as a traceback without its words and without lines of code."""
    lines: list[str] = []
    for cause in _chain(error):
        if lines:
            lines.append("which led to:")
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
        lines.append(describe(cause))
    text = "\n".join(["Traceback (most recent call last):", *lines])
    # The end is what says most.
    return text if len(text) <= _MOST_OF_TRACEBACK else f"…{text[-_MOST_OF_TRACEBACK:]}"


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what caused it, the first cause first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain and len(chain) < 5:
        chain.insert(0, cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return chain


def _words_of(error: Any) -> str | None:
    for words in (_of_system, _of_postgresql, _of_sqlite):
        if (said := words(error)) is not None:
            return said
    return None


def _of_system(error: Any) -> str | None:
    # Not its own words, which may name a file.
    if not isinstance(error, OSError):
        return None
    return os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else ""


def _of_postgresql(error: Any) -> str | None:
    """``sqlstate`` is what psycopg's errors have."""
    if not hasattr(error, "sqlstate") or not hasattr(error, "diag"):
        return None
    state, told = error.sqlstate, error.diag
    if state is None:
        # Of libpq, which could not connect, or lost the connection.
        return str(error)
    if state.startswith(_ABOUT_VALUES):
        names = (told.table_name, told.column_name, told.constraint_name)
        return " ".join(filter(None, (state, *names)))
    return f"{state} {told.message_primary or ''}"


def _of_sqlite(error: Any) -> str | None:
    name = getattr(error, "sqlite_errorname", None)
    if name is None:
        return None
    # What it says of a statement that it cannot read holds words of a search.
    is_of_statement = name == "SQLITE_ERROR" and not str(error).startswith(_OF_SCHEMA)
    return name if is_of_statement else f"{name} {error}"
