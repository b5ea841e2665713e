"""The playground as the server sees it: a redirect URI for one admin, which ends, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app import clock
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.extensions import db
from app.oauth.playground.callback import PlaygroundCallback
from tests.actors import Browser
from tests.integrator import Integrator
from tests.org.conftest import HONEST, send, signed_in
from tests.protocol import change_client
from tests.tables import each

__all__ = ["change_client"]

ISSUER = "http://127.0.0.1:8000"


def path_of(integrator: Integrator, act: str = "") -> str:
    return f"/org/oauth/{integrator.client_id}/playground{act}"


def trial_of(integrator: Integrator) -> Integrator:
    """The app as the playground walks it: with its callback."""
    return replace(integrator, redirect_uri=ISSUER + path_of(integrator, "/callback"))


def start(browser: Browser, integrator: Integrator) -> Integrator:
    page = browser.submit(browser.get(path_of(integrator)), press="Open the playground")
    assert page.status_code == 303
    return trial_of(integrator)


def is_accepted(integrator: Integrator, browser: Browser, **changes) -> bool:
    """Whether the authorize endpoint takes the request; else it is an error page and never a redirect."""
    response = browser.get(integrator.authorize_url(**changes))
    assert response.status_code in (303, 400), response.status
    return response.status_code == 303


@pytest.fixture
def let_pass(monkeypatch):
    """Move the clock on."""

    def let_pass(**time) -> None:
        later = clock.now() + timedelta(**time)
        monkeypatch.setattr("app.clock.now", lambda: later)

    return let_pass


@pytest.mark.parametrize("kind", ["notebook", "pocket"])
def test_the_five_steps_with_the_playgrounds_own_callback(request, admin, bob, kind):
    integrator = request.getfixturevalue(kind)
    assert not is_accepted(trial_of(integrator), admin)

    trial = start(admin, integrator)
    answer = trial.authorize(admin, scope="memories:read profile")
    page = admin.get(path_of(trial, f"/callback?code={answer['code']}&state={answer['state']}"))
    tokens = trial.exchange(answer["code"])

    # The page that the code comes back to does not say it, and tells no other page of it.
    assert page.status_code == 200
    assert answer["code"] not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert trial.me(tokens.json["access_token"]).json["name"] == bob.name


def test_app_that_pushes_its_requests_can_be_tried(admin, notebook):
    """The playground has no secret to push with, and is open for the app's own people alone."""
    admin.submit(admin.get(f"/org/oauth/{notebook.client_id}/settings"), press="Save", require_pushed=True)
    assert notebook.answer(notebook.start(admin))["error"] == "invalid_request"
    trial = start(admin, notebook)
    assert trial.exchange(trial.code(admin)).status_code == 200


def test_finish_ends_the_callback_at_once(admin, notebook):
    trial = start(admin, notebook)
    waiting = trial.start(admin, prompt="consent")
    assert is_accepted(trial, admin)

    page = admin.submit(admin.get(path_of(trial)), press="Finish")

    assert "Nothing can come back" in admin.follow(page).text
    assert not is_accepted(trial, admin)
    # Also for a request that was on its way.
    assert admin.get(waiting.request.full_path).status_code == 400
    assert is_accepted(notebook, admin)


def test_callback_ends_by_itself_after_an_hour_although_nothing_is_purged(app, admin, notebook, let_pass):
    trial = start(admin, notebook)
    let_pass(minutes=59)
    assert is_accepted(trial, admin)

    let_pass(minutes=2)

    assert not is_accepted(trial, admin)
    assert "Open the playground" in admin.get(path_of(trial)).text
    with app.app_context():
        assert db.session.query(PlaygroundCallback).count() == 1


def test_opening_it_again_replaces_what_was_open(app, admin, notebook, let_pass):
    start(admin, notebook)
    let_pass(minutes=50)
    send(admin, path_of(notebook, "/start"))
    let_pass(minutes=50)

    assert is_accepted(trial_of(notebook), admin)
    with app.app_context():
        assert db.session.query(PlaygroundCallback).count() == 1


