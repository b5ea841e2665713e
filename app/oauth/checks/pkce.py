"""Proof Key for Code Exchange (:rfc:`7636`), S256 alone (:rfc:`9700#section-2.1.1`)."""

import hmac
import re

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest

# Matched whole: "$" would let a trailing newline pass.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def demand_code_challenge(request: WireRequest) -> None:
    """At the authorize endpoint: a challenge of public clients and of those that registered so, and S256 of all.

    Raises a refusal.
    """
    challenge = request.payload.data.get("code_challenge")
    method = request.payload.data.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise refuse(Reason.PKCE_CHALLENGE_MISSING)
        if request.known_client.demands_pkce:
            raise refuse(Reason.PKCE_MISSING)
        return
    # RFC 7636 section 4.3 makes a missing method mean "plain", which is not offered.
    if method != "S256":
        raise refuse(Reason.PKCE_METHOD_REFUSED)
    if not _CHALLENGE.fullmatch(challenge):
        raise refuse(Reason.PKCE_CHALLENGE_MALFORMED)


def demand_code_verifier(request: WireRequest, challenge: str | None) -> None:
    """At the token endpoint: a code that was asked for with a challenge always demands its verifier.

    Raises a refusal.
    """
    verifier = request.form.get("code_verifier")
    if challenge is None:
        if verifier is not None:
            # RFC 9700 section 4.8.2: else an attacker could strip the challenge from the request.
            raise refuse(Reason.VERIFIER_UNEXPECTED)
        return
    if verifier is None:
        raise refuse(Reason.VERIFIER_MISSING)
    answered = find_challenge(verifier)
    if answered is None:
        raise refuse(Reason.VERIFIER_MALFORMED)
    if not hmac.compare_digest(answered, challenge):
        raise refuse(Reason.VERIFIER_WRONG)


def find_challenge(verifier: str) -> str | None:
    """Returns the challenge that a verifier answers (:rfc:`7636#section-4.2`); None for what is no verifier."""
    challenge: str | None = create_s256_code_challenge(verifier) if _VERIFIER.fullmatch(verifier) else None
    return challenge
