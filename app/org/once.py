"""Forms that act once: what is sent again, by a reload or a double click, leads to what the first sending made.

A form carries a random token, and the identifier of what it makes is derived from that token. So the
database's own unique key decides which of two sendings was first, and nothing has to be remembered.
"""

import hashlib
import hmac
import re
import secrets

from flask import current_app

_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """A token for one form, 128 random bits in hex."""
    return secrets.token_hex(16)


def is_token(text: str | None) -> bool:
    return _TOKEN.fullmatch(text or "") is not None


def identifier_for(prefix: str, token: str, *owners: str) -> str:
    """The identifier, such as ``client_9f2c…``, of what this form makes for these owners.

    Keyed, so that nobody can choose the identifier by choosing the token.
    """
    message = "\0".join((prefix, token, *owners))
    mac = hmac.new(current_app.config["SECRET_KEY"].encode(), message.encode(), hashlib.sha256)
    return f"{prefix}_{mac.hexdigest()[:24]}"
