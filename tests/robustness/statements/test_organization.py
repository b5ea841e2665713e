"""The dashboard's journeys: an app, and the people of an organization."""

import re
from io import BytesIO

from app import clock
from app.extensions import db
from app.fetch.fetching import FetchedObject
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.actors import Browser
from tests.factors import set_up_phone
from tests.org.conftest import HONEST, csrf_token, in_acme, send
from tests.robustness.statements.journeys import draw_png, journey


@journey("org.demand_second_factor GET", "org.demand_second_factor POST")
def test_a_second_step_is_demanded(app, browser, carol, failing):
    phone = set_up_phone(app, carol)
    page = browser.follow_once(browser.sign_in(carol.email, carol.password))
    assert browser.submit(page, code=phone.code()).status_code == 303
    page = browser.get("/org/oauth/organization/second-factor")
    assert browser.submit(page, press="Ask for it").location == "/org/oauth/members"


@journey(*(f"org.{name}" for name in (
    "list_clients GET", "show_credentials GET", "activate POST", "show_danger GET", "delete GET", "delete POST",
    "change_logo POST", "show_people GET", "show_playground GET", "return_to_playground GET", "finish_playground POST",
    "start_playground POST", "show_requests GET", "register_address GET", "register_address POST", "add_scopes GET",
    "add_scopes POST", "resume POST", "rotate_all GET", "rotate_all POST", "end_secret GET", "end_secret POST",
    "retire_secret GET", "retire_secret POST", "let_secret_pass POST", "add_secret GET", "add_secret POST", "edit_settings GET",
    "edit_settings POST", "suspend GET", "suspend POST", "register GET", "register POST", "show_resources GET",
    "add_client_resource POST", "prove_client_resource POST", "remove_client_resource GET", "remove_client_resource POST",
)), "oauth.show_logo GET")  # fmt: skip
def test_the_dashboard_of_an_app(app, bob, notebook, browser, failing, monkeypatch):
    browser.enter(bob)
    path = f"/org/oauth/{notebook.client_id}"
    act = _acting(browser)

    for page in ("/org/oauth/", path, f"{path}/danger", f"{path}/people", f"{path}/playground", f"{path}/requests"):
        assert browser.get(page).status_code == 200, page
    act("/org/oauth/register", press="Register the app", **HONEST)
    act("/org/oauth/register", press="Save as a draft", **HONEST | {"name": "A Draft"})
    draft = re.search(r'/org/oauth/(client_\w+)">[^<]*(?:<bdi>)?A Draft', browser.get("/org/oauth/").text)[1]
    act(f"/org/oauth/{draft}", press="Activate the app")
    act(f"{path}/settings", press="Save", name="Acme Diary")
    image = draw_png()
    logo = browser.client.post(
        f"{path}/logo",
        base_url=browser._base_url,
        headers={"Referer": browser._base_url + path},
        data={"csrf_token": csrf_token(browser), "logo": (BytesIO(image), "logo.png")},
    )
    assert logo.status_code == 303, logo.text
    shown = re.search(r'src="(/oauth/logos/[^"]+)"', browser.get(path).text)[1]
    assert browser.get(shown).status_code == 200
    act(f"{path}/secrets/new", press="Make the secret", label="two")
    ends, retires = (re.findall(rf'href="([^"]+/{what})"', browser.get(path).text) for what in ("end", "retire"))
    act(ends[0], press="Save", ends_on="2099-01-31")
    assert send(browser, ends[0].removesuffix("end") + "let-pass").status_code == 303
    act(retires[0], press="Retire the secret")
    shelf = "https://shelf.acme.example"
    proof = FetchedObject({"resource": shelf, "authorization_servers": ["http://127.0.0.1:8000"]}, 300, 3.0)
    # Its own statement counts the tries of a person, and here are too many.
    monkeypatch.setattr(app.extensions["services"].fetcher, "fetch_object", lambda *_args, **_kwargs: proof)
    act(f"{path}/resources", press="Add it", address=shelf)
    act(f"{path}/resources", press=f"Prove it: {shelf}")
    act(re.search(r'href="([^"]+/remove)"', browser.get(f"{path}/resources").text)[1], press="Remove it")
    act(f"{path}/playground", press="Open the playground")
    assert browser.get(f"{path}/playground/callback?code=x&state=y").status_code == 200
    act(f"{path}/playground", press="Finish")
    near = "https://notebook.acme.example/Callback/"
    act(_refused(app, notebook.client_id, redirect_uri=near), press="Register it")
    planner = re.search(r'/org/oauth/(client_\w+)">[^<]*(?:<bdi>)?Acme Planner', browser.get("/org/oauth/").text)[1]
    act(_refused(app, planner, scope="integrations:read"), press="Add the scope")
    act(f"{path}/rotate-everything", press="Rotate everything")
    act(f"{path}/suspend", press="Suspend the app")
    act(f"{path}/danger", press="Resume the app")
    act(f"{path}/delete", press="Delete the app", typed_name="Acme Diary")


