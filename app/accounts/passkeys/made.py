"""Making a passkey (https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential)."""

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.addresses.first_steps import tell_first_step
from app.accounts.lock import lock_person
from app.accounts.passkeys.answers import MOST_ID_LENGTH, Answer, decode
from app.accounts.passkeys.challenges import TIMEOUT, Purpose, answer_challenge, is_open, new_challenge
from app.accounts.passkeys.errors import PasskeyRefused
from app.accounts.passkeys.kept import MOST_OF_PERSON, count_passkeys, find_handle, list_passkeys
from app.accounts.passkeys.models import Passkey, PasskeyHandle
from app.accounts.passkeys.relying_party import RelyingParty
from app.credentials import digest
from app.database.rows import is_taken
from app.sentences import _

#: What devices may say of how they are reached; more is not kept.
_TRANSPORTS = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")
#: In bytes: more than an RSA key of 8192 bits takes.
_MOST_KEY_LENGTH = 1100

_OVER = _("That took too long, or was done before. Try again.")
_UNCLEAR = _("That passkey could not be read. Nothing was added; try again.")
_KNOWN = _("That passkey is in an account already. Use another device.")
_FULL = _("You have %(most)s passkeys, and more are not kept. Remove one first.", most=MOST_OF_PERSON)


def ask_to_make(
    session: Session, party: RelyingParty, site_name: str, *, user_id: str, email: str, name: str, browser: str
) -> dict[str, Any]:
    """Returns the options for a browser that is to make a passkey (``PublicKeyCredentialCreationOptionsJSON``)."""
    # It has cryptography for every kind of key: loaded when somebody makes a passkey, not with each start.
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AttestationConveyancePreference,
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    handle = find_handle(session, user_id)
    challenge = new_challenge(Purpose.REGISTER, browser, _subject(user_id, handle))
    mine = [one for one in list_passkeys(session, user_id) if one.rp_id == party.rp_id]
    options = generate_registration_options(
        rp_id=party.rp_id,
        rp_name=site_name,
        user_name=email,
        user_id=bytes.fromhex(handle or _new_handle(challenge)),
        user_display_name=name,
        challenge=challenge,
        timeout=TIMEOUT,
        attestation=AttestationConveyancePreference.NONE,
        # Preferred, not required: an older security key is no worse as a second step.
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(one.credential_id) for one in mine],
    )
    return options_to_json_dict(options) | {"extensions": {"credProps": True}}


def add_passkey(
    session: Session, party: RelyingParty, answer: Answer, name: str, *, user_id: str, browser: str
) -> Passkey:
    """Add a passkey to a person, who has just shown who they are. Returns it. The caller commits. Raises :class:`PasskeyRefused`."""
    made = _verify(party, answer)
    lock_person(session, user_id)
    handle = find_handle(session, user_id)
    if not is_open(answer.challenge, Purpose.REGISTER, browser, _subject(user_id, handle)):
        raise PasskeyRefused(_OVER)
    if count_passkeys(session, user_id) >= MOST_OF_PERSON:
        raise PasskeyRefused(_FULL)
    if not answer_challenge(session, answer.challenge):
        raise PasskeyRefused(_OVER)
    if handle is None:
        session.add(PasskeyHandle(user_id=user_id, handle=_new_handle(answer.challenge)))
    passkey = Passkey(
        user_id=user_id,
        digest=digest(made.credential_id.hex()),
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        rp_id=party.rp_id,
        sign_count=made.sign_count,
        name=name,
        transports=_transports(answer),
        is_discoverable=_is_discoverable(answer),
        backup_eligible=made.credential_device_type.value == "multi_device",
        backed_up=made.credential_backed_up,
    )
    tell_first_step(session, user_id)
    try:
        with session.begin_nested():
            session.add(passkey)
    except IntegrityError as error:
        if not is_taken(error, Passkey.digest):
            raise
        raise PasskeyRefused(_KNOWN) from None
    return passkey


def _subject(user_id: str, handle: str | None) -> str:
    # Two first passkeys at once would be kept under two names: the challenge of the later one is for no name any more.
    return f"{user_id} {handle or ''}"


def _new_handle(challenge: bytes) -> str:
    """The name of a person who has none yet: as random as the challenge, and known again when it is answered."""
    return digest("passkey_handle" + challenge.hex())


def _verify(party: RelyingParty, answer: Answer) -> Any:
    """What the device says of the new passkey. Raises :class:`PasskeyRefused`."""
    from webauthn import verify_registration_response
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    if answer.is_framed:
        raise PasskeyRefused(_UNCLEAR)
    # The library reads keys and certificates that a stranger wrote: whatever it stumbles over is not what we asked for.
    try:
        made = verify_registration_response(
            credential=_without_attestation(answer.credential),
            expected_challenge=answer.challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
        )
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
    except Exception as error:
        raise PasskeyRefused(_UNCLEAR) from error
    if len(made.credential_id) > MOST_ID_LENGTH or len(made.credential_public_key) > _MOST_KEY_LENGTH:
        raise PasskeyRefused(_UNCLEAR)
    # One id in what is signed, another beside it: the browser did not do that.
    if made.credential_id != answer.credential_id:
        raise PasskeyRefused(_UNCLEAR)
    return made


def _without_attestation(credential: dict[str, Any]) -> dict[str, Any]:
    """The same, without what the maker of the device says of it: we asked for nothing, and would trust nobody."""
    from webauthn.helpers import bytes_to_base64url, encode_cbor, parse_cbor

    response = credential["response"]
    data = parse_cbor(decode(response.get("attestationObject")))["authData"]
    plain = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
    return credential | {"response": response | {"attestationObject": bytes_to_base64url(plain)}}


def _transports(answer: Answer) -> list[str]:
    told = answer.credential["response"].get("transports")
    return [one for one in _TRANSPORTS if isinstance(told, list) and one in told]


def _is_discoverable(answer: Answer) -> bool | None:
    """What the browser says of it (``credProps``), if it says anything."""
    results = answer.credential.get("clientExtensionResults")
    properties = results.get("credProps") if isinstance(results, dict) else None
    told = properties.get("rk") if isinstance(properties, dict) else None
    return told if isinstance(told, bool) else None
