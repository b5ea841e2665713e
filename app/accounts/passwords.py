"""Passwords: what is accepted, and argon2id (:rfc:`9106`), the only form in which one is kept."""

import base64
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.accounts.guessing import find_guessable
from app.config import settings
from app.sentences import _

LEAST_LENGTH, MOST_LENGTH = 10, 200


class UnacceptablePassword(ValueError):
    """A password nobody should have; the message says what to do instead."""


def check_password(password: str, email: str = "", name: str = "") -> None:
    """Check that this may become the password of the person with that address and name.

    Raises :class:`UnacceptablePassword`. What is counted and looked at is what is hashed.
    """
    plain = _normalize(password)
    if len(plain) < LEAST_LENGTH:
        raise UnacceptablePassword(_("Choose a password of at least %(least)s characters.", least=LEAST_LENGTH))
    if len(password) > MOST_LENGTH or len(plain) > MOST_LENGTH:
        raise UnacceptablePassword(_("Choose a password of at most %(most)s characters.", most=MOST_LENGTH))
    if "\x00" in password:
        raise UnacceptablePassword(_("Choose a password without the NUL character."))
    if plain.strip().casefold() == _normalize(email).strip().casefold():
        raise UnacceptablePassword(_("Choose a password that is not your e-mail address."))
    advice = find_guessable(plain, [email, name, settings().site_name, urlsplit(settings().issuer).hostname or ""])
    if advice:
        raise UnacceptablePassword(advice)


def hash_password(password: str) -> str:
    """Returns the encoded argon2id hash, with the parameters of the settings and a salt of its own."""
    return _hasher().hash(_to_bytes(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Returns whether the password is the hashed one. Without a hash the same work is done, and the answer is no."""
    hasher = _hasher()
    try:
        return hasher.verify(password_hash or _dummy_hash(hasher), _to_bytes(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Returns whether the hash was made with other parameters than those of the settings."""
    return _hasher().check_needs_rehash(password_hash)


def _hasher() -> PasswordHasher:
    return _hasher_for(settings().password_time_cost, settings().password_memory_kib)


@lru_cache(maxsize=8)
def _hasher_for(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)


def _to_bytes(password: str) -> bytes:
    return _normalize(password).encode("utf-8", "surrogatepass")


def _normalize(password: str) -> str:
    # Keyboards differ in how they compose the same letter.
    return unicodedata.normalize("NFKC", password)


def _dummy_hash(hasher: PasswordHasher) -> str:
    """A well-formed hash that no known password has. To make it is no work; to verify against it is the usual work."""
    salt, tag = (base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"
