"""``GET /api/me/``, step five of the web flow: whom the token speaks for, and what it was allowed."""

from datetime import timedelta

import jsonschema
import pytest
from sqlalchemy import update

from app import clock
from app.accounts.models import User
from app.accounts.organizations import add_member, create_organization
from app.clients.models import DYNAMIC, Client
from app.consents.models import Consent
from app.extensions import db
from app.oauth.tokens import subject
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import FAMILY_LIFETIME, TokenFamily
from app.scopes import SCOPES
from tests.tables import each

NOW, PAST, LONG_AGO = timedelta(), timedelta(minutes=-1), -FAMILY_LIFETIME
#: What ends a token: a column, and how far from now its time is.
ENDS = [
    (AccessToken.revoked_at, PAST), (AccessToken.expires_at, PAST),
    (TokenFamily.revoked_at, PAST), (TokenFamily.issued_at, LONG_AGO),
    (Consent.revoked_at, PAST), (Consent.paused_at, PAST), (Consent.expires_at, PAST),
    (Client.suspended_at, PAST), (Client.ended_at, PAST),
    (User.disabled_at, PAST), (User.deletes_at, NOW),
]  # fmt: skip

PATHS = [
    "/api/me", "/api/me/", "/api/v1/me", "/api/v1/me/", "/api/v1/account", "/api/v1/account/",
]  # fmt: skip


@pytest.fixture
def tokens(notebook, signed_in):
    return notebook.tokens(signed_in, scope="memories:read profile")


@each("path", PATHS)
def test_every_documented_path_answers_with_and_without_the_final_slash(notebook, tokens, alice, path):
    response = notebook.me(tokens["access_token"], path)
    assert (response.status_code, response.json["email"]) == (200, alice.email)


@each("path", PATHS)
def test_every_path_is_guarded(app, path):
    assert app.test_client().get(path).status_code == 401


def test_it_says_who_the_person_is(notebook, tokens, alice):
    me = notebook.me(tokens["access_token"]).json
    assert (me["id"], me["name"], me["email"]) == (alice.id, "Alice Archer", "alice@acme.example")
    assert me["organization"]["slug"] == "acme"
    assert me["organization"]["role"] == "member"


def test_all_that_it_says_of_the_person_stands_in_what_they_read(notebook, tokens):
    """A member that comes to it is one more thing that they allow."""
    words = {
        "name": "name",
        "email": "e-mail address",
        "email_verified": "e-mail address",
        "organization": "organization",
    }
    told = notebook.me(tokens["access_token"]).json
    assert told.keys() - {"type", "id", "client_id", "consent"} == words.keys()
    assert told["organization"].keys() == {"id", "slug", "name", "role"}
    assert all(f"your {word}" in SCOPES["profile"] for word in {*words.values(), "role"} - {"organization"})
    assert "the organization" in SCOPES["profile"]


@each("path", PATHS)
def test_an_address_that_nobody_has_proved_is_told_as_such(app, notebook, tokens, alice, path):
    """Else an app would take it for proof and let whoever signed up with it into somebody's account there."""
    me = notebook.me(tokens["access_token"], path).json
    assert (me["email"], me["email_verified"]) == (alice.email, True)
    with app.app_context():
        db.session.get_one(User, alice.id).email_verified_at = None
        db.session.commit()
    me = notebook.me(tokens["access_token"], path).json
    assert (me["email"], me["email_verified"]) == (alice.email, False)


def test_an_organizations_token_has_no_address_to_be_proved(notebook):
    assert "email_verified" not in notebook.me(notebook.client_credentials().json["access_token"]).json


def test_a_person_without_an_organization_has_none(app, notebook, browser):
    browser.sign_up("dora@home.example", "the password of D.D.")
    me = notebook.me(notebook.tokens(browser, scope="memories:read profile")["access_token"]).json
    assert (me["name"], me["organization"]) == ("Dora Dorn", None)


