"""An app that a document describes connects its devices, as long as the document says so."""

import pytest

from tests.oauth.device.conftest import GRANT, Device, allow, enter

BOTH = ["authorization_code", "refresh_token", GRANT]


@pytest.fixture
def device(claude, serve, signed_in) -> Device:
    """A device of an app that somebody has let in, so that its document is known."""
    serve(grant_types=BOTH)
    claude.start(signed_in)
    return Device(claude)


def test_a_device_of_an_app_with_a_document_is_connected(device, signed_in):
    asked = device.begin()
    assert "go back to your device" in allow(signed_in, asked["user_code"]).text
    assert device.app.is_alive(device.poll(asked).json["access_token"])


def test_a_document_that_says_so_no_more_ends_it(device, serve, signed_in, let_time_pass):
    """Each step reads what has become old anew, and the decision is held against it."""
    asked = device.begin()
    let_time_pass(minutes=6)
    serve(grant_types=["authorization_code", "refresh_token"])
    assert "connects no devices" in enter(signed_in, asked["user_code"]).text
    assert device.error(asked) == "unauthorized_client"


def test_nothing_is_asked_of_a_host_because_a_device_asks(claude, serve, document_hosts):
    """Whoever asks has not signed in."""
    serve(grant_types=BOTH)
    answer = Device(claude).ask()
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert (document_hosts.lookups, document_hosts.connections) == ([], [])
