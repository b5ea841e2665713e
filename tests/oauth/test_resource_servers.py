"""Registered resource servers (:rfc:`8707`, :rfc:`7662`): which tokens are for them, and what they learn of these.

Shelf is a service of Globex. Acme Notebook asks Alice, who belongs to Acme, for what it may do there.
"""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.organizations import find_organization
from app.clients.errors import ClientError
from app.clients.life import delete_client as end
from app.clients.models import Client, ClientResource
from app.clients.registration import register_client, update_client
from app.config import settings
from app.consents.models import Consent
from app.database.connections import Connection
from app.extensions import db
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.refresh import RefreshToken
from tests.integrator import Integrator, basic
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"
SHELF, ATTIC = "https://shelf.globex.example/records", "https://attic.globex.example/"


@pytest.fixture
def serve(app, carol):
    """Register a service of Globex's at these addresses."""

    def serve(*addresses: str, name: str = "Globex Shelf") -> Integrator:
        with app.app_context():
            client, secret = register_client(
                db.session(),
                settings(),
                organization=find_organization("globex"),
                name=name,
                type="confidential",
                resources=list(addresses),
            )
            db.session.commit()
            return Integrator(app, client.client_id, secret, "", "")

    return serve


@pytest.fixture
def shelf(serve) -> Integrator:
    return serve(SHELF)


@pytest.fixture
def shelf_tokens(notebook, shelf, signed_in) -> dict:
    return notebook.tokens(signed_in, resource=SHELF)


def assert_inactive(response) -> None:
    assert (response.status_code, response.json) == (200, {"active": False})


def assert_target_refused(response) -> None:
    assert (response.status_code, response.json["error"]) == (400, "invalid_target")


# -- what it is told -------------------------------------------------------------------------------


def test_a_resource_server_is_told_what_it_needs_and_nothing_else(notebook, shelf, signed_in, alice, make_memento):
    """ "active scope sub client_id aud exp grant_id authorization_details", and the organization."""
    trip = make_memento("Trip")
    chosen = {"selection": "selected", "memento_ids": [trip]}
    tokens = notebook.tokens(signed_in, choose=chosen, resource=SHELF)
    told = shelf.introspect(tokens["access_token"]).json
    organization = told.pop("organization")
    assert organization.keys() == {"id", "slug", "name"} and organization["slug"] == "acme"
    assert 0 < told.pop("exp") - clock.now().timestamp() <= 3600
    details = [{"type": "memento", "identifier": trip, "actions": ["read"], "locations": [SHELF]}]
    assert told == {
        "active": True,
        "scope": "memories:read integrations:read",
        "sub": alice.id,
        "client_id": notebook.client_id,
        "aud": SHELF,
        "grant_id": tokens["grant_id"],
        "authorization_details": details,
    }
    # The app is told the same where it gets the token.
    assert tokens["authorization_details"] == details


def test_it_is_computed_now(notebook, shelf, shelf_tokens, make_memento, change_consent):
    assert shelf.introspect(shelf_tokens["access_token"]).json["authorization_details"][0]["identifier"] == "all"
    change_consent(notebook, selection="none", scope="memories:read")
    told = shelf.introspect(shelf_tokens["access_token"]).json
    assert (told["scope"], told["authorization_details"]) == ("memories:read", [])
    change_consent(notebook, paused_at=clock.now())
    assert_inactive(shelf.introspect(shelf_tokens["access_token"]))
    change_consent(notebook, paused_at=None)
    assert shelf.introspect(shelf_tokens["access_token"]).json["active"] is True
    change_consent(notebook, revoked_at=clock.now())
    assert_inactive(shelf.introspect(shelf_tokens["access_token"]))


def test_a_person_without_an_organization_has_none_in_the_answer(app, notebook, shelf, shelf_tokens, alice):
    with app.app_context():
        db.session.execute(db.text("DELETE FROM memberships WHERE user_id = :id"), {"id": alice.id})
        db.session.commit()
    assert "organization" not in shelf.introspect(shelf_tokens["access_token"]).json


def test_a_token_of_an_organization_names_that_organization(notebook, shelf):
    token = notebook.client_credentials(resource=SHELF).json["access_token"]
    told = shelf.introspect(token).json
    assert (told["organization"]["slug"], told["aud"]) == ("acme", SHELF)
    assert told["sub"] == told["organization"]["id"]
    assert "grant_id" not in told and "authorization_details" not in told


@each("resource", [None, f"{ISSUER}/mcp", ATTIC])
def test_a_token_that_is_meant_for_another_is_inactive(notebook, shelf, serve, signed_in, resource):
    attic = serve(ATTIC, name="Globex Attic")
    token = notebook.tokens(signed_in, resource=resource)["access_token"]
    assert_inactive(shelf.introspect(token))
    # Not even one client's two services are mixed up: each token tells which it is for.
    if resource == ATTIC:
        assert attic.introspect(token).json["aud"] == ATTIC


