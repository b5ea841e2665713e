"""Whatever statement fails, of whatever endpoint: 503 and when to come back, and nothing half-made or used up.

Each journey names the endpoints that it walks through, so that a new one has to be walked through somewhere.
"""

import os
import re
from io import BytesIO
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from PIL import Image
from sqlalchemy import select, update

from app import clock
from app.accounts.models import User
from app.accounts.resetting.links import make_reset_link
from app.clients.models import DYNAMIC, Client
from app.consents.saved import SavedMemento
from app.database.connections import connect
from app.demonstration.pocket import wire
from app.demonstration.seeds import seed
from app.extensions import db
from app.fetch.fetching import FetchedObject
from app.mail.models import LocalMail, OutgoingMail
from app.memories.picks import Pick
from app.oauth.asked_apps import note_asked
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.accounts.passkeys.authenticator import Authenticator, add_passkey
from tests.actors import Browser
from tests.factors import Phone, set_up_phone
from tests.integrator import Integrator
from tests.org.conftest import HONEST, csrf_token, in_acme, send
from tests.personal.conftest import post, stock
from tests.unregistered import add_unregistered

#: Journey -> the endpoints that it asks, as "endpoint METHOD".
JOURNEYS: dict[str, frozenset[str]] = {}


def journey(*endpoints: str):
    """Say which endpoints a test asks, and see to it that it does."""

    def mark(test):
        JOURNEYS[test.__name__] = frozenset(endpoints)
        return pytest.mark.usefixtures("asks_what_it_says")(test)

    return mark


@pytest.fixture
def asks_what_it_says(request, failing):
    yield
    asked = {f"{endpoint} {method}" for endpoint, method in failing.visited if method not in ("HEAD", "OPTIONS")}
    missed = JOURNEYS[request.function.__name__] - asked
    assert not missed, f"The journey says that it asks {sorted(missed)}."


def test_every_endpoint_is_on_a_journey(app):
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


@journey("accounts.sign_up GET", "accounts.sign_up POST", "accounts.sign_in GET", "accounts.sign_in POST",
         "accounts.show_letter GET", "accounts.send_letter_again POST", "accounts.confirm GET", "accounts.confirm POST",
         "accounts.sign_out POST", "accounts.home GET")  # fmt: skip
def test_signing_up_out_and_in(browser, failing):
    account = {"email": "dora@example.com", "name": "Dora", "password": "correct horse battery"}
    page = browser.get("/sign-up")
    page = browser.follow(browser.submit(page, **account, organization_name="Dora's"))
    assert browser.submit(page, press="Send the letter again").status_code == 303
    page = browser.get(browser.find_letter(account["email"]).link("/sign-up/confirm/"))
    assert browser.submit(page, press="Finish and sign in").status_code == 303
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    assert browser.submit(browser.get("/sign-in"), email=account["email"], password="wrong").status_code == 400
    assert (
        browser.submit(browser.get("/sign-in"), email=account["email"], password=account["password"]).status_code == 303
    )
    assert "Welcome" in browser.get("/").text


@journey("personal.ask_about_deletion GET", "personal.delete_account POST", "leaving.ask_to_come_back GET",
         "leaving.keep_account POST", "personal.show_export GET", "personal.take_account_along POST")  # fmt: skip
def test_leaving_and_coming_back(browser, alice, failing):
    browser.enter(alice)
    page = browser.get("/account/settings/export/")
    assert browser.submit(page, press="Take everything along").status_code == 200
    page = browser.get("/account/settings/delete/")
    assert browser.submit(page, press="Delete my account", email=alice.email).status_code == 200
    page = browser.follow(browser.sign_in(alice.email, alice.password, next="/account/"))
    assert browser.submit(page, press="Keep my account and sign in").location == "/account/"


@journey("personal.new_passkey GET", "personal.new_passkey POST", "personal.show_passkey GET", "personal.show_passkey POST",
         "personal.drop_passkey GET", "personal.drop_passkey POST", "personal.sign_in_settings GET",
         "accounts.sign_in_with_passkey POST", "accounts.second_by_passkey POST")  # fmt: skip
