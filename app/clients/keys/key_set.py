"""A JSON Web Key Set (:rfc:`7517#section-5`): what may stand in one, and which of its keys can be used here."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from app.fetch import FetchFailed
from app.fetch.target import read_target
from app.sentences import _
from app.strict_json import BadBody, parse_body

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: How a client may sign -> the kind of key, and its curve (RFC 7518 section 3.1, RFC 8037, RFC 9864). None with a shared
#: secret, and not ``none``.
ALGORITHMS: dict[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
#: The members that only a private or a shared key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1).
PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")

_MOST_CHARACTERS, _MOST_KEYS, _LONGEST_ADDRESS = 20_000, 20, 2000
# What is shorter is weak, and what is longer costs too much to check.
_RSA_BITS = range(2048, 8192 + 1)
_LARGEST_EXPONENT = 2**32


def find_jwks_problems(jwks: str) -> Iterable[str]:
    """Yields what is wrong with a key set as text; nothing where it is empty."""
    problem = _find_problem(jwks) if jwks else None
    if problem is not None:
        yield problem


def _find_problem(jwks: str) -> str | None:
    if len(jwks) > _MOST_CHARACTERS:
        return _("The key set has more than %(most)s characters.", most=_MOST_CHARACTERS)
    keys = _list_members(jwks)
    if keys is None:
        return _("The key set must be JSON, as in {“keys”: […]}, with one object for each public key.")
    if any(name in key for key in keys for name in PRIVATE_MEMBERS):
        return _("The key set holds a private key: keep that to yourself, and make a new one.")
    if len(keys) > _MOST_KEYS:
        return _("The key set has more than %(most)s keys.", most=_MOST_KEYS)
    if not read_keys(jwks):
        return _("The key set has no key to sign with: RSA from 2048 bits, EC on P-256 or P-384, or Ed25519.")
    return None


def find_jwks_uri_problems(address: str) -> Iterable[str]:
    """Yields what is wrong with an address to fetch a key set from; nothing where it is empty. Nobody is asked."""
    if not address:
        return
    if len(address) > _LONGEST_ADDRESS:
        yield _("The address of the keys is longer than %(most)s characters.", most=_LONGEST_ADDRESS)
        return
    try:
        read_target(address)
    except FetchFailed:
        yield _("The address of the keys must be one that we can fetch from: https, a host with a dot in it, no port.")


def tidy_jwks(jwks: str) -> str:
    """Returns the same key set written shortly, so that equal ones are equal; what is none, as it is."""
    jwks = jwks.strip()
    if len(jwks) > _MOST_CHARACTERS or _list_members(jwks) is None:
        return jwks
    return json.dumps(parse_body(jwks.encode()), separators=(",", ":"), sort_keys=True)


def read_keys(jwks: str) -> list["Key"]:
    """Returns the keys of the set that a client may sign with here, in order. Others are no fault: a set is for many uses."""
    found = map(_read_key, _list_members(jwks) or [])
    return list(islice((key for key in found if key is not None), _MOST_KEYS))


def keep_usable(members: Mapping[str, Any]) -> str:
    """Returns, written shortly, what can be used here of a key set that was fetched."""
    text = json.dumps(members)
    kept = [key.as_dict(private=False) for key in read_keys(text)]
    return json.dumps({"keys": kept}, separators=(",", ":"), sort_keys=True)


def _list_members(jwks: str) -> list[Mapping[str, Any]] | None:
    try:
        members = parse_body(jwks.encode())
        # Neither half a character nor a number that is too large: who registers itself is told its keys again.
        orjson.dumps(members)
    except (BadBody, UnicodeEncodeError, orjson.JSONEncodeError):
        return None
    keys = members.get("keys") if isinstance(members, dict) else None
    return keys if isinstance(keys, list) and all(isinstance(key, dict) for key in keys) else None


def _read_key(members: Mapping[str, Any]) -> "Key | None":
    """Returns the key, as the library has it; None for one of another kind or for another use."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    kind = members.get("kty"), members.get("crv")
    said, uses = members.get("alg"), members.get("key_ops")
    fitting = [name for name, of in ALGORITHMS.items() if of == (kind if kind[0] != "RSA" else ("RSA", None))]
    if not fitting or (said is not None and said not in fitting):
        return None
    if any(name in members for name in PRIVATE_MEMBERS):
        # Whoever can read it could sign.
        return None
    if members.get("use") not in (None, "sig") or not (uses is None or (isinstance(uses, list) and "verify" in uses)):
        return None
    # The key and its id, and nothing that the library would judge in its own way. Of RSA alone there are two algorithms
    # that differ, and a key is for one (RFC 8725 section 3.1).
    kept = ("kty", "n", "e", "kid", "alg") if kind[0] == "RSA" else ("kty", "crv", "x", "y", "kid")
    plain = {name: members[name] for name in kept if members.get(name) is not None}
    try:
        if kind[0] == "RSA" and not _is_sound_rsa(plain):
            return None
        return import_key(plain)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_sound_rsa(members: Mapping[str, Any]) -> bool:
    from joserfc.util import urlsafe_b64decode

    modulus, exponent = (int.from_bytes(urlsafe_b64decode(members[name].encode()), "big") for name in ("n", "e"))
    return modulus.bit_length() in _RSA_BITS and exponent <= _LARGEST_EXPONENT