@each(
    "change",
    [
        lambda uri: uri + "/",
        lambda uri: uri + "?x=1",
        lambda uri: uri + "#x",
        lambda uri: uri.upper(),
        lambda uri: uri.replace(":8000", ":8001"),
        lambda uri: uri.replace("127.0.0.1", "localhost"),
        lambda uri: uri.replace("/callback", "/../callback"),
        lambda uri: uri.removesuffix("/callback"),
        lambda uri: uri + "\x00",
        lambda uri: "https://evil.example/callback",
        lambda uri: "",
    ],
)
def test_callback_matches_character_for_character_also_for_a_native_app(app, admin, notebook, change):
    with app.app_context():
        db.session.get_one(Client, notebook.client_id).native_app = True
        db.session.commit()
    trial = start(admin, notebook)

    assert is_accepted(trial, admin)
    assert not is_accepted(trial, admin, redirect_uri=change(trial.redirect_uri))


def test_callback_of_one_app_is_not_that_of_another(admin, notebook, pocket):
    trial = start(admin, notebook)

    assert not is_accepted(trial_of(pocket), admin)
    assert not is_accepted(trial, admin, client_id=pocket.client_id)


@pytest.mark.parametrize("who", ["alice", "carol", "olive"])
def test_callback_is_for_whoever_opened_it_alone(app, request, admin, notebook, who):
    """Nobody else can be sent to it by a link, be it another admin of the same organization."""
    trial = start(admin, notebook)
    other = signed_in(app, request.getfixturevalue(who))

    assert not is_accepted(trial, other)


def test_who_signs_in_on_the_way_is_asked_again(app, admin, notebook, alice, bob):
    trial = start(admin, notebook)
    for person, status in ((alice, 400), (bob, 200)):
        browser = Browser(app)
        page = trial.start(browser)
        assert "/sign-in" in page.request.path
        page = browser.follow(browser.submit(page, email=person.email, password=person.password))
        assert page.status_code == status


def test_code_is_redeemed_with_the_playgrounds_own_address_only(admin, notebook):
    trial = start(admin, notebook)
    refused = trial.exchange(trial.code(admin), redirect_uri=notebook.redirect_uri)
    assert refused.json["error"] == "invalid_grant"


def test_it_is_none_of_the_apps_own_redirect_uris(app, admin, notebook):
    trial = start(admin, notebook)
    settings = admin.get(f"/org/oauth/{notebook.client_id}/settings")

    admin.submit(settings, press="Save", name="Acme Diary")

    assert trial.redirect_uri not in settings.text
    assert trial.redirect_uri not in admin.get(f"/org/oauth/{notebook.client_id}").text
    with app.app_context():
        assert db.session.get_one(Client, notebook.client_id).redirect_uris == [notebook.redirect_uri]
    # Nor does a save of the settings end the trial.
    assert is_accepted(trial, admin)


def test_audit_log_tells_of_opening_and_closing(app, admin, bob, notebook):
    start(admin, notebook)
    send(admin, path_of(notebook, "/finish"))
    send(admin, path_of(notebook, "/finish"))

    with app.app_context():
        events = db.session.query(AuditEvent).filter(AuditEvent.kind.like("client.playground%"))
        told = [(event.kind, event.actor_user_id) for event in events.order_by(AuditEvent.occurred_at)]
    assert told == [("client.playground_opened", bob.id), ("client.playground_closed", bob.id)]
    log = admin.get("/org/oauth/audit").text
    assert "opened the playground, at the latest until" in log
    assert "closed the playground" in log


