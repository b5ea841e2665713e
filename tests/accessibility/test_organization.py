"""The dashboard's pages and the operators', as axe-core sees them: in light and dark, wide and on a screen of 320 pixels."""

from app import clock
from app.accounts.users import find_user_by_email
from app.clients.models import DYNAMIC, Client
from app.extensions import db
from app.mail.models import OutgoingMail
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.journeys.walk import ALICE, BOB, enter, follow
from tests.unregistered import add_unregistered


def test_the_dashboard(look, page, server, demonstration):
    enter(page, server, BOB)
    look("apps of the organization", server.url + "/org/oauth/")
    look("register", server.url + "/org/oauth/register")
    page.get_by_label("Redirect URIs").fill("https://*.example.com/")
    follow(page.get_by_role("button", name="Register the app"))
    look("register, wrong")
    client_path = f"{server.url}/org/oauth/{demonstration.clients['Acme Notebook'].client_id}"
    look("app, credentials", client_path)
    look("app, settings", client_path + "/settings")
    look("app, resource servers", client_path + "/resources")
    page.get_by_label("Address of the service").fill("https://shelf.acme.example")
    follow(page.get_by_role("button", name="Add it"))
    look("app, a resource server that is not proved")
    page.get_by_label("Address of the service").fill("shelf")
    follow(page.get_by_role("button", name="Add it"))
    look("app, a resource server that is none")
    follow(page.get_by_role("link", name="Remove"))
    look("app, remove a resource server?")
    look("app, people", client_path + "/people")
    look("app, requests, none yet", client_path + "/requests")
    record_requests(server.app, demonstration.clients["Acme Notebook"].client_id)
    look("app, requests", client_path + "/requests")
    follow(page.get_by_role("link", name="Register this address"))
    look("app, register an address?")
    page.go_back()
    follow(page.get_by_role("link", name="Add what is missing"))
    look("app, add a scope?")
    look("app, playground", client_path + "/playground")
    follow(page.get_by_role("button", name="Open the playground"))
    page.get_by_role("link", name="Go there as the user").click()
    page.get_by_role("radio", name="Nothing yet").check()
    follow(page.get_by_role("button", name="Continue").last)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("button", name="Exchange the code").click()
    page.locator("#token-advice").wait_for()
    page.get_by_label("Client secret").fill(demonstration.clients["Acme Notebook"].client_secret)
    page.get_by_role("button", name="Send it again").click()
    page.get_by_role("button", name="Call the API").click()
    page.locator("#api-answer").wait_for()
    for code in page.locator("details summary").all():
        code.click()
    look("app, playground, walked to its end")
    look("app, playground, an answer to nothing", client_path.replace("notebook", "pocket") + "/playground/callback?x")
    look("app, danger", client_path + "/danger")
    for path in ("suspend", "rotate-everything", "delete"):
        look(f"app, {path}?", f"{client_path}/{path}")
    follow(page.get_by_role("button", name="Delete the app"))
    look("app, delete, wrong name")
    look("app, another secret", client_path + "/secrets/new")
    follow(page.get_by_role("button", name="Make the secret"))
    look("app, secret")
    page.goto(client_path)
    follow(page.get_by_role("link", name="Set end").first)
    look("app, end of a secret")
    page.goto(client_path)
    follow(page.get_by_role("link", name="Retire").first)
    look("app, retire a secret")
    look("new secrets for every app?", server.url + "/org/oauth/organization/rotate-secrets")
    follow(page.get_by_role("button", name="Make new secrets"))
    look("the new secrets")
    look("members", server.url + "/org/oauth/members")
    follow(page.get_by_role("button", name="Make an invitation link"))
    invitation = page.locator("#invitation-link").inner_text()
    look("invitation")
    look("join", invitation)
    look("members, one invited", server.url + "/org/oauth/members")
    follow(page.get_by_role("link", name="Remove").first)
    look("remove a member")
    look("leave", server.url + "/org/oauth/members/leave")
    look("organizations", server.url + "/org/oauth/organizations")
    look("audit log", server.url + "/org/oauth/audit")


def test_the_operators_pages(look, page, server, demonstration):
    add_unregistered(server.app, "dyn_robot", "Robot", DYNAMIC, redirect_uris=["http://127.0.0.1/cb"])
    with server.app.app_context():
        find_user_by_email(BOB).is_operator = True
        says = "The mail server mail.example.com:465 takes no letter for this address: 550 5.1.1 no such person"
        db.session.add(OutgoingMail(kind="trial", recipient=ALICE, facts={}, state="failed", says=says, tries=1))
        db.session.commit()
    enter(page, server, BOB)
    look("operator", server.url + "/operator/")
    for name, act in (("People", "Disable Alice Marlow"), ("Apps", "Suspend Robot"), ("Letters", "Drop")):
        follow(page.get_by_role("navigation", name="The operator's pages").get_by_role("link", name=name))
        look(f"operator, {name}")
        follow(page.get_by_role("link", name=act))
        look(f"operator, {act}")


def record_requests(app, client_id: str) -> None:
    """One that succeeded, and one with another redirect URI."""
    record = {"client_key": client_id, "at": clock.now(), "endpoint": "authorize", "scope": "memories:read"}
    refused = {
        "error": ERROR_PAGE,
        "reason": Reason.REDIRECT_URI_MISMATCH,
        "redirect_uri": "https://notebook/Callback/",
    }
    near = refused | {"redirect_uri": "http://127.0.0.1:5000/callback"}
    unregistered = {"error": "invalid_scope", "reason": Reason.SCOPE_NOT_REGISTERED}
    with app.app_context():
        db.session.get_one(Client, client_id).scope = "memories:write"
        db.session.add_all(RequestRecord(**record, **more) for more in ({}, refused, near, unregistered))
        db.session.commit()
