"""The pushed request endpoint (:rfc:`9126#section-2`): who may push, what is kept, what is answered, and how many wait."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, credentials
from app.extensions import db
from app.limits.table import Limit
from app.oauth import pushing
from app.oauth.authorization_request import (
    MOST_OF_NETWORK,
    MOST_PUSHED_OF_NETWORK,
    AuthorizationRequest,
)
from app.oauth.checks import CHECKS, Told, pushed
from app.oauth.checks.way_back import demand_device_client
from tests.actors import Browser
from tests.integrator import PUSH, Integrator, apart_from_its_id, basic
from tests.purging import purge
from tests.tables import each

PREFIX = "urn:ietf:params:oauth:request_uri:"


@pytest.fixture
def waiting(app):
    """The requests that are kept."""

    def waiting() -> list[AuthorizationRequest]:
        with app.app_context():
            return list(db.session.scalars(select(AuthorizationRequest)))

    return waiting


def test_answer_is_a_request_uri_and_its_seconds(notebook):
    """:rfc:`9126#section-2.2`: 201, with an address that nobody can guess."""
    response = notebook.push()
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json.keys() == {"request_uri", "expires_in"}
    assert response.json["expires_in"] == 600
    reference = response.json["request_uri"].removeprefix(PREFIX)
    assert reference.startswith("rlq_pa_") and len(reference) == len("rlq_pa_") + 64


def test_no_reference_is_stored_and_nothing_but_what_is_replayed(posting_notebook, waiting):
    reference = posting_notebook.push(nonce="n").json["request_uri"].removeprefix(PREFIX)
    (row,) = waiting()
    assert row.digest == credentials.digest(reference)
    assert (row.browser_digest, row.user_id, row.network) == (None, None, None)
    kept = json.loads(row.parameters)
    assert posting_notebook.client_secret not in row.parameters and "nonce" not in kept
    assert kept["state"] == posting_notebook.state and kept["scope"] == posting_notebook.scope


@each("path", [PUSH, f"{PUSH}/"])
@pytest.mark.parametrize("kind", ["notebook", "posting_notebook", "pocket"])
def test_every_client_may_push_at_both_spellings(request, kind, path):
    client: Integrator = request.getfixturevalue(kind)
    assert client.post(path, client._honest_request()).status_code == 201


def test_client_id_may_stand_in_the_header_alone(notebook, waiting):
    assert notebook.push(client_id=None).status_code == 201
    assert json.loads(waiting()[0].parameters)["client_id"] == notebook.client_id


def test_a_header_and_a_body_of_two_clients_are_refused(notebook, pocket):
    response = notebook.push(client_id=pocket.client_id)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["notebook", "posting_notebook"])
def test_every_failed_authentication_reads_alike(request, kind, change_client):
    """:rfc:`9126#section-2.1`: the client authenticates as at the token endpoint, and is told as little."""
    client = request.getfixturevalue(kind)
    wrong = replace(client, client_secret="rlq_cs_wrong").push()
    unknown = replace(client, client_id="client_nobody", client_secret="rlq_cs_wrong").push()
    without = replace(client, client_secret=None).push()
    change_client(client, suspended_at=clock.now())
    suspended = client.push()
    assert wrong.status_code == 401 and "WWW-Authenticate" in wrong.headers
    assert {json.dumps(apart_from_its_id(one)) for one in (wrong, unknown, without, suspended)} == {
        json.dumps(apart_from_its_id(wrong))
    }


def test_failures_are_counted_with_those_of_the_token_endpoint(notebook):
    wrong = replace(notebook, client_secret="rlq_cs_wrong")
    answers = [wrong.push().status_code for _ in range(31)]
    assert answers == [401] * 30 + [429]
    assert wrong.client_credentials().status_code == 429
    # What is right is never refused for it.
    assert notebook.push().status_code == 201


def test_what_is_no_form_is_refused(app, notebook):
    headers = {"Authorization": basic(notebook.client_id, notebook.client_secret)}
    response = app.test_client().post(PUSH, json=notebook._honest_request(), headers=headers)
    assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    in_the_address = app.test_client().post(notebook.authorize_url(PUSH), headers=headers)
    assert in_the_address.json["error_description"] == "The parameter 'redirect_uri' is missing."


def test_every_check_says_how_it_is_told_to_whoever_pushes():
    """:rfc:`9126#section-2.1`: a pushed request is validated as one at the authorize endpoint would be."""
    left_out = [check.run for check in CHECKS if check.pushed is None]
    # They are about requests that were not pushed, and of devices, which push none.
    assert left_out == [
        demand_device_client, pushed.refuse_request_uri, pushed.demand_push, pushed.demand_pushed,
    ]  # fmt: skip
    assert {check.pushed for check in CHECKS} == {Told.JSON, None}


@each(
    ("change", "error"),
    [
        ({"redirect_uri": "https://elsewhere.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": ["https://a.example", "https://b.example"]}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"state": None, "code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"scope": "memories:everything"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
        ({"prompt": "none"}, "invalid_request"),
        ({"authorization_details": '[{"type": "memento", "identifier": "mem_1"}]'}, "invalid_authorization_details"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request_uri": PREFIX + "x"}, "invalid_request"),
        ({"request_uri": "https://notebook.acme.example/request.jwt"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"scope": "memories:read\0"}, "invalid_request"),
        ({"state": "s" * 5000}, "invalid_request"),
    ],
)
def test_one_thing_wrong_is_told_at_once_and_nothing_is_kept(notebook, waiting, change, error):
    response = notebook.push(**change)
    assert (response.status_code, response.json["error"]) == (400, error), response.text
    assert response.json["error_uri"].endswith(f"/guide/errors#pushed-{error}")
    assert waiting() == []


def test_a_public_client_must_use_pkce_here_too(pocket):
    response = pocket.push(code_challenge=None, code_challenge_method=None)
    assert "must use PKCE" in response.json["error_description"]


# -- how many ----------------------------------------------------------------------------------------


def test_of_public_clients_so_many_wait_for_one_network(pocket, notebook, waiting, let_time_pass):
    """A school may lie behind one address; nothing of what is refused here could travel along in an address."""
    assert {pocket.push().status_code for _ in range(MOST_PUSHED_OF_NETWORK)} == {201}
    let_time_pass(seconds=100)
    refused = pocket.push()
    assert (refused.status_code, refused.json["error"]) == (429, "too_many_requests")
    assert 490 <= int(refused.headers["Retry-After"]) <= 500
    assert f"in {refused.headers['Retry-After']} seconds" in refused.json["error_description"]
    assert len(waiting()) == MOST_PUSHED_OF_NETWORK
    # Whoever has a secret is counted apart.
    assert notebook.push().status_code == 201
    let_time_pass(seconds=601)
    assert pocket.push().status_code == 201


def test_what_is_pushed_takes_no_place_of_a_browsers_request(app, pocket, waiting):
    assert {pocket.push().status_code for _ in range(MOST_OF_NETWORK)} == {201}
    app.test_client().get(pocket.authorize_url())
    assert len(waiting()) == MOST_OF_NETWORK + 1


def test_a_server_pushes_for_all_its_people_from_one_address(notebook, waiting):
    assert {notebook.push().status_code for _ in range(MOST_OF_NETWORK + 5)} == {201}
    assert {row.network for row in waiting()} == {None}


def register_itself(app, redirect_uri: str) -> Integrator:
    """A client with a secret that nobody answers for."""
    wanted = {"redirect_uris": [redirect_uri], "token_endpoint_auth_method": "client_secret_basic"}
    made = app.test_client().post("/oauth/register", json=wanted).json
    return Integrator(app, made["client_id"], made["client_secret"], redirect_uri, "memories:read")


@pytest.mark.parametrize("name", ["PUSHED_REQUESTS", "PUSHED_OF_UNREGISTERED"])
def test_but_not_without_end(app, notebook, monkeypatch, name):
    client = notebook if name == "PUSHED_REQUESTS" else register_itself(app, notebook.redirect_uri)
    limit = getattr(pushing, name)
    monkeypatch.setattr(pushing, name, Limit(limit.name, 2, limit.seconds, limit.item))
    assert [client.push().status_code for _ in range(3)] == [201, 201, 429]
    assert int(client.push().headers["Retry-After"]) > 0


@pytest.mark.parametrize("name", ["PUSHED_OF_NETWORK", "PUSHED_BY_STRANGERS"])
def test_whoever_registers_many_clients_has_no_more_for_that(app, notebook, monkeypatch, name):
    """Anybody can. An organization's own client is counted by itself."""
    limit = getattr(pushing, name)
    monkeypatch.setattr(pushing, name, Limit(limit.name, 2, limit.seconds, limit.item))
    clients = [register_itself(app, notebook.redirect_uri) for _ in range(3)]
    assert [client.push().status_code for client in clients] == [201, 201, 429]
    assert notebook.push().status_code == 201


