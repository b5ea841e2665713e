"""Failures are counted and what is right is not: a right secret gets in however many wrong ones came before."""

import pytest
from msgspec import structs
from sqlalchemy import select

from app.credentials import ACCESS_TOKEN, new_credential
from app.extensions import db
from app.limits.counting import Limits
from app.limits.table import ADDRESS_CLIENT_FAILURES, CLIENT_FAILURES, UNKNOWN_TOKENS
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from tests.integrator import TOKEN, basic
from tests.tables import each

ENDPOINTS = ("/oauth/token", "/api/v1/auth/oauth2/token/", "/oauth/introspect", "/oauth/revoke")
WRONG = "rlq_cs_" + "0" * 64


@pytest.fixture
def knock(app):
    """Sends a secret for a client, from an address; the status and the rest of each answer."""

    def knock(times: int, client_id: str, secret: str = WRONG, address: str = "192.0.2.1", path: str = TOKEN) -> list:
        client = app.test_client()
        return [
            client.post(
                path,
                data={"grant_type": "client_credentials", "scope": "memories:read", "token": "x"},
                headers={"Authorization": basic(client_id, secret)},
                environ_overrides={"REMOTE_ADDR": address},
            )
            for _ in range(times)
        ]

    return knock


def statuses(answers: list) -> list[int]:
    return [answer.status_code for answer in answers]


@pytest.fixture
def counted(monkeypatch) -> list[str]:
    """The names of what was counted as failed."""
    names: list[str] = []
    fail = Limits.fail
    monkeypatch.setattr(Limits, "fail", lambda self, limit, *rest: names.append(limit.name) or fail(self, limit, *rest))
    return names


# -- client authentication -------------------------------------------------------------------------


def test_sixty_wrong_secrets_are_told_to_wait(notebook, knock):
    answers = knock(60, notebook.client_id)
    assert statuses(answers) == [401] * CLIENT_FAILURES.most + [429] * (60 - CLIENT_FAILURES.most)
    last = answers[-1]
    assert last.json["error"] == "too_many_requests"
    assert 1 <= int(last.headers["Retry-After"]) <= CLIENT_FAILURES.seconds
    assert f"again in {last.headers['Retry-After']} seconds" in last.json["error_description"]
    assert last.json["error_uri"].endswith("/guide/errors#token-too_many_requests")
    assert last.headers["Cache-Control"] == "no-store"


@each("path", ENDPOINTS)
def test_a_right_secret_is_never_refused_because_of_wrong_ones(notebook, knock, path):
    """Looked at first, and counted only when it is wrong."""
    assert statuses(knock(CLIENT_FAILURES.most + 1, notebook.client_id, path=path))[-1] == 429
    right = knock(5, notebook.client_id, notebook.client_secret, path=path)
    assert 429 not in statuses(right) and 401 not in statuses(right)
    assert statuses(knock(1, notebook.client_id, path=path)) == [429]


def test_the_limit_ends_when_it_said(notebook, knock, let_time_pass):
    wait = int(knock(CLIENT_FAILURES.most + 1, notebook.client_id)[-1].headers["Retry-After"])
    let_time_pass(seconds=wait)
    assert statuses(knock(1, notebook.client_id)) == [401]


