"""Challenges: what a passkey has to sign. Each is answered once, soon, and in the browser that got it.

A challenge is random bytes, the time, and a signature of ours over both, what it is for, whom it is for, and what this
browser alone has. So nothing is stored for a challenge that nobody answers, and who loads a page a thousand times costs
nothing. Only a right answer leaves a row.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.accounts.passkeys.models import AnsweredChallenge
from app.config import settings
from app.credentials import digest
from app.database.rows import is_taken

#: How long one may be answered. A script asks for another before a page is that old.
LIFETIME = timedelta(minutes=10)
#: How long a browser waits for the person, in milliseconds.
TIMEOUT = 300_000
_RANDOM, _TIME, _SIGNATURE = 24, 8, 32


class Purpose(Enum):
    """What a challenge is for. One that was made for one of them is none for the others."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"


def new_challenge(purpose: Purpose, browser: str, subject: str) -> bytes:
    """Returns a challenge for whoever has what ``browser`` names, about ``subject``: a person's id, or nothing."""
    begun = secrets.token_bytes(_RANDOM) + int(clock.now().timestamp()).to_bytes(_TIME)
    return begun + _sign(begun, purpose, browser, subject, settings().secret_key)


def is_open(challenge: bytes, purpose: Purpose, browser: str, subject: str) -> bool:
    """Returns whether the challenge was made here for exactly this, and may be answered still."""
    begun, signature = challenge[: _RANDOM + _TIME], challenge[_RANDOM + _TIME :]
    right = [_sign(begun, purpose, browser, subject, key) for key in settings().secret_keys]
    if len(signature) != _SIGNATURE or not any([hmac.compare_digest(signature, each) for each in right]):
        return False
    return clock.now() < _end(challenge)


def answer_challenge(session: Session, challenge: bytes) -> bool:
    """Note that an open challenge was answered. Returns whether it is the first time. The caller commits."""
    try:
        with session.begin_nested():
            session.execute(
                insert(AnsweredChallenge).values(digest=digest(challenge.hex()), expires_at=_end(challenge))
            )
    except IntegrityError as error:
        if not is_taken(error, AnsweredChallenge.digest):
            raise
        return False
    return True


def _end(challenge: bytes) -> datetime:
    began = int.from_bytes(challenge[_RANDOM : _RANDOM + _TIME])
    return datetime.fromtimestamp(began, clock.now().tzinfo) + LIFETIME


def _sign(begun: bytes, purpose: Purpose, browser: str, subject: str, key: str) -> bytes:
    # A purpose of its own: what is signed here must mean nothing anywhere else.
    said = "\n".join(["passkey_challenge", begun.hex(), purpose.value, browser, subject])
    return hmac.new(key.encode(), said.encode("utf-8", "surrogatepass"), "sha256").digest()
