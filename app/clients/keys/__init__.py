"""The public keys by which a client proves who it is where it has no secret (``private_key_jwt``, :rfc:`7523#section-2.2`)."""

from app.clients.keys.key_set import (
    ALGORITHMS,
    PRIVATE_MEMBERS,
    find_jwks_problems,
    find_jwks_uri_problems,
    keep_usable,
    read_keys,
    tidy_jwks,
)

__all__ = [
    "ALGORITHMS",
    "PRIVATE_MEMBERS",
    "find_jwks_problems",
    "find_jwks_uri_problems",
    "keep_usable",
    "read_keys",
    "tidy_jwks",
]
