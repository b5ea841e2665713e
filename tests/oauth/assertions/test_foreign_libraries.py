"""Assertions as libraries make them that others wrote, each with what it says by default."""

import asyncio

import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.jwk import RSAKey
from mcp.client.auth.extensions.client_credentials import SignedJWTParameters

from tests.integrator import TOKEN
from tests.oauth.assertions.conftest import key_set
from tests.signing import JWT_BEARER, SigningKey

ISSUER = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def rsa() -> SigningKey:
    return SigningKey("RS256")


def of_authlib(key: RSAKey, client_id: str) -> str:
    """It is for the token endpoint, and good for an hour."""
    return private_key_jwt_sign(key, client_id, f"{ISSUER}/oauth/token")


def of_mcp(key: RSAKey, client_id: str) -> str:
    """It is for the issuer, as the agent's model of the metadata writes it."""
    pem = key.as_pem(private=True).decode()
    provide = SignedJWTParameters(issuer=client_id, subject=client_id, signing_key=pem).create_assertion_provider()
    return asyncio.run(provide(f"{ISSUER}/"))


@pytest.mark.parametrize("make", [of_authlib, of_mcp])
def test_what_a_library_makes_is_taken(register_signing, rsa, make):
    signer = register_signing(rsa, jwks=key_set(rsa))
    sent = {
        "client_assertion_type": JWT_BEARER,
        "client_assertion": make(RSAKey.import_key(rsa.private), signer.client_id),
    }
    answer = signer.post(TOKEN, {"grant_type": "client_credentials", "scope": "memories:read"} | sent)
    assert answer.status_code == 200, answer.text
