"""What may stand in a client's key set, and which of its keys are taken (:rfc:`7517#section-5`)."""

import json

from app.clients.keys import find_jwks_problems, find_jwks_uri_problems, read_keys, tidy_jwks
from tests.signing import SigningKey
from tests.tables import each

_GOOD = SigningKey().public


def problem_of(jwks: str) -> str:
    return " ".join(find_jwks_problems(jwks))


def of(*keys: dict) -> str:
    return json.dumps({"keys": keys})


def test_a_set_of_public_keys_is_taken():
    assert problem_of(of(*(SigningKey(algorithm).public for algorithm in ("RS256", "ES256", "ES384", "EdDSA")))) == ""


def test_none_is_no_problem():
    assert problem_of("") == ""


@each(
    "jwks, named",
    [
        ("x", "JSON"),
        ("[]", "JSON"),
        ("{}", "JSON"),
        ('{"keys": {}}', "JSON"),
        ('{"keys": ["x"]}', "JSON"),
        ('{"keys": [], "keys": []}', "JSON"),
        ('{"keys": [\ud800]}', "JSON"),
        (of(_GOOD | {"kid": "\ud800"}), "JSON"),
        (of(_GOOD | {"iat": 10**30}), "JSON"),
        (of(_GOOD | {"iat": json.loads("[" * 400 + "]" * 400)}), "JSON"),
        (of(), "no key"),
        (of(SigningKey().private), "private"),
        (of(_GOOD, {"kty": "oct", "k": "c2VjcmV0"}), "private"),
        (of(*[_GOOD] * 21), "20 keys"),
        (of(_GOOD | {"more": "x" * 20_000}), "20000"),
        (of(_GOOD | {"use": "enc"}), "no key"),
        (of(_GOOD | {"key_ops": ["encrypt"]}), "no key"),
        (of(_GOOD | {"alg": "ES512"}), "no key"),
        (of(_GOOD | {"alg": "RS256"}), "no key"),
        (of(_GOOD | {"crv": "P-384"}), "no key"),
        (of(_GOOD | {"x": "AA"}), "no key"),
        (of(_GOOD | {"x": 5}), "no key"),
        (of({"kty": "EC", "crv": "P-256"}), "no key"),
        (of({"kty": "OKP", "crv": "X25519", "x": "A" * 43}), "no key"),
        (of({"kty": "RSA", "n": "xcXF" * 42 + "xcU", "e": "AQAB"}), "no key"),
        (of({"kty": "RSA", "n": "AQAB", "e": "AQAB"}), "no key"),
        (of({"kty": "RSA", "e": "AQAB"}), "no key"),
    ],
)
def test_what_is_wrong_with_a_set_is_said(jwks, named):
    assert named in problem_of(jwks)


def test_an_exponent_that_would_take_long_is_not_taken():
    long = SigningKey("RS256").public
    assert problem_of(of(long | {"e": long["n"][:60]})) != ""


def test_what_else_a_key_says_changes_nothing():
    (key,) = read_keys(of(_GOOD | {"use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5c": ["x"], "iat": 1}))
    assert (key.kid, key.key_type) == ("first", "EC")


def test_keys_for_other_uses_take_no_room():
    assert len(read_keys(of(*[_GOOD | {"use": "enc"}] * 30, *[_GOOD] * 30))) == 20


def test_the_same_set_written_otherwise_is_the_same():
    assert tidy_jwks(json.dumps({"keys": [_GOOD]}, indent=4)) == tidy_jwks(f"  {of(_GOOD)}\n")
    assert tidy_jwks(" what is none ") == "what is none"


@each("address", ["", "https://app.example.com/jwks.json", "https://app.example.com/keys?v=1"])
def test_an_address_of_keys_is_taken(address):
    assert list(find_jwks_uri_problems(address)) == []


@each(
    "address",
    [
        "http://app.example.com/jwks.json",
        "https://localhost/jwks.json",
        "https://127.0.0.1/jwks.json",
        "https://app.example.com:8443/jwks.json",
        "https://app.example.com/jwks.json#x",
        "https://user@app.example.com/jwks.json",
        "https://app.internal/jwks.json",
        "jwks.json",
        "https://app.example.com/" + "x" * 2000,
    ],
)
def test_another_address_is_not(address):
    assert len(list(find_jwks_uri_problems(address))) == 1
