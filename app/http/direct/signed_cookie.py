"""The signed cookie of a browser, read without Flask: which session of a person it names.

It is the one that Flask writes (:mod:`app.http.page_sessions`), signed by the same keys, and as old at most. What is not
plainly such a cookie, the only one of its name, is left to Flask.
"""

import hmac
import re
from functools import lru_cache
from typing import Any

import orjson
from flask.sessions import SecureCookieSessionInterface as Flasks
from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeSerializer
from itsdangerous.signer import SigningAlgorithm

from app.config import Settings

#: What holds the credential of a person's session, as Flask-Login calls it.
_CREDENTIAL = "_user_id"
#: A cookie that holds one of these is written anew when Flask opens it, or sent anew with every answer.
_WRITTEN_ANEW = ("redirect_origins", "_remember", "_permanent")
_VALUE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_PAYLOADS = URLSafeSerializer("", serializer=orjson)


def cookie_name(settings: Settings) -> str:
    """Returns what the cookie is called."""
    return "__Host-reliquary" if settings.is_https else "reliquary"


def read_credential(cookies: str, settings: Settings) -> str | None:
    """Returns the credential of the session that the cookie names, whatever became of it; None where Flask has to look.

    ``cookies`` is the header of that name.
    """
    # In quotes could stand what looks like another cookie.
    if '"' in cookies or not cookies.isascii():
        return None
    name = cookie_name(settings)
    pairs = [one.partition("=") for one in cookies.split(";") if name in one]
    values = [value.strip(" \t") for held, _, value in pairs if held.strip(" \t") == name]
    if len(values) != 1 or not _VALUE.fullmatch(values[0]):
        return None
    try:
        payload = _signer(settings.secret_keys).unsign(values[0], max_age=settings.session_lifetime)
        held = _PAYLOADS.load_payload(payload)
    except BadData:
        return None
    credential = held.get(_CREDENTIAL) if isinstance(held, dict) else None
    return None if credential is None or any(one in held for one in _WRITTEN_ANEW) else str(credential)


class CookieSigner(TimestampSigner):
    """itsdangerous' own, which takes a cookie also from a machine whose clock is a little ahead of ours.

    It would refuse what was signed in our future, so that a person who signed in at one machine was nobody at the next;
    two that are milliseconds apart disagree at the end of each second. When a session ends is kept in the database.
    """

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """Returns what was signed. Raises ``BadData`` for what is forged or too old."""
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None and self.get_timestamp() - signed_at.timestamp() > max_age:
            raise SignatureExpired("too old", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class _OneCall(SigningAlgorithm):
    """itsdangerous' own way, in one call instead of an object for each signature."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha1")


@lru_cache(maxsize=8)
def _signer(secret_keys: tuple[str, ...]) -> CookieSigner:
    """Returns Flask's signer, whose keys are derived once: that takes as long as the rest."""
    flasks = TimestampSigner(
        secret_keys[::-1],
        salt=Flasks.salt,
        key_derivation=Flasks.key_derivation,
        digest_method=Flasks.digest_method,
    )
    derived = [flasks.derive_key(key) for key in flasks.secret_keys]
    return CookieSigner(derived, salt=Flasks.salt, key_derivation="none", algorithm=_OneCall())