def test_the_endpoints_count_together(notebook, knock):
    for path in ENDPOINTS:
        knock(CLIENT_FAILURES.most // len(ENDPOINTS) + 1, notebook.client_id, path=path)
    assert statuses(knock(1, notebook.client_id, path="/oauth/revoke")) == [429]


def test_another_address_and_another_client_have_their_own(notebook, pocket, knock):
    knock(CLIENT_FAILURES.most + 1, notebook.client_id)
    assert statuses(knock(1, notebook.client_id, address="192.0.2.2")) == [401]
    assert statuses(knock(1, pocket.client_id)) == [401]


def test_one_customer_of_ipv6_is_one_address(notebook, knock):
    for number in range(CLIENT_FAILURES.most):
        knock(1, notebook.client_id, address=f"2001:db8:1:2::{number:x}")
    assert statuses(knock(1, notebook.client_id, address="2001:db8:1:2:ffff::1")) == [429]


def test_other_client_ids_are_no_way_around(knock, notebook):
    """And whoever sends the wrong secret of one app over and over has not used up what others have."""
    knock(300, notebook.client_id)
    answers = statuses([knock(1, f"made_up_{number}")[0] for number in range(ADDRESS_CLIENT_FAILURES.most)])
    own = CLIENT_FAILURES.most
    assert answers == [401] * (ADDRESS_CLIENT_FAILURES.most - own) + [429] * own


def test_a_limited_answer_tells_nothing_apart(notebook, pocket, knock, app):
    def limited(client_id: str) -> dict:
        return knock(CLIENT_FAILURES.most + 1, client_id, address=f"198.51.100.{len(client_id)}")[-1].json

    told = [limited(client_id) for client_id in (notebook.client_id, pocket.client_id + "x", "nobody")]
    assert told[0] == told[1] == told[2]


def test_success_is_not_counted(notebook, signed_in, counted):
    tokens = notebook.tokens(signed_in)
    notebook.refresh(tokens["refresh_token"])
    assert notebook.introspect(tokens["access_token"]).status_code == 200
    notebook.revoke(tokens["access_token"])
    notebook.introspect(tokens["access_token"])
    notebook.me(tokens["access_token"])
    assert counted == []
    notebook.introspect(new_credential(ACCESS_TOKEN))
    assert counted == [UNKNOWN_TOKENS.name]


def test_what_is_wrong_without_being_a_failed_authentication_is_not_counted(notebook, counted):
    notebook.refresh("rlq_rt_" + "0" * 64)
    notebook.exchange("rlq_ac_" + "0" * 64)
    notebook.post(TOKEN, {"grant_type": "password"})
    assert counted == []


def test_the_requests_tab_tells_of_it(app, notebook, knock):
    """What is to be mended is the secret; what the app was told is to wait."""
    knock(CLIENT_FAILURES.most + 1, notebook.client_id)
    app.extensions["services"].notes.of(RequestLog).flush()
    with app.app_context():
        kept = db.session.execute(select(RequestRecord.error, RequestRecord.reason)).all()
    assert kept.count(("invalid_client", "client_secret_wrong")) == CLIENT_FAILURES.most
    assert kept.count(("too_many_requests", "client_secret_wrong")) == 1


# -- introspection ---------------------------------------------------------------------------------


@pytest.fixture
def few_unknown_tokens(app, monkeypatch):
    """A thousand are many for a test, so it takes a limit of ten."""
    few = structs.replace(UNKNOWN_TOKENS, most=10)
    monkeypatch.setattr("app.oauth.failures.UNKNOWN_TOKENS", few)


def test_who_fishes_for_tokens_is_told_to_wait(notebook, signed_in, few_unknown_tokens):
    """The authorization server SHOULD keep a client from scanning for tokens (:rfc:`7662#section-4`)."""
    tokens = notebook.tokens(signed_in)
    answers = [notebook.introspect(new_credential(ACCESS_TOKEN)) for _ in range(12)]
    assert statuses(answers) == [200] * 10 + [429] * 2
    assert answers[-1].json["error"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= UNKNOWN_TOKENS.seconds
    # Its own tokens are always told of, also those that have ended.
    assert notebook.introspect(tokens["access_token"]).json["active"] is True
    notebook.revoke(tokens["access_token"])
    assert notebook.introspect(tokens["access_token"]).json == {"active": False}


# -- the API, by token -----------------------------------------------------------------------------


@pytest.fixture
def three_calls(app, monkeypatch):
    monkeypatch.setattr(app.extensions["services"].limits.calls, "most", 3)


def test_a_token_that_runs_wild_is_told_to_wait(notebook, signed_in, three_calls):
    token, other = notebook.tokens(signed_in)["access_token"], notebook.tokens(signed_in)["access_token"]
    answers = [notebook.me(token) for _ in range(5)]
    assert statuses(answers) == [200] * 3 + [429] * 2
    limited = answers[-1]
    assert limited.json["code"] == "too_many_requests"
    assert limited.json["request_id"] == limited.headers["X-Request-ID"]
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert f"again in {limited.headers['Retry-After']} seconds" in limited.json["message"]
    assert "WWW-Authenticate" not in limited.headers
    assert notebook.me(other).status_code == 200


def test_another_spelling_of_the_header_is_no_way_around(app, notebook, signed_in, three_calls):
    token = notebook.tokens(signed_in)["access_token"]
    client = app.test_client()
    spelled = [f"Bearer {token}", f"bearer  {token}", f"BEARER\t{token}", f"Bearer {token}"]
    answers = [client.get("/api/me/", headers={"Authorization": header}) for header in spelled]
    assert statuses(answers)[-1] == 429


def test_a_dead_token_that_is_sent_on_and_on_costs_no_lookup(app, notebook, three_calls, monkeypatch):
    dead = new_credential(ACCESS_TOKEN)
    assert statuses([notebook.me(dead) for _ in range(4)]) == [401] * 3 + [429]
    # Another dead one is told that it is: its app must ask for a new one.
    assert notebook.me(new_credential(ACCESS_TOKEN)).status_code == 401