@journey(*(f"org.{name}" for name in (
    "show_audit_log GET", "export_audit_csv GET", "export_audit_json_lines GET", "withdraw_invitation GET",
    "withdraw_invitation POST", "join GET", "join POST", "show_members GET", "remove GET", "remove POST", "give_role POST",
    "invite_member POST", "send_invitation POST", "leave GET", "leave POST", "delete_whole_organization GET", "delete_whole_organization POST",
    "rotate_secrets GET", "rotate_secrets POST", "show_organizations GET", "show_organizations POST", "switch POST",
)))  # fmt: skip
def test_the_people_of_an_organization(app, alice, bob, olive, leon, notebook, failing):
    owner, other, members = Browser(app), Browser(app), "/org/oauth/members"
    owner.enter(olive)
    other.enter(leon)
    act, acme = _acting(owner), in_acme(app)
    for page in (members, "/org/oauth/audit", "/org/oauth/audit.csv", "/org/oauth/audit.jsonl"):
        assert owner.get(page).status_code == 200, page
    role = f"{members}/{bob.id}/role"
    assert owner.submit(owner.get(members), action=role, press="Change", role="owner").status_code in (200, 303)
    act(f"{members}/{alice.id}/remove", press=f"Remove {alice.name}")
    page = act(members, press="Make an invitation link")
    link = re.search(r"(/org/oauth/join/[A-Za-z0-9_\-]+)", page.text)[1]
    assert other.submit(other.get(link), press="Join").status_code == 303
    act(members, press="Send the invitation", **{"letter-email": "eve@example.org"})
    act(members, press="Make an invitation link")
    withdraw = re.search(r'href="([^"]+/invitations/[^"]+/revoke)"', owner.get(members).text)[1]
    act(withdraw, press="Withdraw the invitation")
    assert other.submit(other.get(f"{members}/leave"), press="Leave Acme").status_code == 303
    act("/org/oauth/organizations", press="Create the organization", name="Olive's Own")
    assert send(owner, "/org/oauth/switch", organization=acme).status_code == 303
    act("/org/oauth/organization/rotate-secrets", press="Make new secrets")
    act("/org/oauth/organization/delete", press="Delete the organization", typed_name="Acme")


def _acting(browser: Browser):
    def act(path: str, **how):
        answer = browser.submit(browser.get(path), **how)
        assert answer.status_code in (200, 303), (path, answer.status, answer.text)
        return answer

    return act


def _refused(app, client_id: str, *, redirect_uri: str = "", scope: str = "") -> str:
    """Where a refused request can be repaired."""
    reason = Reason.SCOPE_NOT_REGISTERED if scope else Reason.REDIRECT_URI_MISMATCH
    with app.app_context():
        record = RequestRecord(
            client_key=client_id, at=clock.now(), endpoint="authorize", error=ERROR_PAGE, reason=reason,
            redirect_uri=redirect_uri, scope=scope,
        )  # fmt: skip
        db.session.add(record)
        db.session.commit()
        return f"/org/oauth/{client_id}/requests/{record.id}/{'scopes' if scope else 'address'}"
