"""Who may see and who may change what in the dashboard: a table of every page and every form, tried by everybody."""

import io
import re
from dataclasses import dataclass, field

import pytest
from PIL import Image

from app import clock
from app.accounts.invitations import invite
from app.accounts.models import Session
from app.accounts.organizations import find_organization
from app.clients.models import Client, ClientResource, ClientSecret
from app.extensions import db
from app.oauth.journal.record import RequestRecord
from app.oauth.refusals import Reason
from tests.actors import Browser
from tests.org.conftest import HONEST, csrf_token, send, signed_in
from tests.tables import each

OK, MOVED, FORBIDDEN, MISSING, GONE, OWN = 200, 303, 403, 404, 410, "own"
ROOT, CLIENT = "/org/oauth", "/org/oauth/{client_id}"


@dataclass(frozen=True)
class Row:
    """One page or form of Acme's. The numbers are what each gets; ``OWN`` is the page of one's own organization."""

    method: str
    path: str
    owner: int
    admin: int
    member: int
    outsider: int | str
    data: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ONCE = {"once": "0" * 32}
LETTER = {"letter-once": "0" * 32, "letter-email": "eve@example.org", "letter-role": "member"}
SETTINGS = {name: value for name, value in HONEST.items() if name != "type"} | {"version": "1"}
ACME = {"organization": "{organization}"}
#: Whose forms take so long to fill in that they are not lost when somebody was signed out meanwhile.
KEPT = (ROOT + "/register", CLIENT + "/settings")
#: Stands for what the page that asks puts into its form.
SURE = {"sure": "{sure}"}

