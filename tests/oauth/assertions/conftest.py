"""Acme's app that signs: it has a key pair in place of a secret."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.clients.models import Client, ClientSecret
from app.extensions import db
from tests.clients.conftest import ask as ask_to_register  # noqa: F401
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403
from tests.signing import SigningKey

JWKS_URI = "https://keys.acme.example/jwks.json"


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture(scope="session")
def other_key() -> SigningKey:
    return SigningKey(kid="second")


def key_set(*keys: SigningKey) -> str:
    return json.dumps({"keys": [key.public for key in keys]})


@pytest.fixture
def register_signing(app, register) -> Callable[..., Integrator]:
    """Register an app with what is said of its keys; it has no secret."""

    def register_signing(key: SigningKey, **fields: Any) -> Integrator:
        signer = register(**fields)
        with app.app_context():
            its = ClientSecret.client_key.in_(select(Client.key).where(Client.client_id == signer.client_id))
            for secret in db.session.scalars(select(ClientSecret).where(its)):
                db.session.delete(secret)
            db.session.commit()
        return replace(signer, client_secret=None, signing_key=key)

    return register_signing


@pytest.fixture
def signer(register_signing, key) -> Integrator:
    return register_signing(key, jwks=key_set(key))


@pytest.fixture
def distant_signer(register_signing, key) -> Integrator:
    """The same, whose keys lie at an address."""
    return register_signing(key, jwks_uri=JWKS_URI)


@pytest.fixture
def serve_keys(document_hosts) -> Callable[..., None]:
    """Let the host of the address have these keys."""

    def serve_keys(*keys: SigningKey, url: str = JWKS_URI, **how: Any) -> None:
        document_hosts.serve(url, {"keys": [key.public for key in keys]}, **how)

    return serve_keys
