"""Passwords: what is accepted, and argon2id (:rfc:`9106`), the only form in which one is kept."""

import base64
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.config import settings
from app.sentences import _

LEAST_LENGTH, MOST_LENGTH = 10, 200

# Of the commonest passwords, those that are long enough to pass otherwise.
_COMMONEST = frozenset(
    [
        "0123456789",
        "0987654321",
        "1111111111",
        "1234567890",
        "12345678910",
        "123123123123",
        "1234512345",
        "123456789a",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "abcdefghij",
        "abcd1234567",
        "administrator",
        "changeme123",
        "football123",
        "iloveyou123",
        "letmein1234",
        "passw0rd123",
        "password12",
        "password123",
        "password1234",
        "password12345",
        "passwordpassword",
        "princess123",
        "q1w2e3r4t5",
        "qwerty12345",
        "qwerty123456",
        "qwertyuiop",
        "qwertyuiop123",
        "welcome1234",
        "zxcvbnm123",
    ]
)


class UnacceptablePassword(ValueError):
    """A password nobody should have; the message says what to do instead."""


def check_password(password: str, email: str = "") -> None:
    """Check that this may become the password of the person with that address. Raises :class:`UnacceptablePassword`."""
    if len(password) < LEAST_LENGTH:
        raise UnacceptablePassword(_("Choose a password of at least %(least)s characters.", least=LEAST_LENGTH))
    if len(password) > MOST_LENGTH:
        raise UnacceptablePassword(_("Choose a password of at most %(most)s characters.", most=MOST_LENGTH))
    if "\x00" in password:
        raise UnacceptablePassword(_("Choose a password without the NUL character."))
    plain = password.strip().casefold()
    if plain in _COMMONEST or len(set(plain)) <= 1:
        raise UnacceptablePassword(_("That password is one of the first that anybody would try. Choose another."))
    if plain == email.strip().casefold():
        raise UnacceptablePassword(_("Choose a password that is not your e-mail address."))


def hash_password(password: str) -> str:
    """The encoded argon2id hash, with the parameters of the settings and a salt of its own."""
    return _hasher().hash(_to_bytes(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is the hashed one. Without a hash the same work is done, and the answer is no."""
    hasher = _hasher()
    try:
        return hasher.verify(password_hash or _dummy_hash(hasher), _to_bytes(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of the settings."""
    return _hasher().check_needs_rehash(password_hash)


def _hasher() -> PasswordHasher:
    return _hasher_for(settings().password_time_cost, settings().password_memory_kib)


@lru_cache(maxsize=8)
def _hasher_for(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)


def _to_bytes(password: str) -> bytes:
    # Keyboards differ in how they compose the same letter.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _dummy_hash(hasher: PasswordHasher) -> str:
    """A well-formed hash that no known password has. To make it is no work; to verify against it is the usual work."""
    salt, tag = (base64.b64encode(bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"
