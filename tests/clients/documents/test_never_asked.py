"""Where no host is ever asked, however old what is known of an app has become."""

from dataclasses import replace

from tests.clients.documents.conftest import URL

_NOBODY = "https://nobody.example/app.json"


def test_the_token_endpoint_never_fetches(claude, join, signed_in, let_time_pass, document_hosts):
    """Nor do introspection and revocation: whoever calls there is no person who waits."""
    tokens = join(signed_in)
    asked = [list(document_hosts.lookups), list(document_hosts.connections)]
    let_time_pass(days=3)
    refreshed = claude.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200, refreshed.text
    claude.introspect(refreshed.json["access_token"])
    claude.revoke(refreshed.json["refresh_token"])
    document_hosts.serve(_NOBODY, {"client_id": _NOBODY})
    stranger = replace(claude, client_id=_NOBODY)
    for answer in (stranger.refresh("rlq_rt_" + "0" * 64), stranger.exchange("rlq_ac_" + "0" * 64)):
        assert answer.json["error"] == "invalid_client"
    assert [document_hosts.lookups, document_hosts.connections] == asked and asked[0] == ["claude.example"]
    assert document_hosts.requests == [URL]
