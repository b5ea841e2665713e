"""A client's key pair, and the assertions that it signs (:rfc:`7523#section-3`). Change one claim, and they are no good."""

import json
import secrets
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

from app import clock
from app.clients.keys import ALGORITHMS

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SigningKey:
    """A key of the kind that the algorithm needs; ``public`` is what the server may know of it."""

    def __init__(self, algorithm: str = "ES256", kid: str = "first") -> None:
        kind, curve = ALGORITHMS[algorithm]
        self._key: Any = _rsa() if kind == "RSA" else {"EC": ECKey, "OKP": OKPKey}[kind].generate_key(curve)
        self.algorithm, self.kid = algorithm, kid

    @property
    def public(self) -> dict[str, Any]:
        return self._key.as_dict(private=False) | {"kid": self.kid}

    @property
    def private(self) -> dict[str, Any]:
        return self._key.as_dict(private=True) | {"kid": self.kid}

    def sign(
        self, client_id: str, audience: Any = "http://127.0.0.1:8000", *, header: Any = None, **changes: Any
    ) -> str:
        """An honest assertion, but for what is changed; None leaves a claim or a member of the header out."""
        now = int(clock.now().timestamp())
        honest = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 120,
        }
        claims = {name: value for name, value in (honest | changes).items() if value is not None}
        said = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"} | (header or {})
        said = {name: value for name, value in said.items() if value is not None}
        signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (said, claims))
        signature = JWSRegistry.algorithms[self.algorithm].sign(signed, self._key)
        return (signed + b"." + urlsafe_b64encode(signature)).decode()

    def parameters(self, client_id: str, **changes: Any) -> dict[str, str]:
        """What a client sends that signs."""
        return {"client_assertion_type": JWT_BEARER, "client_assertion": self.sign(client_id, **changes)}


@cache
def _rsa() -> RSAKey:
    """One for all tests of a process: it takes a while to find."""
    return RSAKey.generate_key(2048)