def test_a_passkey_from_its_making_to_its_end(browser, alice, failing):
    device = Authenticator()
    browser.enter(alice)
    path = f"/account/settings/sign-in/passkeys/{add_passkey(browser, device)}"
    assert browser.submit(browser.get(path), name="Blue key").status_code == 303
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.get("/sign-in?next=/account/")
    assert browser.submit(page, credential=device.answer(page)).location == "/account/"
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password, next="/account/"))
    assert browser.submit(page, credential=device.answer(page)).location == "/account/"
    # A counter that goes back is noted, and the person told.
    page = browser.get("/sign-in?again=1")
    assert browser.submit(page, credential=device.answer(page, count=0)).location == "/sign-in?again=1"
    assert browser.submit(browser.get(f"{path}/remove"), press="Remove it").status_code == 303


@journey(*(f"personal.{name}" for name in (
    "settings GET", "settings POST", "sign_out_everywhere POST", "time_zone GET", "choose_time_zone POST", "password GET",
    "password POST", "email GET", "email POST", "forget_email POST", "ask_to_confirm_email GET", "confirm_email POST",
)), "addresses.ask_to_take_back GET", "addresses.take_back POST")  # fmt: skip
def test_the_profile_and_the_address(browser, alice, failing, sent_mail):
    browser.enter(alice)
    root = "/account/settings/"
    assert browser.submit(browser.get(root), name="Alice Arrow").status_code == 303
    assert post(browser, root + "time-zone/", {"time_zone": "Europe/Lisbon"}).status_code == 303
    assert browser.get(root + "time-zone/?q=lisbon").status_code == 200
    password = browser.get(root + "password/")
    assert browser.submit(password, old=alice.password, new="seven herons over a lake").status_code == 303
    assert browser.submit(browser.get(root + "email/"), email="alice@third.example").status_code == 303
    assert browser.submit(browser.get(root + "email/"), action=root + "email/forget").status_code == 303
    assert browser.submit(browser.get(root + "email/"), email="alice@home.example").status_code == 303
    link = next(letter.link(root) for letter in sent_mail() if letter.kind == "address_change")
    assert browser.submit(browser.get(link), action=link).status_code == 303
    assert browser.submit(browser.get(root), action=root + "sign-out-everywhere").status_code == 303
    back = next(letter.link("/take-back") for letter in sent_mail() if letter.kind == "address_changed")
    assert browser.submit(browser.get(back), action=back).status_code == 303


@journey("accounts.forgotten_password GET", "accounts.forgotten_password POST", "accounts.password_link_asked GET",
         "accounts.follow_reset_link GET", "accounts.set_new_password GET", "accounts.set_new_password POST",
         "personal.look_back GET", "personal.keep_looked_at POST")  # fmt: skip
def test_a_forgotten_password(app, browser, alice, notebook, request):
    browser.enter(alice)
    notebook.tokens(browser)
    with app.app_context():
        link = make_reset_link(db.session(), db.session.get_one(User, alice.id), by_mail=True)
        db.session.commit()
    request.getfixturevalue("failing")
    asked = browser.submit(browser.get("/forgotten-password"), email=alice.email)
    assert browser.follow(asked).status_code == 200
    answer = browser.submit(browser.follow(browser.get(link)), password="seven herons by the lock")
    page = browser.follow(answer)
    assert "stays connected" in browser.follow(browser.submit(page, press="Keep Acme Notebook")).text


@journey("org.demand_second_factor GET", "org.demand_second_factor POST")
def test_a_second_step_is_demanded(app, browser, carol, failing):
    phone = set_up_phone(app, carol)
    page = browser.follow_once(browser.sign_in(carol.email, carol.password))
    assert browser.submit(page, code=phone.code()).status_code == 303
    page = browser.get("/org/oauth/organization/second-factor")
    assert browser.submit(page, press="Ask for it").location == "/org/oauth/members"


