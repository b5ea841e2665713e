"""Every request of a device leaves a record that says why it failed, but for those that only wait."""

from app.limits import table as limits_table
from app.oauth.refusals import Reason
from tests.integrator import TOKEN, Integrator

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def _ask_for_device(app: Integrator, **changes) -> dict:
    return app.post("/oauth/device_authorization", {"scope": app.scope} | changes).json


def _poll(app: Integrator, asked: dict, **changes) -> None:
    app.post(TOKEN, {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"]} | changes)


def test_what_a_device_is_refused_for_is_told_apart(notebook, register, reason, let_time_pass):
    _ask_for_device(notebook)
    assert reason(notebook) == ("authorize", "unauthorized_client", Reason.DEVICE_NOT_ALLOWED)
    app, other = register(device_flow=True), register(device_flow=True)
    asked = _ask_for_device(app)
    _poll(app, asked, device_code=None)
    assert reason(app) == ("token", "invalid_request", Reason.DEVICE_CODE_MISSING)
    _poll(app, asked, device_code="rlq_dc_unknown")
    assert reason(app) == ("token", "invalid_grant", Reason.DEVICE_CODE_UNKNOWN)
    _poll(app, asked, device_code="rlq_ac_unknown")
    assert reason(app) == ("token", "invalid_grant", Reason.DEVICE_CODE_MISTAKEN)
    _poll(other, asked)
    assert reason(other) == ("token", "invalid_grant", Reason.DEVICE_CODE_OF_ANOTHER_CLIENT)
    _poll(app, asked), _poll(app, asked)
    assert reason(app) == ("token", "slow_down", Reason.DEVICE_SLOW_DOWN)
    let_time_pass(minutes=11)
    _poll(app, asked)
    assert reason(app) == ("token", "expired_token", Reason.DEVICE_EXPIRED)


def test_what_a_person_decided_about_a_device_is_told_apart(register, signed_in, records, reason):
    app = register(device_flow=True)
    for press in ("Cancel", "Authorize"):
        asked = _ask_for_device(app)
        page = signed_in.submit(signed_in.get("/device"), action="/device", user_code=asked["user_code"])
        page = signed_in.follow(signed_in.submit(signed_in.follow(page), press="Continue", selection="all"))
        signed_in.submit(page, press=press)
        _poll(app, asked)
        if press == "Cancel":
            assert [one.reason for one in records(app)][-2:] == [Reason.DENIED, Reason.DEVICE_DENIED]
    assert (records(app)[-1].grant_type, records(app)[-1].error) == (DEVICE_GRANT, None)
    _poll(app, asked)
    assert reason(app) == ("token", "invalid_grant", Reason.DEVICE_CODE_USED)


def test_too_many_devices_are_noted(register, reason, monkeypatch):
    app = register(device_flow=True)
    few = limits_table._limit("device/of-client", 1, 600)
    monkeypatch.setattr("app.oauth.device_authorization.CLIENT_DEVICE_REQUESTS", few)
    _ask_for_device(app), _ask_for_device(app)
    assert reason(app) == ("authorize", "too_many_requests", Reason.DEVICE_TOO_MANY)


def test_a_device_that_waits_is_no_failure(register, records):
    """Its people would read of nothing else."""
    app = register(device_flow=True)
    asked = _ask_for_device(app)
    for _ in range(4):
        _poll(app, asked)
    noted = [(one.endpoint, one.grant_type, one.reason) for one in records(app)]
    assert noted == [("authorize", DEVICE_GRANT, None), ("token", DEVICE_GRANT, Reason.DEVICE_SLOW_DOWN)]
