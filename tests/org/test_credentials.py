"""The tab with what a library needs: client id, secrets that can be several, and a ready authorize URL."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app import clock, credentials
from app.audit.models import AuditEvent
from app.clients.models import Client, ClientSecret
from app.extensions import db
from app.last_uses import LastUses
from tests.actors import Browser
from tests.integrator import Integrator
from tests.org.conftest import secret_in
from tests.protocol import change_client
from tests.signing import SigningKey
from tests.tables import each

__all__ = ["change_client"]

LIST = "/org/oauth/"


@pytest.fixture
def path(notebook) -> str:
    """Where Notebook's page is."""
    return LIST + notebook.client_id


def authorize_url(html: str) -> dict[str, str]:
    url = re.search(r'id="authorize-url">([^<]+)<', html)[1].replace("&amp;", "&")
    assert url.startswith("http://127.0.0.1:8000/oauth/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def make_secret(browser: Browser, path: str, label: str = ""):
    return browser.submit(browser.get(f"{path}/secrets/new"), press="Make the secret", label=label)


def works(integrator: Integrator, secret: str) -> bool:
    return replace(integrator, client_secret=secret).client_credentials().status_code == 200


def page_of(browser: Browser, path: str, secret: str, act: str):
    """The page that one secret's link on the tab leads to."""
    links = re.findall(
        rf'href="([^"]+/{act})">[^<]*<span class="visually-hidden">[^<]*…{secret[-4:]}<', browser.get(path).text
    )
    return browser.get(links[0])


# -- the page -----------------------------------------------------------------------------------------


def test_page_shows_what_a_library_needs(admin, notebook, path):
    page = admin.get(path).text

    assert notebook.client_id in page
    assert notebook.redirect_uri in page
    assert "Confidential" in page
    assert "http://127.0.0.1:8000/oauth/authorize" in page
    assert "http://127.0.0.1:8000/oauth/token" in page


def test_page_shows_a_secret_by_its_hint_its_maker_and_its_use_alone(app, admin, notebook, path, bob):
    page = admin.get(path).text
    assert f"…{notebook.client_secret[-4:]}" in page
    assert notebook.client_secret not in page
    assert "never used" in page

    notebook.client_credentials()
    app.extensions["services"].notes.of(LastUses).flush()
    assert "last used" in admin.get(path).text

    secret = secret_in(make_secret(admin, path, "staging"))
    page = admin.get(path).text
    assert "staging" in page
    assert f"by <bdi>{bob.name}</bdi>" in page
    assert secret not in page


def test_ready_authorize_url_of_a_confidential_app_leads_to_its_consent(admin, notebook, path):
    parameters = authorize_url(admin.get(path).text)

    assert parameters["client_id"] == notebook.client_id
    assert parameters["redirect_uri"] == notebook.redirect_uri
    assert "code_challenge" not in parameters


def test_ready_authorize_url_of_a_public_app_has_a_challenge(admin, pocket):
    page = admin.get(LIST + pocket.client_id).text
    parameters = authorize_url(page)

    assert parameters["code_challenge_method"] == "S256"
    assert len(parameters["code_challenge"]) == 43
    assert "RFC 7636" in page


def test_an_app_that_pushes_its_requests_is_shown_no_authorize_url_that_would_be_refused(
    admin, notebook, path, change_client
):
    change_client(notebook, require_pushed=True)
    page, requests = admin.get(path), admin.get(f"{path}/requests")

    assert 'id="authorize-url"' not in page.text and "http://127.0.0.1:8000/oauth/par" in page.text
    for one in (page, requests):
        (guide,) = set(re.findall(r'href="([^"]+#pushed-requests)"', one.text))
        assert 'id="pushed-requests"' in admin.get(guide).text
    assert "ready authorize URL" not in requests.text


def test_ready_authorize_url_works(admin, notebook, pocket):
    for client in (notebook, pocket):
        html = admin.get(LIST + client.client_id).text
        url = re.search(r'id="authorize-url">([^<]+)<', html)[1].replace("&amp;", "&")
        page = admin.follow(admin.get(url))
        assert page.status_code == 200
        assert page.request.path.startswith("/oauth/authorize")


# -- one more secret ----------------------------------------------------------------------------------


def test_another_secret_is_shown_once_and_the_first_goes_on_working(app, admin, bob, notebook, path, stored):
    page = make_secret(admin, path, "  production ")

    secret = secret_in(page)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert works(notebook, notebook.client_secret)
    assert works(notebook, secret)
    for tab in ("", "/settings", "/people", "/danger", "/secrets/new"):
        assert "rlq_cs_" not in admin.get(path + tab).text
    assert secret not in stored(everything=True)
    with app.app_context():
        kept = db.session.get(ClientSecret, credentials.digest(secret))
        assert (kept.label, kept.created_by_user_id) == ("production", bob.id)
        event = db.session.query(AuditEvent).filter_by(kind="client.secret_added").one()
        assert event.actor_user_id == bob.id
        assert event.details == {"secret_id": kept.id, "hint": secret[-4:], "label": "production"}


def test_form_sent_twice_makes_one_secret(admin, path, stored):
    form = admin.get(f"{path}/secrets/new")
    admin.submit(form, press="Make the secret")
    before = stored()

    again = admin.submit(form, press="Make the secret")

    assert again.status_code == 303
    assert stored() == before
    page = admin.follow(again)
    assert "made already" in page.text
    assert "rlq_cs_" not in page.text


@pytest.mark.parametrize("once", ["", "x", None])
def test_form_without_its_token_changes_nothing(admin, path, stored, once):
    before = stored()

    page = admin.submit(admin.get(f"{path}/secrets/new"), press="Make the secret", once=once)

    assert page.status_code == 400
    assert "not sent whole" in page.text
    assert stored() == before


@pytest.mark.parametrize(
    ("label", "says"),
    [("x" * 101, "101 characters"), ("a\x00b", "control character"), ("a\u202eb", "control character")],
)
def test_wrong_label_changes_nothing(admin, path, stored, label, says):
    before = stored()

    page = make_secret(admin, path, label)

    assert page.status_code == 400
    assert says in page.text
    assert stored() == before


def test_a_label_is_cleaned_before_it_is_held_against_the_rules(admin, path, stored):
    """As every other text that somebody types on one line: what is pasted may have tabs, and accents beside letters."""
    assert make_secret(admin, path, "CI\tserver " + "e\u0301" * 89).status_code == 200
    assert "CI server " + "é" * 89 in admin.get(path).text


def test_an_app_has_at_most_five_secrets_that_work(admin, path, stored):
    for _ in range(4):
        assert make_secret(admin, path).status_code == 200
    before = stored()

    page = make_secret(admin, path)

    assert page.status_code == 400
    assert "retire one first" in page.text
    assert stored() == before


def test_public_app_has_no_secrets(admin, pocket, stored):
    before = stored()

    page = admin.follow(admin.get(f"{LIST}{pocket.client_id}/secrets/new"))

    assert "it has no secret" in page.text
    assert stored() == before


# -- retiring and ending ------------------------------------------------------------------------------


def test_retired_secret_stops_at_once_and_the_other_goes_on(app, admin, notebook, path):
    secret = secret_in(make_secret(admin, path))
    question = page_of(admin, path, notebook.client_secret, "retire")
    assert "stops working at once" in question.text
    assert works(notebook, notebook.client_secret)

    admin.submit(question, press="Retire the secret")

    assert not works(notebook, notebook.client_secret)
    assert works(notebook, secret)
    assert f"…{notebook.client_secret[-4:]}" not in admin.get(path).text
    with app.app_context():
        assert db.session.query(AuditEvent).filter_by(kind="client.secret_retired").count() == 1


def test_retiring_the_only_secret_is_warned_about(admin, notebook, path):
    question = page_of(admin, path, notebook.client_secret, "retire")
    assert "It is the only secret" in question.text

    page = admin.follow(admin.submit(question, press="Retire the secret"))
    assert "No secret works" in page.text


def test_an_app_that_signs_goes_on_without_its_only_secret(admin, notebook, path):
    key = SigningKey()
    settings = f"{path}/settings"
    admin.submit(admin.get(settings), press="Save", jwks=json.dumps({"keys": [key.public]}))
    question = page_of(admin, path, notebook.client_secret, "retire")
    assert "by its signature alone" in question.text and "Make another first" not in question.text
    assert "What sends it is cut off" in admin.get(f"{path}/rotate-everything").text

    admin.submit(admin.get(settings), press="Save", jwks="")
    asked_again = admin.submit(question, press="Retire the secret")
    assert asked_again.status_code == 409 and "Make another first" in asked_again.text


def test_secret_that_is_retired_is_gone(admin, notebook, path):
    question = page_of(admin, path, notebook.client_secret, "retire")
    admin.submit(question, press="Retire the secret")

    assert admin.submit(question, press="Retire the secret").status_code == 404


def test_secret_works_until_the_end_of_its_last_day(admin, notebook, path, monkeypatch):
    today = clock.now().replace(hour=10)
    monkeypatch.setattr("app.clock.now", lambda: today)
    form = page_of(admin, path, notebook.client_secret, "end")
    admin.submit(form, press="Save", ends_on=f"{today + timedelta(days=1):%Y-%m-%d}")

    last_moment = (today + timedelta(days=1)).replace(hour=23, minute=59, second=59)
    monkeypatch.setattr("app.clock.now", lambda: last_moment)
    assert works(notebook, notebook.client_secret)
    monkeypatch.setattr("app.clock.now", lambda: last_moment + timedelta(seconds=1))
    assert not works(notebook, notebook.client_secret)


def test_end_can_be_taken_back(app, admin, notebook, path):
    admin.submit(page_of(admin, path, notebook.client_secret, "end"), press="Save", ends_on="2099-01-31")
    form = page_of(admin, path, notebook.client_secret, "end")
    assert 'value="2099-01-31"' in form.text

    admin.submit(form, press="Save", ends_on="")

    with app.app_context():
        assert db.session.query(ClientSecret).one().expires_at is None
        assert db.session.query(AuditEvent).filter_by(kind="client.secret_end_set").count() == 2


@each("day", ["2020-01-01", "9999-12-31", "31.1.2099", "\x00", "x" * 1000])
def test_end_that_is_no_day_to_come_changes_nothing(admin, notebook, path, stored, day):
    before = stored()

    page = admin.submit(page_of(admin, path, notebook.client_secret, "end"), press="Save", ends_on=day)

    assert page.status_code == 400
    assert "field-errors" in page.text
    assert stored() == before


def test_suspended_app_is_marked(app, admin, notebook, path):
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        client.suspended_at = client.created_at
        db.session.commit()

    assert "suspended" in admin.get(path).text
    assert "Suspended" in admin.get(LIST).text
