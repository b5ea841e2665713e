"""Every kind of letter there is: each is written by the package that it is about.

A letter is written when it is about to go out, and not before: a link in it begins to live then, and its token is
never stored. So it is written anew for each time that it is tried, and the last one's link is the one that counts.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from app.mail.letter import Letter

#: Writes a letter to an address; None when nothing is to go out after all.
Compose = Callable[[Session, str, dict[str, Any]], Letter | None]
#: For so long it is tried to send a letter, unless its kind says otherwise.
USUAL_PATIENCE = timedelta(days=3)


class Kind(Struct, frozen=True):
    """One kind. After ``useful_for`` a letter that could not be sent is given up."""

    name: str
    compose: Compose
    useful_for: timedelta


_kinds: dict[str, Kind] = {}


def mail_kind(name: str, *, useful_for: timedelta = USUAL_PATIENCE) -> Callable[[Compose], Compose]:
    """Let the decorated function write the letters of this kind.

    It is called in an app context, and in a transaction of its own that is committed before anything is sent.
    Raises ``ValueError`` for a name that is taken or too long.
    """

    def keep(compose: Compose) -> Compose:
        if name in _kinds or len(name) > 40:
            raise ValueError(f"There is a kind of letter called {name!r} already, or the name is too long.")
        _kinds[name] = Kind(name, compose, useful_for)
        return compose

    return keep


def get_kind(name: str) -> Kind:
    """Returns the kind. Raises ``LookupError`` when there is none of this name."""
    if name not in _kinds:
        raise LookupError(f"There is no kind of letter called {name!r}.")
    return _kinds[name]
