"""The browsers in which a person has signed in before, known by a cookie that signs nobody in.

It keeps guesses at an account by others from keeping its owner out: such a browser has a count of its own (OWASP calls
it a device cookie). It holds a random name of the browser, and for each of the last few accounts a signature that can
be checked without a lookup, and from which nobody learns the accounts. What is signed is the account and not its
address, so a browser stays known when that changes.
"""

import hmac
from collections.abc import Sequence
from typing import Protocol

from flask import request
from sqlalchemy import bindparam, select
from werkzeug.wrappers import Response

from app import credentials
from app.accounts.models import User
from app.config import DAY, settings
from app.database.connections import connect
from app.database.statements import Statement
from app.extensions import db

#: For so many accounts one browser is known; 33 bytes each.
MOST_ACCOUNTS = 5
_LIFETIME = 365 * DAY
_SIGNATURE_LENGTH = 32


class Person(Protocol):
    """Whoever signs in."""

    id: str
    email: str


_FIND_PERSON = Statement(select(User.id, User.email).where(User.email == bindparam("email")))


def find_known_browser_at(email: str) -> str | None:
    """Returns the name of this browser, if the person with this normalized address has signed in here; else None."""
    if not _read()[1]:
        return None
    with connect(db.engine) as connection:
        return find_known_browser(connection.first(_FIND_PERSON, email=email))


def find_known_browser(person: Person | None) -> str | None:
    """Returns the same for a person who is known already."""
    name, signatures = _read()
    return name if person is not None and _find_signatures(name, signatures, person) else None


def remember_browser(response: Response, person: Person) -> None:
    """Let the browser that gets this response be known as one of this person's from now on."""
    name, signatures = _read()
    name = name or credentials.new_credential(credentials.KNOWN_BROWSER)
    known = _find_signatures(name, signatures, person)
    kept = [_sign(name, person.id, settings().secret_key), *(one for one in signatures if one not in known)]
    response.set_cookie(
        _cookie_name(),
        ".".join([name, *kept[:MOST_ACCOUNTS]]),
        max_age=_LIFETIME,
        httponly=True,
        samesite="Lax",
        secure=settings().is_https,
        path="/",
    )


def _read() -> tuple[str, list[str]]:
    name, *signatures = request.cookies.get(_cookie_name(), "").split(".")
    if not name.startswith(credentials.KNOWN_BROWSER):
        return "", []
    return name, signatures[:MOST_ACCOUNTS]


def _find_signatures(name: str, signatures: Sequence[str], person: Person) -> list[str]:
    # Earlier versions signed the address; such a cookie lasts for a year.
    right = [_sign(name, who, key).encode() for key in settings().secret_keys for who in (person.id, person.email)]
    found = [one for one in signatures if any([hmac.compare_digest(one.encode(), each) for each in right])]
    return found if name else []


def _sign(name: str, who: str, key: str) -> str:
    # A purpose of its own: what is signed here must mean nothing anywhere else.
    signed = hmac.new(key.encode(), f"known_browser\n{name}\n{who}".encode("utf-8", "surrogatepass"), "sha256")
    return signed.hexdigest()[:_SIGNATURE_LENGTH]


def _cookie_name() -> str:
    return "__Host-reliquary_known" if settings().is_https else "reliquary_known"
