"""One-time codes of an authenticator app (TOTP, :rfc:`6238`): set up, and shown."""

import hmac
import unicodedata
from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.addresses.first_steps import tell_first_step
from app.accounts.factors.models import OneTimeCodes
from app.accounts.factors.sealing import SealBroken, seal, unseal
from app.accounts.lock import lock_person
from app.database.rows import changed_rows

DIGITS, STEP_SECONDS = 6, 30
#: How many steps a person's clock may be ahead or behind (:rfc:`6238#section-5.2`).
_WINDOW = 1


def begin_one_time_codes(session: Session, user_id: str, key: str) -> None:
    """Make a secret that counts once a code has confirmed it. One that is in use stays so until then. The caller commits."""
    import pyotp

    lock_person(session, user_id)
    codes = session.get(OneTimeCodes, user_id)
    if codes is None:
        codes = OneTimeCodes(user_id=user_id)
        session.add(codes)
    codes.pending, codes.pending_at = seal(pyotp.random_base32(), user_id, key), clock.now()


def find_pending_secret(session: Session, user_id: str, keys: Sequence[str]) -> str | None:
    """Returns the secret that waits to be confirmed, for the page that shows it; None when there is none."""
    pending = session.scalar(select(OneTimeCodes.pending).where(OneTimeCodes.user_id == user_id))
    try:
        return None if pending is None else unseal(pending, user_id, keys)
    except SealBroken:
        return None


def confirm_one_time_codes(session: Session, user_id: str, secret: str, code: str, keys: Sequence[str]) -> bool:
    """Let the secret that waits count, if this is a code of it. Returns whether it is. The caller commits."""
    step = find_step(secret, code)
    if step is None:
        return False
    lock_person(session, user_id)
    # Begun anew in another tab: nobody has shown a code of that one, and nobody may have it.
    if find_pending_secret(session, user_id, keys) != secret:
        return False
    tell_first_step(session, user_id)
    # The code is taken with it: whoever saw it typed cannot sign in by it.
    confirmed = (
        update(OneTimeCodes)
        .where(OneTimeCodes.user_id == user_id, OneTimeCodes.pending.is_not(None))
        .values(
            sealed=OneTimeCodes.pending,
            confirmed_at=clock.now(),
            last_step=step,
            last_used_at=None,
            pending=None,
            pending_at=None,
        )
    )
    return changed_rows(session.execute(confirmed)) == 1


def find_step(secret: str, code: str) -> int | None:
    """Returns the time step that it is the code of; None for no code of these minutes."""
    import pyotp

    if not is_like_one_time_code(code):
        return None
    now, codes = int(clock.now().timestamp()) // STEP_SECONDS, pyotp.HOTP(secret, digits=DIGITS)
    steps = [now + difference for difference in range(-_WINDOW, _WINDOW + 1)]
    # All are compared, so that the time tells nothing.
    found = [step for step in steps if hmac.compare_digest(codes.at(step).encode(), _plain(code).encode())]
    return max(found, default=None)


def take_one_time_code(session: Session, user_id: str, step: int) -> bool:
    """Take the code of a time step. Returns whether it was still to be had: of two at one moment one gets it.

    The caller commits.
    """
    taken = (
        update(OneTimeCodes)
        .where(
            OneTimeCodes.user_id == user_id,
            OneTimeCodes.sealed.is_not(None),
            or_(OneTimeCodes.last_step.is_(None), OneTimeCodes.last_step < step),
        )
        .values(last_step=step, last_used_at=clock.now())
    )
    return changed_rows(session.execute(taken)) == 1


def remove_one_time_codes(session: Session, user_id: str) -> bool:
    """Forget the secret. Returns whether there was one that counted. The caller commits."""
    removed = delete(OneTimeCodes).where(OneTimeCodes.user_id == user_id).returning(OneTimeCodes.sealed)
    return any(sealed is not None for sealed in session.scalars(removed))


def make_address(secret: str, *, email: str, issuer: str) -> str:
    """Returns the ``otpauth:`` address that an authenticator app reads from the picture."""
    import pyotp

    # A colon parts the two names.
    issuer = issuer.replace(":", " ")
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=email, issuer_name=issuer)


def is_like_one_time_code(text: str) -> bool:
    """Returns whether it could be a code of an app, rather than a recovery code."""
    text = _plain(text)
    return len(text) == DIGITS and text.isascii() and text.isdecimal()


def _plain(code: str) -> str:
    return "".join(unicodedata.normalize("NFKC", code).split())
