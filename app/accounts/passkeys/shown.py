"""Showing a passkey (https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion): to sign in, or as a second step."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.lock import lock_person
from app.accounts.passkeys.answers import Answer
from app.accounts.passkeys.challenges import TIMEOUT, Purpose, answer_challenge, is_open, new_challenge
from app.accounts.passkeys.errors import PasskeyCopied, PasskeyRefused
from app.accounts.passkeys.models import Passkey, PasskeyHandle
from app.accounts.passkeys.relying_party import RelyingParty
from app.credentials import digest
from app.database.connections import connect
from app.database.rows import changed_rows
from app.database.statements import Statement
from app.database.types import Digest
from app.extensions import db
from app.sentences import _

_OVER = _("That took too long, or was done before. Try again.")
_UNKNOWN = _("That passkey does not belong to an account here. It may have been removed. Use another way to sign in.")
_NOT_YOURS = _("That passkey belongs to another account. Choose one of yours.")
_WRONG = _("That passkey could not be checked. Try again, or use another way to sign in.")
_UNVERIFIED = _(
    "That passkey did not check that it is you, by a PIN, a fingerprint or your face. Set that up on the device, or sign in with your"
    " password."
)
_COPIED = _(
    "That passkey was refused: its counter went back, as it does when somebody has copied it. Use another way to sign in, and"
    " replace it under Settings."
)

_FIND = Statement(
    select(
        Passkey.id,
        Passkey.user_id,
        Passkey.name,
        Passkey.public_key,
        Passkey.rp_id,
        Passkey.backup_eligible,
        PasskeyHandle.handle,
    )
    .join(PasskeyHandle, PasskeyHandle.user_id == Passkey.user_id)
    .where(Passkey.digest == bindparam("digest", type_=Digest))
)


def ask_to_show(
    party: RelyingParty, purpose: Purpose, browser: str, *, user_id: str, passkeys: Sequence[Passkey]
) -> dict[str, Any]:
    """Returns the options for a browser that is to show a passkey (``PublicKeyCredentialRequestOptionsJSON``).

    Written here, because the library takes a sixth of a second to load, which the sign-in page can do without.
    Without ``passkeys`` the person picks among those that their device offers.
    """
    return {
        "challenge": encode(new_challenge(purpose, browser, user_id)),
        "timeout": TIMEOUT,
        "rpId": party.rp_id,
        "allowCredentials": [
            {"id": encode(one.credential_id), "type": "public-key", "transports": list(one.transports)}
            for one in passkeys
            if one.rp_id == party.rp_id
        ],
        "userVerification": "required" if purpose is Purpose.SIGN_IN else "preferred",
    }


def check_passkey(
    session: Session, party: RelyingParty, answer: Answer, purpose: Purpose, browser: str, *, user_id: str
) -> str:
    """Returns the id of the person whose passkey was shown, and notes its use. The caller commits.

    ``user_id`` is who it must be, empty where nobody is known. Raises :class:`PasskeyCopied` for a counter that went back, which
    the caller tells the person and commits, and :class:`PasskeyRefused` for all else. The caller may not have begun a transaction.
    """
    if answer.is_framed or not is_open(answer.challenge, purpose, browser, user_id):
        raise PasskeyRefused(_OVER)
    with connect(db.engine) as connection:
        found = connection.first(_FIND, digest=digest(answer.credential_id.hex()))
    if found is None:
        raise PasskeyRefused(_UNKNOWN)
    if user_id and found.user_id != user_id:
        raise PasskeyRefused(_NOT_YOURS)
    _check_handle(answer, found.handle, is_required=not user_id)
    shown = _verify(party, answer, found, purpose)
    lock_person(session, found.user_id)
    if not answer_challenge(session, answer.challenge):
        raise PasskeyRefused(_OVER)
    if not _note_use(session, found.id, shown):
        if session.get(Passkey, found.id) is None:
            raise PasskeyRefused(_UNKNOWN)
        raise PasskeyCopied(_COPIED, found.user_id, found.name)
    person: str = found.user_id
    return person


def encode(data: bytes) -> str:
    """Returns base64url without padding, as WebAuthn writes bytes in JSON."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _check_handle(answer: Answer, handle: str, *, is_required: bool) -> None:
    # Section 7.2, step 6: who signs in without a name says by the handle who it is. Both must be the passkey's owner.
    if (answer.user_handle or is_required) and answer.user_handle != bytes.fromhex(handle):
        raise PasskeyRefused(_WRONG)


def _verify(party: RelyingParty, answer: Answer, found: Any, purpose: Purpose) -> Any:
    """What the device says, with its signature checked. Raises :class:`PasskeyRefused`."""
    from webauthn import verify_authentication_response

    # The library reads what a stranger wrote: whatever it stumbles over is not what we asked for.
    try:
        shown = verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=found.public_key,
            # The counter comes last: it says something only beside a signature that is right.
            credential_current_sign_count=0,
        )
    except Exception as error:
        raise PasskeyRefused(_WRONG) from error
    if purpose is Purpose.SIGN_IN and not shown.user_verified:
        raise PasskeyRefused(_UNVERIFIED)
    # Section 7.2, step 19: this never changes.
    if (shown.credential_device_type.value == "multi_device") != found.backup_eligible:
        raise PasskeyRefused(_WRONG)
    return shown


def _note_use(session: Session, passkey_id: str, shown: Any) -> bool:
    """Returns False, and notes nothing, where the counter is not beyond the last one. A device may count nothing at all."""
    count = shown.new_sign_count
    goes_on = Passkey.sign_count < count
    noted = session.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, goes_on if count else Passkey.sign_count == 0)
        .values(sign_count=count, backed_up=shown.credential_backed_up, last_used_at=clock.now())
    )
    return changed_rows(noted) == 1
