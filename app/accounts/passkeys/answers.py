"""What a browser sends of a passkey, read strictly and no further than it takes to know which one it is.

The rest of it is read by the library, which gets it as it came.
"""

import re
from base64 import urlsafe_b64decode
from typing import Any

from msgspec import Struct

from app.accounts.passkeys.errors import PasskeyRefused
from app.sentences import _
from app.strict_json import BadBody, parse_body

#: In characters. The longest that a device sends is a few thousand.
MOST_LENGTH = 20_000
#: In bytes (https://www.w3.org/TR/webauthn-3/#credential-id).
MOST_ID_LENGTH = 1023
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_UNCLEAR = _("Your browser sent something that is no passkey. Try again.")


class Answer(Struct, frozen=True):
    """``credential`` is all that was sent (``RegistrationResponseJSON`` or ``AuthenticationResponseJSON``)."""

    credential: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    user_handle: bytes
    #: Whether the page that asked stood inside a page of somebody else.
    is_framed: bool


def read_answer(text: str) -> Answer:
    """Returns what a form brought. Raises :class:`PasskeyRefused` for anything else than a passkey's answer."""
    if len(text) > MOST_LENGTH:
        raise PasskeyRefused(_UNCLEAR)
    credential = _read_object(text.encode("utf-8", "surrogatepass"))
    response = credential.get("response")
    if not isinstance(response, dict):
        raise PasskeyRefused(_UNCLEAR)
    client_data = _read_object(decode(response.get("clientDataJSON")))
    credential_id = decode(credential.get("rawId"))
    if not 0 < len(credential_id) <= MOST_ID_LENGTH:
        raise PasskeyRefused(_UNCLEAR)
    return Answer(
        credential,
        credential_id,
        decode(client_data.get("challenge")),
        decode(response.get("userHandle") or ""),
        bool(client_data.get("crossOrigin")) or "topOrigin" in client_data,
    )


def decode(text: Any) -> bytes:
    """Returns the bytes of a base64url text, as WebAuthn writes it: without padding. Raises :class:`PasskeyRefused`."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise PasskeyRefused(_UNCLEAR)
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        read = parse_body(body)
    except BadBody:
        raise PasskeyRefused(_UNCLEAR) from None
    if not isinstance(read, dict):
        raise PasskeyRefused(_UNCLEAR)
    return read