def test_what_one_client_is_refused_uses_up_nothing_of_others(app, notebook, monkeypatch):
    for name, most in (("PUSHED_OF_UNREGISTERED", 1), ("PUSHED_OF_NETWORK", 2)):
        limit = getattr(pushing, name)
        monkeypatch.setattr(pushing, name, Limit(limit.name, most, limit.seconds, limit.item))
    loud, quiet = (register_itself(app, notebook.redirect_uri) for _ in range(2))
    assert [loud.push().status_code for _ in range(4)] == [201, 429, 429, 429]
    assert quiet.push().status_code == 201


def test_who_is_known_by_its_own_words_alone_keeps_short_requests(app, pocket, notebook):
    long = {"state": "s" * 4096, "authorization_details": '[{"type": "memento"}' + " " * 4000 + "]"}
    assert notebook.push(**long).status_code == 201
    for client in (pocket, register_itself(app, notebook.redirect_uri)):
        assert "longer than 8192" in client.push(**long).json["error_description"]


def test_default_scope_that_grew_since_is_not_allowed_unseen(register, signed_in, change_client):
    client = replace(register(scopes=["integrations:read"]), scope=None)
    url = client.pushed_url()
    change_client(client, scope="integrations:read memories:write")
    page = signed_in.follow(signed_in.get(url))
    assert page.status_code == 200 and "add memories" not in page.text.lower()
    assert client.exchange(client.answer(signed_in.submit(page, press="Authorize"))["code"]).json["scope"] == (
        "integrations:read"
    )


def test_it_waits_as_long_as_the_answer_says(notebook, waiting, change_settings):
    change_settings(authorization_request_lifetime=60)
    assert notebook.push().json["expires_in"] == 60
    (row,) = waiting()
    assert row.expires_at - row.issued_at == timedelta(seconds=60)


def test_metadata_name_the_endpoint(app):
    """:rfc:`9126#section-5`: that suffices for a client to know that it may push."""
    told = app.test_client().get("/.well-known/oauth-authorization-server").json
    assert told["pushed_authorization_request_endpoint"] == "http://127.0.0.1:8000/oauth/par"


def test_what_nobody_signs_in_for_goes_soon(app, notebook, signed_in, waiting, let_time_pass):
    """Any app may push thousands a minute, and open them, too: they do not stay for a day."""
    notebook.push()
    for one in (Browser(app), signed_in):
        one.follow(one.get(notebook.pushed_url()))
    let_time_pass(minutes=24)
    purge(app)
    assert len(waiting()) == 3
    let_time_pass(minutes=2)
    purge(app)
    assert [row.user_id is not None for row in waiting()] == [True]
    let_time_pass(days=1)
    purge(app)
    assert not waiting()
