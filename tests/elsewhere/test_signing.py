"""A service that signs who it is (``private_key_jwt``), with a library that others wrote, from a running server."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from app.accounts.organizations import find_organization
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from tests.elsewhere.programs import need, place_node
from tests.server import Server
from tests.signing import SigningKey

_PROGRAM = Path(__file__).resolve().parent / "signing" / "service.mjs"


def register_signing(server: Server, jwks: str) -> str:
    """Returns the client id of an app of Acme's that has these public keys."""
    with server.app.app_context():
        client, _secret = register_client(
            db.session(),
            settings(),
            organization=find_organization("acme"),
            name="Acme Signer",
            type="confidential",
            redirect_uris=["https://signer.acme.example/callback"],
            scopes=["memories:read"],
            jwks=jwks,
        )
        db.session.commit()
        return client.client_id


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_service_signs_at_each_endpoint(server, seeded, tmp_path, algorithm):
    if lacking := need("node", "npm"):
        pytest.skip(lacking)
    key = SigningKey(algorithm)
    client_id = register_signing(server, json.dumps({"keys": [key.public]}))
    command = place_node({_PROGRAM.name: _PROGRAM.read_text()}, tmp_path)
    environment = os.environ | {"ISSUER": server.url, "CLIENT_ID": client_id, "KEY": json.dumps(key.private)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [True, client_id, False]
