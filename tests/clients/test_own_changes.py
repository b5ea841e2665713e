"""An app that nobody registered changes itself: whoever allowed it is told, and what it was given gains nothing."""

import pytest
from sqlalchemy import select

from app.clients.models import DOCUMENT, Client
from app.clients.own_words import read_own_words, write_own_words
from app.consents.introductions import Introduction
from app.database.access import expect_writes
from app.extensions import db
from tests.actors import Browser
from tests.clients.conftest import AGENT, integrator_of
from tests.consents.events import list_events
from tests.protocol import *  # noqa: F403

WEB = {"client_name": "Claude", "redirect_uris": ["https://claude.example/callback"]}
SCOPES = "memories:read memories:write"


@pytest.fixture
def agent(ask):
    """What the answer to its registration told it."""
    return ask(**WEB).json


@pytest.fixture
def change(manage, agent):
    """Have the agent give itself other words."""

    def change(**changes):
        said = {name: value for name, value in (AGENT | WEB | changes).items() if value is not None}
        answer = manage("PUT", agent, json=said | {"client_id": agent["client_id"]})
        assert answer.status_code == 200, answer.text
        return answer.json

    return change


def allow(app, told: dict, browser: Browser, **changes) -> dict:
    """Walk through both screens. Returns the tokens."""
    integrator = integrator_of(app, told)
    if "redirect_uri" in changes:
        integrator.redirect_uri = changes.pop("redirect_uri")
    return integrator.exchange(integrator.code(browser, choose={"selection": "all"}, **changes)).json


def told_of(app, person) -> list[tuple]:
    with app.app_context():
        return [
            (event.kind, event.actor, event.client_name, event.changed)
            for event in list_events(db.session, person.id)[::-1]
            if event.kind == "changed"
        ]


# -- the history -----------------------------------------------------------------------------------


def test_everybody_who_has_it_connected_is_told_in_their_history(app, agent, change, signed_in, alice, bob):
    allow(app, agent, signed_in)
    other = Browser(app)
    other.enter(bob)
    allow(app, agent, other)
    change(client_name="Google", redirect_uris=["https://evil.example/cb"])
    changed = {
        "name": {"was": "Claude", "is": "Google"},
        "redirect_uris": {"added": ["https://evil.example/cb"], "removed": ["https://claude.example/callback"]},
    }
    for person in (alice, bob):
        assert told_of(app, person) == [("changed", "app", "Google", changed)]


def test_only_what_has_changed_is_told(app, agent, change, signed_in, alice):
    allow(app, agent, signed_in)
    change(client_name="Claude 2")
    change(
        client_name="Claude 2", redirect_uris=["https://claude.example/callback", "https://claude.example/" + "c" * 300]
    )
    change(
        client_name="Claude 2", redirect_uris=["https://claude.example/" + "c" * 300, "https://claude.example/callback"]
    )
    change(
        client_name="Claude 2", redirect_uris=["https://claude.example/callback"], client_uri="https://claude.example"
    )
    first, second, third = told_of(app, alice)
    assert first[-1] == {"name": {"was": "Claude", "is": "Claude 2"}}
    assert second[-1]["redirect_uris"]["removed"] == [] and len(second[-1]["redirect_uris"]["added"][0]) == 201
    assert third[-1]["redirect_uris"]["added"] == []


def test_nobody_else_is_told(app, agent, change, signed_in, alice, bob, notebook):
    """Neither who allowed another one, nor who has ended it."""
    notebook.allow(bob, SCOPES, {"selection": "all"})
    grant_id = allow(app, agent, signed_in)["grant_id"]
    assert signed_in.end_app(grant_id).status_code == 303
    change(client_name="Google")
    assert told_of(app, alice) == told_of(app, bob) == []


