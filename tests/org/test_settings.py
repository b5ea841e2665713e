"""The settings tab: every field, and two people at it at once."""

import re

import pytest

from app.audit.models import AuditEvent
from app.clients.models import Client
from app.clients.registration import update_client
from app.config import settings
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import find_forms
from tests.org.conftest import send, signed_in
from tests.tables import each

LIST = "/org/oauth/"

EVERYTHING = {
    "name": "Acme Diary",
    "description": "Keeps a diary.",
    "homepage_url": "https://diary.acme.example",
    "privacy_url": "https://diary.acme.example/privacy",
    "terms_url": "https://diary.acme.example/terms",
    "redirect_uris": "https://diary.acme.example/a\nhttp://127.0.0.1/b",
    "request_origins": "https://diary.acme.example\nhttp://localhost:3000",
    "scopes": ["memories:read", "integrations:read"],
    "optional_scopes": ["integrations:read"],
    "native_app": True,
    "require_pkce": True,
    "require_pushed": True,
    "access_token_lifetime": "600",
    "refresh_token_lifetime": "86400",
}


@pytest.fixture
def path(notebook) -> str:
    """Where Notebook's settings are."""
    return f"{LIST}{notebook.client_id}/settings"


def test_form_starts_from_the_present_and_saves_nothing_untouched(admin, path, stored):
    before = stored()

    response = admin.submit(admin.get(path), press="Save")

    assert response.status_code == 303
    assert "The app was saved" in admin.follow(response).text
    assert stored() == before


def test_every_field_is_saved_and_recorded(app, admin, bob, notebook, path):
    response = admin.submit(admin.get(path), press="Save", **EVERYTHING)

    assert response.location == path
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        for name in ("name", "description", "homepage_url", "privacy_url", "terms_url"):
            assert getattr(client, name) == EVERYTHING[name]
        assert client.redirect_uris == ["https://diary.acme.example/a", "http://127.0.0.1/b"]
        assert client.request_origins == ["http://localhost:3000", "https://diary.acme.example"]
        assert (client.scope, client.optional_scope) == ("memories:read integrations:read", "integrations:read")
        assert (client.native_app, client.require_pkce, client.require_pushed) == (True, True, True)
        assert (client.access_token_lifetime, client.refresh_token_lifetime) == (600, 86400)
        assert client.version == 2
        event = db.session.query(AuditEvent).filter_by(kind="client.updated").one()
        assert (event.actor_user_id, event.client_key) == (bob.id, notebook.client_id)
        assert event.details["before"]["name"] == "Acme Notebook"
        assert event.details["after"]["request_origins"] == ["http://localhost:3000", "https://diary.acme.example"]


def test_saved_fields_come_back_and_can_be_emptied_again(app, admin, notebook, path):
    admin.submit(admin.get(path), press="Save", **EVERYTHING)
    values = dict(next(form for form in find_forms(admin.get(path).text) if "version" in form.choices).values)
    assert values["access_token_lifetime"] == "600"
    assert values["request_origins"].split() == ["http://localhost:3000", "https://diary.acme.example"]

    emptied = {"request_origins": "", "access_token_lifetime": "", "refresh_token_lifetime": "", "privacy_url": ""}
    switches = {"native_app": None, "require_pkce": None, "require_pushed": None, "optional_scopes": []}
    admin.submit(admin.get(path), press="Save", **emptied, **switches)

    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.request_origins, client.optional_scope, client.privacy_url) == ([], "", "")
        assert (client.access_token_lifetime, client.refresh_token_lifetime) == (None, None)
        assert (client.native_app, client.require_pkce, client.require_pushed) == (False, False, False)


@pytest.fixture
def unchanged(admin, path):
    """The page with nothing changed yet."""
    return admin.get(path)


def test_type_and_owner_cannot_be_changed(app, admin, notebook, path, stored):
    honest = {"version": "1", "name": "Acme Notebook", "redirect_uris": notebook.redirect_uri, "scopes": list(SCOPES)}
    before = stored()

    response = send(admin, path, **honest, type="public", client_id="client_1", organization_id="org_1")

    assert response.status_code == 303
    assert stored() == before


@each(
    ("field", "value", "says"),
    [
        ("name", "", "Give the app a name"),
        ("name", "x" * 101, "101 characters"),
        ("description", "x" * 501, "501 characters"),
        ("homepage_url", "ftp://acme.example", "not a web address"),
        ("privacy_url", "javascript:alert(1)", "not a web address"),
        ("terms_url", "acme", "does not start with a scheme"),
        ("redirect_uris", "", "Give at least one redirect URI"),
        ("redirect_uris", "https://acme.example/#x", "has a fragment"),
        ("request_origins", "https://acme.example/x", "is more than an origin"),
        ("scopes", [], "Choose at least one scope"),
        ("scopes", ["root"], "There is no scope “root”"),
        ("optional_scopes", ["root"], "There is no scope “root”"),
        ("access_token_lifetime", "59", "from 60 to 3600 seconds"),
        ("access_token_lifetime", "3601", "from 60 to 3600 seconds"),
        ("access_token_lifetime", "ten", "Write a whole number"),
        ("access_token_lifetime", "-5", "Write a whole number"),
        ("access_token_lifetime", "9" * 5000, "Write a whole number"),
        ("access_token_lifetime", "٦٠", "Write a whole number"),
        ("refresh_token_lifetime", "3599", "from 3600 to 2592000 seconds"),
        ("refresh_token_lifetime", "2592001", "from 3600 to 2592000 seconds"),
        ("refresh_token_lifetime", "1.5", "Write a whole number"),
        ("version", "", "not sent whole"),
        ("version", "x", "not sent whole"),
        ("version", None, "not sent whole"),
        ("version", "9" * 5000, "not sent whole"),
    ],
)
def test_wrong_field_changes_nothing_and_says_why(admin, unchanged, stored, field, value, says):
    before = stored()

    page = admin.submit(unchanged, press="Save", **{field: value})

    assert page.status_code == 400
    assert says in page.text
    assert stored() == before


