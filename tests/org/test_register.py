"""Registering an app in the dashboard, and the secret that is shown once."""

import re

import pytest
from sqlalchemy import select, update

from app import clock
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.clients.registration import register_client
from app.extensions import db
from tests.actors import Browser, find_forms
from tests.integrator import Integrator
from tests.org.conftest import HONEST, REGISTER, count_clients, register, secret_in, signed_in
from tests.tables import each

LIST = "/org/oauth/"


@pytest.fixture
def blank(admin):
    """The page with nothing filled in yet."""
    return admin.get(REGISTER)


def test_list_without_apps_says_what_an_app_is_and_where_to_begin(admin):
    page = admin.get(LIST)

    assert "There are no apps yet" in page.text
    assert "redirect URI" in page.text
    assert any(form.action == REGISTER for form in find_forms(page.text))


def test_registered_app_is_stored_as_filled_in(app, admin):
    page = register(
        admin,
        redirect_uris="  https://planner.acme.example/callback \r\n\r\nhttp://127.0.0.1:5000/callback\r\n",
        scopes=["memories:read", "integrations:read"],
        require_pkce=True,
    )

    assert page.status_code == 200
    with app.app_context():
        client = db.session.query(Client).one()
        assert client.organization.slug == "acme"
        assert (client.name, client.description) == (HONEST["name"], HONEST["description"])
        assert (client.homepage_url, client.type) == (HONEST["homepage_url"], "confidential")
        assert client.redirect_uris == ["https://planner.acme.example/callback", "http://127.0.0.1:5000/callback"]
        assert client.scope == "memories:read integrations:read"
        assert (client.native_app, client.require_pkce) == (False, True)


def test_registration_is_recorded_with_who_did_it(app, admin, bob):
    page = register(admin)

    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(kind="client.registered").one()
        assert event.actor_user_id == bob.id
        assert event.client_key in page.text


def test_secret_works_and_is_shown_in_exactly_one_answer(app, admin, stored):
    page = register(admin)
    secret = secret_in(page)

    assert "It is not shown again" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Location" not in page.headers
    assert "Set-Cookie" not in page.headers
    with app.app_context():
        client_id = db.session.query(Client).one().client_id
    tabs = ("", "/settings", "/people", "/danger", "/secrets/new")
    for path in (LIST, *(f"{LIST}{client_id}{tab}" for tab in tabs), f"{LIST}audit", f"{LIST}audit.jsonl"):
        response = admin.get(path)
        assert response.status_code == 200
        assert secret not in response.text
        assert "rlq_cs_" not in response.text
    assert f"…{secret[-4:]}" in admin.get(f"{LIST}{client_id}").text
    assert secret not in stored(everything=True)
    assert secret not in str(admin.client._cookies)


def test_form_sent_twice_registers_one_app(app, admin, stored):
    form = admin.get(REGISTER)
    first = admin.submit(form, press="Register the app", **HONEST)
    secret = secret_in(first)
    before = stored()

    again = admin.submit(form, press="Register the app", **HONEST)

    assert again.status_code == 303
    assert stored() == before
    page = admin.follow(again)
    assert page.status_code == 200
    assert "registered already" in page.text
    assert secret not in page.text


def test_two_forms_register_two_apps(app, admin):
    first, second = admin.get(REGISTER), admin.get(REGISTER)
    admin.submit(first, press="Register the app", **HONEST)
    admin.submit(second, press="Register the app", **HONEST)

    assert count_clients(app) == 2


def test_an_organization_has_so_many_apps_at_most(app, admin, monkeypatch):
    """Whoever has an account could fill the disk with apps and their logos. What was deleted does not count."""
    monkeypatch.setattr("app.org.listing.MOST_APPS", 1)
    admin.submit(admin.get(REGISTER), press="Register the app", **HONEST)
    full = admin.submit(admin.get(REGISTER), press="Register the app", **HONEST)
    assert full.status_code == 400 and "This organization has 1 apps, and more are not kept." in full.text
    assert f'value="{HONEST["homepage_url"]}"' in full.text
    with app.app_context():
        db.session.scalars(select(Client)).one().ended_at = clock.now()
        db.session.commit()
    assert admin.submit(full, press="Register the app", **HONEST).status_code in (200, 303)


def test_form_sent_again_by_somebody_else_is_not_the_first_persons(app, admin, olive):
    form = admin.get(REGISTER)
    once = next(value for name, value in find_forms(form.text)[-1].values if name == "once")
    admin.submit(form, press="Register the app", **HONEST)

    page = register(signed_in(app, olive), once=once)

    assert page.status_code == 200
    assert count_clients(app) == 2


