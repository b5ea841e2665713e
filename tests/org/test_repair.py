"""Repairing a failed request at a click: never with an address that a stranger chose, never silently with a scope."""

import re
from datetime import timedelta
from html import unescape

import pytest

from app import clock
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.extensions import db
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.org.conftest import send, signed_in
from tests.tables import each

REGISTERED = "https://notebook.acme.example/callback"
NEAR = "https://notebook.acme.example/Callback/"
ADDRESS, SCOPES = "Register this address…", "Add what is missing…"


@pytest.fixture
def path(notebook) -> str:
    return f"/org/oauth/{notebook.client_id}"


@pytest.fixture
def refused(app, notebook):
    """Write down a refused request; where it can be repaired, if it can."""

    def refused(redirect_uri: str = "", *, scope: str = "", client_id: str = notebook.client_id, **changes) -> str:
        reason = Reason.SCOPE_NOT_REGISTERED if scope else Reason.REDIRECT_URI_MISMATCH
        fields = {"client_key": client_id, "at": clock.now(), "endpoint": "authorize", "error": ERROR_PAGE,
                  "reason": reason, "redirect_uri": redirect_uri, "scope": scope} | changes  # fmt: skip
        with app.app_context():
            record = RequestRecord(**fields)
            db.session.add(record)
            db.session.commit()
            return f"/org/oauth/{client_id}/requests/{record.id}/{'scopes' if scope else 'address'}"

    return refused


@pytest.fixture
def of_client(app, notebook):
    """A column of the app as it stands, or set to a value."""

    def of_client(name: str, *value):
        with app.app_context():
            client = db.session.get_one(Client, notebook.client_id)
            if value:
                setattr(client, name, value[0])
                db.session.commit()
            return getattr(client, name)

    return of_client


def told(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.text)).split())


# -- addresses ---------------------------------------------------------------------------------------


def test_an_address_on_a_registered_host_is_offered_asked_about_and_registered(
    app, admin, path, refused, of_client, notebook
):
    admin.get(notebook.authorize_url(redirect_uri=NEAR))
    tab = admin.get(path + "/requests")
    link = re.search(r'href="([^"]+/address)"', tab.text)[1]

    page = admin.get(link)

    assert NEAR in told(page) and REGISTERED in told(page)
    assert "people who allow the app can be sent to it" in told(page)
    assert "remove it under Settings" in told(page)
    assert of_client("redirect_uris") == [REGISTERED]

    tab = admin.follow(admin.submit(page, press="Register it"))

    assert "The address is registered. Try the request again." in told(tab)
    assert of_client("redirect_uris") == [REGISTERED, NEAR]
    assert ADDRESS not in told(tab)
    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(kind="client.updated").one()
        assert event.details["after"] == {"redirect_uris": [REGISTERED, NEAR]}


@each("uri", ["http://127.0.0.1:5000/callback", "http://localhost/cb", "http://[::1]:8400/cb"])
def test_an_address_on_the_readers_own_computer_is_offered(admin, path, refused, of_client, uri):
    link = refused(uri)
    assert ADDRESS in told(admin.get(path + "/requests"))
    assert "on the computer of whoever signs in" in told(admin.get(link))
    admin.submit(admin.get(link), press="Register it")
    assert of_client("redirect_uris") == [REGISTERED, uri]


STRANGERS = [
    "https://evil.example/callback",
    "https://notebook.acme.example.evil.example/callback",
    "https://notebook.acme.example@evil.example/callback",
    "https://notebook.acme.example./callback",
    "https://NOTEBOOK.acme.example/callback",
    "http://notebook.acme.example/callback",
    "http://127.0.0.1.evil.example/callback",
    "https://nоtebook.acme.example/callback",
    "javascript:alert(1)",
    "com.evil.app:/callback",
    "https://notebook.acme.example/…",
]


@each("uri", STRANGERS)
def test_an_address_of_a_stranger_is_neither_offered_nor_registered(admin, path, refused, stored, uri):
    """Whoever knows the client ID can send one, and whoever looks after the app sees it among its requests."""
    link = refused(uri)
    near = refused(NEAR)
    before = stored()

    tab = told(admin.get(path + "/requests?show=failed"))
    assert tab.count(ADDRESS) == 1
    assert tab.count("type it yourself, if it is yours") == 1
    # The answer of an honest page, with one thing changed: for which request it is.
    page = admin.get(near)
    form = dict(re.findall(r'name="(sure|organization)"[^>]*value="(\w+)"', page.text))
    for fields in (None, form, {}, {"redirect_uris": uri}):
        answer = admin.get(link) if fields is None else send(admin, link, **fields)
        assert answer.status_code == 303
        assert "type it under Settings" in told(admin.follow(answer))
    assert stored() == before