def test_a_refresh_token_is_no_business_of_a_resource_servers(shelf, shelf_tokens):
    assert_inactive(shelf.introspect(shelf_tokens["refresh_token"]))


def test_the_tokens_own_client_may_still_ask(notebook, shelf_tokens):
    told = notebook.introspect(shelf_tokens["access_token"]).json
    assert (told["active"], told["aud"], told["token_type"], told["iss"]) == (True, SHELF, "Bearer", ISSUER)
    assert notebook.introspect(shelf_tokens["refresh_token"]).json["aud"] == SHELF


def test_tokens_of_others_count_as_unknown_ones(app, shelf, shelf_tokens, notebook, signed_in):
    """Whoever tries what it finds is stopped; what is meant for it is told all the same."""
    elsewhere = notebook.tokens(signed_in)["access_token"]
    answers = [shelf.introspect(elsewhere).status_code for _ in range(1001)]
    assert answers[:1000] == [200] * 1000 and answers[1000] == 429
    assert shelf.introspect(shelf_tokens["access_token"]).json["active"] is True


@each("path", ["/api/me/", "/api/v1/memories", "/mcp"])
def test_a_token_for_a_service_elsewhere_is_401_here(app, shelf_tokens, path):
    headers = {"Authorization": f"Bearer {shelf_tokens['access_token']}"}
    answer = app.test_client().open(path, method="POST" if path == "/mcp" else "GET", headers=headers, json={})
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


# -- which addresses -------------------------------------------------------------------------------


@each(
    "address",
    [
        f"{SHELF}/",
        SHELF.upper(),
        SHELF.replace("https", "http"),
        SHELF.removesuffix("/records"),
        f"{SHELF}#a",
        f"{SHELF}?a",
        "https://shelf.globex.example:443/records",
    ],
)
def test_an_address_is_matched_character_by_character(notebook, shelf, signed_in, address):
    assert notebook.answer(notebook.start(signed_in, resource=address))["error"] == "invalid_target"
    assert_target_refused(notebook.client_credentials(resource=address))


@pytest.mark.parametrize("registered", [ATTIC, ATTIC.removesuffix("/")])
@pytest.mark.parametrize("sent", [ATTIC, ATTIC.removesuffix("/")])
def test_an_address_without_a_path_is_the_same_with_a_slash(notebook, serve, registered, sent):
    """Every library for addresses writes it so (:rfc:`3986#section-6.2.3`). It is told as it was registered."""
    attic = serve(registered)
    token = notebook.client_credentials(resource=sent).json["access_token"]
    assert attic.introspect(token).json["aud"] == registered


def test_several_are_kept_and_the_token_endpoint_takes_one(app, notebook, serve, signed_in):
    """More than the first column of a code has room for."""
    shelf, attic = serve(SHELF), serve(ATTIC, name="Globex Attic")
    addresses = [f"{ISSUER}/mcp", SHELF, ATTIC, f"{ISSUER}/api/v1"]
    code = notebook.code(signed_in, resource=addresses)
    assert_target_refused(notebook.exchange(code, resource=[SHELF, ATTIC]))
    tokens = notebook.exchange(code, resource=SHELF).json
    assert shelf.introspect(tokens["access_token"]).json["active"] is True
    assert set(notebook.introspect(tokens["refresh_token"]).json["aud"]) == set(addresses)
    # Whoever then says nothing means the one that it used last.
    tokens = notebook.refresh(tokens["refresh_token"]).json
    assert shelf.introspect(tokens["access_token"]).json["active"] is True
    tokens = notebook.refresh(tokens["refresh_token"], resource=ATTIC).json
    assert_inactive(shelf.introspect(tokens["access_token"]))
    assert attic.introspect(tokens["access_token"]).json["active"] is True
    tokens = notebook.refresh(tokens["refresh_token"], resource=addresses[-1]).json
    assert notebook.is_alive(tokens["access_token"])
    with app.app_context():
        rows = [*db.session.scalars(select(AuthorizationCode)), *db.session.scalars(select(RefreshToken))]
        # The version before has no more room, and reads a name that is whole.
        assert all(len(row.audience) <= 40 and len(row.resources.split()) == 4 for row in rows)


def test_a_resource_that_was_not_asked_for_is_an_invalid_target(notebook, shelf, signed_in):
    code = notebook.code_by_consent(signed_in)
    assert_target_refused(notebook.exchange(code, resource=SHELF))
    tokens = notebook.exchange(code).json
    assert_target_refused(notebook.refresh(tokens["refresh_token"], resource=SHELF))
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_the_details_may_name_a_place_that_is_asked_for(notebook, shelf, signed_in):
    details = f'[{{"type": "memento", "locations": ["{SHELF}"]}}]'
    assert "code" in notebook.authorize(signed_in, resource=SHELF, authorization_details=details)
    refused = notebook.answer(notebook.start(signed_in, authorization_details=details))
    assert refused["error"] == "invalid_authorization_details"


