"""A client that signs is let in as one with a secret is, and each claim of its assertion counts (:rfc:`7523#section-3`)."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app import clock
from app.limits.table import CLIENT_FAILURES
from app.oauth.assertions import keys
from app.oauth.assertions.keys import is_signed_by
from tests.integrator import TOKEN, apart_from_its_id, assert_invalid_client, basic
from tests.oauth.assertions.conftest import key_set
from tests.purging import purge
from tests.signing import JWT_BEARER, SigningKey
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"
HONEST = {"grant_type": "client_credentials", "scope": "memories:read"}


# -- who signs is let in ---------------------------------------------------------------------------


def test_whoever_signs_gets_an_organizations_token(signer):
    assert signer.client_credentials(scope="memories:read").status_code == 200


def test_whoever_signs_walks_through_the_whole_flow(signer, signed_in):
    pushed = signer.push()
    assert pushed.status_code == 201
    tokens = signer.exchange(signer.code(signed_in)).json
    told = signer.introspect(tokens["access_token"]).json
    assert (told["active"], told["client_id"]) == (True, signer.client_id)
    renewed = signer.refresh(tokens["refresh_token"]).json
    assert signer.revoke(renewed["refresh_token"]).status_code == 200
    assert not signer.is_alive(renewed["access_token"])


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"])
def test_each_way_to_sign_that_the_metadata_name_works(app, register_signing, algorithm):
    named = app.test_client().get("/.well-known/oauth-authorization-server").json
    assert algorithm in named["token_endpoint_auth_signing_alg_values_supported"]
    key = SigningKey(algorithm)
    assert register_signing(key, jwks=key_set(key)).client_credentials(scope="memories:read").status_code == 200


@each(
    "audience",
    [
        ISSUER,
        f"{ISSUER}/",
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/token",
        [ISSUER],
        ["https://elsewhere.example", f"{ISSUER}/oauth/token"],
    ],
)
def test_an_assertion_may_say_in_each_usual_way_that_it_is_for_us(signer, audience):
    sent = signer.signing_key.parameters(signer.client_id, audience=audience)
    assert signer.post("/token", HONEST | sent).status_code == 200


@each(
    "changes",
    [
        {"jti": None},
        {"iat": None},
        {"nbf": 1},
        {"header": {"typ": None}},
        {"header": {"typ": "client-authentication+jwt"}},
        {"header": {"typ": "jwt"}},
        {"header": {"kid": None}},
        {"header": {"x5t": "abc", "x5c": ["M" * 1500]}},
    ],
    ids=str,
)
def test_what_may_be_left_out_or_added(signer, changes):
    sent = signer.signing_key.parameters(signer.client_id, **changes)
    assert signer.post(TOKEN, HONEST | sent).status_code == 200


def test_the_client_id_may_stand_beside(signer):
    assert signer.client_credentials(scope="memories:read", client_id=signer.client_id).status_code == 200


def test_an_app_with_keys_may_use_its_secret_too(register, key):
    app = register(jwks=key_set(key))
    assert app.client_credentials(scope="memories:read").status_code == 200


# -- and nobody else -------------------------------------------------------------------------------


@each(
    "changes",
    [
        {"sub": "client_acme_notebook"},
        {"iss": "client_acme_notebook"},
        {"iss": None},
        {"sub": None},
        {"sub": ["client_acme_notebook"]},
        {"audience": "https://elsewhere.example"},
        {"audience": ["https://elsewhere.example"]},
        {"audience": [["http://127.0.0.1:8000"]]},
        {"audience": None},
        {"audience": "http://127.0.0.1:8000/oauth/introspect"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"iat": "now"},
        {"jti": 5},
        {"jti": "x" * 1001},
        {"header": {"kid": 5}},
        {"header": {"kid": "third"}},
        {"header": {"crit": ["exp"]}},
        {"header": {"crit": ["b64"], "b64": False}},
        {"header": {"crit": 5}},
        {"header": {"crit": [[]]}},
        {"header": {"x5c": 5}},
        {"header": {"typ": "dpop+jwt"}},
        {"header": {"typ": "oauth-authz-req+jwt"}},
        {"header": {"typ": 5}},
        {"sub": "\ud800", "iss": "\ud800"},
        {"sub": "\x00", "iss": "\x00"},
        {"jti": "\ud800"},
        {"header": {"kid": "\ud800"}},
    ],
    ids=str,
)
def test_an_assertion_with_one_claim_changed_is_refused(signer, changes):
    assert_invalid_client(signer.post(TOKEN, HONEST | signer.signing_key.parameters(signer.client_id, **changes)))


@each("algorithm", ["none", "HS256", "ES512", "", None])
def test_no_other_way_to_sign_is_taken(signer, algorithm):
    """Neither none at all nor the public key as a shared secret (:rfc:`8725#section-3.1`)."""
    _head, claims, signature = signer.signing_key.sign(signer.client_id).split(".")
    header = {"alg": algorithm} if algorithm is not None else {}
    changed = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    for sent in (f"{changed}.{claims}.", f"{changed}.{claims}.{signature}"):
        form = {"client_assertion_type": JWT_BEARER, "client_assertion": sent}
        assert_invalid_client(signer.post(TOKEN, HONEST | form))


@each("sent", ["", "x", "a.b", "a.b.c", "....", "e30.e30.", "é.é.é", "W10.W10.W10", "eyJ.eyJ.x" * 100])
def test_what_is_no_assertion_is_refused(signer, sent):
    form = {"client_assertion_type": JWT_BEARER, "client_assertion": sent, "client_id": signer.client_id}
    assert_invalid_client(signer.post(TOKEN, HONEST | form))


@each("header, claims", [('{"alg":"none","alg":"ES256"}', "{}"), ('{"alg":"ES256"}', '{"jti":"a","jti":"b"}')])
def test_what_two_readers_may_read_differently_is_refused(signer, header, claims):
    parts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, claims)]
    form = {"client_assertion_type": JWT_BEARER, "client_assertion": ".".join([*parts, "AAAA"])}
    refused = signer.post(TOKEN, HONEST | form)
    assert_invalid_client(refused)
    assert "one way" in refused.json["error_description"]


def test_the_signature_of_the_longest_key_has_room(signer):
    """It is wrong, which is found out when it is checked: RSA of 8192 bits makes one so long."""
    head = signer.signing_key.sign(signer.client_id).rpartition(".")[0]
    form = {"client_assertion_type": JWT_BEARER, "client_assertion": f"{head}.{'A' * 1366}"}
    refused = signer.post(TOKEN, HONEST | form)
    assert_invalid_client(refused)
    assert refused.json["error_description"] == "Client authentication failed."


def test_a_key_for_one_algorithm_is_for_no_other(register_signing):
    """:rfc:`8725#section-3.1`: of RSA there are two."""
    key = SigningKey("RS256")
    for uri, algorithm, status in (("a", "RS256", 200), ("b", "PS256", 401)):
        jwks = json.dumps({"keys": [key.public | {"alg": algorithm}]})
        app = register_signing(key, redirect_uri=f"https://{uri}.acme.example/", jwks=jwks)
        assert app.client_credentials(scope="memories:read").status_code == status


@each("named", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_an_assertion_of_another_type_is_refused(signer, named):
    sent = signer.signing_key.parameters(signer.client_id) | {"client_assertion_type": named}
    assert_invalid_client(signer.post(TOKEN, HONEST | sent))


def test_an_assertion_is_good_once(signer):
    sent = signer.signing_key.parameters(signer.client_id)
    assert signer.post(TOKEN, HONEST | sent).status_code == 200
    again = signer.post(TOKEN, HONEST | sent)
    assert_invalid_client(again)
    assert "used before" in again.json["error_description"]


def test_a_purge_leaves_it_used_up_until_it_is_over(app, signer, let_time_pass):
    sent = signer.signing_key.parameters(signer.client_id)
    assert signer.post(TOKEN, HONEST | sent).status_code == 200
    # It lives for two minutes, and a clock may be a minute behind.
    let_time_pass(seconds=170)
    assert purge(app)["used_assertions"] == 0
    assert "used before" in signer.post(TOKEN, HONEST | sent).json["error_description"]
    let_time_pass(seconds=72)
    assert purge(app)["used_assertions"] == 1
    assert "expired" in signer.post(TOKEN, HONEST | sent).json["error_description"]


def test_its_jti_is_good_once_whatever_else_it_says(signer):
    for status, audience in ((200, ISSUER), (401, [ISSUER])):
        sent = signer.signing_key.parameters(signer.client_id, jti="once", audience=audience)
        assert signer.post(TOKEN, HONEST | sent).status_code == status


def test_without_a_jti_it_is_good_once_too_however_it_is_signed(signer):
    """An elliptic curve has two signatures for the same, and many keys make another one each time."""
    claims = {"jti": None, "iat": None}
    first, second = (signer.signing_key.sign(signer.client_id, **claims) for _ in range(2))
    assert first != second and first.rpartition(".")[0] == second.rpartition(".")[0]
    for status, sent in ((200, first), (401, second)):
        form = {"client_assertion_type": JWT_BEARER, "client_assertion": sent}
        assert signer.post(TOKEN, HONEST | form).status_code == status


def test_two_apps_may_choose_the_same_jti(signer, register_signing, other_key):
    other = register_signing(other_key, redirect_uri="https://b.acme.example/", jwks=key_set(other_key))
    for one in (signer, other):
        assert one.post(TOKEN, HONEST | one.signing_key.parameters(one.client_id, jti="same")).status_code == 200


def test_of_two_at_once_one_gets_in(signer, monkeypatch):
    """Both held where the signature is known to be right, and nothing is used up."""
    both, sent = Barrier(2), signer.signing_key.parameters(signer.client_id)

    def check_and_wait(*args):
        is_right = is_signed_by(*args)
        both.wait(timeout=10)
        return is_right

    monkeypatch.setattr(keys, "is_signed_by", check_and_wait)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: signer.post(TOKEN, HONEST | sent), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]


def test_another_apps_key_does_not_do(signer, register_signing, other_key):
    register_signing(other_key, redirect_uri="https://b.acme.example/", jwks=key_set(other_key))
    assert_invalid_client(signer.post(TOKEN, HONEST | other_key.parameters(signer.client_id, header={"kid": None})))


def test_nothing_else_may_stand_beside(signer, register):
    secret = "rlq_cs_" + "0" * 64
    beside = signer.client_credentials(scope="memories:read", client_secret=secret)
    assert (beside.status_code, beside.json["error"]) == (400, "invalid_request")
    sent = HONEST | signer.signing_key.parameters(signer.client_id)
    beside = signer.post(TOKEN, sent, headers={"Authorization": basic(signer.client_id, secret)})
    assert (beside.status_code, beside.json["error"]) == (400, "invalid_request")


def test_another_client_id_beside_it_is_refused(signer, notebook):
    assert_invalid_client(signer.client_credentials(scope="memories:read", client_id=notebook.client_id))


def test_whoever_signs_may_not_leave_the_signature_out(signer):
    """Neither at first, nor when it was let in a moment ago."""
    without = HONEST | {"client_id": signer.client_id, "client_assertion": None, "client_assertion_type": None}
    assert_invalid_client(signer.post(TOKEN, without))
    assert signer.client_credentials(scope="memories:read").status_code == 200
    assert_invalid_client(signer.post(TOKEN, without))
    assert_invalid_client(signer.post(TOKEN, without | {"client_assertion_type": JWT_BEARER}))


def test_a_public_app_without_keys_cannot_sign(pocket_like, key):
    sent = {"grant_type": "refresh_token", "refresh_token": "x"} | key.parameters(pocket_like.client_id)
    assert_invalid_client(pocket_like.post(TOKEN, sent))


@pytest.fixture
def pocket_like(register):
    return register("https://public.acme.example/callback", type="public")


# -- one answer for all that depends on the client -------------------------------------------------


def test_unknown_suspended_and_wrongly_signed_are_told_alike(signer, other_key, change_client):
    answers = []
    key = signer.signing_key
    answers.append(signer.post(TOKEN, HONEST | key.parameters("client_unknown")))
    answers.append(signer.post(TOKEN, HONEST | other_key.parameters(signer.client_id, header={"kid": "first"})))
    change_client(signer, suspended_at=clock.now())
    answers.append(signer.post(TOKEN, HONEST | key.parameters(signer.client_id)))
    told = {json.dumps(apart_from_its_id(answer), default=str) for answer in answers}
    assert len(told) == 1
    assert_invalid_client(answers[0])


def test_failures_are_counted_for_the_app_that_they_name(signer, register_signing, other_key):
    other = register_signing(signer.signing_key, redirect_uri="https://b.acme.example/", jwks=key_set(other_key))
    wrong = [HONEST | other_key.parameters(signer.client_id) for _ in range(CLIENT_FAILURES.most + 1)]
    assert [signer.post(TOKEN, sent).status_code for sent in wrong[-2:] + wrong][-2:] == [429, 429]
    assert other.client_credentials().status_code == 401
    assert signer.client_credentials(scope="memories:read").status_code == 200
