"""Clients that register themselves (:rfc:`7591`)."""

import pytest
from sqlalchemy import func, select

from app.clients.models import DEVICE_GRANT, Client, ClientOrigin, SelfRegistration
from app.clients.self_registration import MOST_UNUSED
from app.extensions import db
from app.scopes import SCOPES
from tests.clients.conftest import AGENT, ISSUER, integrator_of
from tests.protocol import *  # noqa: F403
from tests.tables import each

# -- registering -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth/register", "/register"])
def test_a_client_is_registered_with_all_that_it_said(app, ask, path):
    """ "The authorization server ... returns all registered metadata about this client" (:rfc:`7591#section-3.2.1`)."""
    answer = ask(path)
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told.items() >= AGENT.items()
    assert told["client_id_issued_at"] > 0 and told["application_type"] == "native"
    assert told["registration_client_uri"] == f"{ISSUER}/oauth/register/{told['client_id']}"
    # A public client has no secret; and no member is null or empty, at which some clients give up.
    assert "client_secret" not in told and "client_secret_expires_at" not in told
    assert all(value not in (None, "", []) for value in told.values())


def test_what_was_left_out_is_settled_and_told(ask):
    told = ask(
        client_name=None, grant_types=None, response_types=None, token_endpoint_auth_method=None, scope=None
    ).json
    assert told["token_endpoint_auth_method"] == "none" and "client_secret" not in told
    assert told["client_name"] == "localhost:3118" and told["response_types"] == ["code"]


@each(
    ("changes", "told"),
    [
        # "an AS MAY ignore a software statement": nobody is trusted who could have signed one.
        ({"software_statement": "eyJhbGciOiJub25lIn0.e30."}, {"client_name": "Claude Code"}),
        ({"grant_types": ["authorization_code", "client_credentials"]}, {"grant_types": AGENT["grant_types"]}),
        ({"response_types": ["code", "token"]}, {"response_types": ["code"]}),
        ({"client_id": "mine", "client_secret": "mine"}, {"token_endpoint_auth_method": "none"}),
        # It would rather sign, and tells what else it can.
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            },
            {"token_endpoint_auth_method": "none"},
        ),
        ({"scope": "openid email"}, {}),
        ({"scope": "memories:read unknown offline_access"}, {"scope": "memories:read"}),
        ({"client_name": "\u65e5\u672c\u8a9e \U0001f9e0"}, {"client_name": "\u65e5\u672c\u8a9e \U0001f9e0"}),
        ({"application_type": "native", "redirect_uris": ["https://a.example/"]}, {"application_type": "native"}),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}]}}, {}),
        ({"description": "x", "origin": "registered", "organization_id": "org_1", "access_token_lifetime": 1}, {}),
    ],
)
def test_what_it_may_not_have_is_left_out_and_the_answer_says_so(app, ask, changes, told):
    """ "MAY replace any of the client's requested metadata values ... with suitable values" (:rfc:`7591#section-3.2.1`)."""
    answer = ask(**changes)
    assert answer.status_code == 201 and answer.json.items() >= told.items()
    assert answer.json["client_id"] != "mine" and "client_secret" not in answer.json
    assert {"software_statement", "jwks", "description", "origin"}.isdisjoint(answer.json)
    assert "scope" not in answer.json or answer.json["scope"] == "memories:read"
    with app.app_context():
        client = db.session.scalar(select(Client))
        assert (client.origin, client.organization_id, client.access_token_lifetime) == ("dynamic", None, None)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_that_asks_for_a_secret_gets_one(app, ask, method):
    told = ask(token_endpoint_auth_method=method, redirect_uris=["https://agent.example/callback"]).json
    assert told["client_secret"] and told["client_secret_expires_at"] == 0
    client = integrator_of(app, told)
    refused = client.client_credentials()
    assert (refused.status_code, refused.json["error"]) == (400, "unauthorized_client")
    assert client.introspect("rlq_at_" + "0" * 64).json == {"active": False}


def test_nulls_and_nothings_and_unknown_members_are_passed_over(ask):
    """ "The authorization server MUST ignore any client metadata ... that it does not understand"."""
    told = ask(
        client_uri="", policy_uri=None, contacts=["a@b.example"], software_id="x", logo_uri="https://x.example/l"
    )
    assert told.status_code == 201 and "logo_uri" not in told.json and "client_uri" not in told.json