def test_suspended_app_is_not_tried(app, admin, notebook, stored):
    open_before = start(admin, notebook)
    admin.submit(admin.get(f"/org/oauth/{notebook.client_id}/suspend"), press="Suspend the app")
    assert not is_accepted(open_before, admin)
    send(admin, path_of(notebook, "/finish"))
    before = stored()

    page = admin.follow(send(admin, path_of(notebook, "/start")))

    assert "This app is suspended, so it cannot be tried" in page.text
    assert not any(button in page.text for button in ("Open the playground", "Activate"))
    assert stored() == before


def test_deleted_app_takes_its_callback_along(app, admin, notebook):
    start(admin, notebook)
    page = admin.get(f"/org/oauth/{notebook.client_id}/delete")
    admin.submit(page, press="Delete the app", typed_name="Acme Notebook")
    with app.app_context():
        assert db.session.query(PlaygroundCallback).count() == 0


# -- drafts ------------------------------------------------------------------------------------------


def save_draft(app, browser: Browser, **changes) -> Integrator:
    fields = {**HONEST, "redirect_uris": ""} | changes
    browser.submit(browser.get("/org/oauth/register"), press="Save as a draft", **fields)
    with app.app_context():
        client_id = db.session.query(Client.client_id).scalar()
    return Integrator(app, client_id, None, "", "memories:read")


def test_draft_without_a_redirect_uri_is_activated_for_the_playground(app, admin):
    draft = save_draft(app, admin)

    page = admin.submit(admin.get(path_of(draft)), press="Activate and open the playground")

    assert "rlq_cs_" in page.text
    assert 'data-hands-over="client-secret"' in page.text
    trial = trial_of(draft)
    assert is_accepted(trial, admin)
    # Its own page does not stumble over that, and its settings ask for what is missing.
    assert "None yet" in admin.get(f"/org/oauth/{draft.client_id}").text
    page = admin.submit(admin.get(f"/org/oauth/{draft.client_id}/settings"), press="Save")
    assert "Give at least one redirect URI" in page.text
    page = admin.follow(admin.submit(admin.get(path_of(draft)), press="Finish"))
    assert "has no redirect URI of its own yet" in page.text
    assert not is_accepted(trial, admin)


def test_an_app_of_devices_alone_is_not_asked_for_a_redirect_uri(admin, notebook, change_client):
    change_client(notebook, redirect_uris=[], device_flow=True)
    assert "has no redirect URI of its own yet" not in admin.get(path_of(notebook)).text


def test_public_draft_goes_straight_on(app, admin):
    draft = save_draft(app, admin, type="public")
    page = admin.submit(admin.get(path_of(draft)), press="Activate and open the playground")
    assert "1. Send the user to authorize" in admin.follow(page).text


def test_draft_without_scopes_says_what_it_lacks(app, admin, stored):
    draft = save_draft(app, admin, scopes=[])
    before = stored()

    page = admin.get(path_of(draft))
    refused = admin.follow(send(admin, path_of(draft, "/start")))

    assert "Choose at least one scope" in page.text
    assert "Activate and open" not in page.text
    assert "Choose at least one scope" in refused.text
    assert "Give at least one redirect URI" not in refused.text
    assert stored() == before


# -- what the page says -----------------------------------------------------------------------------


def test_page_says_what_the_trial_leaves_behind_and_what_to_do_without_javascript(admin, notebook):
    before = admin.get(path_of(notebook)).text
    start(admin, notebook)
    during = admin.get(path_of(notebook)).text

    assert "connected to your own account" in before
    assert "an ordinary consent of your own account" in during
    assert 'href="/account/apps/"' in during
    for page in (before, during):
        assert '<a href="/guide/">' in page[page.index("<noscript>") : page.index("</noscript>")]


def test_ways_into_the_playground(admin, notebook):
    link = f'href="{path_of(notebook)}"'
    assert link in admin.get("/org/oauth/").text
    assert admin.get(f"/org/oauth/{notebook.client_id}").text.count(link) == 2
    page = admin.submit(admin.get(f"/org/oauth/{notebook.client_id}/secrets/new"), press="Make the secret")
    assert f'action="{path_of(notebook)}"' in page.text
