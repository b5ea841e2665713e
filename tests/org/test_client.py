"""One app's page, changing the app, and giving it a new secret."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from app import credentials
from app.audit.models import AuditEvent
from app.extensions import db
from app.oauth.models.client import Client, ClientSecret
from app.oauth.scopes import SCOPES

LIST = "/org/oauth/"


@pytest.fixture
def pages(notebook):
    """The paths of Notebook's pages."""
    path = LIST + notebook.client_id
    return {"page": path, "edit": f"{path}/edit", "rotate": f"{path}/rotate-secret"}


def authorize_url(html: str) -> dict[str, str]:
    url = re.search(r'id="authorize-url">([^<]+)<', html)[1].replace("&amp;", "&")
    assert url.startswith("http://127.0.0.1:8000/oauth/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


# -- the page -----------------------------------------------------------------------------------------


def test_page_shows_what_a_library_needs(admin, notebook, pages):
    page = admin.get(pages["page"]).text

    assert notebook.client_id in page
    assert notebook.redirect_uri in page
    assert "Confidential" in page
    assert "http://127.0.0.1:8000/oauth/authorize" in page
    assert "http://127.0.0.1:8000/oauth/token" in page
    for name, sentence in SCOPES.items():
        assert name in page
        assert sentence in page


def test_page_shows_a_secret_by_its_hint_and_use_alone(admin, notebook, pages):
    page = admin.get(pages["page"]).text
    assert f"…{notebook.client_secret[-4:]}" in page
    assert notebook.client_secret not in page
    assert "never used" in page

    notebook.client_credentials()
    assert "last used" in admin.get(pages["page"]).text


def test_ready_authorize_url_of_a_confidential_app_leads_to_its_consent(admin, notebook, pages):
    parameters = authorize_url(admin.get(pages["page"]).text)

    assert parameters["client_id"] == notebook.client_id
    assert parameters["redirect_uri"] == notebook.redirect_uri
    assert "code_challenge" not in parameters


def test_ready_authorize_url_of_a_public_app_has_a_challenge(admin, pocket):
    page = admin.get(LIST + pocket.client_id).text
    parameters = authorize_url(page)

    assert parameters["code_challenge_method"] == "S256"
    assert len(parameters["code_challenge"]) == 43
    assert "RFC 7636" in page


def test_ready_authorize_url_works(admin, notebook, pocket):
    for client in (notebook, pocket):
        html = admin.get(LIST + client.client_id).text
        url = re.search(r'id="authorize-url">([^<]+)<', html)[1].replace("&amp;", "&")
        page = admin.follow(admin.get(url))
        assert page.status_code == 200
        assert page.request.path.startswith("/oauth/authorize")


def test_suspended_app_is_marked(app, admin, notebook, pages):
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        client.suspended_at = client.created_at
        db.session.commit()

    assert "suspended" in admin.get(pages["page"]).text
    assert "suspended" in admin.get(LIST).text


# -- changing it --------------------------------------------------------------------------------------


def test_edit_form_starts_from_the_present_and_saves_nothing_untouched(admin, pages, stored):
    before = stored()

    response = admin.submit(admin.get(pages["edit"]), press="Save")

    assert response.status_code == 303
    assert "The app was saved" in admin.follow(response).text
    assert stored() == before


def test_edit_changes_the_fields_and_is_recorded(app, admin, bob, notebook, pages):
    response = admin.submit(
        admin.get(pages["edit"]),
        press="Save",
        name="Acme Diary",
        description="Keeps a diary.",
        homepage_url="https://diary.acme.example",
        redirect_uris="https://diary.acme.example/a\nhttp://127.0.0.1/b",
        scopes=["integrations:read"],
        native_app=True,
        require_pkce=True,
    )

    assert response.location == pages["page"]
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.name, client.description) == ("Acme Diary", "Keeps a diary.")
        assert client.homepage_url == "https://diary.acme.example"
        assert client.redirect_uris == ["https://diary.acme.example/a", "http://127.0.0.1/b"]
        assert client.scope == "integrations:read"
        assert (client.native_app, client.require_pkce) == (True, True)
        event = db.session.query(AuditEvent).filter_by(kind="client.updated").one()
        assert (event.actor_user_id, event.client_id) == (bob.id, notebook.client_id)
        assert event.details["before"]["name"] == "Acme Notebook"
        assert event.details["after"]["name"] == "Acme Diary"