@each("uri", STRANGERS[:8])
def test_what_a_stranger_really_sends_is_not_offered(admin, path, browser, notebook, uri):
    browser.get(notebook.authorize_url(redirect_uri=uri))
    assert ADDRESS not in told(admin.get(path + "/requests"))


def test_a_user_name_in_front_of_a_registered_host_is_seen_and_not_offered(admin, path, browser, notebook):
    """What would be registered would not be what was sent."""
    browser.get(notebook.authorize_url(redirect_uri="https://evil.example@notebook.acme.example/cb"))
    tab = told(admin.get(path + "/requests"))
    assert "A user name or password stood before its host" in tab
    assert "evil.example" not in tab
    assert ADDRESS not in tab


def test_what_is_left_out_of_an_address_is_not_registered_in_its_place(admin, path, browser, notebook):
    browser.get(notebook.authorize_url(redirect_uri=REGISTERED + "?tenant=17"))
    assert ADDRESS not in told(admin.get(path + "/requests"))


def test_a_form_that_names_another_address_registers_that_of_the_request(admin, refused, of_client):
    page = admin.get(refused(NEAR))
    data = dict.fromkeys(("redirect_uri", "redirect_uris", "address", "uri"), "https://evil.example/")
    form = dict(re.findall(r'name="(sure|organization)"[^>]*value="(\w+)"', page.text))

    send(admin, page.request.path, **form, **data)

    assert of_client("redirect_uris") == [REGISTERED, NEAR]


def test_when_the_registered_address_is_gone_meanwhile_nothing_is_registered(app, admin, refused, of_client):
    """What vouched for the host is gone: the host is a stranger's now."""
    page = admin.get(refused(NEAR))
    of_client("redirect_uris", ["https://elsewhere.acme.example/callback"])

    answer = admin.submit(page, press="Register it")

    assert "type it under Settings" in told(admin.follow(answer))
    assert of_client("redirect_uris") == ["https://elsewhere.acme.example/callback"]


def test_an_address_that_a_colleague_added_meanwhile_stays_beside_the_new_one(admin, refused, of_client):
    page = admin.get(refused(NEAR))
    of_client("redirect_uris", [REGISTERED, "https://staging.acme.example/callback"])

    admin.submit(page, press="Register it")

    assert of_client("redirect_uris") == [REGISTERED, "https://staging.acme.example/callback", NEAR]


def test_registered_twice_is_once(admin, refused, of_client, stored):
    page = admin.get(refused(NEAR))
    admin.submit(page, press="Register it")
    before = stored()

    answer = admin.submit(page, press="Register it")

    assert "registered already" in told(admin.follow(answer))
    assert stored() == before


def test_a_full_list_is_told(admin, refused, of_client):
    full = [f"{REGISTERED}{number}" for number in range(20)]
    of_client("redirect_uris", full)
    page = admin.submit(admin.get(refused(NEAR)), press="Register it")
    assert "20 is the most" in told(admin.follow(page))
    assert of_client("redirect_uris") == full


@pytest.mark.parametrize("kind", ["GET", "HEAD"])
def test_a_link_registers_nothing(admin, refused, stored, kind):
    """An admin may be made to follow any link."""
    links = [refused(NEAR), refused(scope="memories:read integrations:write")]
    before = stored()
    for link in links:
        assert admin._open(link + "?sure=1&scopes=integrations:write", method=kind).status_code in (200, 303)
    assert stored() == before


@each("query", ["redirect_uris", "redirect_uri", "address", "add"])
def test_no_link_fills_an_address_into_a_form(admin, path, query):
    for page in ("/settings", "/danger", "/requests", ""):
        shown = admin.get(f"{path}{page}?{query}=https://evil.example/callback").text
        assert "evil.example" not in shown
    assert "evil.example" not in admin.get(f"/org/oauth/register?{query}=https://evil.example/callback").text