@journey("personal.start_one_time_codes POST", "personal.set_up_one_time_codes GET", "personal.set_up_one_time_codes POST",
         "personal.turn_off_one_time_codes GET", "personal.turn_off_one_time_codes POST",
         "personal.make_new_recovery_codes GET", "personal.make_new_recovery_codes POST", "accounts.second_step GET",
         "accounts.second_step POST")  # fmt: skip
def test_an_authenticator_app_from_its_picture_to_its_end(browser, alice, failing):
    browser.enter(alice)
    path = "/account/settings/sign-in/"
    page = browser.follow_once(browser.submit(browser.get(path), press="Set up an authenticator app"))
    phone = Phone(re.search(r"The key: <code>([^<]+)", page.text)[1].replace(" ", ""), [])
    assert "not shown again" in browser.submit(page, code=phone.code()).text
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password))
    assert browser.submit(page, code=phone.code()).status_code == 400
    assert browser.submit(page, code=phone.code(steps=1)).status_code == 303
    page = browser.submit(browser.get(f"{path}recovery-codes"), press="Make new codes")
    code = re.search(r"<li><code>([\w-]+)", page.text)[1]
    assert browser.submit(browser.get("/"), action="/sign-out").status_code == 303
    page = browser.follow_once(browser.sign_in(alice.email, alice.password))
    assert browser.submit(page, code=code).status_code == 303
    assert browser.submit(browser.get(f"{path}app/remove"), press="Turn it off").status_code == 303


@journey("personal.send_confirmation POST", "personal.confirm_own_address GET", "personal.confirm_own_address POST")
def test_confirming_ones_address(app, browser, alice, failing):
    with app.app_context():
        db.session.execute(update(User).values(email_verified_at=None))
        db.session.commit()
    browser.enter(alice)
    assert browser.submit(browser.get("/account/"), press="Send me a letter to confirm it").status_code == 303
    page = browser.get(browser.find_letter(alice.email).link("/account/confirm-address/"))
    assert browser.submit(page, press="Confirm the address").status_code == 303


@journey("oauth.authorize GET", "documented.authorize GET", "oauth.continue_authorization GET", "oauth.choose_mementos GET",
         "oauth.save_mementos POST", "oauth.decide GET", "oauth.record_decision POST", "oauth.show_account GET",
         "oauth.choose_account POST", "oauth.switch_account POST", "oauth.token POST", "documented.token POST",
         "oauth.introspect POST", "oauth.revoke POST", "accounts.sign_in POST", "api.me GET",
         "oauth.cancel_before_sign_in POST")  # fmt: skip
def test_the_whole_protocol(app, browser, alice, notebook, pocket, failing):
    page = notebook.start(browser)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = notebook.answer(browser.submit(page, press="Authorize"))["code"]
    tokens = notebook.exchange(code).json
    # It is the honest answer: a code that is redeemed once more would have ended them.
    assert notebook.introspect(tokens["access_token"]).json["active"] is True
    renewed = notebook.refresh(tokens["refresh_token"]).json
    assert notebook.me(renewed["access_token"]).status_code == 200
    assert notebook.client_credentials().status_code == 200
    # What was allowed before needs no screen.
    assert "code" in notebook.answer(notebook.start(browser))
    again = notebook.exchange(notebook.answer(notebook.start(browser, "/api/v1/auth/oauth2/authorize/"))["code"],
                              "/api/v1/auth/oauth2/token/")  # fmt: skip
    assert again.status_code == 200
    assert notebook.revoke(renewed["refresh_token"]).status_code == 200
    assert notebook.introspect(renewed["access_token"]).json["active"] is False
    # A code that comes back ends what came of it, although the answer is an error.
    assert notebook.exchange(code).status_code == 400

    page = pocket.start(browser, prompt="select_account")
    page = browser.follow(browser.submit(page, press=f"Go on as {alice.name}"))
    page = browser.submit(page, press="Not you? Switch account")
    assert page.status_code == 303
    page = browser.submit(browser.follow(page), email=alice.email, password=alice.password)
    page = browser.submit(browser.follow(page), press="Continue", selection="none")
    page = browser.submit(browser.follow(page), press="Cancel")
    assert pocket.answer(page)["error"] == "access_denied"
    browser.sign_out()
    assert "Nothing was shared" in browser.submit(pocket.start(browser), press="Cancel").text