TABLE = [
    Row("GET", ROOT + "/", OK, OK, OK, OWN),
    Row("GET", ROOT + "/register", OK, OK, FORBIDDEN, OWN),
    Row("POST", ROOT + "/register", OK, OK, FORBIDDEN, MISSING, HONEST | ONCE | ACME | {"action": "register"}),
    Row("GET", CLIENT, OK, OK, OK, MISSING),
    Row("POST", CLIENT + "/activate", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/settings", OK, OK, OK, MISSING),
    Row("POST", CLIENT + "/settings", MOVED, MOVED, FORBIDDEN, MISSING, SETTINGS),
    Row("POST", CLIENT + "/logo", MOVED, MOVED, FORBIDDEN, MISSING, {"logo": "{png}"}),
    Row("GET", CLIENT + "/requests", OK, OK, OK, MISSING),
    Row("GET", CLIENT + "/requests/{record_id}/address", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/requests/{record_id}/address", MOVED, MOVED, FORBIDDEN, MISSING, SURE),
    Row("GET", CLIENT + "/requests/{scope_record_id}/scopes", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/requests/{scope_record_id}/scopes", MOVED, MOVED, FORBIDDEN, MISSING, SURE),
    Row("GET", CLIENT + "/resources", OK, OK, OK, MISSING),
    Row("POST", CLIENT + "/resources", MOVED, MOVED, FORBIDDEN, MISSING, {"address": "https://shelf.acme.example"}),
    Row("POST", CLIENT + "/resources/{resource_id}/prove", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/resources/{resource_id}/remove", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/resources/{resource_id}/remove", MOVED, MOVED, FORBIDDEN, MISSING, SURE),
    Row("GET", CLIENT + "/people", OK, OK, OK, MISSING),
    Row("GET", CLIENT + "/playground", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/playground/start", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/playground/callback", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/playground/finish", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/danger", OK, OK, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/suspend", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/suspend", MOVED, MOVED, FORBIDDEN, MISSING, SURE),
    Row("POST", CLIENT + "/resume", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", CLIENT + "/rotate-everything", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/rotate-everything", OK, OK, FORBIDDEN, MISSING, ONCE | SURE),
    Row("GET", CLIENT + "/delete", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/delete", MOVED, MOVED, FORBIDDEN, MISSING, SURE | {"typed_name": "Acme Notebook"}),
    Row("GET", CLIENT + "/secrets/new", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/secrets/new", OK, OK, FORBIDDEN, MISSING, ONCE),
    Row("GET", CLIENT + "/secrets/{secret_id}/end", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/secrets/{secret_id}/end", MOVED, MOVED, FORBIDDEN, MISSING, {"ends_on": "2099-01-31"}),
    Row("GET", CLIENT + "/secrets/{secret_id}/retire", OK, OK, FORBIDDEN, MISSING),
    Row("POST", CLIENT + "/secrets/{secret_id}/retire", MOVED, MOVED, FORBIDDEN, MISSING, SURE),
    Row("POST", CLIENT + "/secrets/{secret_id}/let-pass", MOVED, MOVED, FORBIDDEN, MISSING),
    Row("GET", ROOT + "/members", OK, OK, OK, OWN),
    Row("POST", ROOT + "/members/invite", OK, OK, FORBIDDEN, MISSING, ONCE | ACME | {"role": "member"}),
    Row("POST", ROOT + "/members/invite/letter", MOVED, MOVED, FORBIDDEN, MISSING, ACME | LETTER),
    Row("GET", ROOT + "/invitations/{invitation_id}/revoke", OK, OK, FORBIDDEN, MISSING),
    Row("POST", ROOT + "/invitations/{invitation_id}/revoke", MOVED, MOVED, FORBIDDEN, MISSING, ACME | SURE),
    Row("POST", ROOT + "/members/{alice}/role", MOVED, MOVED, FORBIDDEN, MISSING, ACME | {"role": "admin"}),
    Row("GET", ROOT + "/members/{alice}/remove", OK, OK, FORBIDDEN, MISSING),
    Row("POST", ROOT + "/members/{alice}/remove", MOVED, MOVED, FORBIDDEN, MISSING, ACME | SURE),
    Row("GET", ROOT + "/members/leave", OK, OK, OK, OWN),
    Row("POST", ROOT + "/members/leave", MOVED, MOVED, MOVED, MISSING, ACME | SURE),
    Row("GET", ROOT + "/audit", OK, OK, OK, OWN),
    Row("GET", ROOT + "/audit.csv", OK, OK, OK, OWN),
    Row("GET", ROOT + "/audit.jsonl", OK, OK, OK, OWN),
    Row("GET", ROOT + "/organizations", OK, OK, OK, OWN),
    Row("POST", ROOT + "/organizations", MOVED, MOVED, MOVED, MOVED, {"name": "Yet Another"}),
    Row("POST", ROOT + "/switch", MOVED, MOVED, MOVED, MISSING, ACME),
    Row("GET", ROOT + "/organization/rotate-secrets", OK, OK, FORBIDDEN, OWN),
    Row("POST", ROOT + "/organization/rotate-secrets", OK, OK, FORBIDDEN, MISSING, ONCE | ACME | SURE),
    Row("GET", ROOT + "/organization/second-factor", OK, FORBIDDEN, FORBIDDEN, OWN),
    Row("POST", ROOT + "/organization/second-factor", 409, FORBIDDEN, FORBIDDEN, MISSING, ACME),
    Row("GET", ROOT + "/organization/delete", OK, FORBIDDEN, FORBIDDEN, OWN),
    Row(
        "POST",
        ROOT + "/organization/delete",
        MOVED,
        FORBIDDEN,
        FORBIDDEN,
        MISSING,
        SURE | ACME | {"typed_name": "Acme"},
    ),
    Row("GET", ROOT + "/join/{token}", OK, OK, OK, OK),
    Row("POST", ROOT + "/join/not-a-token", GONE, GONE, GONE, GONE),
]
#: What acts on somebody's own behalf, or says nothing that is secret, whoever asks.
FOR_ANYBODY = ("/organizations", "/join/{token}")
#: Forms that change nothing here even for those who may send them: the app is active, what it serves proved, the owner the last, nobody moves.
WITHOUT_EFFECT = ("/activate", "/resume", "/prove", "/switch", "/playground/finish", "/join/not-a-token")

POSTS = [row for row in TABLE if row.method == "POST"]


@pytest.fixture
def acme(app, olive, bob, alice, carol, leon, notebook) -> dict[str, str]:
    """What stands for the names in braces: Acme with three people, an app, its secret, and an open invitation."""
    with app.app_context():
        organization = find_organization("acme")
        invitation, token = invite(organization.id, role="member", label="", actor_user_id=olive.id)
        db.session.commit()
        secret = db.session.query(ClientSecret).filter_by(client_key=notebook.client_id).one()
        db.session.get_one(Client, notebook.client_id).scope = "memories:read"
        refused = {"client_key": notebook.client_id, "at": clock.now(), "endpoint": "authorize", "error": "error_page"}
        address = RequestRecord(
            **refused, reason=Reason.REDIRECT_URI_MISMATCH, redirect_uri="http://127.0.0.1:5000/callback"
        )
        scope = RequestRecord(**refused, reason=Reason.SCOPE_NOT_REGISTERED, scope="memories:write")
        proved = ClientResource.at("https://attic.acme.example", proved_at=clock.now())
        client = db.session.get_one(Client, notebook.client_id)
        client.resource_rows.append(proved)
        db.session.add_all([address, scope])
        db.session.commit()
        return {
            "record_id": str(address.id),
            "scope_record_id": str(scope.id),
            "client_id": notebook.client_id,
            "organization": organization.id,
            "invitation_id": invitation.id,
            "token": token,
            "secret_id": secret.id,
            "resource_id": proved.id,
            "alice": alice.id,
        }


def ask(browser: Browser, row: Row, acme: dict[str, str], **changes):
    path = row.path.format(**acme)
    if row.method == "GET":
        answer = browser.get(path)
        # A file to its end: what makes it holds on to the request.
        answer.get_data()
        return answer
    if "sure" in row.data:
        question = re.search(r'name="sure" type="hidden" value="(\w+)"', browser.get(path).text)
        acme = acme | {"sure": question[1] if question else ""}
    data = {name: _filled_in(value, acme) for name, value in row.data.items()} | changes
    return send(browser, path, **data)


def _filled_in(value, acme: dict[str, str]):
    if value == "{png}":
        png = io.BytesIO()
        Image.new("RGB", (40, 40), "teal").save(png, "PNG")
        return io.BytesIO(png.getvalue()), "logo.png"
    return value.format(**acme) if isinstance(value, str) else value


def test_the_table_names_every_page_and_every_form(app):
    known = {(row.method, re.sub(r"\{\w+\}|not-a-token", "<>", row.path)) for row in TABLE}
    there_are = {
        (method, re.sub(r"<\w+>", "<>", str(rule)))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("org.")
        for method in rule.methods & {"GET", "POST"}
    }
    assert there_are == known


@pytest.mark.parametrize(("who", "role"), [("olive", "owner"), ("bob", "admin"), ("alice", "member")])
def test_whoever_belongs_to_the_organization_gets_what_their_role_allows(
    app, request, acme, stored, who, role, anew, subtests
):
    browser = signed_in(app, request.getfixturevalue(who))
    before = stored()
    for row in TABLE:
        with subtests.test(str(row)), anew(browser):
            response = ask(browser, row, acme)

            assert response.status_code == getattr(row, role)
            is_last_owner = row.path.endswith("/leave") and role == "owner"
            may_act = row.method == "POST" and response.status_code in (OK, MOVED)
            has_effect = may_act and not is_last_owner and not row.path.endswith(WITHOUT_EFFECT)
            assert (stored() != before) == has_effect


def test_an_admin_of_another_organization_gets_nothing_of_this_one(app, carol, acme, stored, anew, subtests):
    browser = signed_in(app, carol)
    before = stored()
    for row in TABLE:
        with subtests.test(str(row)), anew(browser):
            response = ask(browser, row, acme)

            assert response.status_code == (OK if row.outsider == OWN else row.outsider)
            if not row.path.endswith(FOR_ANYBODY):
                assert "Acme" not in response.text
                assert stored() == before


def test_somebody_without_an_organization_gets_nothing_of_any(app, leon, acme, stored, anew, subtests):
    browser = signed_in(app, leon)
    before = stored()
    for row in TABLE:
        with subtests.test(str(row)), anew(browser):
            response = ask(browser, row, acme)

            if row.path.endswith(FOR_ANYBODY) or row.outsider == GONE:
                continue
            if response.status_code == OK:
                assert row.method == "GET"
                assert "You do not belong to an organization" in response.text
            else:
                assert response.status_code in (FORBIDDEN, MISSING)
            assert "Acme" not in response.text
            assert stored() == before


def test_signed_out_person_signs_in_and_comes_back(browser, acme, stored, subtests):
    before = stored()
    for row in TABLE:
        with subtests.test(str(row)):
            response = ask(browser, row, acme)

            if row.method == "POST" and row.path in KEPT:
                assert response.status_code == FORBIDDEN and "You were signed out meanwhile." in response.text
                assert stored() == before
                continue
            assert response.status_code == MOVED
            assert response.location.startswith("/sign-in?next=/org/oauth")
            assert "Acme" not in response.text
            assert stored() == before


def test_forged_form_changes_nothing(app, olive, acme, stored, subtests):
    browser = signed_in(app, olive)
    before = stored()
    for row in POSTS:
        with subtests.test(str(row)):
            assert {ask(browser, row, acme, csrf_token=token).status_code for token in ("", "wrong")} == {400}
            assert stored() == before


def test_session_that_ended_meanwhile_changes_nothing(app, olive, acme, stored, anew, subtests):
    browser = signed_in(app, olive)
    token = csrf_token(browser)
    with app.app_context():
        db.session.query(Session).delete()
        db.session.commit()
    before = stored()
    for row in POSTS:
        # Each is sent with the cookie of the session that has ended.
        with subtests.test(str(row)), anew(browser):
            response = ask(browser, row, acme, csrf_token=token)

            if row.path in KEPT:
                assert response.status_code == FORBIDDEN and "You were signed out meanwhile." in response.text
            else:
                assert response.status_code == MOVED and response.location.startswith("/sign-in?next=/org/oauth")
            assert stored() == before


def test_another_organizations_app_is_as_if_it_did_not_exist(app, carol, acme, subtests):
    browser = signed_in(app, carol)
    for row in TABLE:
        if row.path.startswith(CLIENT):
            with subtests.test(str(row)):
                foreign = ask(browser, row, acme)
                unknown = ask(browser, row, acme | {"client_id": "client_" + "0" * 24})

                assert foreign.status_code == unknown.status_code == MISSING
                assert foreign.text == unknown.text


@each("client_id", ["x", "client_\x00", "client_%0a", "ü", "'", "a" * 5000, "%ff%fe", "%2e%2e"])
@pytest.mark.parametrize("page", [CLIENT, CLIENT + "/settings", CLIENT + "/secrets/new"])
def test_malformed_client_id_is_not_found(admin, page, client_id):
    assert admin.get(page.format(client_id=client_id)).status_code == 404


@each("name", ["secret_id", "invitation_id", "alice"])
@pytest.mark.parametrize("value", ["x", "%00", "%0a", "ü", "a" * 3000, "%ff%fe"])
def test_malformed_identifier_is_not_found(app, olive, acme, stored, name, value):
    browser = signed_in(app, olive)
    before = stored()

    for row in (row for row in TABLE if "{" + name + "}" in row.path):
        assert ask(browser, row, acme | {name: value}).status_code == 404
    assert stored() == before


def test_member_is_offered_nothing_to_write(app, alice, acme):
    browser = signed_in(app, alice)
    for path in ("/", CLIENT.format(**acme), CLIENT.format(**acme) + "/settings", "/members"):
        page = browser.get(path if path.startswith(ROOT) else ROOT + path).text
        for word in (
            "/register",
            "/danger",
            "/secrets/",
            "/activate",
            "/invite",
            "/revoke",
            "/role",
            "/remove",
            "/playground",
        ):
            assert word not in page


@pytest.mark.parametrize("path", ["/org/oauth", "/org/oauth/"])
def test_list_answers_with_and_without_the_slash(admin, path):
    assert admin.get(path).status_code == 200


# -- several organizations of one person ---------------------------------------------------------


@pytest.fixture
def both(app, bob, carol) -> Browser:
    """Bob's browser; he is an admin of Acme and a member of Globex."""
    with app.app_context():
        _, token = invite(find_organization("globex").id, role="member", label="", actor_user_id=carol.id)
        db.session.commit()
    browser = signed_in(app, bob)
    browser.submit(browser.get(f"{ROOT}/join/{token}"), press="Join")
    return browser


def test_switching_is_kept_for_the_page_session(app, both, bob):
    assert "Apps of Globex" in both.get(ROOT + "/").text
    page = both.get(ROOT + "/organizations")
    response = both.submit(page, press="Work in Acme")

    assert "Apps of Acme" in both.follow(response).text
    assert "Apps of Acme" in both.get(ROOT + "/").text
    # The other browser of the same person is not moved.
    assert "Apps of Acme" in signed_in(app, bob).get(ROOT + "/").text


def test_an_app_of_any_of_my_organizations_opens_and_makes_that_the_current_one(both, notebook):
    assert "Apps of Globex" in both.get(ROOT + "/").text

    assert "Acme Notebook" in both.get(f"{ROOT}/{notebook.client_id}").text

    assert "Apps of Acme" in both.get(ROOT + "/").text


def test_role_is_that_of_the_apps_own_organization(app, both, carol, notebook):
    assert both.get(f"{ROOT}/{notebook.client_id}/danger").status_code == 200
    both.submit(both.get(ROOT + "/organizations"), press="Work in Globex")
    assert both.get(ROOT + "/register").status_code == 403


def test_form_in_a_forgotten_tab_acts_on_the_organization_it_was_shown_for(app, both):
    both.submit(both.get(ROOT + "/organizations"), press="Work in Acme")
    forgotten = both.get(ROOT + "/register")
    both.submit(both.get(ROOT + "/organizations"), press="Work in Globex")

    page = both.submit(forgotten, press="Register the app", **HONEST)

    assert page.status_code == 200
    assert "Acme Planner" in both.get(ROOT + "/").text
    assert "Apps of Acme" in both.get(ROOT + "/").text


def test_organization_that_was_left_is_no_longer_current(app, both):
    page = both.submit(both.get(ROOT + "/members/leave"), press="Leave Globex")

    assert "Apps of Acme" in both.follow(page).text
    assert send(both, ROOT + "/switch", organization="org_nobody").status_code == 404
    assert send(both, ROOT + "/switch", organization="\x00").status_code == 404