def test_members_read_and_are_offered_no_repair(app, alice, path, refused):
    link = refused(NEAR)
    browser = signed_in(app, alice)
    assert ADDRESS not in told(browser.get(path + "/requests"))
    assert browser.get(link).status_code == 403
    assert send(browser, link).status_code == 403


def test_a_request_of_another_app_or_one_that_is_gone_is_not_found(app, admin, path, pocket, refused, stored):
    other = refused(NEAR, client_id=pocket.client_id).split("/")[-2]
    old = refused(NEAR, at=clock.now() - timedelta(days=31)).split("/")[-2]
    succeeded = refused(NEAR, error=None, reason=None).split("/")[-2]
    before = stored()
    for number in (other, old, succeeded, "0", "-1", "9" * 18, "9" * 19, "9" * 5000, "x", "1.0", "²", "%00", "%ff"):
        for act in ("address", "scopes"):
            link = f"{path}/requests/{number}/{act}"
            statuses = admin.get(link).status_code, send(admin, link).status_code
            assert statuses in ((404, 404), (303, 303)), number
    assert stored() == before


def test_a_request_that_failed_otherwise_offers_nothing(admin, path, refused):
    refused(NEAR, reason=Reason.STATE_MISSING)
    refused(NEAR, reason=Reason.REDIRECT_URI_CHANGED, expected_uri=REGISTERED)
    assert "…" not in told(admin.get(path + "/requests")).replace("“…” stands", "")


# -- scopes ------------------------------------------------------------------------------------------


def test_one_missing_scope_is_added_after_it_was_said_what_it_means(admin, path, refused, of_client, notebook):
    of_client("scope", "memories:read")
    admin.get(notebook.authorize_url(scope="memories:read memories:write"))
    admin.follow(admin.get(notebook.authorize_url(scope="memories:read memories:write")))
    link = refused(scope="memories:read memories:write")
    assert SCOPES in told(admin.get(path + "/requests"))

    page = admin.get(link)

    assert "add memories, make mementos of them, and change or delete" in told(page)
    assert "Anybody can send one: add only what your app needs." in told(page)
    assert of_client("scope") == "memories:read"
    assert "The scope is added" in told(admin.follow(admin.submit(page, press="Add the scope")))
    assert of_client("scope") == "memories:read memories:write"
    assert SCOPES not in told(admin.get(path + "/requests"))


def test_of_several_missing_scopes_none_is_ticked_beforehand(admin, refused, of_client):
    of_client("scope", "memories:read")
    page = admin.get(refused(scope="memories:read integrations:read integrations:write offline_access nonsense"))
    assert "checked" not in page.text
    assert "memories:write" not in page.text

    again = admin.submit(page, press="Add what is ticked")

    assert again.status_code == 400
    assert "Tick what the app needs" in told(again)
    assert of_client("scope") == "memories:read"
    admin.submit(again, press="Add what is ticked", scopes=["integrations:read"])
    assert of_client("scope") == "memories:read integrations:read"


@each("name", ["memories:write", "offline_access", "nonsense", "admin", "", "memories:write integrations:read"])
def test_only_what_the_request_asked_for_can_be_added(admin, refused, of_client, stored, name):
    of_client("scope", "memories:read")
    page = admin.get(refused(scope="integrations:read integrations:write offline_access"))
    before = stored()
    form = dict(re.findall(r'name="(sure|organization)"[^>]*value="(\w+)"', page.text))

    assert send(admin, page.request.path, **form, scopes=name).status_code == 400
    assert stored() == before


def test_a_scope_is_not_added_but_from_its_page(admin, refused, of_client, stored):
    of_client("scope", "memories:read")
    link = refused(scope="integrations:write")
    before = stored()
    for sure in ({}, {"sure": "1"}, {"sure": "0" * 64}):
        assert send(admin, link, scopes="integrations:write", **sure).status_code in (200, 409)
    assert stored() == before


def test_scopes_that_a_colleague_changed_meanwhile_are_asked_about_again(admin, refused, of_client):
    of_client("scope", "memories:read")
    page = admin.get(refused(scope="integrations:read integrations:write"))
    of_client("scope", "memories:read integrations:read")

    again = admin.submit(page, press="Add what is ticked", scopes=["integrations:read"])

    assert again.status_code == 409
    assert "Something has changed" in told(again)
    assert of_client("scope") == "memories:read integrations:read"