@pytest.fixture
def with_demonstration(app, monkeypatch):
    """The demonstration's data; what Acme Pocket asks is answered by nobody: it is a program of its own."""
    with app.app_context():
        seed()
        db.session.commit()
    token = '{"access_token": "rlq_at_x", "refresh_token": "rlq_rt_x", "grant_id": "grant_x"}'
    monkeypatch.setattr(wire, "_exchange", lambda *call: (200, "OK", {}, token))


@journey(
    "pocket.show GET", "pocket.connect POST", "pocket.callback GET", "pocket.keep_note POST", "pocket.after_note GET",
    "pocket.forget POST",
)  # fmt: skip
def test_the_little_app(browser, with_demonstration, failing):
    asked = urlsplit(browser.submit(browser.get("/demonstration/"), press="Connect your memories").location)
    answer = urlencode({"code": "x", "state": parse_qs(asked.query)["state"][0], "iss": "http://127.0.0.1:8000"})
    page = browser.follow(browser.get(f"/demonstration/callback?{answer}"))
    assert browser.submit(page, press="Keep it in Reliquary", title="Rye", text="Flour.").status_code == 200
    page = browser.follow(browser.get("/demonstration/notes"))
    assert browser.submit(page, press="Let Acme Pocket forget you").status_code == 303


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


@journey(*(f"api.{name}" for name in (
    "me GET", "get_subscribed_knowledge GET", "get_discussion_contents GET", "get_documents GET",
    "get_document_contents GET", "get_agentic_search GET", "post_agentic_search POST", "memorize_document POST",
    "search_documents GET", "get_integrations GET", "post_integration POST", "get_integration GET",
    "patch_integration PATCH", "remove_integration DELETE", "get_mementos GET", "post_memento POST", "get_memento GET",
    "remove_memento DELETE", "post_memento_documents POST", "remove_memento_documents DELETE", "get_memories GET",
    "post_memory POST", "get_memory GET", "patch_memory PATCH", "remove_memory DELETE", "post_memories POST",
)))  # fmt: skip
def test_the_whole_api(app, alice, caller, failing):
    shelf, key = stock(app, alice.id), {"Idempotency-Key": "once"}
    soup = shelf.memories["Soup"]

    def ask(method: str, path: str, json=None, **kwargs):
        answer = caller.open(method, path, json=json, **kwargs)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json

    for path in ("me/", "account/", "common-knowledge/subscribed-list/", "integrations/", "mementos/", "memories/?q=soup",
                 "documents/", "documents/search/?q=soup", "documents/agentic_search/?q=soup", f"memories/{soup}/",
                 f"documents/{soup}/contents/", f"discussions/{shelf.memories['Hello']}/contents/", f"integrations/{shelf.integrations['Drive']}/"):  # fmt: skip
        ask("GET", path)
    caller.open("HEAD", "memories/?q=soup")
    caller.open("OPTIONS", "memories/")
    ask("POST", "documents/agentic_search/", {"query": "soup"})
    ask("POST", "documents/memorize/", {"name": "Bread", "content": "Flour."})
    new = {"title": "Rye", "text": "Flour and water.", "tags": ["bread", "dark"]}
    one = ask("POST", "memories/", new, headers=key)
    assert ask("POST", "memories/", new, headers=key) == one
    ask("PATCH", f"memories/{one['id']}/", {"title": "Dark rye", "tags": ["rye"]})
    ask("POST", "memories/bulk/", {"memories": [new, new]})
    made = ask("POST", "mementos/", {"name": "Breads"})["id"]
    ask("GET", f"mementos/{made}/")
    ask("POST", f"mementos/memento_document/{made}/", {"add": [one["id"]]})
    ask("DELETE", f"mementos/memento_document/{made}/")
    ask("DELETE", f"mementos/{made}/")
    source = ask("POST", "integrations/", {"kind": "slack", "name": "Work"})["id"]
    ask("PATCH", f"integrations/{source}/", {"name": "Home"})
    ask("DELETE", f"integrations/{source}/")
    ask("DELETE", f"memories/{one['id']}/")


