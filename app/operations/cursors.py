"""A list's position as a cursor: text that a client sends back and need not understand."""

import base64
import binascii
import json
from typing import Any

from app.operations.refusals import invalid_cursor


def format_cursor(kind: str, position: Any) -> str | None:
    """Returns the cursor of a position, which JSON can hold; None for no position. ``kind`` says of which list it is."""
    if position is None:
        return None
    packed = json.dumps([kind, position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(kind: str, cursor: str | None) -> Any:
    """Returns the position of a cursor; None for no cursor. Raises ``invalid_cursor``."""
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(packed)
    except (ValueError, binascii.Error, RecursionError):
        raise invalid_cursor() from None
    if not (isinstance(found, list) and len(found) == 2 and found[0] == kind):
        raise invalid_cursor()
    return found[1]