def test_switches_can_be_turned_off_again(app, admin, notebook, pages):
    admin.submit(admin.get(pages["edit"]), press="Save", native_app=True, require_pkce=True)
    admin.submit(admin.get(pages["edit"]), press="Save", native_app=None, require_pkce=None)

    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.native_app, client.require_pkce) == (False, False)


def test_type_and_owner_cannot_be_changed(app, admin, notebook, pages, stored):
    form = admin.get(pages["edit"])
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text.split("<main")[1])[1]
    honest = {"csrf_token": token, "name": "Acme Notebook", "redirect_uris": notebook.redirect_uri}
    data = {**honest, "scopes": list(SCOPES), "type": "public", "client_id": "client_1", "organization_id": "org_1"}
    before = stored()

    response = admin._open(pages["edit"], method="POST", data=data, headers={"Referer": form.request.url})

    assert response.status_code == 303
    assert stored() == before


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "Give the app a name"),
        ("name", "x" * 101, "101 characters"),
        ("description", "x" * 501, "501 characters"),
        ("homepage_url", "ftp://acme.example", "not a web address"),
        ("redirect_uris", "", "Give at least one redirect URI"),
        ("redirect_uris", "https://acme.example/#x", "has a fragment"),
        ("scopes", [], "Choose at least one scope"),
        ("scopes", ["root"], "There is no scope “root”"),
    ],
)
def test_wrong_edit_changes_nothing_and_says_why(admin, pages, stored, field, value, says):
    before = stored()

    page = admin.submit(admin.get(pages["edit"]), press="Save", **{field: value})

    assert page.status_code == 400
    assert says in page.text
    assert stored() == before


# -- a new secret -------------------------------------------------------------------------------------


def test_rotation_is_asked_about_first(admin, pages, stored):
    before = stored()

    page = admin.get(pages["rotate"])

    assert "stops working at once" in page.text
    assert stored() == before


def test_rotation_shows_a_new_secret_once_and_ends_the_old_one(app, admin, bob, notebook, pages, stored):
    page = admin.submit(admin.get(pages["rotate"]), press="Make a new secret")

    (secret,) = set(re.findall(r"rlq_cs_[0-9a-f]{64}", page.text))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert secret != notebook.client_secret
    assert notebook.client_credentials().status_code == 401
    notebook.client_secret = secret
    assert notebook.client_credentials().status_code == 200
    for path in (LIST, *pages.values()):
        assert "rlq_cs_" not in admin.get(path).text
    page = admin.get(pages["page"]).text
    assert f"…{secret[-4:]}" in page
    assert page.count("<code>…") == 1
    assert secret not in stored(everything=True)
    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(kind="client.secret_rotated").one()
        assert event.actor_user_id == bob.id
        assert event.details == {"secret_id": db.session.get(ClientSecret, credentials.digest(secret)).id}


def test_rotation_sent_twice_acts_once(admin, pages, stored):
    form = admin.get(pages["rotate"])
    admin.submit(form, press="Make a new secret")
    before = stored()

    again = admin.submit(form, press="Make a new secret")

    assert again.status_code == 303
    assert stored() == before
    page = admin.follow(again)
    assert "already" in page.text
    assert "rlq_cs_" not in page.text


@pytest.mark.parametrize("once", ["", "x", None])
def test_rotation_without_its_token_changes_nothing(admin, pages, stored, once):
    before = stored()

    page = admin.submit(admin.get(pages["rotate"]), press="Make a new secret", once=once)

    assert page.status_code == 400
    assert "not sent whole" in page.text
    assert stored() == before


def test_public_app_has_no_secret_to_rotate(admin, pocket, stored):
    before = stored()

    page = admin.follow(admin.get(f"{LIST}{pocket.client_id}/rotate-secret"))

    assert "it has no secret" in page.text
    assert stored() == before
