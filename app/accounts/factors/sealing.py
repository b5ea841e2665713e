"""What must be read again and is a secret, sealed under ``SECRET_KEY``: encrypted, and bound to whose it is.

A seal is a JWE (:rfc:`7516`, ``dir`` with ``A256GCM``). Its key is made from ours and from whose it is, so a seal that
was moved to another row does not open; its header names our key by a mark. Seals of a key among the fallbacks open too, and are made anew under the
present key at each purge (:mod:`app.accounts.factors.resealing`).
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence

_ALGORITHMS = ["dir", "A256GCM"]
_PURPOSE = "one-time-codes"


class SealBroken(Exception):
    """None of our keys opens it: it was made under a key that is gone, for somebody else, or is damaged."""


def seal(secret: str, owner: str, key: str) -> str:
    """Returns the secret as it is kept for its owner."""
    from joserfc import jwe
    from joserfc.jwk import OctKey

    own_key = OctKey.import_key(_derive(key, owner))
    return jwe.encrypt_compact(_header(key), secret.encode(), own_key, algorithms=_ALGORITHMS)


def unseal(sealed: str, owner: str, keys: Sequence[str]) -> str:
    """Returns the secret. Raises :class:`SealBroken`."""
    from joserfc import jwe
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey

    for key in keys:
        try:
            opened = jwe.decrypt_compact(sealed, OctKey.import_key(_derive(key, owner)), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            continue
        return (opened.plaintext or b"").decode()
    raise SealBroken


def beginning_under(key: str) -> str:
    """Returns what every seal that was made with this key begins with."""
    header = json.dumps(_header(key), separators=(",", ":"))
    return urlsafe_b64encode(header.encode()).rstrip(b"=").decode() + "."


def _header(key: str) -> dict[str, str]:
    return {"alg": "dir", "enc": "A256GCM", "kid": _mark_of(key)}


def _mark_of(key: str) -> str:
    return hmac.new(key.encode(), f"{_PURPOSE}\nmark".encode(), hashlib.sha256).hexdigest()[:12]


def _derive(key: str, owner: str) -> bytes:
    # A purpose of its own: what is sealed here must mean nothing anywhere else.
    return hmac.new(key.encode(), f"{_PURPOSE}\nkey\n{owner}".encode(), hashlib.sha256).digest()
