"""An app that asks by devices alone has no redirect URI: however it came to be known, and wherever one is supposed."""

import pytest
from sqlalchemy import select

from app.accounts.organizations import find_organization
from app.clients.documents.errors import DocumentProblem
from app.clients.documents.reading import read_document
from app.clients.errors import ClientError
from app.clients.models import Client
from app.clients.registration import register_client, update_client
from app.config import settings
from app.extensions import db
from tests.actors import Browser
from tests.tables import each

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ITSELF = {"client_name": "Robot", "token_endpoint_auth_method": "none"}
ALONE = ITSELF | {"grant_types": [GRANT, "refresh_token"]}


@pytest.fixture
def register_itself(app):
    return lambda **metadata: app.test_client().post("/oauth/register", json=metadata)


def _register(**fields) -> Client:
    client, _ = register_client(
        db.session(),
        settings(),
        organization=find_organization("acme"),
        **{"name": "Acme Television", "type": "public", "redirect_uris": [], "scopes": ["memories:read"]} | fields,
    )
    db.session.commit()
    return client


# -- which apps may ----------------------------------------------------------------------------------


def test_none_may_before_somebody_says_so(app, notebook):
    with app.app_context():
        assert db.session.scalar(select(Client.device_flow)) is False


def test_only_an_app_of_devices_needs_no_redirect_uri(app, bob):
    with app.app_context():
        with pytest.raises(ClientError, match="redirect URI"):
            _register()
        db.session.rollback()
        client = _register(device_flow=True)
        assert (client.grant_types, client.check_grant_type(GRANT)) == (["refresh_token", GRANT], True)
        with pytest.raises(ClientError, match="redirect URI"):
            update_client(db.session(), settings(), client, actor_user_id=None, device_flow=False)


# -- what apps say of themselves ---------------------------------------------------------------------


@each(
    ("metadata", "grants", "responses", "uris"),
    [
        (ALONE, ["refresh_token", GRANT], [], None),
        # None of its answers goes there.
        (ALONE | {"redirect_uris": ["http://127.0.0.1/cb"]}, ["refresh_token", GRANT], [], None),
        (ALONE | {"response_types": []}, ["refresh_token", GRANT], [], None),
        (
            ITSELF | {"redirect_uris": ["http://127.0.0.1/cb"], "grant_types": ["authorization_code", GRANT]},
            ["authorization_code", "refresh_token", GRANT],
            ["code"],
            ["http://127.0.0.1/cb"],
        ),
        (
            ITSELF | {"redirect_uris": ["http://127.0.0.1/cb"]},
            ["authorization_code", "refresh_token"],
            ["code"],
            ["http://127.0.0.1/cb"],
        ),
    ],
)
def test_what_a_client_registers_is_told_back(register_itself, metadata, grants, responses, uris):
    """:rfc:`7591#section-3.2.1`: all that was registered, as it is now."""
    answer = register_itself(**metadata)
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert (told["grant_types"], told["response_types"], told.get("redirect_uris")) == (grants, responses, uris)


@each(
    "metadata",
    [
        ITSELF | {"grant_types": ["authorization_code", GRANT]},
        ITSELF | {"grant_types": ["refresh_token"], "redirect_uris": ["http://127.0.0.1/cb"]},
        ALONE | {"client_name": ""},
        ALONE | {"grant_types": GRANT},
    ],
)
def test_what_could_not_work_is_refused(register_itself, metadata):
    assert register_itself(**metadata).status_code == 400


def test_a_client_changes_by_itself_whether_it_asks_by_devices(app, register_itself):
    """:rfc:`7592#section-2.2`: the whole is replaced."""
    made = register_itself(**ALONE).json
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    path = made["registration_client_uri"].removeprefix("http://127.0.0.1:8000")
    changed = ITSELF | {"client_id": made["client_id"], "redirect_uris": ["http://127.0.0.1/cb"]}
    told = app.test_client().put(path, json=changed, headers=headers).json
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    answer = app.test_client().post("/oauth/device_authorization", data={"client_id": made["client_id"]})
    assert answer.json["error"] == "unauthorized_client"


def test_a_document_may_say_so_too(app):
    url = "https://television.example/client.json"
    with app.app_context():
        said = {"client_id": url, "client_name": "Television", "grant_types": [GRANT]}
        reading = read_document(settings(), url, said)
        assert (reading.fields.device_flow, reading.fields.redirect_uris) == (True, [])
        with pytest.raises(DocumentProblem) as refused:
            read_document(settings(), url, said | {"grant_types": ["authorization_code", GRANT]})
        assert "redirect URI" in refused.value.detail


# -- where an address is supposed --------------------------------------------------------------------


@pytest.fixture
def television(app, bob) -> str:
    with app.app_context():
        return _register(device_flow=True).client_id


@pytest.fixture
def admin(app, bob) -> Browser:
    browser = Browser(app)
    browser.enter(bob)
    return browser


def test_its_pages_say_what_it_has(admin, television):
    page = admin.get(f"/org/oauth/{television}").text
    assert "/oauth/device_authorization" in page and "None: people connect its devices by a code." in page
    # Nothing of what leads through a browser, which it does not have.
    assert "A ready authorize URL" not in page and "PKCE" not in page and "/oauth/authorize" not in page
    assert f'href="/guide/devices?client_id={television}"' in page
    assert "ask for a code as" in admin.get(f"/org/oauth/{television}/requests").text
    for path in ("settings", "people", "playground", "danger", "resources"):
        assert admin.get(f"/org/oauth/{television}/{path}").status_code == 200


def test_an_admin_says_so_on_a_page(app, admin, notebook):
    page = admin.get(f"/org/oauth/{notebook.client_id}/settings")
    page = admin.follow(admin.submit(page, press="Save", device_flow=True, redirect_uris=""))
    assert page.status_code == 200, page.text
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        assert (client.device_flow, client.redirect_uris) == (True, [])
    page = admin.submit(admin.get(f"/org/oauth/{notebook.client_id}/settings"), press="Save", device_flow=None)
    assert page.status_code == 400 and "redirect URI" in page.text


def test_the_guide_says_which_pages_are_not_for_it(admin, television, notebook):
    assert "has no redirect URI" in admin.get(f"/guide/libraries?client_id={television}").text
    assert "has no redirect URI" not in admin.get(f"/guide/libraries?client_id={notebook.client_id}").text
    assert "is not registered for devices" in admin.get(f"/guide/devices?client_id={notebook.client_id}").text
    assert "is not registered for devices" not in admin.get(f"/guide/devices?client_id={television}").text


def test_authorize_has_nowhere_to_send_its_answer(signed_in, television):
    query = f"response_type=code&client_id={television}&redirect_uri=https://elsewhere.example/&state=x"
    assert signed_in.get(f"/oauth/authorize?{query}").status_code == 400