@journey(*(f"personal.{name}" for name in (
    "overview GET", "apps GET", "show_app GET", "show_activity GET", "ask_to_end GET", "keep POST", "history GET", "export_history_json GET", "export_history_csv GET", "end POST", "show_ended GET", "ask_to_pause_all GET", "pause_all POST", "change_end POST",
    "rename_app POST", "choose_mementos GET", "review_mementos POST", "apply_mementos POST", "pause POST", "resume POST", "mementos GET",
    "show_memento GET", "ask_to_delete GET", "delete_for_good POST", "duplicate POST", "edit_memento GET",
    "save_memento POST", "prune POST", "count_memories POST", "preview_choice POST", "found_memories GET", "make_found_memento POST", "make_memento GET", "save_new_memento POST", "sessions GET",
    "end_session POST", "end_other_sessions POST", "memories GET", "show_memory GET", "write_note GET", "save_note POST",
    "forget_asked_app POST",
    "edit_memory GET", "save_memory POST", "ask_to_delete_memory GET", "delete_memory_for_good POST",
    "never_shared GET", "choose_never_shared GET", "never_share POST", "share_again POST", "set_memory_for_all POST",
    "set_memory_for_one POST",
    "bring GET", "receive POST", "show_import GET", "show_skips GET", "confirm_import POST", "discard_import POST",
    "show_take_out GET", "take_everything_out GET",
)))  # fmt: skip
def test_a_persons_own_pages(app, alice, browser, caller, failing, monkeypatch):
    shelf = stock(app, alice.id)
    recipes, path = shelf.mementos["Recipes"], f"/account/apps/{caller.grant_id}/"

    def submit(page, **how):
        answer = browser.submit(page, **how)
        assert answer.status_code in (200, 303), answer.text
        return browser.follow(answer)

    for page in ("/account/", "/account/apps/", path, f"{path}activity", "/account/mementos/", "/account/sessions/",
                 f"/account/mementos/{recipes}/"):  # fmt: skip
        assert browser.get(page).status_code == 200
    memory = caller.post("memories/", {"title": "Rye", "text": "Flour."}).json["id"]
    with app.app_context():
        saved = db.session.scalar(select(SavedMemento.memento_id))
    submit(browser.get(path), press="Set the end")
    page = submit(browser.get(f"{path}mementos"), press="Search", new_words="soup")
    submit(page, press="Make this memento", new_name="Soups")
    page = submit(browser.get(f"{path}mementos"), press="See what changes", selection="none")
    submit(page, press="Apply")
    submit(submit(browser.get(path), press="Pause"), press="Resume")
    submit(browser.get(path), press="Save the name", name="My notebook")
    submit(browser.get(path), press="Save what it may do", holds="one")
    submit(browser.get("/account/apps/"), press="Save for all apps")
    submit(browser.get("/account/never-shared/"), press="Never share this tag", tag="private")
    submit(browser.get("/account/never-shared/"), press="Share it again: private")
    assert browser.get("/account/never-shared/choose").status_code == 200
    submit(browser.get("/account/apps/pause-all"), press="Freeze everything")
    submit(submit(browser.get(path), press="Resume"), press="Pause")
    assert post(browser, f"{path}keep", {"until": "year"}).status_code == 303
    for page in ("", "history.json", "history.csv", f"?app={caller.grant_id}"):
        assert browser.get(f"/account/history/{page}").status_code == 200
    assert browser.get("/account/apps/ended").status_code == 200
    submit(browser.get(f"{path}disconnect"), press="End My notebook")

    with app.app_context():
        client_key = db.session.scalar(select(Client.key))
    with app.app_context(), connect(db.engine) as connection:
        note_asked(connection, alice.id, client_key)
    submit(browser.get("/account/apps/"), press="Forget")

    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/account/sessions/").text)[1]
    for target, data in (
        ("/account/mementos/count", {"added": Pick(shelf.integrations["Slack"]).key}),
        ("/account/mementos/preview", {"selection": "selected", "memento_ids": recipes}),
        ("/account/mementos/preview", {"selection": "all"}),
        (f"/account/mementos/{recipes}/duplicate", {}),
        (f"/account/mementos/{saved}/prune", {"memory_ids": memory, "action": "delete"}),
    ):
        answer = post(browser, target, data, token)
        assert answer.status_code in (200, 303), (target, answer.status, answer.text)
    # A thread works on it, whose statements are no request's.
    importer = app.extensions["importer"]
    monkeypatch.setattr(importer, "wake", lambda wait=0: None)
    for press in ("Bring in nothing", "Bring in 1 memory"):
        sent = post(browser, "/account/memories/bring/", {"files": [(BytesIO(b"Rye."), "Note.md")]}, token)
        importer._work()
        page = browser.get(sent.location)
        assert browser.get(page.request.path + "left-out").status_code == 200
        submit(page, press=press)
    for page in ("bring/", "take-out/", "take-out/everything.zip"):
        assert browser.get(f"/account/memories/{page}").status_code == 200
    assert browser.get("/account/mementos/new").status_code == 200
    assert browser.get("/account/mementos/?q=soup&page=1").status_code == 200
    submit(browser.get("/account/mementos/found?q=soup"), press="Make this memento", name="Soup out of a search")
    form = {"name": "Songs", "action": "save", "added": Pick(shelf.integrations["Slack"]).key}
    assert post(browser, "/account/mementos/new", form, token).status_code == 303
    submit(browser.get(f"/account/mementos/{recipes}/edit"), press="Save", name="Cooking")
    submit(browser.get(f"/account/mementos/{recipes}/delete"), press="Delete this memento")
    assert browser.get("/account/memories/").status_code == 200
    note = submit(
        browser.get("/account/memories/new"), press="Keep the note", text="Rye, flour", tags="bread"
    ).request.path
    submit(browser.get(f"{note}edit"), press="Save", text="Rye, flour and water")
    assert browser.get("/account/memories/?q=flour&tag=bread").status_code == 200
    submit(browser.get(f"{note}delete"), press="Delete this memory")
    for _ in range(2):
        Browser(app).enter(alice)
    submit(browser.get("/account/sessions/"), press="Sign out there")
    submit(browser.get("/account/sessions/"), press="Sign out everywhere else")


