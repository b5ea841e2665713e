"""Forms that act once: what is sent again, by a reload or a double click, leads to what the first sending made.

A form carries a random token, and the identifier of what it makes is derived from that token. So the
database's own unique key decides which of two sendings was first, and nothing has to be remembered.

The token begins with a mark of the secret key, so that a form makes the same thing when the key was changed between
two sendings, and on whichever machine.
"""

import hashlib
import hmac
import re
import secrets

from app.config import settings

_MARK_LENGTH = 8
_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """Returns a token for one form: 32 hex digits, 96 random bits after the mark of today's key."""
    return _mark(settings().secret_key) + secrets.token_hex(12)


def is_token(text: str | None) -> bool:
    return _TOKEN.fullmatch(text or "") is not None


def identifier_for(prefix: str, token: str, *owners: str) -> str:
    """Returns the identifier, such as ``client_9f2c…``, of what this form makes for these owners.

    Keyed, so that nobody can choose the identifier by choosing the token.
    """
    message = "\0".join((prefix, token, *owners))
    return f"{prefix}_{_mac(_key_of(token), message)[:24]}"


def identifier_of_new(prefix: str, token: str | None, *written: str) -> str:
    """Returns the same where what was typed counts too, as one page may make several things; without a token another each time."""
    return identifier_for(prefix, token if token and is_token(token) else new_token(), *written)


def _key_of(token: str) -> str:
    keys = settings().secret_keys
    return next((key for key in keys if _mark(key) == token[:_MARK_LENGTH]), keys[0])


def _mark(key: str) -> str:
    return _mac(key, "mark")[:_MARK_LENGTH]


def _mac(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