def test_who_is_not_authenticated_learns_of_no_resource(notebook, shelf):
    wrong = {"Authorization": basic(notebook.client_id, "wrong")}
    for address in (SHELF, "https://nobody.example"):
        answer = notebook.post("/oauth/token", {"grant_type": "client_credentials", "resource": address}, wrong)
        assert answer.json["error"] == "invalid_client"


# -- suspended, ended, taken away --------------------------------------------------------------------


def suspend(app, client: Integrator) -> None:
    with app.app_context():
        db.session.execute(update(Client).where(Client.key == client.client_id).values(suspended_at=clock.now()))
        db.session.commit()


def delete(app, client: Integrator) -> None:
    with app.app_context():
        end(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None)
        db.session.commit()


def take_away(app, client: Integrator) -> None:
    with app.app_context():
        record = db.session.get_one(Client, client.client_id)
        update_client(db.session(), settings(), record, actor_user_id=None, resources=[ATTIC])
        db.session.commit()


@each("stop", [suspend, delete, take_away])
def test_tokens_for_a_service_that_is_stopped_are_good_for_nothing(app, notebook, shelf, signed_in, stop):
    tokens, code = notebook.tokens(signed_in, resource=SHELF), notebook.code(signed_in, resource=[SHELF, ISSUER])
    stop(app, shelf)
    answer = shelf.introspect(tokens["access_token"])
    assert answer.status_code == 401 or answer.json == {"active": False}
    assert_inactive(notebook.introspect(tokens["access_token"]))
    assert_inactive(notebook.introspect(tokens["refresh_token"]))
    assert_target_refused(notebook.refresh(tokens["refresh_token"]))
    assert_target_refused(notebook.refresh(tokens["refresh_token"], resource=SHELF))
    assert_target_refused(notebook.client_credentials(resource=SHELF))
    assert notebook.answer(notebook.start(signed_in, resource=SHELF))["error"] == "invalid_target"
    assert_target_refused(notebook.exchange(code, resource=SHELF))
    # What else the code was asked for is still to be had.
    tokens = notebook.exchange(code, resource=ISSUER).json
    assert notebook.is_alive(tokens["access_token"])
    assert notebook.introspect(tokens["refresh_token"]).json["aud"] == f"{ISSUER}/api/v1"


