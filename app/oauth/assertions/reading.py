"""What an assertion says, and what can be said of it without knowing its client (:rfc:`7523#section-3`)."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from app import clock
from app.clients.keys import ALGORITHMS
from app.oauth.refusals import Reason, refuse
from app.strict_json import parse_body

#: What ``client_assertion_type`` must be.
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: How far the client's clock may be from ours, and how far ahead the end of an assertion may lie, in seconds.
LEEWAY, LONGEST = 60, 60 * 60
# Microsoft's libraries send a certificate along. The signature is that of the longest key that is taken, RSA of 8192 bits.
_MOST_OF_HEADER, _MOST_OF_SIGNATURE = 4096, 1366
#: What a JWT may say that it is (RFC 8725 section 3.11): whatever else a client signs by the same key proves nothing here.
_TYPES = ("jwt", "client-authentication+jwt")
_LONGEST_ID = 1000
# Later than any clock, and before what no floating point number holds.
_FAR = 1e15


class Assertion(Struct, frozen=True):
    """An assertion as it came. Nothing of it is true until its signature is checked.

    ``signed`` is what its signature is of. ``expires_at`` is in seconds since 1970.
    """

    # Shows none of its values.
    __repr__ = object.__repr__

    text: str
    signed: str
    algorithm: str
    key_id: str | None
    client_id: str
    token_id: str | None
    expires_at: float


def read_assertion(form: Mapping[str, str], audiences: Collection[str]) -> Assertion:
    """Returns the assertion of a request, which must be for one of the ``audiences`` and must not be over.

    Raises :class:`Refused`. What it is told by tells nothing of any client: whoever sent it has read it, too.
    """
    text = form.get("client_assertion", "")
    if form.get("client_assertion_type") != JWT_BEARER or not text:
        raise _defective(f"the parameter 'client_assertion_type' must be '{JWT_BEARER}', beside 'client_assertion'")
    header, claims = _open(text)
    _check_header(header)
    algorithm, key_id, token_id = header["alg"], header.get("kid"), claims.get("jti")
    client_id = _read_client_id(claims)
    if not client_id or claims.get("iss") != client_id:
        raise _defective("its 'iss' and its 'sub' must both be the client id")
    if form.get("client_id", client_id) != client_id:
        raise _defective("its 'sub' and the parameter 'client_id' must be the same")
    for name, value in (("kid", key_id), ("jti", token_id)):
        if value is not None and not (isinstance(value, str) and len(value) <= _LONGEST_ID):
            raise _defective(f"its '{name}' must be a string of at most {_LONGEST_ID} characters")
    if not _is_for(claims.get("aud"), audiences):
        raise refuse(Reason.ASSERTION_ELSEWHERE, audience=min(audiences, key=len))
    expires_at = _check_times(claims)
    return Assertion(text, text.rpartition(".")[0], algorithm, key_id, client_id, token_id, expires_at)


def claimed_by_assertion(form: Mapping[str, str]) -> str:
    """Returns who an assertion says that it is from, whatever else is wrong with it; empty where it does not say."""
    try:
        return _read_client_id(_open(form.get("client_assertion", ""))[1])
    except Exception:
        return ""


def _read_client_id(claims: Mapping[str, Any]) -> str:
    """Returns the client that they are of; empty where no client id could be so, as the parameter could not."""
    client_id = claims.get("sub")
    return client_id if isinstance(client_id, str) and client_id.isprintable() else ""


def _defective(detail: str) -> Exception:
    return refuse(Reason.ASSERTION_DEFECTIVE, detail=detail)


def _open(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the header and the claims. Raises :class:`Refused`."""
    from joserfc.errors import JoseError
    from joserfc.jws import extract_compact
    from joserfc.util import urlsafe_b64decode

    try:
        opened = extract_compact(text.encode(), registry=registry())
        parts = urlsafe_b64decode(opened.segments["header"]), opened.payload
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _defective("it must be a signed JWT, in three parts with dots between") from None
    try:
        header, claims = map(parse_body, parts)
        # Half a character is no text that a database takes.
        json.dumps([header, claims], ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _defective("its header and its claims must be JSON that is read in one way alone") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _defective("its header and its claims must be JSON objects")
    return header, claims


@cache
def registry() -> Any:
    """Returns how the library is to read an assertion: with what we do not know in its header, but for what is critical."""
    from joserfc.jws import JWSRegistry

    class Ours(JWSRegistry):
        max_header_length, max_signature_length = _MOST_OF_HEADER, _MOST_OF_SIGNATURE

        def get_alg(self, name: str) -> Any:
            # Without its warning of EdDSA, which most libraries still call Ed25519 (RFC 9864).
            return self.algorithms[name] if name in ALGORITHMS else super().get_alg(name)

    return Ours(algorithms=list(ALGORITHMS), strict_check_header=False)


def _check_header(header: dict[str, Any]) -> None:
    """Raises :class:`Refused`: here, and not where a signature is checked, which would seem to be wrong."""
    from joserfc.errors import JoseError

    if "crit" in header:
        raise _defective("its 'crit' must be left out, as this server knows no extension")
    try:
        registry().check_header(header)
    except (JoseError, ValueError, TypeError):
        raise _defective("a member of its header is of another kind than RFC 7515 says") from None
    if header["alg"] not in ALGORITHMS:
        raise _defective(f"its 'alg' must be one of {', '.join(ALGORITHMS)}")
    if header.get("typ", "JWT").lower().removeprefix("application/") not in _TYPES:
        raise _defective("its 'typ' must be 'JWT' or 'client-authentication+jwt', or be left out")


def _is_for(audience: Any, audiences: Collection[str]) -> bool:
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(one, str) and one in audiences for one in named)


def _check_times(claims: Mapping[str, Any]) -> float:
    """Returns when it ends. Raises :class:`Refused`."""
    times = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
    for name, at in times.items():
        is_missing = at is None and name != "exp"
        if not is_missing and (not isinstance(at, int | float) or not abs(at) < _FAR):
            raise _defective(f"its '{name}' must be a number of seconds since 1970")
    now, expires_at = clock.now().timestamp(), float(claims["exp"])
    if expires_at <= now - LEEWAY:
        raise refuse(Reason.ASSERTION_EXPIRED)
    begins_at = max(times["nbf"] or 0, times["iat"] or 0)
    if expires_at > now + LONGEST + LEEWAY or begins_at > now + LEEWAY:
        raise refuse(Reason.ASSERTION_AHEAD)
    return expires_at
