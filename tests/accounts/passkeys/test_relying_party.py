"""Where passkeys are: what the issuer says, and nothing else."""

import pytest

from app.accounts.passkeys.relying_party import find_relying_party
from tests.tables import each


@each(
    ("issuer", "rp_id", "origin"),
    [
        ("https://id.example.com", "id.example.com", "https://id.example.com"),
        ("https://id.example.com:8443", "id.example.com", "https://id.example.com:8443"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1", "localhost", "http://localhost"),
    ],
)
def test_a_passkey_belongs_to_the_host_of_the_issuer(issuer, rp_id, origin):
    party = find_relying_party(issuer)
    assert (party.rp_id, party.origin) == (rp_id, origin)


@pytest.mark.parametrize("issuer", ["https://192.0.2.1", "https://[2001:db8::1]:8443", "https://127.0.0.1"])
def test_an_address_without_a_name_has_none(issuer):
    assert find_relying_party(issuer) is None
