"""Every request of an app that signs leaves a record that says why it failed."""

from app.oauth.refusals import Reason
from tests.integrator import TOKEN
from tests.oauth.assertions.conftest import distant_signer, key, other_key, register_signing, signer  # noqa: F401

HONEST = {"grant_type": "client_credentials", "scope": "memories:read"}


def test_what_a_signature_is_refused_for_is_told_apart(signer, other_key, reason):  # noqa: F811
    key, client_id = signer.signing_key, signer.client_id  # noqa: F811
    used = key.parameters(client_id)
    signer.post(TOKEN, HONEST | used)
    for sent, why in (
        (used, Reason.ASSERTION_USED),
        (key.parameters(client_id, audience="https://elsewhere.example"), Reason.ASSERTION_ELSEWHERE),
        (key.parameters(client_id, exp=1), Reason.ASSERTION_EXPIRED),
        (key.parameters(client_id, exp=4_000_000_000), Reason.ASSERTION_AHEAD),
        (key.parameters(client_id, iss="x"), Reason.ASSERTION_DEFECTIVE),
        (other_key.parameters(client_id), Reason.ASSERTION_KEY_WRONG),
    ):
        signer.post(TOKEN, HONEST | sent)
        assert reason(signer) == ("token", "invalid_client", why)
    signer.post(TOKEN, HONEST | key.parameters(client_id) | {"client_secret": "x"})
    assert reason(signer) == ("token", "invalid_request", Reason.ASSERTION_BESIDE)


def test_that_the_keys_cannot_be_read_is_told(distant_signer, document_hosts, reason):  # noqa: F811
    distant_signer.client_credentials()
    assert reason(distant_signer) == ("token", "temporarily_unavailable", Reason.ASSERTION_KEYS_AWAY)
