"""A device that makes and shows passkeys, in software: what a browser and a security key do together, told what to get wrong."""

import hashlib
import html
import json
import os
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.test import TestResponse

from tests.actors import Browser

PRESENT, VERIFIED, CAN_BE_BACKED_UP, BACKED_UP, HAS_CREDENTIAL = 0x01, 0x04, 0x08, 0x10, 0x40


#: Where a passkey is made.
NEW = "/account/settings/sign-in/passkeys/new"


def add_passkey(browser: Browser, device: "Authenticator | None" = None, name: str = "My telephone") -> str:
    """Let the person who is signed in make a passkey on a device; its id."""
    page = browser.get(NEW)
    made = browser.submit(page, name=name, credential=(device or Authenticator()).answer(page))
    # With the first second factor come recovery codes, on a page of their own.
    assert made.status_code in (200, 303), made.text
    ids = re.findall(r'/passkeys/(psk_\w+)">', browser.get("/account/settings/sign-in/").text)
    return ids[-1]


def read_options(page: TestResponse) -> dict:
    """What a page asks the browser for."""
    found = re.search(r'data-passkey="([^"]*)"', page.text)
    assert found, page.text
    return json.loads(html.unescape(found[1]))


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """One passkey on the device, with its private key."""

    id: bytes
    key: Any
    user_handle: bytes
    rp_id: str


@dataclass
class Authenticator:
    """``flags`` are those of an ordinary device; ``count`` is None for one that does not count."""

    origin: str = "http://localhost:8000"
    flags: int = PRESENT | VERIFIED
    count: int | None = 0
    algorithm: int = -7
    credentials: list[Credential] = field(default_factory=list)

    def answer(self, page: TestResponse, **wrong: Any) -> str:
        """What the script of a page puts into its form."""
        options = read_options(page)
        return json.dumps(self.make(options, **wrong) if "user" in options else self.show(options, **wrong))

    def make(self, options: dict, *, credential_id: bytes | None = None, **wrong: Any) -> dict:
        """What ``navigator.credentials.create()`` gives for these options. ``wrong`` as in :meth:`_client_data`."""
        key, cose = _new_key(self.algorithm)
        rp_id = options["rp"]["id"]
        made = Credential(credential_id or os.urandom(32), key, decode(options["user"]["id"]), rp_id)
        self.credentials.append(made)
        data = self._data(wrong.get("rp_id", rp_id), wrong.get("flags", self.flags) | HAS_CREDENTIAL)
        data += bytes(16) + struct.pack(">H", len(made.id)) + made.id + cbor2.dumps(wrong.get("cose", cose))
        attestation = {"fmt": "none", "attStmt": {}, "authData": data} | wrong.get("attestation", {})
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options, wrong),
            "attestationObject": encode(cbor2.dumps(attestation)),
            "transports": ["internal", "hybrid"],
        }
        return _told(made, response) | {"clientExtensionResults": {"credProps": {"rk": True}}}

    def show(self, options: dict, *, credential: Credential | None = None, **wrong: Any) -> dict:
        """What ``navigator.credentials.get()`` gives for these options."""
        allowed = [decode(one["id"]) for one in options.get("allowCredentials", [])]
        shown = credential or next(one for one in self.credentials if not allowed or one.id in allowed)
        data = self._data(wrong.get("rp_id", options["rpId"]), wrong.get("flags", self.flags), wrong.get("count"))
        client_data = self._client_data("webauthn.get", options, wrong)
        signed = data + hashlib.sha256(decode(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": encode(data),
            "signature": encode(_sign(wrong.get("key", shown.key), signed)),
            "userHandle": encode(wrong.get("user_handle", shown.user_handle)),
        }
        return _told(shown, response) | {"clientExtensionResults": {}}

    def _data(self, rp_id: str, flags: int, count: int | None = None) -> bytes:
        if count is None:
            count = 0
            if self.count is not None:
                self.count = count = self.count + 1
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, count)

    def _client_data(self, kind: str, options: dict, wrong: dict) -> str:
        """``wrong`` may hold another ``type``, ``challenge`` and ``origin``, or ``crossOrigin``, as browsers write them."""
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        changed = {
            name: wrong[name] for name in ("type", "challenge", "origin", "crossOrigin", "topOrigin") if name in wrong
        }
        return encode(json.dumps(told | changed).encode())


def _told(credential: Credential, response: dict) -> dict:
    return {
        "id": encode(credential.id),
        "rawId": encode(credential.id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": response,
    }


def _new_key(algorithm: int) -> tuple[Any, dict]:
    """A private key, and its public one as COSE writes it (RFC 9053, RFC 8230)."""
    if algorithm == -8:
        edwards = ed25519.Ed25519PrivateKey.generate()
        return edwards, {1: 1, 3: -8, -1: 6, -2: edwards.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)}
    if algorithm == -257:
        rivest = rsa.generate_private_key(65537, 2048)
        return rivest, {1: 3, 3: -257, -1: rivest.public_key().public_numbers().n.to_bytes(256), -2: b"\x01\x00\x01"}
    elliptic = ec.generate_private_key(ec.SECP256R1())
    numbers = elliptic.public_key().public_numbers()
    return elliptic, {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}


def _sign(key: Any, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), SHA256())
    return key.sign(data, ec.ECDSA(SHA256()))