@journey(*(f"personal.{name}" for name in (
    "notices GET", "notices POST", "see_all_notices POST", "see_one_notice POST", "was_not_me POST",
    "end_session_of_stranger POST", "after_not_me GET", "name_session_place POST",
)))  # fmt: skip
def test_what_a_person_is_told_and_a_strangers_session(app, alice, browser, failing):
    def submit(page, **how):
        answer = browser.submit(page, **how)
        assert answer.status_code in (200, 303), answer.text
        return browser.follow(answer)

    browser.enter(alice)
    for _ in range(2):
        Browser(app, address="198.51.100.4").sign_in(alice.email, alice.password)
    page = submit(browser.get("/account/settings/notices/"), press="Save", new_app="off")
    submit(page, press="This was not me")
    submit(browser.get("/account/"), press="Seen: A new device signed in")
    submit(browser.get("/account/sessions/"), press="Save", name="Home")
    submit(browser.get("/account/sessions/"), press="Not me")
    Browser(app, address="198.51.100.4").sign_in(alice.email, alice.password)
    page = browser.get("/account/settings/notices/")
    submit(page, action="/account/settings/notices/seen")


@journey(*(f"personal.{name}" for name in (
    "activity GET", "export_csv GET", "export_json GET", "change_kept POST", "written GET", "ask_to_undo GET",
    "undo_one POST", "ask_to_undo_since GET", "undo_since POST",
)))  # fmt: skip
def test_what_apps_did(app, alice, browser, caller, failing):
    stock(app, alice.id)
    first, second, third = (caller.post("memories/", {"title": title, "text": "x"}).json["id"] for title in "ABC")
    caller.patch(f"memories/{first}/", {"title": "D"})
    caller.delete(f"memories/{second}/")
    caller.get("memories/", q=third)
    for path in ("", "?kind=added", "receipts.csv", "receipts.json", "undo/"):
        assert browser.get(f"/account/activity/{path}").status_code == 200
    link = re.search(r'href="(/account/activity/undo/\d+)"', browser.get("/account/activity/undo/").text)[1]
    assert browser.submit(browser.get(link), press="Bring it back").status_code == 303
    since = browser.get("/account/activity/undo/since?moment=2026-01-01")
    assert browser.submit(since, press="Undo all of this").status_code == 303
    asked = browser.submit(browser.get("/account/activity/"), press="Keep it so long", days="0")
    assert browser.submit(asked, press="Keep nothing").status_code == 303


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
    image = _png()
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