@each("once", ["", "x", "0" * 31, "0" * 32 + "\n", "\x00" * 32, "A" * 32, None])
def test_form_without_its_token_registers_nothing_until_sent_again(app, admin, once):
    page = register(admin, once=once)

    assert page.status_code == 400
    assert "not sent whole" in page.text
    assert count_clients(app) == 0
    assert admin.submit(page, press="Register the app").status_code == 200
    assert count_clients(app) == 1


def test_public_app_gets_no_secret(app, admin):
    response = register(admin, type="public")

    assert response.status_code == 303
    page = admin.follow(response)
    assert "The app is registered" in page.text
    assert "rlq_cs_" not in page.text
    assert "Public: it has no secret" in page.text
    assert "/secrets/" not in page.text


def test_form_sent_again_after_the_app_was_deleted_registers_nothing(app, admin, stored):
    form = admin.get(REGISTER)
    admin.submit(form, press="Register the app", **HONEST)
    with app.app_context():
        client_id = db.session.query(Client).one().client_id
    question = admin.get(f"{LIST}{client_id}/delete")
    admin.submit(question, press="Delete the app", typed_name=HONEST["name"])
    before = stored()

    again = admin.submit(form, press="Register the app", **HONEST)

    assert again.status_code == 303
    page = admin.follow(again)
    assert "has been deleted since" in page.text
    assert "rlq_cs_" not in page.text
    assert stored() == before
    assert count_clients(app) == 0


# -- drafts -------------------------------------------------------------------------------------------


def save_draft(browser: Browser, **changes):
    fields = {**HONEST, "redirect_uris": "", "scopes": [], **changes}
    return browser.submit(browser.get(REGISTER), press="Save as a draft", **fields)


def test_draft_may_be_incomplete_and_does_not_work(app, admin):
    response = save_draft(admin)

    page = admin.follow(response)
    assert "The draft is saved" in page.text
    assert "rlq_cs_" not in page.text
    with app.app_context():
        client = db.session.query(Client).one()
        assert (client.status, client.secrets, client.redirect_uris, client.scope) == ("draft", [], [], "")
        query = f"client_id={client.client_id}&redirect_uri=https://planner.acme.example/callback&response_type=code"
    assert admin.get(f"/oauth/authorize?{query}").status_code == 400
    assert "Draft" in admin.get(LIST).text


@each(
    ("field", "value", "says"),
    [
        ("name", "", "Give the app a name"),
        ("type", "", "Choose whether"),
        ("redirect_uris", "https://*.example/", "wildcards"),
        ("scopes", ["root"], "There is no scope"),
    ],
)
def test_what_is_filled_in_of_a_draft_must_be_right(app, admin, field, value, says):
    page = save_draft(admin, **{field: value})

    assert page.status_code == 400
    assert says in page.text
    assert count_clients(app) == 0


def test_incomplete_draft_cannot_be_activated_and_is_told_why(app, admin):
    page = admin.follow(save_draft(admin))

    refused = admin.follow(admin.submit(page, press="Activate the app"))

    assert "Give at least one redirect URI" in refused.text
    assert "Choose at least one scope" in refused.text
    with app.app_context():
        assert db.session.query(Client).one().status == "draft"


def test_completed_draft_is_activated_and_gets_its_secret_once(app, admin):
    page = admin.follow(save_draft(admin))
    settings = admin.get(page.request.path + "/settings")
    admin.submit(settings, press="Save", redirect_uris=HONEST["redirect_uris"], scopes=HONEST["scopes"])

    active = admin.submit(page, press="Activate the app")
    again = admin.submit(page, press="Activate the app")

    secret = secret_in(active)
    assert again.status_code == 303
    with app.app_context():
        client = db.session.query(Client).one()
        assert (client.status, len(client.secrets)) == ("active", 1)
        integrator = Integrator(app, client.client_id, secret, HONEST["redirect_uris"], "memories:read")
    assert integrator.client_credentials().status_code == 200


