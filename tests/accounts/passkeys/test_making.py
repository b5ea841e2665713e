"""Making a passkey: what is kept of an honest one, and that one wrong thing about it is enough to refuse it."""

import json

import pytest
from sqlalchemy import select

from app.accounts.passkeys.answers import MOST_LENGTH
from app.accounts.passkeys.errors import PasskeyRefused
from app.accounts.passkeys.kept import MOST_OF_PERSON, find_handle
from app.accounts.passkeys.made import ask_to_make
from app.accounts.passkeys.models import Passkey
from app.accounts.passkeys.relying_party import RelyingParty
from app.extensions import db
from tests.accounts.passkeys.authenticator import (
    BACKED_UP,
    CAN_BE_BACKED_UP,
    PRESENT,
    VERIFIED,
    Authenticator,
    decode,
    encode,
)
from tests.tables import each


def test_a_browser_is_asked_for_what_can_sign_in_and_for_nothing_about_the_device(ceremonies, alice):
    options = ceremonies.ask_to_make(alice)
    assert options["rp"] == {"name": "Reliquary", "id": "localhost"}
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["excludeCredentials"] == []
    assert (options["user"]["name"], options["user"]["displayName"]) == (alice.email, alice.name)
    assert options["extensions"] == {"credProps": True}


def test_the_name_that_a_device_keeps_is_random_and_stays(app, ceremonies, given, device, alice):
    first = ceremonies.ask_to_make(alice)["user"]["id"]
    assert first != ceremonies.ask_to_make(alice)["user"]["id"]
    assert alice.id.encode() not in decode(first)
    given(alice)
    kept = encode(device.credentials[0].user_handle)
    with app.app_context():
        assert bytes.fromhex(find_handle(db.session(), alice.id)) == decode(kept)
    assert ceremonies.ask_to_make(alice)["user"]["id"] == kept


def test_what_is_kept_of_a_passkey(ceremonies, device, alice):
    device.flags |= CAN_BE_BACKED_UP | BACKED_UP
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)), "My telephone")
    (passkey,) = ceremonies.passkeys(alice)
    assert (passkey.name, passkey.sign_count, passkey.rp_id) == ("My telephone", 1, "localhost")
    assert (passkey.backup_eligible, passkey.backed_up, passkey.is_discoverable) == (True, True, True)
    assert list(passkey.transports) == ["hybrid", "internal"]
    assert passkey.credential_id == device.credentials[0].id and passkey.last_used_at is None


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_every_kind_of_key_that_is_asked_for_is_taken(ceremonies, alice, algorithm):
    device = Authenticator(algorithm=algorithm)
    options = ceremonies.ask_to_make(alice)
    assert algorithm in [one["alg"] for one in options["pubKeyCredParams"]]
    ceremonies.add(alice, device.make(options))
    assert ceremonies.check(device.show(ceremonies.ask_to_show())) == alice.id


def test_a_device_that_has_one_already_is_told_so(ceremonies, given, device, alice):
    given(alice)
    excluded = ceremonies.ask_to_make(alice)["excludeCredentials"]
    assert [one["id"] for one in excluded] == [encode(device.credentials[0].id)]


WRONG = {
    "another origin": {"origin": "http://localhost:8001"},
    "the origin by its number": {"origin": "http://127.0.0.1:8000"},
    "the origin inside another": {"origin": "http://localhost:8000.evil.example"},
    "another host": {"rp_id": "evil.example"},
    "the other ceremony": {"type": "webauthn.get"},
    "nobody present": {"flags": VERIFIED},
    "in a frame": {"crossOrigin": True},
    "under another page": {"topOrigin": "https://evil.example"},
    "backed up though it cannot be": {"flags": PRESENT | VERIFIED | BACKED_UP},
    "a kind of key that was not asked for": {"cose": {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}},
    "a point that is on no curve": {"cose": {1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32}},
    "a key without its numbers": {"cose": {1: 2, 3: -7}},
    "a key that is a list": {"cose": [1, 2]},
    "a huge key": {"cose": {1: 3, 3: -257, -1: b"\xff" * 4096, -2: b"\x01\x00\x01"}},
    "a challenge of nobody": {"challenge": encode(bytes(64))},
    "no challenge": {"challenge": ""},
}


@each("wrong", WRONG.values(), ids=WRONG)
def test_one_wrong_thing_is_enough(ceremonies, device, alice, wrong):
    """Section 7.1: each of these "MUST be verified"."""
    with pytest.raises(PasskeyRefused):
        ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice), **wrong))
    assert ceremonies.passkeys(alice) == []


def test_a_challenge_is_answered_once(ceremonies, device, alice):
    answer = device.make(ceremonies.ask_to_make(alice))
    ceremonies.add(alice, answer)
    with pytest.raises(PasskeyRefused, match="done before"):
        ceremonies.add(alice, answer)


def test_a_challenge_is_answered_once_even_with_another_passkey(ceremonies, given, device, alice):
    given(alice)
    options = ceremonies.ask_to_make(alice)
    ceremonies.add(alice, device.make(options))
    with pytest.raises(PasskeyRefused, match="done before"):
        ceremonies.add(alice, device.make(options))


def test_a_challenge_is_of_one_browser_and_one_person_and_one_purpose(ceremonies, device, alice, bob):
    answer = device.make(ceremonies.ask_to_make(alice))
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.add(bob, answer)
    ceremonies.browser = "another one"
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.add(alice, answer)
    ceremonies.browser = "the browser's own"
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.check(device.show(ceremonies.ask_to_show(), challenge=ceremonies.ask_to_make(alice)["challenge"]))
    ceremonies.add(alice, answer)