@each(
    ("changes", "error", "named"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["http://a.example/"]}, "invalid_redirect_uri", "http"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "javascript"),
        ({"redirect_uris": ["HTTPS://a.example/"]}, "invalid_redirect_uri", "https"),
        ({"redirect_uris": ["https://a.example/#f"]}, "invalid_redirect_uri", "fragment"),
        ({"redirect_uris": [f"https://a.example/{n}" for n in range(1000)]}, "invalid_redirect_uri", "20 is the most"),
        ({"redirect_uris": ["https://a.example/"] * 2}, "invalid_redirect_uri", "more than once"),
        ({"redirect_uris": ["https://a.example/" + "x" * 3000]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": [None]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": None, "client_name": None}, "invalid_redirect_uri", "redirect_uris"),
        ({"scope": ["memories:read"]}, "invalid_client_metadata", "scope"),
        ({"client_uri": "https://a.example/" + "x" * 3000}, "invalid_client_metadata", "client_uri"),
        ({"redirect_uris": [3]}, "invalid_redirect_uri", "redirect_uris"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata", "client_name"),
        ({"client_name": "x" * 101}, "invalid_client_metadata", "client_name"),
        ({"client_name": 3}, "invalid_client_metadata", "client_name"),
        ({"client_uri": "javascript:alert(1)"}, "invalid_client_metadata", "client_uri"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "token_endpoint_auth_method"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": [3, "tls"]},
            "invalid_client_metadata",
            "token_endpoint_auth_method",
        ),
        ({"application_type": "desktop"}, "invalid_client_metadata", "application_type"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata", f"'authorization_code' or '{DEVICE_GRANT}'"),
        # "Clients using flows with redirection MUST register their redirection URI values" (section 2).
        (
            {"grant_types": ["authorization_code", DEVICE_GRANT], "redirect_uris": None},
            "invalid_redirect_uri",
            "at least one redirect URI",
        ),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "secret"}]}}, "invalid_client_metadata", "private key"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "secret"}]}}, "invalid_client_metadata", "private key"),
        ({"jwks": []}, "invalid_client_metadata", "jwks"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://a.example/"}, "invalid_client_metadata", "jwks_uri"),
    ],
)
def test_what_cannot_work_is_refused_by_name(app, ask, changes, error, named):
    answer = ask(**changes)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert named in answer.json["error_description"] and answer.json["error_description"].isascii()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(SelfRegistration)) == 0


@each("body", ["", "[]", "{", '{"a": 1, "a": 2}', "\xff", '{"redirect_uris": "' + "x" * 70_000 + '"}'])
def test_a_body_that_is_no_object_is_refused(app, body):
    answer = app.test_client().post("/oauth/register", data=body.encode("latin-1"), content_type="application/json")
    assert answer.status_code in (400, 413) and answer.json["error"] == "invalid_client_metadata"
    assert app.test_client().post("/oauth/register", data="a=b").json["error"] == "invalid_client_metadata"


def test_any_web_page_may_register(app, ask):
    """Nobody knows yet which client it is."""
    assert ask(headers={"Origin": "https://agent.example"}).headers["Access-Control-Allow-Origin"] == "*"
    preflight = app.test_client().options("/oauth/register", headers={"Origin": "https://agent.example"})
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]


def test_the_pages_that_it_is_called_back_at_may_call_for_it(app, ask):
    ask(redirect_uris=["https://agent.example:443/callback", "http://localhost:6274/callback", "com.example.app:/c"])
    with app.app_context():
        assert set(db.session.scalars(select(ClientOrigin.origin))) == {
            "https://agent.example",
            "http://localhost:6274",
        }


# -- who may ---------------------------------------------------------------------------------------


def test_the_metadata_names_the_endpoint_while_it_is_open(app, ask, change_settings):
    metadata = "/.well-known/oauth-authorization-server"
    assert app.test_client().get(metadata).json["registration_endpoint"] == f"{ISSUER}/oauth/register"
    change_settings(client_registration="off")
    assert "registration_endpoint" not in app.test_client().get(metadata).json
    assert (ask().status_code, ask().json["error"]) == (403, "access_denied")