@each(
    ("field", "value", "says"),
    [
        ("name", "", "Give the app a name"),
        ("name", None, "Give the app a name"),
        ("name", "x" * 101, "101 characters"),
        ("name", "x" * 100_000, "100000 characters"),
        ("name", "a\x00b", "invisible or control character"),
        ("name", "a\r\nb", "invisible or control character"),
        ("name", "a\u202eb", "invisible or control character"),
        ("description", "x" * 501, "501 characters"),
        ("description", "a\x00b", "invisible or control character"),
        ("homepage_url", "http://acme.example", "uses http"),
        ("homepage_url", "javascript:alert(1)", "not a web address"),
        ("homepage_url", "a\x00b", "control character"),
        ("type", [], "Choose whether the app is confidential or public"),
        ("type", "trusted", "Choose whether the app is confidential or public"),
        ("redirect_uris", "", "Give at least one redirect URI"),
        ("redirect_uris", None, "Give at least one redirect URI"),
        ("redirect_uris", " \r\n \t", "Give at least one redirect URI"),
        ("redirect_uris", "https://*.acme.example/", "wildcards are not allowed"),
        ("redirect_uris", "https://a.example/\x00", "control character"),
        ("redirect_uris", "https://a.example/\x0b", "control character"),
        ("redirect_uris", "https://a.example/\r\nhttps://a.example/", "more than once"),
        ("redirect_uris", "\n".join(f"https://a.example/{number}" for number in range(21)), "20 is the most"),
        ("redirect_uris", "x\n" * 50_000, "20 is the most"),
        ("request_origins", "https://a.example/app", "is more than an origin"),
        ("request_origins", "https://a.example/", "is more than an origin"),
        ("request_origins", "https://a.example?", "is more than an origin"),
        ("request_origins", "https://a.example:443", "leave out “:443”"),
        ("request_origins", "http://localhost:80", "leave out “:80”"),
        ("request_origins", "http://a.example", "uses http"),
        ("request_origins", "https://*.a.example", "wildcards are not allowed"),
        ("request_origins", "null", "does not start with a scheme"),
        ("request_origins", "*", "wildcards are not allowed"),
        ("request_origins", "com.acme.app:/x", "not a web address"),
        ("request_origins", "https://a.example\x00", "control character"),
        ("request_origins", "https://a.example\nhttps://a.example", "more than once"),
        ("request_origins", "\n".join(f"https://a{number}.example" for number in range(21)), "20 is the most"),
        ("scopes", [], "Choose at least one scope"),
        ("scopes", ["memories:read", "everything"], "There is no scope “everything”"),
        ("scopes", ["\x00"], "There is no scope"),
    ],
)
def test_wrong_field_is_refused_with_its_sentence_and_the_rest_is_kept(app, admin, blank, field, value, says):
    page = admin.submit(blank, press="Register the app", **HONEST | {field: value})

    assert page.status_code == 400
    assert says in page.text
    assert count_clients(app) == 0
    kept = dict(find_forms(page.text)[-1].values)
    for name in {"name", "homepage_url", "redirect_uris"} - {field}:
        assert kept[name].strip() == HONEST[name]
    # Once the field is right, the same page's form goes through.
    assert admin.submit(page, press="Register the app", **{field: HONEST.get(field, "")}).status_code == 200


def test_each_wrong_redirect_uri_is_named_with_what_is_wrong_with_it(admin):
    page = register(admin, redirect_uris="http://a.example/one\nhttps://b.example/two#x\nhttps://good.example/three")

    assert "“http://a.example/one” uses http" in page.text
    assert "“https://b.example/two#x” has a fragment" in page.text
    assert "“https://good.example/three”" not in page.text


def test_what_was_typed_is_never_markup(admin):
    page = register(admin, name="<b>Bold</b>", description="<script>x</script>")

    assert page.status_code == 200
    assert "<b>Bold" not in page.text
    client_page = admin.get(LIST + re.search(r"client_[0-9a-f]{24}", page.text)[0]).text
    assert "<b>Bold" not in client_page
    assert "<script>x" not in client_page


def test_invalid_utf8_is_no_server_error(admin):
    page = register(admin, name=b"\xff\xfe", description=b"\xc3\x28")

    assert page.status_code in (200, 400)


@each("action", [["register", "draft"], "publish", "", None])
def test_a_form_that_does_not_say_which_button_registers_nothing(app, admin, action):
    """An app that works is not made by accident."""
    page = admin.get(REGISTER)
    (form,) = [form for form in find_forms(page.text) if any(button.value == "draft" for button in form.buttons)]
    sent = dict(form.values) | HONEST | ({} if action is None else {"action": action})
    answer = admin.client.post(
        REGISTER, data=sent, base_url="http://127.0.0.1:8000", headers={"Referer": page.request.url}
    )
    assert answer.status_code == 400
    assert count_clients(app) == 0


@pytest.mark.parametrize(
    ("gone", "status", "says"),
    [
        ("organization", 404, "Your organization is not there any more"),
        ("a mistake of ours", 500, "Something went wrong"),
    ],
)
def test_what_the_database_refuses_is_told_for_what_it_is(app, admin, monkeypatch, gone, status, says):
    """It is not said to have been registered before and deleted since."""

    def break_it(session, settings, **fields):
        client, secret = register_client(session, settings, **fields)
        wrong = {"organization_id": "org_gone"} if gone == "organization" else {"name": None}
        session.execute(update(Client).where(Client.key == client.key).values(wrong))
        return client, secret

    form = admin.get(REGISTER)
    monkeypatch.setattr("app.org.views.register_client", break_it)
    answer = admin.submit(form, press="Register the app", **HONEST)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    monkeypatch.undo()
    assert admin.submit(form, press="Register the app", **HONEST).status_code == 200