def test_a_service_that_is_resumed_goes_on_where_it_was_stopped(app, notebook, shelf, shelf_tokens, change_client):
    suspend(app, shelf)
    assert_target_refused(notebook.refresh(shelf_tokens["refresh_token"]))
    change_client(shelf, suspended_at=None)
    assert shelf.introspect(shelf_tokens["access_token"]).json["active"] is True
    assert notebook.refresh(shelf_tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("stop", [delete, take_away])
def test_whoever_has_the_address_next_learns_nothing_of_the_one_before(app, notebook, shelf, serve, signed_in, stop):
    tokens = notebook.tokens(signed_in, resource=SHELF)
    stop(app, shelf)
    successor = serve(SHELF, name="Globex Successor")
    assert_inactive(successor.introspect(tokens["access_token"]))
    assert_target_refused(notebook.refresh(tokens["refresh_token"]))
    # What the person allowed was for the other: they are asked anew.
    page = notebook.start(signed_in, resource=SHELF)
    assert page.status_code == 200 and "Globex Successor" in page.text


def test_what_is_not_proved_is_of_no_use(app, notebook, shelf, shelf_tokens, signed_in):
    with app.app_context():
        db.session.execute(update(ClientResource).values(proved_at=None))
        db.session.commit()
    assert_inactive(shelf.introspect(shelf_tokens["access_token"]))
    assert_target_refused(notebook.client_credentials(resource=SHELF))


# -- the screens -----------------------------------------------------------------------------------


def test_a_live_consent_never_lets_a_token_for_another_resource_out_without_the_screen(app, notebook, serve, signed_in):
    """The screen "names that service and its host"."""
    serve(SHELF)
    notebook.tokens(signed_in)
    page = notebook.start(signed_in, resource=SHELF)
    assert page.status_code == 200
    assert "shelf.globex.example" in page.text and "Globex Shelf" in page.text and "Globex</bdi>" in page.text
    notebook.answer(signed_in.submit(page, press="Authorize"))
    # Now it is, for both; and still not for a third.
    assert "code" in notebook.answer(notebook.start(signed_in, resource=SHELF))
    assert "code" in notebook.answer(notebook.start(signed_in))
    serve(ATTIC, name="Globex Attic")
    page = notebook.start(signed_in, resource=[SHELF, ATTIC])
    assert page.status_code == 200 and "attic.globex.example" in page.text
    with app.app_context():
        assert len(db.session.scalar(select(Consent.resources)).split()) == 2


def test_both_screens_name_the_service(notebook, shelf, signed_in):
    page = notebook.start(signed_in, resource=SHELF)
    assert "/mementos" in page.request.path
    assert "Globex Shelf" in page.text and "shelf.globex.example" in page.text
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    assert "/consent" in page.request.path
    assert "Globex Shelf" in page.text and "shelf.globex.example" in page.text


def test_an_answer_to_a_service_that_is_called_otherwise_by_now_is_asked_again(
    notebook, shelf, signed_in, change_client
):
    page = notebook.start(signed_in, resource=SHELF)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    change_client(shelf, name="Somebody Else")
    page = signed_in.submit(page, press="Authorize")
    assert page.status_code != 303 and "Where the app will use it has changed." in page.text
    assert "code" in notebook.answer(signed_in.submit(page, press="Authorize"))


def test_a_service_that_is_switched_off_meanwhile_is_told_to_the_app(app, notebook, shelf, signed_in):
    page = notebook.start(signed_in, resource=SHELF)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    suspend(app, shelf)
    assert notebook.answer(signed_in.submit(page, press="Authorize"))["error"] == "invalid_target"


# -- the database ----------------------------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """Every statement on a driver connection that looks for a resource server."""
    seen: list[str] = []
    execute = Connection._execute

    def noting(self, compiled, values):
        if "client_resources" in compiled.sql:
            seen.append(compiled.sql)
        return execute(self, compiled, values)

    monkeypatch.setattr(Connection, "_execute", noting)
    return seen


def test_what_is_about_our_own_resources_alone_asks_nothing_of_them(notebook, shelf, signed_in, looks):
    """The API and the memory server for agents cost no query; a service elsewhere costs one."""
    for resource in (None, ISSUER, f"{ISSUER}/mcp", [f"{ISSUER}/api/v1", f"{ISSUER}/mcp"]):
        tokens = notebook.exchange(notebook.code(signed_in, resource=resource)).json
        notebook.introspect(tokens["access_token"])
        tokens = notebook.refresh(tokens["refresh_token"]).json
        notebook.introspect(tokens["refresh_token"])
        notebook.client_credentials(resource=resource)
        notebook.me(tokens["access_token"])
        shelf.introspect(tokens["access_token"])
    assert looks == []
    token = notebook.client_credentials(resource=SHELF).json["access_token"]
    assert len(looks) == 1
    shelf.introspect(token)
    assert len(looks) == 2


def test_scheme_and_host_may_be_in_capitals(notebook, shelf):
    """They mean the same (:rfc:`3986#section-6.2.2.1`); a path does not."""
    tokens = notebook.client_credentials(resource="HTTPS://Shelf.Globex.Example/records")
    assert shelf.introspect(tokens.json["access_token"]).json["aud"] == SHELF
    assert_target_refused(notebook.client_credentials(resource="https://shelf.globex.example/RECORDS"))


def test_the_page_of_the_connected_app_names_the_service_too(notebook, shelf, shelf_tokens, signed_in):
    page = signed_in.get(f"/account/apps/{shelf_tokens['grant_id']}").text
    assert "Globex Shelf" in page and "shelf.globex.example" in page


def test_of_two_clients_that_take_one_address_at_once_the_index_decides(app, serve, monkeypatch):
    """What was free when it was looked at may be another's when it is written down."""
    serve(SHELF)
    with app.app_context():
        nothing = SimpleNamespace(all=list)
        monkeypatch.setattr(Session, "scalars", lambda *_args, **_kwargs: nothing)
        with pytest.raises(ClientError, match="belongs to another app by now"):
            register_client(
                db.session(),
                settings(),
                organization=find_organization("globex"),
                name="Globex Attic",
                type="confidential",
                resources=[SHELF],
            )


def test_a_consent_for_very_many_services_is_asked_for_again_and_breaks_nothing(app, notebook, serve, signed_in):
    """What a person allowed first is left out of the names, so that it is asked for again; never is there no room."""
    serve(*(f"https://{number}.globex.example" for number in range(20)))
    serve(*(f"https://{number}.globex.example" for number in range(20, 40)), name="Globex Attic")
    for start in (0, 10, 20, 30):
        addresses = [f"https://{number}.globex.example" for number in range(start, start + 10)]
        assert "code" in notebook.authorize(signed_in, resource=addresses)
        assert "code" in notebook.answer(notebook.start(signed_in, resource=addresses))
    with app.app_context():
        assert len(db.session.scalar(select(Consent.resources)).split()) == 30