def test_a_challenge_lasts_ten_minutes(ceremonies, device, alice, clock):
    options = ceremonies.ask_to_make(alice)
    clock.advance(minutes=9, seconds=59)
    ceremonies.add(alice, device.make(options))
    options = ceremonies.ask_to_make(alice)
    clock.advance(minutes=10)
    with pytest.raises(PasskeyRefused, match="too long"):
        ceremonies.add(alice, device.make(options))


def test_a_passkey_is_in_one_account(ceremonies, given, device, alice, bob):
    given(alice)
    with pytest.raises(PasskeyRefused, match="in an account already"):
        ceremonies.add(bob, device.make(ceremonies.ask_to_make(bob), credential_id=device.credentials[0].id))
    assert ceremonies.passkeys(bob) == []


def test_two_first_passkeys_at_once_are_not_kept_under_two_names(ceremonies, device, alice):
    one, other = ceremonies.ask_to_make(alice), ceremonies.ask_to_make(alice)
    ceremonies.add(alice, device.make(one))
    with pytest.raises(PasskeyRefused):
        ceremonies.add(alice, device.make(other))


def test_a_person_has_twenty_at_most(app, ceremonies, device, alice):
    with app.app_context():
        for number in range(MOST_OF_PERSON):
            kept = {"rp_id": "localhost", "public_key": b"x", "sign_count": 0, "name": "One", "transports": []}
            kept |= {"digest": f"{number:064x}", "credential_id": bytes([number]), "backup_eligible": False}
            db.session.add(Passkey(user_id=alice.id, backed_up=False, **kept))
        db.session.commit()
    with pytest.raises(PasskeyRefused, match="20 passkeys"):
        ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice)))


def test_what_the_maker_says_of_a_device_is_not_looked_at(ceremonies, device, alice):
    said = {"fmt": "tpm", "attStmt": {"ver": "2.0", "x5c": [b"not a certificate"]}}
    ceremonies.add(alice, device.make(ceremonies.ask_to_make(alice), attestation=said))


def test_an_id_beside_the_passkey_is_the_one_in_it(ceremonies, device, alice):
    answer = device.make(ceremonies.ask_to_make(alice)) | {"id": encode(b"another"), "rawId": encode(b"another")}
    with pytest.raises(PasskeyRefused):
        ceremonies.add(alice, answer)


BAD = {
    "nothing": "",
    "no JSON": "{",
    "null": "null",
    "a list": "[]",
    "a number": "5",
    "an empty object": "{}",
    "NUL": "\x00",
    "a surrogate": "\ud800",
    "deep": "[" * 9_000,
    "long": json.dumps({"id": "x" * 30_000}),
    "twice": '{"id": "a", "id": "b"}',
    "no response": json.dumps({"rawId": "AAAA", "response": None}),
    "a response that is a list": json.dumps({"rawId": "AAAA", "response": []}),
    "data that is a number": json.dumps({"rawId": "AAAA", "response": {"clientDataJSON": 5}}),
    "data that is no JSON": json.dumps({"rawId": "AAAA", "response": {"clientDataJSON": "AAAA"}}),
    "padded": json.dumps({"rawId": "AA==", "response": {"clientDataJSON": "e30="}}),
    "five characters": json.dumps({"rawId": "AAAAA", "response": {"clientDataJSON": "AAAAA"}}),
}


@each("bad", BAD.values(), ids=BAD)
def test_what_is_no_passkey_is_refused_in_a_sentence(ceremonies, alice, bad):
    for refuse in (lambda: ceremonies.add(alice, bad), lambda: ceremonies.check(bad)):
        with pytest.raises(PasskeyRefused, match="no passkey"):
            refuse()


def test_an_answer_is_as_long_as_one_and_no_longer(ceremonies, device, alice):
    answer = device.make(ceremonies.ask_to_make(alice))
    with pytest.raises(PasskeyRefused, match="no passkey"):
        ceremonies.add(alice, answer | {"more": "x" * MOST_LENGTH})
    ceremonies.add(alice, answer | {"more": "x" * 10_000})


DAMAGED = (None, 5, True, [], {}, "", "AAAA", "\x00", "é", "x" * 2000)
MEMBERS = ("id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment")
OF_RESPONSE = ("clientDataJSON", "attestationObject", "transports", "authenticatorData", "signature", "userHandle")


@each("name", [*MEMBERS, *OF_RESPONSE])
def test_no_member_can_be_damaged_so_that_we_fail(app, ceremonies, given, device, alice, name):
    given(alice)
    made = device.make(ceremonies.ask_to_make(alice))
    shown = device.show(ceremonies.ask_to_show(), credential=device.credentials[0])
    for value in DAMAGED:
        for act, honest in ((lambda answer: ceremonies.add(alice, answer), made), (ceremonies.check, shown)):
            place = honest["response"] if name in OF_RESPONSE else honest
            answer = honest | {"response": place | {name: value}} if name in OF_RESPONSE else honest | {name: value}
            try:
                act(answer)
            except PasskeyRefused:
                continue
            # Taken: what is damaged does not count, and the honest answer is used up, so that another is needed.
            made = device.make(ceremonies.ask_to_make(alice))
            shown = device.show(ceremonies.ask_to_show(), credential=device.credentials[0])


def test_a_passkey_made_at_another_host_is_not_counted_there(app, given, alice):
    given(alice)
    with app.app_context():
        party = RelyingParty("id.example.com", "https://id.example.com")
        who = {"user_id": alice.id, "email": alice.email, "name": alice.name}
        options = ask_to_make(db.session(), party, "Reliquary", browser="x", **who)
        assert options["excludeCredentials"] == []
        assert db.session.scalar(select(Passkey.rp_id)) == "localhost"