def _png() -> bytes:
    content = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(content, "PNG")
    return content.getvalue()


@journey("oauth.register POST", "aliases.register POST", "oauth.read_registration GET", "oauth.change_registration PUT",
         "oauth.end_registration DELETE", "security_txt.security_txt GET")  # fmt: skip
def test_an_app_that_registers_itself(app, failing):
    client = app.test_client()
    wanted = {
        "client_name": "Robot",
        "redirect_uris": ["http://127.0.0.1:8400/callback"],
        "token_endpoint_auth_method": "none",
    }
    assert client.post("/register", json=wanted).status_code == 201
    made = client.post("/oauth/register", json=wanted)
    assert made.status_code == 201, made.text
    path = urlsplit(made.json["registration_client_uri"]).path
    headers = {"Authorization": f"Bearer {made.json['registration_access_token']}"}
    assert client.get(path, headers=headers).status_code == 200
    changed = client.put(
        path, headers=headers, json=wanted | {"client_id": made.json["client_id"], "client_name": "R2"}
    )
    assert changed.status_code == 200, changed.text
    headers = {"Authorization": f"Bearer {changed.json.get('registration_access_token', headers['Authorization'][7:])}"}
    assert client.delete(path, headers=headers).status_code == 204
    client.get("/.well-known/security.txt")


@journey("aliases.authorize GET", "aliases.token POST", "mcp.mcp GET", "mcp.mcp POST", "mcp.mcp DELETE")
def test_the_addresses_that_others_expect(app, browser, alice, notebook, failing):
    """Of MCP only the check of the token: what follows is the API's operations."""
    browser.enter(alice)
    page = browser.submit(notebook.start(browser, "/authorize"), press="Continue", selection="all")
    code = notebook.answer(browser.submit(browser.follow(page), press="Authorize"))["code"]
    tokens = notebook.exchange(code, "/token").json
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json, text/event-stream"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for method, kwargs in (("GET", {}), ("POST", {"json": call}), ("DELETE", {})):
        app.test_client().open("/mcp", method=method, headers=headers, **kwargs)


@pytest.mark.skipif(
    not os.environ.get("TEST_FLEET"), reason="make test-fleet walks it: its endpoints are on other ways"
)
@journey("oauth.authorize GET")
def test_an_app_that_a_document_describes(app, browser, alice, document_hosts, failing):
    url, uri = "https://agent.example/client.json", "http://127.0.0.1:8400/callback"
    document_hosts.serve(url, {"client_id": url, "redirect_uris": [uri], "logo_uri": "https://agent.example/logo.png"})
    document_hosts.serve("https://agent.example/logo.png", _png(), content_type="image/png")
    agent = Integrator(app, url, None, uri, "memories:read")
    page = agent.start(browser)
    page = browser.follow(browser.submit(page, email=alice.email, password=alice.password))
    page = browser.follow(browser.submit(page, press="Continue", selection="all"))
    code = agent.answer(browser.submit(page, press="Authorize"))["code"]
    tokens = agent.exchange(code).json
    assert agent.refresh(tokens["refresh_token"]).status_code == 200
