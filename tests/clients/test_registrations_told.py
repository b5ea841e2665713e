"""What the operator is told of registrations: made, changed, ended and refused, in numbers and in the log."""

import logging

import pytest

from app import metrics
from app.limits.table import REGISTRATIONS
from app.logs.sparing import SparingLog
from tests.protocol import *  # noqa: F403

SAID = {"client_name": "Claude Code", "redirect_uris": ["http://localhost:3118/callback"]}
TOKEN = "0123456789abcdef"


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """What is counted."""
    counted: list[str] = []
    monkeypatch.setattr(metrics.REGISTRATIONS, "inc", counted.append)
    monkeypatch.setattr("app.oauth.endpoints.registration._refusals", SparingLog(logging.getLogger("app.refusals")))
    return counted


@pytest.fixture
def ask(app):
    return lambda headers=None, **changes: app.test_client().post(
        "/oauth/register", json=SAID | changes, headers=headers
    )


def test_a_client_that_comes_changes_and_goes_is_told_by_its_key(app, ask, told, caplog):
    caplog.set_level("INFO")
    made = ask().json
    address = made["registration_client_uri"].removeprefix("http://127.0.0.1:8000")
    own = {"Authorization": f"Bearer {made['registration_access_token']}"}
    app.test_client().put(address, json=SAID | {"client_id": made["client_id"]}, headers=own)
    app.test_client().delete(address, headers=own)
    assert told == ["made", "changed", "ended"]
    for line in told:
        assert f"Registration {line}: {made['client_id']}" in caplog.messages
    assert made["registration_access_token"] not in caplog.text and "Claude" not in caplog.text


def test_each_refusal_is_told_by_why(app, ask, told, caplog, change_settings, monkeypatch):
    caplog.set_level("INFO")
    ask(redirect_uris=["http://evil.example/secret"])
    ask(client_name="x" * 101)
    app.test_client().post("/oauth/register", data="{")
    app.test_client().get("/oauth/register/client_unknown")
    monkeypatch.setattr("app.clients.self_registration.MOST_UNUSED", 0)
    ask()
    for _ in range(REGISTRATIONS.most):
        ask()
    change_settings(client_registration="token", client_registration_token=TOKEN)
    ask(headers={"Authorization": "Bearer wrong"})
    change_settings(client_registration="off")
    ask()
    assert sorted(set(told)) == sorted(
        (
            *("invalid_redirect_uri", "invalid_client_metadata", "malformed", "unauthorized"),
            *("too_many_unused", "too_many_of_network", "closed"),
        )
    )
    assert set(told) <= set(metrics.REGISTRATIONS._labels["result"])
    assert "A registration was refused: invalid_redirect_uri" in caplog.messages
    assert "evil.example" not in caplog.text and "wrong" not in caplog.text


def test_a_robot_does_not_fill_the_log(ask, told, caplog, change_settings):
    caplog.set_level("INFO")
    change_settings(client_registration="off")
    for _ in range(50):
        ask()
    assert len(told) == 50
    assert caplog.messages.count("A registration was refused: closed") == 20


def test_what_was_left_out_is_counted_before_the_next_line(caplog, monkeypatch):
    caplog.set_level("INFO")
    at = [1000.0]
    monkeypatch.setattr("app.logs.sparing.time.monotonic", lambda: at[0])
    log = SparingLog(logging.getLogger("app.sparing"), most=2, seconds=60)
    for number in range(5):
        log.info("Line %d", number)
    at[0] += 60
    log.info("Line %d", 5)
    assert caplog.messages == ["Line 0", "Line 1", "3 more lines like the next one were left out.", "Line 5"]
