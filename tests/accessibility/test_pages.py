"""Every page of the product, as axe-core sees it: in light and dark, wide and on a screen of 320 pixels."""

import re
import time

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from app import clock
from app.accounts.notices import notify
from app.accounts.notices.kinds import KINDS
from app.accounts.resetting.links import make_reset_link
from app.accounts.sessions import start_session
from app.accounts.users import find_user_by_email
from app.clients.models import DYNAMIC, Client, ClientSecret
from app.consents.saved import SavedMemento
from app.extensions import db
from app.guide.contents import PAGES
from app.mail.models import LocalMail, OutgoingMail
from app.mail.outbox import put_mail
from app.memories.mementos import create_memento
from app.memories.records import add_integration
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.refusals import Reason
from tests.factors import Phone
from tests.integrator import s256
from tests.journeys.test_passkeys import Device
from tests.journeys.walk import ALICE, BOB, follow, sign_in
from tests.mailbox import wait_for_local_letter
from tests.memories.importing.archives import make_zip
from tests.unregistered import add_unregistered


@pytest.fixture
def link(server, demonstration, callback):
    """The link by which an app sends people to us."""

    def make(app_name: str = "Acme Notebook", scope: str = "memories:read memories:write") -> str:
        client_id = demonstration.clients[app_name].client_id
        return (
            f"{server.url}/oauth/authorize?response_type=code&client_id={client_id}&redirect_uri={callback.url}"
            f"&state=x&scope={scope.replace(' ', '+')}&code_challenge={s256('v' * 43)}&code_challenge_method=S256"
        )

    return make


@pytest.fixture
def alice(page, server, demonstration):
    page.goto(server.url + "/sign-in?next=/account/")
    sign_in(page, ALICE, demonstration.passwords[ALICE])


def test_signing_in_and_up(look, page, server, demonstration):
    for path in ("/", "/sign-in", "/sign-up"):
        look(path, server.url + path)
    page.goto(server.url + "/sign-in")
    sign_in(page, "nobody@example.com", "wrong password")
    assert page.title().startswith("Error: ")
    # By its markup alone, before any script; from there a link leads to each field.
    assert page.evaluate("document.activeElement.id") == "errors"
    look("sign-in, wrong")
    page.goto(server.url + "/sign-up")
    page.get_by_label("E-mail").fill("dana@example.com")
    page.get_by_label("Your name").fill("Dana")
    page.get_by_label("Password").fill("a long enough secret")
    follow(page.get_by_role("button", name="Create account"))
    look("sign-up, look into your mailbox")
    path = wait_for_local_letter(server.app, "dana@example.com").link("/sign-up/confirm/")
    look("sign-up, confirm", server.url + path)
    follow(page.get_by_role("button", name="Finish and sign in"))
    look("/, signed in")
    assert page.get_by_role("button", name="Sign out").is_visible()
    for path in (
        "/account/",
        "/account/memories/",
        "/account/mementos/",
        "/account/mementos/new",
        "/account/apps/",
        "/account/activity/",
        "/account/activity/undo/",
        "/apps/",
        "/org/oauth/",
    ):
        look(f"{path}, with nothing yet", server.url + path)


def test_the_screens_of_the_decision(look, page, demonstration, link):
    page.goto(link())
    look("sign-in on the way")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("choose")
    page.locator("summary").click()
    look("choose, making a memento")
    page.get_by_label("What a search finds now").fill("lisbon")
    follow(page.get_by_role("button", name="Search"))
    look("choose, making a memento out of a search")
    follow(page.get_by_role("button", name="Continue").last)
    look("choose, nothing chosen")
    page.get_by_role("checkbox", name="Recipes").check()
    look("choose, one ticked")
    page.get_by_role("checkbox", name="It may also change").first.check()
    page.get_by_role("button", name="Preview what it will see").click()
    page.get_by_text("1 memento").wait_for()
    look("choose, with a preview")
    follow(page.get_by_role("button", name="Continue").last)
    look("consent")
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    page.goto(link() + "&prompt=consent")
    look("consent, once more")
    page.goto(link() + "&prompt=select_account")
    look("which account")
    page.goto(link("Acme Pocket", "memories:read"))
    page.get_by_role("radio", name="Everything").check()
    follow(page.get_by_role("button", name="Continue").last)
    look("consent, everything to a public app")


