"""What Acme Pocket knows between two pages: a cookie of its own, which no script can read.

So it works with any number of workers, and nothing of it is in the database of the server that it asks.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response
from msgspec import Struct
from msgspec.structs import asdict

from app.demonstration.pocket.place import PATH

_LONGEST = 3000


class Held(Struct, frozen=True):
    """``state`` and ``verifier`` are of a request that is under way, ``said`` names what to tell on the next page."""

    state: str = ""
    verifier: str = ""
    access_token: str = ""
    refresh_token: str = ""
    grant_id: str = ""
    said: str = ""


def read_held(cookies: Mapping[str, str], issuer: str) -> Held:
    """Returns what the browser brought; nothing, for what is no cookie of ours."""
    text = cookies.get(_name(issuer), "")
    try:
        found = json.loads(urlsafe_b64decode(text)) if len(text) < _LONGEST else None
    except (ValueError, RecursionError):
        return Held()
    names = set(Held.__struct_fields__)
    if not isinstance(found, dict) or not found.keys() <= names or not all(map(_is_plain, found.values())):
        return Held()
    return Held(**found)


def hold(response: Response, held: Held, issuer: str) -> Response:
    """Let the browser keep it until it is closed."""
    text = urlsafe_b64encode(json.dumps({name: value for name, value in asdict(held).items() if value}).encode())
    response.set_cookie(_name(issuer), text.decode(), path=PATH, httponly=True, samesite="Lax")
    return response


def _is_plain(value: Any) -> bool:
    """Whether it can stand in a header."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _name(issuer: str) -> str:
    # Cookies know no ports, and two servers of one machine are two.
    return f"acme_pocket_{urlsplit(issuer).port or 80}"
