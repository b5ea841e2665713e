"""Suspending, rotating everything and deleting an app."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.clients.models import Client, ClientLogo, ClientOrigin, ClientSecret
from app.consents.models import Consent
from app.extensions import db
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from tests.actors import Browser
from tests.org.conftest import kinds, secret_in
from tests.tables import each

LIST = "/org/oauth/"


@pytest.fixture
def danger(notebook) -> str:
    return f"{LIST}{notebook.client_id}/danger"


@pytest.fixture
def ask(notebook):
    """Go to the page that asks, from the one that lists what is dangerous."""

    def ask(browser: Browser, what: str, client_id: str = notebook.client_id):
        return browser.submit(browser.get(f"{LIST}{client_id}/danger"), press=f"{what}…")

    return ask


@pytest.fixture
def tokens(app, notebook, alice) -> dict:
    """What Notebook got when Alice allowed it everything."""
    browser = Browser(app)
    browser.enter(alice)
    return notebook.tokens(browser)


def test_suspension_acts_at_once_and_is_undone(app, admin, notebook, tokens, ask):
    page = admin.follow(admin.submit(ask(admin, "Suspend the app"), press="Suspend the app"))

    assert "This app is suspended" in page.text
    assert not notebook.is_alive(tokens["access_token"])
    assert notebook.refresh(tokens["refresh_token"]).status_code == 401
    assert notebook.client_credentials().status_code == 401
    assert notebook.start(admin).status_code == 400

    admin.submit(page, press="Resume the app")

    assert notebook.is_alive(tokens["access_token"])
    assert notebook.client_credentials().status_code == 200
    assert kinds(app)[-2:] == ["client.suspended", "client.resumed"]


def test_suspending_twice_is_recorded_once(app, admin, ask):
    page = ask(admin, "Suspend the app")
    admin.submit(page, press="Suspend the app")
    admin.submit(page, press="Suspend the app")

    assert kinds(app).count("client.suspended") == 1


def test_rotating_everything_ends_secrets_codes_and_tokens_and_keeps_consents(app, admin, notebook, tokens, ask, alice):
    own = notebook.client_credentials().json["access_token"]
    browser = Browser(app)
    browser.enter(alice)
    code = notebook.code(browser)

    page = admin.submit(ask(admin, "Rotate everything"), press="Rotate everything")

    secret = secret_in(page)
    assert not notebook.is_alive(tokens["access_token"])
    assert not notebook.is_alive(own)
    assert notebook.client_credentials().status_code == 401
    renewed = replace(notebook, client_secret=secret)
    assert renewed.exchange(code).json["error"] == "invalid_grant"
    assert renewed.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    # Alice need not decide again.
    assert renewed.is_alive(renewed.exchange(renewed.answer(renewed.start(browser))["code"]).json["access_token"])


def test_rotating_everything_leaves_other_apps_alone(app, admin, notebook, pocket, ask, alice):
    browser = Browser(app)
    browser.enter(alice)
    others = pocket.tokens(browser)

    admin.submit(ask(admin, "Rotate everything"), press="Rotate everything")

    assert pocket.is_alive(others["access_token"])
    assert pocket.refresh(others["refresh_token"]).status_code == 200


def test_rotating_everything_sent_twice_acts_once(admin, ask, stored):
    form = ask(admin, "Rotate everything")
    admin.submit(form, press="Rotate everything")
    before = stored()

    again = admin.submit(form, press="Rotate everything")

    assert again.status_code == 303
    assert stored() == before
    assert "rlq_cs_" not in admin.follow(again).text


def test_rotating_everything_of_a_public_app_ends_its_tokens(app, admin, pocket, alice, ask):
    browser = Browser(app)
    browser.enter(alice)
    tokens = pocket.tokens(browser)

    response = admin.submit(ask(admin, "Rotate everything", pocket.client_id), press="Rotate everything")

    assert response.status_code == 303
    assert not pocket.is_alive(tokens["access_token"])


@each("name", ["", "acme notebook", "Acme", "Acme Notebook2", "x" * 10_000, "Acme Notebook\x00"])
def test_deletion_wants_the_name_exactly(admin, ask, stored, name):
    before = stored()

    page = admin.submit(ask(admin, "Delete the app"), press="Delete the app", typed_name=name)

    assert page.status_code == 400
    assert "That is not its name" in page.text
    assert stored() == before


def test_deleted_app_is_gone_with_all_it_held_but_not_from_the_log(app, admin, notebook, tokens, danger, ask):
    page = admin.follow(
        admin.submit(ask(admin, "Delete the app"), press="Delete the app", typed_name=" Acme Notebook ")
    )

    assert "Acme Notebook was deleted" in page.text
    assert admin.get(danger).status_code == 404
    assert not notebook.is_alive(tokens["access_token"])
    assert notebook.client_credentials().status_code == 401
    assert notebook.start(admin).status_code == 400
    with app.app_context():
        (left,) = db.session.scalars(select(Client))
        assert (left.name, left.origin, left.organization_id) == ("Acme Notebook", "registered", None)
        assert left.ended_at is not None and left.suspended_at is not None
        assert (left.redirect_uris, left.scope, left.description, left.homepage_url) == ([], "", "", "")
        for gone in (ClientSecret, ClientLogo, ClientOrigin, TokenFamily, AccessToken, RefreshToken, RequestRecord):
            assert db.session.scalar(select(func.count()).select_from(gone)) == 0, gone
        assert [one.is_live() for one in db.session.scalars(select(Consent))] == [False]
    assert kinds(app)[-1] == "client.deleted"
    assert "Acme Notebook" in admin.get(LIST + "audit").text