def test_the_memories(look, page, server, alice):
    look("memories", server.url + "/account/memories/")
    assert page.evaluate("document.documentElement.scrollHeight") <= 3 * 900
    page.get_by_label("Source").select_option(index=1)
    page.get_by_label("Words").fill("heron")
    follow(page.get_by_role("button", name="Find"))
    look("memories, found")
    look("memories, nothing found", server.url + "/account/memories/?q=nowhere")
    look("note", server.url + "/account/memories/new")
    follow(page.get_by_role("button", name="Keep the note"))
    look("note, without a text")
    page.get_by_label("Text").fill("Rye flour\nand water")
    page.get_by_label("Tags").fill("bread, family")
    page.get_by_label("Folder").fill("Baking/Rye")
    follow(page.get_by_role("button", name="Keep the note"))
    look("memory")
    note = page.url
    follow(page.get_by_role("button", name="Never share it"))
    look("memory, never shared")
    follow(page.get_by_role("link", name="What is never shared"))
    page.get_by_label("A tag").fill("Work")
    follow(page.get_by_role("button", name="Never share this tag"))
    look("never shared")
    page.get_by_label("A tag").fill("")
    follow(page.get_by_role("button", name="Never share this tag"))
    look("never shared, no tag")
    follow(page.get_by_role("link", name="Choose folders or memories"))
    look("never shared, choosing")
    follow(page.get_by_role("link", name="Google Drive"))
    look("never shared, choosing in a source")
    page.goto(note)
    follow(page.get_by_role("button", name="Share it again"))
    follow(page.get_by_role("link", name="Change it"))
    look("memory, changing it")
    with page.context.new_page() as other:
        other.goto(page.url)
        other.get_by_label("Text").fill("Wheat")
        follow(other.get_by_role("button", name="Save"))
    page.get_by_label("Text").fill("Oats")
    follow(page.get_by_role("button", name="Save"))
    look("memory, changed meanwhile")
    follow(page.get_by_role("button", name="Save"))
    follow(page.get_by_role("link", name="Delete"))
    look("memory, delete?")


def test_bringing_and_taking_out(look, page, server, demonstration, link, alice):
    page.goto(link())
    look("bring", server.url + "/account/memories/bring/")
    files = make_zip(
        *((f"Trips/{number}/Note {number}.md", f"Words {number}.") for number in range(20)), ("x.png", "x")
    )
    page.get_by_label("Files").set_input_files({"name": "Notes.zip", "mimeType": "application/zip", "buffer": files})
    follow(page.get_by_role("button", name="See what would come in"))
    look("what would come in")
    follow(page.get_by_role("link", name="See each by name"))
    look("left out")
    page.go_back()
    follow(page.get_by_role("button", name="Bring in 20 memories"))
    page.get_by_role("heading", name="20 memories came in").wait_for()
    look("it is in")
    look("bring, again", server.url + "/account/memories/bring/")
    page.get_by_label("Files").set_input_files({"name": "Bad.zip", "mimeType": "application/zip", "buffer": b"x"})
    follow(page.get_by_role("button", name="See what would come in"))
    look("it cannot come in")
    look("take out", server.url + "/account/memories/take-out/")


def test_letters_of_a_server_for_this_machine(look, page, server, demonstration):
    look("no letter", server.url + "/demonstration/mail/")
    with server.app.app_context():
        put_mail(db.session, "trial", to=ALICE)
        db.session.commit()
    page.goto(server.url + "/demonstration/mail/")
    deadline = time.monotonic() + 30
    while not page.get_by_role("link", name="Letters from").count():
        assert time.monotonic() < deadline, server.log
        time.sleep(0.1)
        page.reload()
    look("letters")
    follow(page.get_by_role("link", name="Letters from"))
    look("a letter")
    follow(page.get_by_role("link", name="As mail programs show it"))
    look("a letter as HTML")