def test_of_several_organizations_it_tells_the_first_by_name_and_then_by_id(app, notebook, tokens, alice):
    with app.app_context():
        namesakes = [create_organization(name, slug=slug) for name, slug in (("Abacus", "z"), ("Abacus", "a"))]
        for organization in namesakes:
            add_member(organization, db.session.get_one(User, alice.id), "owner")
        db.session.commit()
        first = min(namesakes, key=lambda organization: organization.id).id
    organization = notebook.me(tokens["access_token"]).json["organization"]
    assert (organization["id"], organization["role"]) == (first, "owner")


@each("path", PATHS)
def test_without_the_scope_it_tells_an_id_and_nothing_else_of_the_person(notebook, signed_in, alice, path):
    response = notebook.me(notebook.tokens(signed_in, scope="memories:read")["access_token"], path)
    assert response.json.keys() == {"type", "id", "client_id", "consent"}
    assert response.json["id"] == alice.id
    assert alice.email not in response.text and "Alice" not in response.text and "acme" not in response.text


def test_what_it_tells_of_the_person_ends_when_they_take_that_back(notebook, tokens, change_consent):
    assert "email" in notebook.me(tokens["access_token"]).json
    change_consent(notebook, scope="memories:read")
    assert notebook.me(tokens["access_token"]).json.keys() == {"type", "id", "client_id", "consent"}


@pytest.mark.parametrize("scope", [None, "", "offline_access"])
def test_an_app_that_names_no_scope_is_told_who_the_person_is(notebook, signed_in, alice, scope):
    tokens = notebook.tokens(signed_in, scope=scope)
    assert "profile" in tokens["scope"].split()
    assert notebook.me(tokens["access_token"]).json["email"] == alice.email


def test_it_shows_the_client_its_own_view_of_the_consent(notebook, tokens):
    consent = notebook.me(tokens["access_token"]).json["consent"]
    assert consent["grant_id"] == tokens["grant_id"]
    assert consent["scope"] == tokens["scope"]
    assert consent["selection"] == "all"
    assert consent["authorization_details"] == tokens["authorization_details"]


def test_it_names_the_page_where_the_person_changes_this_choice(notebook, tokens, signed_in):
    manage_url = notebook.me(tokens["access_token"]).json["consent"]["manage_url"]
    page = signed_in.get(manage_url)
    assert page.status_code == 200
    assert "<h1><bdi>Acme Notebook</bdi></h1>" in page.text and "Change what it sees" in page.text


def test_what_it_shows_is_computed_now(notebook, tokens, change_consent):
    change_consent(notebook, selection="none")
    consent = notebook.me(tokens["access_token"]).json["consent"]
    assert (consent["selection"], consent["authorization_details"]) == ("none", [])


def test_chosen_mementos_are_told_by_identifier_alone(notebook, signed_in, make_memento):
    memento = make_memento("Recipes")
    tokens = notebook.tokens(signed_in, choose={"selection": "selected", "memento_ids": [memento]})
    response = notebook.me(tokens["access_token"])
    assert [detail["identifier"] for detail in response.json["consent"]["authorization_details"]] == [memento]
    assert "Recipes" not in response.text


def test_a_token_without_a_memories_scope_sees_no_mementos(notebook, signed_in):
    notebook.tokens(signed_in)
    token = notebook.tokens(signed_in, scope="integrations:read")["access_token"]
    consent = notebook.me(token).json["consent"]
    assert consent["scope"] == "integrations:read"
    assert (consent["selection"], consent["authorization_details"]) == ("none", [])


def test_a_client_credentials_token_gets_the_organization_instead_of_a_person(notebook, alice):
    me = notebook.me(notebook.client_credentials().json["access_token"])
    assert me.json["type"] == "organization"
    assert me.json["organization"]["slug"] == "acme"
    assert not {"email", "consent"} & me.json.keys()
    assert alice.email not in me.text


