"""The end of a client: what goes, what people keep, and that nobody else can tell it from one that never was."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock
from app.accounts.organizations import find_organization
from app.cli.clients import life
from app.clients.errors import ClientGone
from app.clients.life import delete_client, suspend_client
from app.clients.models import Client, ClientSecret, find_record
from app.clients.registration import register_client
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.extensions import db
from app.operations.models import IdempotencyKey
from app.org import danger_views
from tests.actors import Browser
from tests.cli.test_commands import assert_refused, run_in
from tests.purging import purge


@pytest.fixture
def delete(app):
    def delete(integrator) -> None:
        with app.app_context():
            delete_client(db.session(), find_record(db.session(), integrator.client_id), actor_user_id=None)
            db.session.commit()

    return delete


@pytest.fixture
def signed_in(browser, alice) -> Browser:
    browser.sign_in(alice.email, alice.password)
    return browser


@pytest.fixture
def tokens(app, notebook, signed_in) -> dict:
    """What Notebook got, and read with, when Alice allowed it everything."""
    tokens = notebook.tokens(signed_in)
    with app.app_context():
        minute = clock.now().replace(second=0, microsecond=0)
        db.session.add(AccessRecord(grant_id=tokens["grant_id"], minute=minute, action="read", count=7))
        db.session.commit()
    return tokens


def test_the_person_still_sees_the_app_and_what_it_did(signed_in, notebook, tokens, delete):
    delete(notebook)
    page = signed_in.get("/account/apps/")
    assert "Apps that were connected" in page.text and "Acme Notebook" in page.text
    assert "No app is connected" in page.text
    activity = signed_in.get(f"/account/apps/{tokens['grant_id']}/activity")
    assert activity.status_code == 200
    assert "Acme Notebook" in activity.text and "Read 7 memories" in activity.text
    assert "<form" not in signed_in.get(f"/account/apps/{tokens['grant_id']}/").text.split("<main")[1]


def test_the_wire_cannot_tell_it_from_one_that_never_was(signed_in, notebook, tokens, delete):
    delete(notebook)
    code = notebook.post("/oauth/token", {"grant_type": "authorization_code", "code": "x", "redirect_uri": "y"})
    for answer in (code, notebook.refresh(tokens["refresh_token"]), notebook.client_credentials()):
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert "unknown" in notebook.me(tokens["access_token"]).headers["WWW-Authenticate"]
    assert "We do not know this app" in notebook.start(signed_in).text


def test_what_it_wrote_down_for_itself_goes(app, notebook, tokens, delete):
    with app.app_context():
        db.session.add(
            IdempotencyKey(
                digest="0" * 64,
                client_key=notebook.client_id,
                request_digest="1" * 64,
                status=201,
                body="{}",
                expires_at=clock.now() + timedelta(days=1),
            )
        )
        db.session.commit()
    delete(notebook)
    with app.app_context():
        for model in (IdempotencyKey, ClientSecret):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0


def test_one_that_ended_is_taken_up_again_by_its_id_and_ends_no_less(app, notebook, signed_in, tokens, delete):
    """As the demonstration's apps are: the people who had it connected have to allow it anew."""
    delete(notebook)
    with app.app_context():
        client, _secret = register_client(
            db.session(),
            app.extensions["services"].settings,
            organization=find_organization("acme"),
            client_id=notebook.client_id,
            name="Acme Notebook 2",
            type="confidential",
            redirect_uris=[notebook.redirect_uri],
            scopes=["memories:read"],
        )
        db.session.commit()
        assert (client.key, client.status, client.ended_at) == (notebook.client_id, "active", None)
        assert [consent.is_live() for consent in db.session.scalars(select(Consent))] == [False]
    assert not notebook.is_alive(tokens["access_token"])
    assert "Acme Notebook 2" in signed_in.get("/account/apps/").text


def test_whoever_acts_on_one_that_ended_meanwhile_is_told_so(app, notebook, delete):
    with app.app_context():
        client = find_record(db.session(), notebook.client_id)
        db.session.rollback()
        delete(notebook)
        with pytest.raises(ClientGone):
            suspend_client(db.session(), client, actor_user_id=None)


def test_on_a_page_that_is_a_page_that_is_not_there(app, notebook, bob, monkeypatch, delete):
    def delete_and_suspend(session, client, **more):
        session.rollback()
        delete(notebook)
        suspend_client(session, client, **more)

    monkeypatch.setattr(danger_views, "suspend_client", delete_and_suspend)
    admin = Browser(app)
    admin.sign_in(bob.email, bob.password)
    page = admin.get(f"/org/oauth/{notebook.client_id}/suspend")
    assert admin.submit(page, press="Suspend the app").status_code == 404


def test_a_command_says_so(app, notebook, monkeypatch, delete):
    def delete_and_suspend(session, client, **more):
        session.rollback()
        delete(notebook)
        suspend_client(session, client, **more)

    monkeypatch.setattr(life, "suspend_client", delete_and_suspend)
    assert_refused(run_in(app, "clients", "suspend", notebook.client_id), "was deleted while")


def test_the_purge_forgets_one_of_which_nobody_has_anything(app, monkeypatch, notebook, pocket, tokens, delete):
    delete(notebook)
    delete(pocket)

    def purge_after(days: int) -> int:
        now = clock.now() + timedelta(days=days)
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: now)
            purge(app)
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(Client))

    assert purge_after(days=0) == 2
    assert purge_after(days=2) == 1
    with app.app_context():
        assert db.session.scalars(select(Client.client_id)).all() == [notebook.client_id]