def test_a_forgotten_password_and_the_secrets_of_who_left(look, page, server, demonstration, link):
    page.goto(link(scope="memories:read"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("radio", name="Everything").check()
    follow(page.get_by_role("button", name="Continue").last)
    follow(page.get_by_role("button", name="Authorize"))
    look("forgotten password", server.url + "/forgotten-password")
    page.get_by_label("E-mail").fill(ALICE)
    follow(page.get_by_role("button", name="Send me a link"))
    look("forgotten password, asked")
    with server.app.app_context():
        path = make_reset_link(db.session, find_user_by_email(ALICE), by_mail=True)
        secrets = update(ClientSecret).values(created_by_user_id="usr_who_is_gone")
        db.session.execute(secrets)
        db.session.commit()
    look("choose a new password", server.url + path)
    page.get_by_label("New password").fill("password123")
    follow(page.get_by_role("button", name="Save the new password"))
    look("choose a new password, refused")
    page.get_by_label("New password").fill("seven herons by the lock")
    follow(page.get_by_role("button", name="Save the new password"))
    page.get_by_role("heading", name="Are these apps yours?").wait_for()
    look("look back")
    look("reset link, over", server.url + path)
    page.goto(server.url + "/sign-in?again=1")
    sign_in(page, BOB, demonstration.passwords[BOB])
    look("members, secrets of who left", server.url + "/org/oauth/members")
    page.get_by_role("heading", name="Secrets that somebody who left has seen").wait_for()


def test_the_operators_pages(look, page, server, demonstration):
    add_unregistered(server.app, "dyn_robot", "Robot", DYNAMIC, redirect_uris=["http://127.0.0.1/cb"])
    with server.app.app_context():
        find_user_by_email(BOB).is_operator = True
        says = "The mail server mail.example.com:465 takes no letter for this address: 550 5.1.1 no such person"
        db.session.add(OutgoingMail(kind="trial", recipient=ALICE, facts={}, state="failed", says=says, tries=1))
        db.session.commit()
    page.goto(server.url + "/sign-in")
    sign_in(page, BOB, demonstration.passwords[BOB])
    look("operator", server.url + "/operator/")
    for name, act in (("People", "Disable Alice Marlow"), ("Apps", "Suspend Robot"), ("Letters", "Drop")):
        follow(page.get_by_role("navigation", name="The operator's pages").get_by_role("link", name=name))
        look(f"operator, {name}")
        follow(page.get_by_role("link", name=act))
        look(f"operator, {act}")


def test_the_little_app_and_the_way_to_it(look, page, server, demonstration):
    look("Acme Pocket", server.url + "/demonstration/")
    follow(page.get_by_role("button", name="Connect your memories"))
    look("sign-in on the way to it")
    follow(page.get_by_role("link", name="Create an account"))
    look("sign-up on the way to it")
    follow(page.get_by_role("button", name="Cancel"))
    look("cancelled before the sign-in")
    follow(page.get_by_role("link", name="Go back to the app"))
    look("Acme Pocket, cancelled")
    follow(page.get_by_role("button", name="Connect your memories"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    page.get_by_role("radio", name="Everything").check()
    follow(page.get_by_role("button", name="Continue").last)
    follow(page.get_by_role("button", name="Authorize"))
    look("Acme Pocket, connected")
    page.get_by_label("Title").fill("Bread")
    page.get_by_label("Text").fill("Ask for rye.")
    follow(page.get_by_role("button", name="Keep it in"))
    look("Acme Pocket, a note kept")
    follow(page.get_by_role("link", name="Now change what it sees"))
    follow(page.get_by_role("button", name="Pause"))
    follow(page.get_by_role("link", name="Go to Acme Pocket"))
    look("Acme Pocket, paused")


def test_the_account(look, page, server, demonstration, link, alice):
    page.goto(link())
    page.get_by_role("checkbox", name="Recipes").check()
    follow(page.get_by_role("button", name="Continue").last)
    follow(page.get_by_role("button", name="Authorize"))
    page.get_by_role("heading", name="Back at the app").wait_for()
    look("overview", server.url + "/account/")
    look("memento out of a search", server.url + "/account/mementos/found?q=lisbon")
    look("memento out of a search that finds nothing", server.url + "/account/mementos/found?q=zeppelin")
    look("mementos", server.url + "/account/mementos/")
    follow(page.get_by_role("link", name="Recipes"))
    look("memento")
    follow(page.get_by_role("link", name="Rename or change it"))
    look("editor")
    page.get_by_role("button", name="Open Google Drive").click()
    page.get_by_role("button", name="Open Work").wait_for()
    look("editor, a source open")
    page.get_by_role("button", name="Open Work").click()
    page.get_by_role("button", name="Open Project Heron").wait_for()
    look("editor, a folder open")
    page.get_by_label("Find folders and memories").fill("lisbon")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("checkbox", name="Tomás").wait_for()
    look("editor, found")
    page.get_by_label("Name", exact=True).fill("")
    follow(page.get_by_role("button", name="Save"))
    look("editor, without a name")
    page.goto(server.url + "/account/mementos/")
    follow(page.get_by_role("link", name="Recipes"))
    follow(page.get_by_role("link", name="Delete"))
    look("memento, delete")
    look("apps", server.url + "/account/apps/")
    follow(page.get_by_role("main").get_by_role("link", name="Acme Notebook", exact=True))
    look("app")
    follow(page.get_by_role("link", name="When, and in which"))
    look("activity")
    page.go_back()
    _let_it_add_something(server.app, demonstration.clients["Acme Notebook"].client_id)
    follow(page.get_by_role("link", name="Change what it sees"))
    look("app, choose")
    page.get_by_role("checkbox", name="Health").check()
    follow(page.get_by_role("button", name="See what changes"))
    look("app, difference")
    follow(page.get_by_role("button", name="Apply"))
    follow(page.get_by_role("button", name="Pause"))
    look("app, paused")
    look("history", server.url + "/account/history/")
    look("freeze everything", server.url + "/account/apps/pause-all")
    page.goto(server.url + "/account/apps/")
    follow(page.get_by_role("link", name="End Acme Notebook"))
    look("app, end")
    look("apps that were connected", server.url + "/account/apps/ended")
    page.goto(link())
    look("consent, paused")
    look("sessions", server.url + "/account/sessions/")
    _let_a_stranger_in(server.app)
    look("overview, with notices", server.url + "/account/")
    look("notices", server.url + "/account/settings/notices/")
    look("sessions, two", server.url + "/account/sessions/")
    follow(page.get_by_role("button", name="Not me", exact=True))
    look("after a stranger's session")


def test_passkeys(look, page, server, demonstration):
    """Where they are on this machine, with the device that Chromium plays."""
    root = server.url.replace("127.0.0.1", "localhost")
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    device = Device(page)
    look("sign in, with a passkey", root + "/sign-in?next=/account/settings/sign-in/passkeys/new")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("a new passkey")
    follow(page.get_by_role("button", name="Make the passkey"))
    follow(page.get_by_role("link", name="I have them"))
    look("passkeys")
    page.goto(root + "/account/settings/sign-in/passkeys/new")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("a passkey of yours already")
    look("a new passkey, made before")
    page.goto(root + "/account/settings/sign-in/")
    follow(page.get_by_role("link", name="Chrome on Linux"))
    look("a passkey")
    follow(page.get_by_role("link", name="Remove this passkey"))
    look("a passkey, remove?")
    follow(page.get_by_role("button", name="Sign out", exact=True))
    page.goto(root + "/sign-in")
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("the second step, with a passkey")
    device.lose()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was chosen")
    look("the second step, without the passkey")


_CAROL = "carol@example.com"


def test_two_steps(look, page, server, demonstration):
    """An authenticator app, recovery codes, and an organization that demands them."""
    root = server.url + "/account/settings/sign-in/"
    page.goto(server.url + "/sign-in?next=/account/settings/sign-in/")
    sign_in(page, _CAROL, demonstration.passwords[_CAROL])
    look("two steps, none yet")
    look("demand a second step, without one", server.url + "/org/oauth/organization/second-factor")
    page.goto(root)
    follow(page.get_by_role("button", name="Set up an authenticator app"))
    look("set up an authenticator app")
    key = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("The code it shows").fill("000000")
    follow(page.get_by_role("button", name="Turn it on"))
    look("set up an authenticator app, wrong code")
    page.get_by_label("The code it shows").fill(Phone(key, []).code())
    follow(page.get_by_role("button", name="Turn it on"))
    look("recovery codes")
    look("two steps", root)
    look("make recovery codes?", root + "recovery-codes")
    look("turn off the app?", root + "app/remove")
    look("demand a second step?", server.url + "/org/oauth/organization/second-factor")
    follow(page.get_by_role("button", name="Sign out", exact=True))
    page.goto(server.url + "/sign-in")
    sign_in(page, _CAROL, demonstration.passwords[_CAROL])
    look("the second step")
    page.get_by_label("Code").fill("000000")
    follow(page.get_by_role("button", name="Sign in", exact=True))
    look("the second step, wrong code")
    follow(page.get_by_role("link", name="Use a recovery code"))
    look("the second step, recovery code")


def test_the_settings(look, page, server, alice):
    root = server.url + "/account/settings/"
    look("profile", root)
    page.get_by_label("Your name").fill(" ")
    follow(page.get_by_role("button", name="Save the name"))
    look("profile, no name")
    look("time zone", root + "time-zone/")
    look("time zone, found", root + "time-zone/?q=america")
    follow(page.get_by_role("button", name="America/Adak"))
    look("profile, with a time zone")
    look("time zone, nothing found", root + "time-zone/?q=nowhere")
    look("password", root + "password/")
    page.get_by_label("Your password now").fill("wrong")
    page.get_by_label("New password").fill("seven herons over a lake")
    follow(page.get_by_role("button", name="Change the password"))
    look("password, wrong")
    look("e-mail", root + "email/")
    page.get_by_label("New address").fill("alice@home.example")
    follow(page.get_by_role("button", name="Send a letter there"))
    look("e-mail, asked")
    link = _link_in_letter(server.app, "address_change")
    look("e-mail, confirm?", server.url + link)
    follow(page.get_by_role("button", name="Use this address"))
    look("e-mail, a link that was used", server.url + link)
    back = _link_in_letter(server.app, "address_changed")
    look("take back the address?", server.url + back)
    follow(page.get_by_role("button", name="Take it back"))
    look("taken back")
    look("take back, a link that was used", server.url + back)


def test_leaving_and_coming_back(look, page, server, alice, demonstration):
    look("take everything along", server.url + "/account/settings/export/")
    look("delete the account", server.url + "/account/settings/delete/")
    page.get_by_label("Type your e-mail address").fill(BOB)
    follow(page.get_by_role("button", name="Delete my account"))
    look("delete the account, another one typed")
    page.get_by_label("Type your e-mail address").fill(ALICE)
    follow(page.get_by_role("button", name="Delete my account"))
    look("the account is closed")
    follow(page.get_by_role("link", name="Sign in again"))
    sign_in(page, ALICE, demonstration.passwords[ALICE])
    look("keep the account?")
    follow(page.get_by_role("button", name="Keep my account and sign in"))
    look("the account is kept")


def _link_in_letter(app, kind: str) -> str:
    """The path of the first link in the letter of this kind, once the server's own thread has sent it."""
    until = time.monotonic() + 30
    with app.app_context():
        while time.monotonic() < until:
            found = db.session.scalar(select(LocalMail.text).where(LocalMail.kind == kind))
            db.session.rollback()
            if found:
                return re.search(r"https?://[^/]+(/\S+)", found)[1]
            time.sleep(0.1)
    raise AssertionError(f"No letter of the kind {kind} went out.")


def _let_a_stranger_in(app) -> None:
    """What a sign-in elsewhere leaves, and a notice of each kind."""
    with app.app_context():
        user = find_user_by_email(ALICE)
        start_session(user, address="198.51.100.4", user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0")
        for name, kind in KINDS.items():
            facts = {fact: clock.now().isoformat() if fact in kind.instants else "ses_1" for fact in kind.facts}
            notify(db.session(), user.id, name, **facts, address="198.51.100.4", user_agent="curl/8.5.0")
        db.session.commit()


def _let_it_add_something(app, client_id: str) -> None:
    with app.app_context():
        user = find_user_by_email(ALICE)
        source = add_integration(db.session, user_id=user.id, kind="memory", name="Saved by Acme Notebook")
        memento = create_memento(db.session(), user.id, source.name, [source.id])
        ids = {"user_id": user.id, "client_key": client_id, "memento_id": memento.id, "integration_id": source.id}
        db.session.add(SavedMemento(**ids))
        db.session.commit()


def test_the_dashboard(look, page, server, demonstration):
    page.goto(server.url + "/sign-in?next=/org/oauth/")
    sign_in(page, BOB, demonstration.passwords[BOB])
    look("apps of the organization")
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


def test_the_guide(look, page, server, demonstration):
    look("guide, signed out", server.url + "/guide/?type=public&language=javascript")
    page.goto(server.url + "/sign-in?next=/guide/")
    sign_in(page, BOB, demonstration.passwords[BOB])
    look("guide")
    for name in (each.title for each in PAGES[1:]):
        follow(page.get_by_role("navigation", name="Guide").get_by_role("link", name=name))
        look(f"guide, {name}")
    page.locator("summary").first.click()
    look("guide, an example folded away")


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


def test_errors(look, page, server, link, alice):
    look("404", server.url + "/account/mementos/mem_unknown/")
    look("405", server.url + "/account/sessions/end-others")
    look("unknown app", re.sub("client_id=[^&]*", "client_id=unknown", link()))
    look("expired request", server.url + "/oauth/authorize/consent?request=unknown")
    page.goto(server.url + "/account/")
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(field => field.value = 'old')")
    follow(page.get_by_role("button", name="Sign out"))
    look("too old a page")