def test_a_document_that_changes_is_told_of_in_the_same_way(app, agent, signed_in, alice):
    allow(app, agent, signed_in)
    with app.app_context(), expect_writes():
        client = db.session.scalar(select(Client).where(Client.client_id == agent["client_id"]))
        client.origin = DOCUMENT
        said = AGENT | WEB | {"client_name": "Claude 3"}
        fields, *_ = read_own_words(app.extensions["services"].settings, said, type_="public")
        write_own_words(client, fields)
        db.session.commit()
    assert told_of(app, alice)[0][-1] == {"name": {"was": "Claude", "is": "Claude 3"}}


def test_a_client_changes_itself_twenty_times_an_hour(agent, manage, let_time_pass):
    said = AGENT | WEB | {"client_id": agent["client_id"]}
    for number in range(20):
        assert manage("PUT", agent, json=said | {"client_name": f"Claude {number}"}).status_code == 200
    answer = manage("PUT", agent, json=said)
    assert (answer.status_code, answer.json["error"]) == (429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    let_time_pass(seconds=3601)
    assert manage("PUT", agent, json=said).status_code == 200


# -- the next screen -------------------------------------------------------------------------------


def test_the_next_screen_tells_another_name(app, agent, change, signed_in):
    grant_id = allow(app, agent, signed_in)["grant_id"]
    change(client_name="Google")
    sentence = "This app was called “<bdi>Claude</bdi>” when you allowed it."
    assert sentence in integrator_of(app, agent).start(signed_in).text
    assert sentence in signed_in.get(f"/account/apps/{grant_id}/").text
    allow(app, agent, signed_in)
    assert sentence not in integrator_of(app, agent).start(signed_in).text
    assert sentence not in signed_in.get(f"/account/apps/{grant_id}/").text


def test_the_next_screen_tells_another_receiver(app, agent, change, signed_in):
    allow(app, agent, signed_in)
    change(redirect_uris=["https://evil.example/cb"])
    page = integrator_of(app, agent).start(signed_in, redirect_uri="https://evil.example/cb")
    assert 'Its answer now goes to <strong class="host">evil.example</strong>' in page.text
    assert 'it went to <strong class="host">claude.example</strong>' in page.text


def test_the_next_screen_tells_another_list_of_addresses(app, agent, change, signed_in):
    grant_id = allow(app, agent, signed_in)["grant_id"]
    change(redirect_uris=[*WEB["redirect_uris"], "https://evil.example/cb"])
    sentence = "It has changed the list of addresses to which its answer may go since you allowed it."
    assert sentence in integrator_of(app, agent).start(signed_in).text
    assert sentence in signed_in.get(f"/account/apps/{grant_id}/").text


def test_another_port_of_this_computer_is_no_news(app, ask, signed_in):
    told = ask(redirect_uris=["http://localhost/callback", "http://127.0.0.1/callback"]).json
    allow(app, told, signed_in, redirect_uri="http://localhost:3118/callback")
    start = integrator_of(app, told).start
    assert "Its answer now goes to" not in start(signed_in, redirect_uri="http://localhost:3119/callback").text
    assert "Its answer now goes to" in start(signed_in, redirect_uri="http://127.0.0.1:3118/callback").text


def test_the_picker_tells_it_too(app, ask, manage, signed_in):
    """People go back to it to choose anew."""
    agent = ask(**WEB).json
    integrator = integrator_of(app, agent)
    integrator.code(signed_in, choose={"selection": "none"})
    manage("PUT", agent, json=AGENT | WEB | {"client_id": agent["client_id"], "client_name": "Google"})
    picker = signed_in.get(integrator.start(signed_in).request.url.replace("/consent", "/mementos"))
    assert "What may <bdi>Google</bdi> look through?" in picker.text
    assert "This app was called “<bdi>Claude</bdi>” when you allowed it." in picker.text


def test_what_changes_while_the_page_is_open_is_shown_first(app, agent, change, signed_in):
    """The page told nothing of it, so the answer is to something else."""
    allow(app, agent, signed_in)
    page = integrator_of(app, agent).start(signed_in)
    change(redirect_uris=[*WEB["redirect_uris"], "https://evil.example/cb"])
    again = signed_in.submit(page, press="Authorize")
    assert "The app has changed more of itself since you allowed it" in again.text
    assert signed_in.submit(again, press="Authorize").status_code == 303


def test_what_an_organization_changes_in_its_own_app_is_not_told(app, notebook, signed_in, change_client):
    notebook.exchange(notebook.code(signed_in, choose={"selection": "all"}))
    change_client(notebook, name="Acme Notebook 2")
    assert "when you allowed it" not in notebook.start(signed_in, prompt="consent").text


def test_the_account_shows_what_received_the_last_answer(app, agent, signed_in, ask, notebook):
    allow(app, agent, signed_in)
    for path in ("/account/", "/account/apps/"):
        assert 'The answer goes to <strong class="host">claude.example</strong>' in signed_in.get(path).text


# -- what it was given -----------------------------------------------------------------------------


def test_what_a_web_app_was_given_does_not_live_longer_when_it_becomes_a_native_one(
    app, agent, change, signed_in, let_time_pass
):
    """Its refresh token may lie in a browser, whatever it has registered since (:rfc:`10017#section-6.3.2.3`)."""
    tokens = allow(app, agent, signed_in)
    change(redirect_uris=["http://127.0.0.1/callback"])
    integrator = integrator_of(app, agent)
    let_time_pass(days=29)
    tokens = integrator.refresh(tokens["refresh_token"]).json
    let_time_pass(days=2)
    assert integrator.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_native_app_keeps_its_refresh_tokens_alive(app, ask, signed_in, let_time_pass):
    agent = ask().json
    integrator = integrator_of(app, agent)
    tokens = allow(app, agent, signed_in)
    for _ in range(3):
        let_time_pass(days=29)
        tokens = integrator.refresh(tokens["refresh_token"]).json
    assert integrator.is_alive(tokens["access_token"])


def test_a_code_goes_with_the_address_that_it_was_sent_to(app, agent, change, signed_in):
    integrator = integrator_of(app, agent)
    code = integrator.code(signed_in, choose={"selection": "all"})
    change(redirect_uris=[*WEB["redirect_uris"], "https://evil.example/cb"])
    refused = integrator.exchange(code, redirect_uri="https://evil.example/cb").json
    assert refused["error"] == "invalid_grant"
    assert integrator.exchange(code).status_code == 200


def test_a_code_is_worth_nothing_once_its_address_is_gone(app, agent, change, signed_in):
    integrator = integrator_of(app, agent)
    code = integrator.code(signed_in, choose={"selection": "all"})
    change(redirect_uris=["https://evil.example/cb"])
    assert integrator.exchange(code).json["error"] == "invalid_grant"


def test_a_change_gives_a_token_no_other_scope_and_no_other_resource(app, agent, change, signed_in):
    tokens = allow(app, agent, signed_in, scope="memories:read")
    change(scope=SCOPES)
    integrator = integrator_of(app, agent)
    refreshed = integrator.refresh(tokens["refresh_token"]).json
    assert refreshed["scope"] == "memories:read"
    assert integrator.refresh(refreshed["refresh_token"], resource="http://127.0.0.1:8000/mcp").status_code == 400


def test_an_app_with_a_secret_stays_one(app, ask, manage, signed_in):
    told = ask(**WEB, token_endpoint_auth_method="client_secret_basic").json
    integrator = integrator_of(app, told)
    tokens = allow(app, told, signed_in)
    said = AGENT | WEB | {"client_id": told["client_id"], "token_endpoint_auth_method": "none"}
    changed = manage("PUT", told, json=said).json
    assert changed["token_endpoint_auth_method"] == "client_secret_basic"
    integrator.client_secret = None
    assert integrator.refresh(tokens["refresh_token"]).status_code == 401


def test_an_introduction_goes_with_its_consent(app, agent, signed_in):
    grant_id = allow(app, agent, signed_in)["grant_id"]
    with app.app_context():
        assert [one.grant_id for one in db.session.scalars(select(Introduction))] == [grant_id]