def test_the_answer_is_json_that_nobody_may_store(notebook, tokens):
    response = notebook.me(tokens["access_token"])
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_a_browsers_session_is_no_token(signed_in):
    assert signed_in.get("/api/me/").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_get_is_answered(notebook, tokens, method):
    response = notebook.app.test_client().open(
        "/api/me/", method=method, headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert response.status_code == 405
    assert response.mimetype == "application/json"


def test_when_a_consent_ends_is_told(notebook, tokens, change_consent, let_time_pass):
    end = clock.now().replace(microsecond=0, year=clock.now().year + 1)
    change_consent(notebook, expires_at=end)
    assert notebook.me(tokens["access_token"]).json["consent"]["expires_at"] == end.isoformat()


def test_whatever_it_answers_is_described(app, notebook, signed_in):
    described = app.test_client().get("/api/openapi.json").json["paths"]["/api/me/"]["get"]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    tokens = [notebook.tokens(signed_in, scope=scope) for scope in ("memories:read profile", "memories:read")]
    answers = [notebook.me(one["access_token"]).json for one in (*tokens, notebook.client_credentials().json)]
    for answer in answers:
        assert _find_undescribed(answer, schema) == []
        jsonschema.validate(answer, schema)
    assert set(schema["properties"]) == {name for answer in answers for name in answer}


def _find_undescribed(answer, schema) -> list[str]:
    if isinstance(answer, list):
        return [one for item in answer for one in _find_undescribed(item, schema["items"])]
    if not isinstance(answer, dict):
        return []
    missing = [name for name in answer if name not in schema["properties"]]
    known = [name for name in answer if name in schema["properties"]]
    return missing + [one for name in known for one in _find_undescribed(answer[name], schema["properties"][name])]


@each("column, since", ENDS, ids=[f"{column.class_.__name__}.{column.key}" for column, _ in ENDS])
def test_what_ends_a_token_ends_it_here_in_the_same_words_as_at_any_other_call(app, notebook, tokens, column, since):
    """It has a lookup of its own, which finds at first what is alive alone."""
    with app.app_context():
        db.session.execute(update(column.class_).values({column: clock.now() + since}))
        db.session.commit()
    me, other = (notebook.me(tokens["access_token"], path) for path in ("/api/me/", "/api/v1/mementos/"))
    assert me.status_code == other.status_code == 401
    assert me.json["message"] == other.json["message"]
    assert me.headers["WWW-Authenticate"] == other.headers["WWW-Authenticate"]


def test_what_is_found_at_once_is_what_a_closer_look_says(notebook, tokens, signed_in, make_memento, monkeypatch):
    """A live token of one person in one organization is looked up once. Whatever else it is, twice."""
    memento = make_memento("Recipes")
    chosen = notebook.tokens(signed_in, choose={"selection": "selected", "memento_ids": [memento]})
    at_once = [notebook.me(one["access_token"]).json for one in (tokens, chosen)]
    monkeypatch.setattr(subject, "_FIND_PLAIN_TOKEN", subject._FIND_SPEAKING_TOKEN)
    monkeypatch.setattr(subject, "has_ended", lambda *_: True)
    assert [notebook.me(one["access_token"]).json for one in (tokens, chosen)] == at_once


def test_a_token_of_an_app_that_is_older_than_the_scope_tells_who_the_person_is(app, notebook, signed_in, alice):
    token = notebook.tokens(signed_in, scope="memories:read profile")["access_token"]
    with app.app_context():
        db.session.execute(update(TokenFamily).values(names_profile=None))
        db.session.execute(update(AccessToken).values(scope="memories:read"))
        db.session.commit()
    assert notebook.me(token).json["email"] == alice.email


def test_an_app_that_no_organization_registered_is_told_what_the_operator_lets_it_ask_for(
    app, notebook, tokens, change_settings
):
    with app.app_context():
        db.session.execute(update(Client).values(origin=DYNAMIC, organization_id=None))
        db.session.commit()
    assert "email" in notebook.me(tokens["access_token"]).json
    change_settings(third_party_scopes=("memories:read",))
    me = notebook.me(tokens["access_token"]).json
    assert (me["consent"]["scope"], "email" in me) == ("memories:read", False)
