"""The device authorization grant (:rfc:`8628`) from the device's side: what it is told, and that its code is good once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from app import clock
from app.audit.models import AuditEvent
from app.credentials import digest
from app.database.access import expect_writes
from app.extensions import db
from app.limits.table import _limit
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.authorization_request import device as device_requests
from app.oauth.grants import device_code
from app.oauth.grants.device_code import DeviceCodeGrant
from app.oauth.tokens.code import AuthorizationCode
from tests.integrator import s256
from tests.oauth.device.conftest import ENDPOINT, GRANT, allow, enter
from tests.purging import purge
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"


# -- asking for a code -------------------------------------------------------------------------------


def test_the_answer_has_all_that_a_device_needs(television):
    """:rfc:`8628#section-3.2`."""
    answer = television.ask()
    asked = answer.json
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert re.fullmatch(r"rlq_dc_[0-9a-f]{64}", asked["device_code"])
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", asked["user_code"])
    assert asked["verification_uri"] == f"{ISSUER}/device"
    assert asked["verification_uri_complete"] == f"{ISSUER}/device?user_code={asked['user_code']}"
    assert (asked["expires_in"], asked["interval"]) == (600, 5)
    assert asked.keys() == {
        *("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval")
    }


def test_both_codes_are_kept_by_their_digests_alone(app, television, signed_in):
    asked = television.begin()
    with app.app_context():
        row = db.session.scalars(select(AuthorizationRequest)).one()
        kept = " ".join(
            str(getattr(row, column.key))
            for column in AuthorizationRequest.__table__.columns
            if hasattr(row, column.key)
        )
    assert asked["device_code"] not in kept and asked["user_code"] not in kept


@each("path", [ENDPOINT, ENDPOINT + "/"])
@each("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_proves_who_it_is_as_at_the_token_endpoint(kiosk, path, method):
    kiosk.app.auth_method = method
    assert kiosk.app.post(path, {}).status_code == 200
    assert kiosk.app.post(
        path, {"client_id": "another", "client_secret": "x"}, {"Authorization": "Basic eDp4"}
    ).status_code in (
        400,
        401,
    )
    kiosk.app.client_secret, right = "rlq_cs_wrong", kiosk.app.client_secret
    wrong = kiosk.app.post(path, {})
    kiosk.app.client_secret = right
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")


@each(
    ("changes", "error"),
    [
        ({"scope": "memories:everything"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"authorization_details": '[{"type":"memento","identifier":"all"}]'}, "invalid_authorization_details"),
        ({"scope": ["memories:read", "memories:read"]}, "invalid_request"),
        ({"client_id": "client_nobody"}, "invalid_client"),
    ],
)
def test_what_is_wrong_is_told_at_once(television, changes, error):
    answer = television.ask(**changes)
    assert answer.json["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert answer.json["error_uri"].startswith(f"{ISSUER}/guide/errors#device-")


@each("changes", [{"redirect_uri": "https://elsewhere.example/"}, {"response_type": "token"}, {"prompt": "none"}])
def test_what_belongs_to_an_answer_through_a_browser_is_ignored(television, changes):
    assert television.ask(**changes).status_code == 200


def test_only_an_app_that_may_is_given_a_code(notebook, television, signed_in, change_client):
    answer = notebook.post(ENDPOINT, {})
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")
    asked = television.begin()
    change_client(television.app, device_flow=False)
    assert television.error(asked) == "unauthorized_client"
    assert "connects no devices" in enter(signed_in, asked["user_code"]).text


def test_the_default_scope_is_settled_when_the_device_asks(kiosk, signed_in, change_client):
    """One that grows meanwhile must not be granted unread."""
    change_client(kiosk.app, scope="memories:read")
    asked = kiosk.begin(scope=None)
    change_client(kiosk.app, scope="memories:read memories:write")
    allow(signed_in, asked["user_code"])
    assert kiosk.poll(asked).json["scope"] == "memories:read"


def test_a_code_that_waits_already_is_not_given_twice(television, monkeypatch):
    codes = iter(["WDJB-MJHT", "WDJB-MJHT", "BCDF-GHJK"])
    monkeypatch.setattr(device_requests, "new_user_code", lambda: next(codes))
    assert [television.begin()["user_code"], television.begin()["user_code"]] == ["WDJB-MJHT", "BCDF-GHJK"]


def test_two_that_draw_one_code_at_once_have_two_in_the_end(app, television, monkeypatch):
    """Between looking and keeping another one may be kept: the database has the last word."""
    codes = iter(["BCDF-GHJK", "WDJB-MJHT", "CDFG-HJKL"])
    monkeypatch.setattr(device_requests, "new_user_code", lambda: next(codes))
    television.begin()
    with ThreadPoolExecutor(1) as thread, app.app_context(), expect_writes():
        # Another one has it, and nobody sees that yet.
        db.session.execute(update(AuthorizationRequest).values(code_digest=digest("WDJB-MJHT")))
        asked = thread.submit(television.ask)
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.3)
        db.session.commit()
        assert asked.result(timeout=10).json["user_code"] == "CDFG-HJKL"


def test_too_many_of_one_network_are_told_to_wait_and_a_server_is_not_counted_with_them(television, kiosk, monkeypatch):
    monkeypatch.setattr("app.oauth.device_authorization.DEVICE_REQUESTS", _limit("device/of-address", 2, 600))
    answers = [television.ask() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json["error"] == "too_many_requests" and int(answers[2].headers["Retry-After"]) > 0
    assert kiosk.ask().status_code == 200


def test_all_networks_together_are_bounded_and_whoever_registered_itself_is_counted_with_them(
    app, television, kiosk, monkeypatch
):
    monkeypatch.setattr("app.oauth.device_authorization.ALL_DEVICE_REQUESTS", _limit("device/all", 1, 600))
    registered = (
        app.test_client()
        .post(
            "/oauth/register",
            json={"client_name": "Robot", "grant_types": [GRANT], "token_endpoint_auth_method": "client_secret_post"},
        )
        .json
    )
    robot = {name: registered[name] for name in ("client_id", "client_secret")}
    assert app.test_client().post(ENDPOINT, data=robot).status_code == 200
    assert [device.ask().status_code for device in (television, kiosk)] == [429, 200]


# -- while nobody has decided ------------------------------------------------------------------------


def test_a_device_that_asks_too_soon_waits_five_seconds_more_each_time(television, let_time_pass):
    """:rfc:`8628#section-3.5`."""
    asked = television.begin()
    assert television.error(asked) == "authorization_pending"
    assert television.error(asked) == "slow_down"
    let_time_pass(seconds=5)
    answer = television.poll(asked)
    assert (answer.json["error"], answer.headers["Retry-After"]) == ("slow_down", "15")
    let_time_pass(seconds=15)
    assert television.error(asked) == "authorization_pending"
    let_time_pass(seconds=14)
    # A second too early is no fault of the device's.
    assert television.error(asked) == "authorization_pending"


@each("apart", [2, 3, 5, 8, 30, 120])
def test_a_device_that_asks_two_machines_whose_clocks_are_apart_is_slowed_down_twice_at_most(
    television, let_time_pass, apart
):
    """It does what it is told: it waits five seconds more after each ``slow_down``."""
    asked, waits, errors = television.begin(), 5, []
    for _ in range(6):
        for ahead in (apart, -apart):
            let_time_pass(seconds=ahead)
            errors.append(television.error(asked))
            waits += 5 * (errors[-1] == "slow_down")
            let_time_pass(seconds=waits)
    assert set(errors) <= {"authorization_pending", "slow_down"} and errors.count("slow_down") <= 2


def test_of_two_questions_at_once_one_is_in_time_and_the_other_slows_down_once(app, television, at_once):
    asked = television.begin()
    answers = at_once(lambda: television.poll(asked), after=(device_code, "find_device_request"))
    assert sorted(answer.json["error"] for answer in answers) == ["authorization_pending", "slow_down"]
    with app.app_context():
        assert db.session.scalar(select(AuthorizationRequest.poll_interval)) == 10


def test_two_questions_too_soon_at_once_are_both_counted(app, television, at_once):
    asked = television.begin()
    television.poll(asked)
    answers = at_once(lambda: television.poll(asked), after=(device_code, "find_device_request"))
    assert [answer.json["error"] for answer in answers] == ["slow_down", "slow_down"]
    with app.app_context():
        assert db.session.scalar(select(AuthorizationRequest.poll_interval)) == 15


def test_one_that_was_entered_says_for_a_day_that_it_has_expired(app, television, signed_in, let_time_pass):
    asked = television.begin()
    enter(signed_in, asked["user_code"])
    let_time_pass(hours=2)
    purge(app)
    assert television.error(asked) == "expired_token"


def test_a_code_expires_and_says_so_until_it_is_purged(app, television, let_time_pass):
    asked = television.begin()
    let_time_pass(seconds=599)
    assert television.error(asked) == "authorization_pending"
    let_time_pass(seconds=2)
    assert television.error(asked) == "expired_token"
    purge(app)
    assert television.error(asked) == "expired_token"
    let_time_pass(hours=1)
    purge(app)
    assert television.error(asked) == "invalid_grant"


@each(
    ("changes", "error"),
    [
        ({"device_code": None}, "invalid_request"),
        ({"device_code": "rlq_dc_unknown"}, "invalid_grant"),
        ({"device_code": "unknown"}, "invalid_grant"),
        ({"device_code": "rlq_rt_unknown"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "{device_code}"}, "invalid_grant"),
    ],
)
def test_what_is_no_code_of_a_device_is_refused(television, changes, error):
    asked = television.begin()
    changes = {name: value and value.format(**asked) for name, value in changes.items()}
    assert television.error(asked, **({"redirect_uri": "x", "code_verifier": "v" * 43} | changes)) == error


def test_another_clients_code_is_answered_like_one_that_never_was(television, kiosk, signed_in):
    asked = television.begin()
    other, unknown = kiosk.poll(asked), kiosk.poll({"device_code": "rlq_dc_unknown"})
    assert other.json == unknown.json and other.status_code == unknown.status_code
    allow(signed_in, asked["user_code"])
    assert kiosk.poll(asked).json == unknown.json
    assert television.poll(asked).status_code == 200


# -- once a person has allowed it --------------------------------------------------------------------


def test_a_device_gets_tokens_once_its_person_has_allowed_it(television, signed_in):
    asked = television.begin()
    assert television.error(asked) == "authorization_pending"
    page = allow(signed_in, asked["user_code"])
    assert "go back to your device" in page.text
    answer = television.poll(asked)
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == {
        *("access_token", "token_type", "expires_in", "refresh_token", "scope", "grant_id", "authorization_details")
    }
    assert television.app.is_alive(answer.json["access_token"])
    assert television.app.refresh(answer.json["refresh_token"]).status_code == 200


def test_what_was_asked_for_is_what_the_tokens_are_for(kiosk, signed_in):
    asked = kiosk.begin(scope="memories:read offline_access", resource=f"{ISSUER}/mcp")
    assert asked["device_code"].endswith("o")
    allow(signed_in, asked["user_code"])
    assert kiosk.error(asked, resource=f"{ISSUER}/api/v1") == "invalid_target"
    tokens = kiosk.poll(asked).json
    assert tokens["scope"] == "memories:read offline_access"
    assert kiosk.app.introspect(tokens["access_token"]).json["aud"] == f"{ISSUER}/mcp"


def test_a_device_that_asks_late_still_gets_what_was_allowed_at_the_last_moment(television, signed_in, let_time_pass):
    asked = television.begin()
    let_time_pass(seconds=598)
    allow(signed_in, asked["user_code"])
    let_time_pass(seconds=20)
    assert television.poll(asked).status_code == 200


def test_what_was_allowed_and_never_fetched_expires(television, signed_in, let_time_pass):
    asked = television.begin()
    allow(signed_in, asked["user_code"])
    let_time_pass(seconds=661)
    assert television.error(asked) == "expired_token"


@pytest.mark.parametrize("press", ["Cancel", "cancel on the picker"])
def test_a_device_is_told_that_its_person_did_not_allow_it(television, signed_in, press):
    asked = television.begin()
    page = enter(signed_in, asked["user_code"])
    if press == "Cancel":
        page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    page = signed_in.follow(signed_in.submit(page, press="Cancel"))
    assert "Nothing was shared" in page.text
    assert television.error(asked) == "access_denied"
    assert television.error(asked) == "access_denied"


def test_what_cannot_be_allowed_any_more_ends_it(television, signed_in, change_client):
    asked = television.begin(scope="memories:read memories:write")
    change_client(television.app, scope="memories:read")
    page = enter(signed_in, asked["user_code"])
    assert "Nothing was shared" in page.text
    assert television.error(asked) == "access_denied"


def test_a_code_that_was_redeemed_and_comes_again_ends_its_family(app, kiosk, signed_in):
    """Two hold it, and one of them is not the device: as with an authorization code (:rfc:`6749#section-4.1.2`)."""
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    tokens = kiosk.poll(asked).json
    assert kiosk.error(asked) == "invalid_grant"
    assert not kiosk.app.is_alive(tokens["access_token"])
    assert kiosk.app.refresh(tokens["refresh_token"]).status_code == 400
    with app.app_context():
        kinds = db.session.scalars(select(AuditEvent.kind)).all()
        assert "client.replay_ended_tokens" in kinds


def test_of_two_that_redeem_it_at_once_exactly_one_wins(kiosk, signed_in, at_once):
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    answers = at_once(lambda: kiosk.poll(asked), after=(DeviceCodeGrant, "query_device_credential"))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    # Whoever lost has shown that two hold it.
    won = next(answer.json for answer in answers if answer.status_code == 200)
    assert not kiosk.app.is_alive(won["access_token"])


def test_a_person_who_allows_it_between_two_looks_has_not_refused_it(app, kiosk, signed_in, monkeypatch):
    """The code is looked for first, then the request: what was allowed in between is found by a second look."""
    asked, look = kiosk.begin(), device_code.find_device_request
    page = enter(signed_in, asked["user_code"])
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))

    def decide_first(*arguments):
        signed_in.submit(page, press="Authorize")
        return look(*arguments)

    monkeypatch.setattr(device_code, "find_device_request", decide_first)
    assert kiosk.poll(asked).status_code == 200


@each(
    ("values", "told"),
    [({"paused_at": clock.now()}, "has paused"), ({"revoked_at": clock.now()}, "ended the connection")],
)
def test_what_was_paused_or_ended_meanwhile_gives_no_tokens(kiosk, signed_in, change_consent, values, told):
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    change_consent(kiosk.app, **values)
    answer = kiosk.poll(asked).json
    assert answer["error"] == "invalid_grant" and told in answer["error_description"]
    if told == "has paused":
        change_consent(kiosk.app, paused_at=None)
        assert kiosk.poll(asked).status_code == 200


def test_whose_account_is_switched_off_gives_no_tokens_until_it_is_on(kiosk, signed_in, alice, disable):
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    disable(alice)
    assert "switched off" in kiosk.poll(asked).json["error_description"]
    disable(alice, on=True)
    assert kiosk.poll(asked).status_code == 200


def test_a_code_that_comes_again_long_after_its_end_ends_its_family_too(kiosk, signed_in, let_time_pass):
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    tokens = kiosk.poll(asked).json
    let_time_pass(minutes=20)
    assert kiosk.error(asked) == "invalid_grant"
    assert kiosk.app.refresh(tokens["refresh_token"]).status_code == 400


def test_tokens_go_as_far_as_the_registration_still_does(kiosk, signed_in, change_client):
    first, second = (kiosk.begin(scope="memories:read integrations:read") for _ in range(2))
    allow(signed_in, first["user_code"]), allow(signed_in, second["user_code"])
    change_client(kiosk.app, scope="memories:read profile")
    assert kiosk.poll(first).json["scope"] == "memories:read"
    change_client(kiosk.app, scope="profile")
    assert kiosk.error(second) == "invalid_scope"


def test_the_code_of_a_device_is_no_code_of_the_web_flow(app, kiosk, signed_in):
    asked = kiosk.begin()
    allow(signed_in, asked["user_code"])
    for redirect_uri in (kiosk.app.redirect_uri, "x", ""):
        answer = kiosk.app.exchange(asked["device_code"], redirect_uri=redirect_uri)
        assert answer.status_code == 400
    with app.app_context():
        assert db.session.scalar(select(AuthorizationCode.redeemed_at)) is None
    assert kiosk.poll(asked).status_code == 200


def test_a_code_of_the_web_flow_is_no_code_of_a_device(kiosk, signed_in):
    code = kiosk.app.code(signed_in, code_challenge=s256("v" * 43))
    answer = kiosk.app.post("/oauth/token", {"grant_type": GRANT, "device_code": code})
    assert answer.json["error"] == "invalid_grant"
    kiosk.app.code_verifier = "v" * 43
    assert kiosk.app.exchange(code).status_code == 200