def test_an_operator_may_ask_for_a_token(ask, change_settings):
    change_settings(client_registration="token", client_registration_token="0123456789abcdef")
    for headers in ({}, {"Authorization": "Bearer 0123456789abcdee"}, {"Authorization": "Basic 0123456789abcdef"}):
        answer = ask(headers=headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 201


def test_an_address_registers_twenty_an_hour(ask, let_time_pass):
    for _ in range(20):
        assert ask().status_code == 201
    answer = ask()
    assert (answer.status_code, answer.json["error"]) == (429, "too_many_requests")
    assert f"Try again in {answer.headers['Retry-After']} seconds." in answer.json["error_description"]
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    let_time_pass(seconds=3601)
    assert ask().status_code == 201


def test_a_network_of_ipv6_is_one_address(app):
    """One customer has a /64 at least, and could take another address of it each time."""

    def ask_from(address: str) -> int:
        return (
            app.test_client()
            .post("/oauth/register", json=AGENT, environ_overrides={"REMOTE_ADDR": address})
            .status_code
        )

    assert {ask_from(f"2001:db8:0:1::{number:x}") for number in range(20)} == {201}
    assert ask_from("2001:db8:0:1:ffff::1") == 429
    assert ask_from("2001:db8:0:2::1") == 201


def test_what_is_registered_looks_after_itself_when_no_more_are(ask, manage, change_settings):
    told = ask().json
    change_settings(client_registration="off")
    assert manage("GET", told).status_code == 200
    assert manage("PUT", told, json=AGENT | {"client_id": told["client_id"]}).status_code == 200
    assert manage("DELETE", told).status_code == 204


def test_so_many_may_be_unused_in_all(ask, monkeypatch):
    assert MOST_UNUSED == 5000
    monkeypatch.setattr("app.clients.self_registration.MOST_UNUSED", 2)
    assert [ask().status_code for _ in range(3)] == [201, 201, 429]


def test_what_nobody_used_within_a_week_makes_room(app, ask, signed_in, let_time_pass, monkeypatch):
    used, _unused = ask().json, ask().json
    integrator_of(app, used).tokens(signed_in, choose={"selection": "all"})
    monkeypatch.setattr("app.clients.self_registration.MOST_UNUSED", 1)
    assert ask().status_code == 429
    let_time_pass(days=7, seconds=1)
    assert [ask().status_code for _ in range(2)] == [201, 429]


def test_the_oldest_that_nobody_used_make_room_once_they_are_an_hour_old(
    app, ask, manage, signed_in, let_time_pass, monkeypatch
):
    """Whoever registers as many as may be keeps others out for as long as that goes on, and not for a week."""
    monkeypatch.setattr("app.clients.self_registration.MOST_UNUSED", 2)
    monkeypatch.setattr("app.clients.self_registration._MOST_AT_ONCE", 1)
    used = ask().json
    integrator_of(app, used).tokens(signed_in, choose={"selection": "all"})
    first = ask().json
    let_time_pass(minutes=40)
    second = ask().json
    assert ask().status_code == 429, "Who has just come is perhaps being decided about."
    let_time_pass(minutes=30)
    third = ask()
    assert third.status_code == 201
    assert [manage("GET", one).status_code for one in (used, first, second, third.json)] == [200, 401, 200, 200]
    assert ask().status_code == 429


# -- what it gets ----------------------------------------------------------------------------------


def test_a_person_allows_it_and_it_calls(app, ask, signed_in):
    told = ask().json
    agent = integrator_of(app, told)
    tokens = agent.tokens(signed_in, resource=f"{ISSUER}/mcp", choose={"selection": "all"})
    # What it named when it registered was a default, and no bound.
    assert tokens["scope"] == "memories:read memories:write"
    assert agent.refresh(tokens["refresh_token"]).status_code == 200
    with app.app_context():
        assert db.session.scalar(select(SelfRegistration.used_at)) is not None


@each(
    ("asked", "given"),
    [
        (None, "memories:read"),
        ("offline_access", "memories:read offline_access"),
        ("memories:read unknown admin", "memories:read"),
        (" ".join(SCOPES), " ".join(SCOPES)),
    ],
)
def test_what_it_asks_for_is_given_as_far_as_it_may_be(app, ask, signed_in, asked, given):
    agent = integrator_of(app, ask().json)
    assert agent.tokens(signed_in, scope=asked, choose={"selection": "all"})["scope"] == given


def test_an_operator_may_allow_less(app, ask, signed_in, change_settings):
    change_settings(third_party_scopes=("memories:read",))
    agent = integrator_of(app, ask().json)
    assert agent.tokens(signed_in, choose={"selection": "all"})["scope"] == "memories:read"
    assert agent.answer(agent.start(signed_in, scope="memories:write"))["error"] == "invalid_scope"
    assert agent.answer(agent.start(signed_in, scope="nothing:known"))["error"] == "invalid_scope"


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_it_always_sends_a_code_challenge(app, ask, signed_in, method):
    """Whoever registered itself counts as public, whatever secret it was given."""
    told = ask(token_endpoint_auth_method=method, redirect_uris=["https://agent.example/callback"]).json
    agent = integrator_of(app, told)
    answer = agent.answer(agent.start(signed_in, code_challenge=None, code_challenge_method=None))
    assert answer["error"] == "invalid_request" and "code_challenge" in answer["error_description"]


@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_it_never_gets_an_answer_without_the_screen(app, ask, signed_in, method):
    told = ask(token_endpoint_auth_method=method, redirect_uris=["https://agent.example/callback"]).json
    agent = integrator_of(app, told)
    agent.tokens(signed_in, choose={"selection": "all"})
    assert agent.start(signed_in).status_code == 200


def test_a_person_may_leave_out_any_of_it(app, ask, signed_in):
    agent = integrator_of(app, ask().json)
    page = agent.start(signed_in)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    page = signed_in.submit(page, press="Authorize", scopes=["memories:read"])
    assert agent.exchange(agent.answer(page)["code"]).json["scope"] == "memories:read"


@each(
    ("uris", "asked", "is_native"),
    [
        (["http://localhost/callback"], "http://localhost:50123/callback", True),
        (["http://127.0.0.1:33418/"], "http://127.0.0.1:1/", True),
        (["http://127.0.0.1/"], "http://localhost:1/", False),
        (["http://localhost/callback", "https://a.example/"], "http://localhost:50123/callback", True),
        (["https://a.example/", "http://localhost/callback"], "https://a.example:8443/", False),
    ],
)
def test_the_port_varies_of_an_address_on_the_persons_computer(app, ask, signed_in, uris, asked, is_native):
    """:rfc:`8252#section-7.3`, whatever it says of its type; each spelling of this machine is a host of its own."""
    told = ask(redirect_uris=uris, application_type="web").json
    assert told["application_type"] == "web"
    agent = integrator_of(app, told | {"redirect_uris": [asked]})
    page = agent.start(signed_in)
    assert page.status_code == (200 if is_native else 400)


# -- an operator who allows less than before ---------------------------------------------------------


def test_less_holds_for_what_was_allowed_before_at_once(app, ask, signed_in, change_settings):
    """At the next call, the next refresh and the next answer of introspection; and no longer than it is so."""
    told = ask(token_endpoint_auth_method="client_secret_basic", redirect_uris=["https://agent.example/callback"]).json
    agent = integrator_of(app, told)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    other = agent.code(signed_in, prompt="consent", choose={"selection": "all"})

    change_settings(third_party_scopes=("memories:read",))
    refused = post_memory(app, tokens["access_token"])
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert agent.introspect(tokens["access_token"]).json["scope"] == "memories:read"
    assert agent.introspect(tokens["refresh_token"]).json["scope"] == "memories:read"
    assert agent.me(tokens["access_token"]).json["consent"]["scope"] == "memories:read"
    assert agent.exchange(other).json["scope"] == "memories:read"
    renewed = agent.refresh(tokens["refresh_token"]).json
    assert renewed["scope"] == "memories:read"
    assert (
        "add memories, make mementos of them, and change or delete"
        not in signed_in.get(f"/account/apps/{tokens['grant_id']}/").text
    )

    change_settings(third_party_scopes=tuple(SCOPES))
    again = agent.refresh(renewed["refresh_token"]).json
    assert again["scope"] == "memories:read memories:write"
    assert post_memory(app, again["access_token"]).status_code == 201


def test_what_may_have_nothing_more_is_told_so(app, ask, signed_in, change_settings):
    agent = integrator_of(app, ask().json)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    change_settings(third_party_scopes=("integrations:read",))
    assert agent.refresh(tokens["refresh_token"]).json["error"] == "invalid_scope"
    assert post_memory(app, tokens["access_token"]).status_code == 403


def test_an_organizations_app_keeps_what_it_was_allowed(app, notebook, signed_in, change_settings):
    tokens = notebook.tokens(signed_in, scope="memories:read memories:write")
    change_settings(third_party_scopes=("integrations:read",))
    assert notebook.refresh(tokens["refresh_token"]).json["scope"] == "memories:read memories:write"
    assert notebook.introspect(tokens["access_token"]).json["scope"] == "memories:read memories:write"


def post_memory(app, token: str):
    return app.test_client().post(
        "/api/v1/memories/", json={"title": "A", "text": "B"}, headers={"Authorization": f"Bearer {token}"}
    )