def test_optional_scope_must_be_among_the_scopes(admin, path, stored):
    before = stored()

    page = admin.submit(admin.get(path), press="Save", scopes=["memories:read"], optional_scopes=["memories:write"])

    assert page.status_code == 400
    assert "“memories:write” can be optional only if" in page.text
    assert stored() == before


def test_member_reads_the_settings(app, alice, admin, path):
    admin.submit(admin.get(path), press="Save", **EVERYTHING)
    page = signed_in(app, alice).get(path).text

    assert "https://diary.acme.example/privacy" in page
    assert "600 seconds" in page
    assert find_forms(page)[-1].action == "/sign-out"


# -- two people at once -------------------------------------------------------------------------------


@pytest.fixture
def both(app, admin, olive):
    """Bob's and Olive's browsers."""
    return admin, signed_in(app, olive)


def test_second_is_told_what_the_first_changed_and_nothing_is_lost(app, both, notebook, path):
    bobs, olives = both
    first, second = bobs.get(path), olives.get(path)
    bobs.submit(first, press="Save", name="Acme Diary", description="Bob's words.")

    page = olives.submit(second, press="Save", description="Olive's words.", homepage_url="https://olive.acme.example")

    assert page.status_code == 409
    assert "Nothing of yours is saved yet" in page.text
    said = re.sub(r"<[^>]+>|\s+", " ", page.text).replace("&#39;", "'")
    assert "Bob Baker" in said
    assert "from “Acme Notebook” to “Acme Diary”" in said
    assert "to “Bob's words.”" in said
    assert "You wrote “Olive's words.”" in said
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.name, client.description) == ("Acme Diary", "Bob's words.")

    # What she left alone follows Bob; what both wrote is hers to decide, and sending the page again decides.
    assert olives.submit(page, press="Save").status_code == 303
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.name, client.description) == ("Acme Diary", "Olive's words.")
        assert client.homepage_url == "https://olive.acme.example"
        last = db.session.query(AuditEvent).filter_by(kind="client.updated").order_by(AuditEvent.occurred_at).all()[-1]
        assert last.details["before"] == {"description": "Bob's words.", "homepage_url": ""}


@each(
    ("field", "first", "second", "column", "result", "told"),
    [
        ("scopes", ["memories:read"], ["memories:write"], "scope", "memories:write", "to “memories:read”"),
        (
            "request_origins",
            "https://a.example",
            "https://b.example",
            "request_origins",
            ["https://b.example"],
            "from “none” to “https://a.example”",
        ),
        (
            "redirect_uris",
            "https://a.example/",
            "https://b.example/",
            "redirect_uris",
            ["https://b.example/"],
            "to “https://a.example/”",
        ),
        ("access_token_lifetime", "100", "200", "access_token_lifetime", 200, "from “nothing” to “100”"),
        ("native_app", True, None, "native_app", True, "from “no” to “yes”"),
        ("require_pkce", True, None, "require_pkce", True, "from “no” to “yes”"),
    ],
)
def test_every_kind_of_field_can_be_settled(app, both, notebook, path, field, first, second, column, result, told):
    bobs, olives = both
    hers = olives.get(path)
    bobs.submit(bobs.get(path), press="Save", **{field: first})

    page = olives.submit(hers, press="Save", name="Acme Olive", **{field: second})
    assert page.status_code == 409
    assert told in re.sub(r"<[^>]+>|\s+", " ", page.text)
    olives.submit(page, press="Save")

    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert getattr(client, column) == result
        assert client.name == "Acme Olive"


def test_change_that_was_taken_back_meanwhile_is_no_conflict(app, both, notebook, path):
    bobs, olives = both
    hers = olives.get(path)
    bobs.submit(bobs.get(path), press="Save", name="Acme Diary")
    bobs.submit(bobs.get(path), press="Save", name="Acme Notebook")

    page = olives.submit(hers, press="Save", description="Olive's words.")

    assert page.status_code == 303
    with app.app_context():
        client = db.session.get(Client, notebook.client_id)
        assert (client.name, client.description) == ("Acme Notebook", "Olive's words.")


def test_change_from_the_command_line_is_told_too(app, admin, notebook, path):
    form = admin.get(path)
    with app.app_context():
        update_client(
            db.session(), settings(), db.session.get(Client, notebook.client_id), actor_user_id=None, name="Acme Diary"
        )
        db.session.commit()

    page = admin.submit(form, press="Save", name="Acme Bob")

    assert page.status_code == 409
    assert "Somebody on the command line" in page.text


def test_same_form_sent_twice_acts_once(admin, path, stored):
    form = admin.get(path)
    admin.submit(form, press="Save", name="Acme Diary")
    before = stored()

    again = admin.submit(form, press="Save", name="Acme Diary")

    assert again.status_code == 303
    assert stored() == before
