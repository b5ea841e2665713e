"""A new secret for every app of an organization at once."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from app import clock
from app.audit.models import AuditEvent
from app.clients.models import Client, ClientSecret
from app.credentials import digest
from app.extensions import db
from tests.org.conftest import HONEST, send, signed_in

_PATH = "/org/oauth/organization/rotate-secrets"


@pytest.fixture
def planner(admin, notebook) -> str:
    """Another app of Acme, which works with a secret too; its id."""
    page = admin.submit(admin.get("/org/oauth/register"), press="Register the app", **HONEST)
    return re.search(r'id="client-id">([^<]+)<', page.text)[1]


def rotate(admin):
    return admin.submit(admin.get(_PATH), press="Make new secrets")


def shown(page) -> dict[str, str]:
    """The secrets that the page shows, by client id."""
    lines = unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)[1]).splitlines()
    return {line.split("\t")[0]: line.split("\t")[1] for line in lines}


def test_each_app_gets_a_new_one_and_every_earlier_one_ends(admin, notebook, planner, pocket):
    made = shown(rotate(admin))
    assert set(made) == {notebook.client_id, planner}, "A public app has none."
    assert notebook.client_credentials().json["error"] == "invalid_client"
    assert "access_token" in replace(notebook, client_secret=made[notebook.client_id]).client_credentials().json


def test_whoever_cannot_be_shown_the_new_ones_keeps_the_old(admin, notebook, monkeypatch):
    page = admin.get(_PATH)

    def fail(*_names, **_values):
        raise LookupError("no page")

    with monkeypatch.context() as patch:
        patch.setattr("app.org.organization_views.render_template", fail)
        assert admin.submit(page, press="Make new secrets").status_code == 500
    assert "access_token" in notebook.client_credentials().json
    assert notebook.client_id in shown(admin.submit(page, press="Make new secrets")), "The same form makes them then."


def test_apps_of_others_keep_theirs(app, admin, notebook, carol):
    owner = signed_in(app, carol)
    page = owner.submit(owner.get("/org/oauth/register"), press="Register the app", **HONEST)
    secret = re.search(r'id="client-secret">([^<]+)<', page.text)[1]
    rotate(admin)
    with app.app_context():
        kept = db.session.scalars(select(ClientSecret).where(ClientSecret.digest == digest(secret))).one()
        assert kept.revoked_at is None


def test_one_that_ended_before_keeps_the_time_of_its_end(app, admin, notebook):
    with app.app_context():
        first = db.session.get_one(ClientSecret, digest(notebook.client_secret))
        first.revoked_at = ended = clock.now() - timedelta(days=3)
        db.session.commit()
    assert notebook.client_id in shown(rotate(admin))
    with app.app_context():
        assert db.session.get_one(ClientSecret, digest(notebook.client_secret)).revoked_at == ended


def test_sent_twice_it_is_done_once(app, admin, notebook, planner):
    page = admin.get(_PATH)
    made = shown(admin.submit(page, press="Make new secrets"))
    again = admin.follow(admin.submit(page, press="Make new secrets"))
    assert "This was done already." in again.text and not re.search("rlq_cs_[0-9a-f]{64}", again.text)
    assert "access_token" in replace(notebook, client_secret=made[notebook.client_id]).client_credentials().json


def test_each_is_in_the_audit_log_without_the_secret(app, admin, bob, notebook, planner):
    made = shown(rotate(admin))
    with app.app_context():
        events = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "client.secret_rotated")).all()
        assert {event.client_key for event in events} == {notebook.client_id, planner}
        assert all(event.actor_user_id == bob.id for event in events)
        assert not any(secret in str(event.details) for event in events for secret in made.values())


def test_an_app_that_is_registered_meanwhile_is_asked_about_anew(app, admin, notebook):
    page = admin.get(_PATH)
    admin.submit(admin.get("/org/oauth/register"), press="Register the app", **HONEST)
    answer = admin.submit(page, press="Make new secrets")
    assert answer.status_code == 409 and "Something has changed" in answer.text
    assert "access_token" in notebook.client_credentials().json


def test_a_draft_has_none_and_what_is_deleted_gets_none(app, admin, notebook):
    admin.submit(admin.get("/org/oauth/register"), press="Save as a draft", **HONEST)
    client_id = notebook.client_id
    page = admin.get(f"/org/oauth/{client_id}/delete")
    admin.submit(page, press="Delete the app", typed_name="Acme Notebook")
    assert "No app of the organization has a secret." in admin.get(_PATH).text
    assert send(admin, _PATH, once="0" * 32).status_code in (200, 404)
    with app.app_context():
        assert not db.session.scalars(select(ClientSecret).join(Client).where(Client.drafted_at.is_not(None))).all()
