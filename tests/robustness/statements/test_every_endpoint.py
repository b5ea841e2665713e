"""Whatever statement fails, of whatever endpoint: 503 and when to come back, and nothing half-made or used up.

Each journey names the endpoints that it walks through, so that a new one has to be walked through somewhere.
"""

from importlib import import_module
from pathlib import Path

from sqlalchemy import select

from app.accounts.models import User
from app.clients.models import DYNAMIC, Client
from app.extensions import db
from app.mail.models import LocalMail, OutgoingMail
from tests.robustness.statements.journeys import JOURNEYS, journey
from tests.unregistered import add_unregistered


def test_every_endpoint_is_on_a_journey(app):
    for path in Path(__file__).parent.glob("test_*.py"):
        import_module(f"{__package__}.{path.stem}")
    there = {
        f"{rule.endpoint} {method}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert there - set().union(*JOURNEYS.values()) == set()


SIGNED_OUT = {
    "/": "accounts.home",
    "/apps/?q=notebook": "directory.list_apps",
    "/guide/": "guide.show_page",
    "/guide/errors": "guide.show_page",
    "/guide/errors.md": "assistants.markdown",
    "/llms.txt": "assistants.llms_txt",
    "/.well-known/change-password": "signposts.change_password",
    "/docs": "signposts.docs",
    "/favicon.ico": "signposts.show_favicon",
    "/robots.txt": "signposts.show_robots",
    "/log-in": "signposts.log_in",
    "/log-out": "signposts.sign_out",
    "/login": "signposts.login",
    "/org": "signposts.org",
    "/sign_in": "signposts.sign_in",
    "/sign_up": "signposts.sign_up",
    "/signin": "signposts.signin",
    "/signup": "signposts.signup",
    "/static/css/tokens.css": "static",
    "/healthz": "health.healthz",
    "/readyz": "health.readyz",
    "/api/openapi.json": "api.openapi",
    "/.well-known/oauth-authorization-server": "metadata.authorization_server_metadata",
    "/.well-known/oauth-protected-resource": "metadata.protected_resource_metadata",
    "/.well-known/oauth-protected-resource/api/v1": "metadata.api_metadata",
    "/.well-known/oauth-protected-resource/mcp": "metadata.mcp_metadata",
}


@journey(*(f"{endpoint} GET" for endpoint in SIGNED_OUT.values()))
def test_what_everybody_may_see(browser, alice, failing):
    for path in SIGNED_OUT:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert browser.client.open(path, method=method, base_url=browser._base_url).status_code < 400, (
                method,
                path,
            )
    browser.enter(alice)
    for path in ("/", "/log-out", "/guide/", "/nothing-here"):
        for method in ("GET", "HEAD"):
            browser.client.open(path, method=method, base_url=browser._base_url)


@journey(*(f"operator.{name}" for name in (
    "overview GET", "list_people GET", "list_apps GET", "list_mail GET", "disable GET", "disable POST", "enable GET",
    "enable POST", "suspend_app GET", "suspend_app POST", "resume_app GET", "resume_app POST", "send_letter GET",
    "send_letter POST", "drop GET", "drop POST",
)))  # fmt: skip
def test_what_an_operator_does(app, alice, bob, browser, failing):
    add_unregistered(app, "dyn_robot", "Robot", DYNAMIC, redirect_uris=["http://127.0.0.1/cb"])
    with app.app_context():
        db.session.get_one(User, bob.id).is_operator = True
        db.session.add(OutgoingMail(id="let_1", kind="trial", recipient="a@b.c", facts={}, state="failed"))
        db.session.commit()
        key = db.session.scalar(select(Client.key).where(Client.client_id == "dyn_robot"))
    browser.enter(bob)
    for path in ("", "people?q=a", "apps?q=a", "mail"):
        assert browser.get(f"/operator/{path}").status_code == 200
    for path, press in {
        f"people/{alice.id}/disable": "Disable the account",
        f"people/{alice.id}/enable": "Enable the account",
        f"apps/{key}/suspend": "Suspend the app",
        f"apps/{key}/resume": "Resume the app",
        "mail/let_1/send": "Send it now",
        "mail/let_1/drop": "Drop the letter",
    }.items():
        assert browser.submit(browser.get(f"/operator/{path}"), press=press).status_code == 303, path


@journey("mailbox.list_letters GET", "mailbox.show_letter GET", "mailbox.show_html GET")
def test_letters_of_a_server_for_this_machine(app, browser, failing):
    with app.app_context():
        db.session.add(LocalMail(id="let_1", kind="trial", recipient="a@b.c", subject="S", text="T", html="<p>T"))
        db.session.commit()
    for path in ("", "let_1", "let_1/html"):
        assert browser.get(f"/demonstration/mail/{path}").status_code == 200
