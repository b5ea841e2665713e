"""Proof Key for Code Exchange (:rfc:`7636`), S256 alone (:rfc:`9700#section-2.1.1`)."""

import hmac
import re

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

from app.oauth.grants.refused_grant import refused_grant
from app.oauth.reasons import Reason, because

# Matched whole: "$" would let a trailing newline pass.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class S256CodeChallenge(CodeChallenge):
    """Demanded of public clients, and of others that registered so; honoured for all."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant, redirect_uri) -> None:
        """At the authorize endpoint: refuse a request that could not be verified later."""
        challenge = grant.request.payload.data.get("code_challenge")
        method = grant.request.payload.data.get("code_challenge_method")
        if challenge is None:
            if method is not None:
                raise because(
                    Reason.PKCE_CHALLENGE_MISSING, InvalidRequestError("The parameter 'code_challenge' is missing.")
                )
            if grant.request.client.demands_pkce:
                raise because(
                    Reason.PKCE_MISSING,
                    InvalidRequestError("This client must use PKCE: send 'code_challenge' with S256."),
                )
            return
        # RFC 7636 section 4.3 makes a missing method mean "plain", which is not offered.
        if method != "S256":
            raise because(
                Reason.PKCE_METHOD_REFUSED, InvalidRequestError("The parameter 'code_challenge_method' must be S256.")
            )
        if not _CHALLENGE.fullmatch(challenge):
            raise because(
                Reason.PKCE_CHALLENGE_MALFORMED,
                InvalidRequestError(
                    "The parameter 'code_challenge' must be the 43 characters of BASE64URL(SHA256(code_verifier))."
                ),
            )

    def validate_code_verifier(self, grant, result) -> None:
        """At the token endpoint: a code bound to a challenge always demands its verifier."""
        challenge = grant.request.authorization_code.code_challenge
        verifier = grant.request.form.get("code_verifier")
        if challenge is None:
            if verifier is not None:
                # RFC 9700 section 4.8.2: else an attacker could strip the challenge from the request.
                raise refused_grant(Reason.VERIFIER_UNEXPECTED)
            return
        if verifier is None:
            raise because(Reason.VERIFIER_MISSING, InvalidRequestError("The parameter 'code_verifier' is missing."))
        if not _VERIFIER.fullmatch(verifier):
            raise because(
                Reason.VERIFIER_MALFORMED,
                InvalidRequestError("The parameter 'code_verifier' must be 43 to 128 unreserved characters."),
            )
        if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
            raise refused_grant(Reason.VERIFIER_WRONG)
