"""A service that signs who it is (``private_key_jwt``), with a library that others wrote, from a running server."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.elsewhere.programs import need, place_node
from tests.journeys.walk import register_of_acme
from tests.signing import SigningKey

_PROGRAM = Path(__file__).resolve().parent / "signing" / "service.mjs"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_service_signs_at_each_endpoint(server, seeded, tmp_path, algorithm):
    if lacking := need("node", "npm"):
        pytest.skip(lacking)
    key = SigningKey(algorithm)
    fields = {"type": "confidential", "redirect_uris": ["https://signer.acme.example/callback"]}
    client_id = register_of_acme(server, name="Acme Signer", jwks=json.dumps({"keys": [key.public]}), **fields)
    command = place_node({_PROGRAM.name: _PROGRAM.read_text()}, tmp_path)
    environment = os.environ | {"ISSUER": server.url, "CLIENT_ID": client_id, "KEY": json.dumps(key.private)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [True, client_id, False]
