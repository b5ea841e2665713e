"""The browsers in which a person has signed in before, known by a cookie that signs nobody in.

It keeps guesses at an account by others from keeping its owner out: such a browser has a count of its own (OWASP calls
it a device cookie). It holds a random name of the browser, and for each of the last few accounts a signature that can
be checked without a lookup, and from which nobody learns the accounts.
"""

import hmac
from collections.abc import Sequence

from flask import request
from werkzeug.wrappers import Response

from app import credentials
from app.config import DAY, settings

#: For so many accounts one browser is known; 33 bytes each.
MOST_ACCOUNTS = 5
_LIFETIME = 365 * DAY
_SIGNATURE_LENGTH = 32


def find_known_browser(email: str) -> str | None:
    """Returns the name of this browser, if the person with this normalized address has signed in here; else None."""
    name, signatures = _read()
    return name if _find_signature(name, signatures, email) else None


def remember_browser(response: Response, email: str) -> None:
    """Let the browser that gets this response be known as one of this person's from now on."""
    name, signatures = _read()
    name = name or credentials.new_credential(credentials.KNOWN_BROWSER)
    known = _find_signature(name, signatures, email)
    kept = [_sign(name, email, settings().secret_key), *(one for one in signatures if one != known)]
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


def _find_signature(name: str, signatures: Sequence[str], email: str) -> str | None:
    right = [_sign(name, email, key).encode() for key in settings().secret_keys]
    found = [one for one in signatures if any([hmac.compare_digest(one.encode(), each) for each in right])]
    return found[0] if name and found else None


def _sign(name: str, email: str, key: str) -> str:
    # A purpose of its own: what is signed here must mean nothing anywhere else.
    signed = hmac.new(key.encode(), f"known_browser\n{name}\n{email}".encode("utf-8", "surrogatepass"), "sha256")
    return signed.hexdigest()[:_SIGNATURE_LENGTH]


def _cookie_name() -> str:
    return "__Host-reliquary_known" if settings().is_https else "reliquary_known"
