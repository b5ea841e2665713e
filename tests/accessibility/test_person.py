"""A person's own pages, as axe-core sees them: in light and dark, wide and on a screen of 320 pixels."""

import re
import time

from sqlalchemy import select

from app import clock
from app.accounts.notices import notify
from app.accounts.notices.kinds import KINDS
from app.accounts.sessions import start_session
from app.accounts.users import find_user_by_email
from app.consents.saved import SavedMemento
from app.extensions import db
from app.mail.models import LocalMail
from app.memories.mementos import create_memento
from app.memories.records import add_integration
from tests.journeys.walk import ALICE, BOB, follow, have_allowed, sign_in
from tests.memories.importing.archives import make_zip


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


def test_the_account(look, page, server, demonstration, link, alice):
    have_allowed(server, demonstration.clients["Acme Notebook"].client_id, "memories:read memories:write", "Recipes")
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
    look("freeze everything", server.url + "/account/apps/pause-all")
    page.go_back()
    follow(page.get_by_role("button", name="Pause"))
    look("app, paused")
    look("history", server.url + "/account/history/")
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
    link = link_in_letter(server.app, "address_change")
    look("e-mail, confirm?", server.url + link)
    follow(page.get_by_role("button", name="Use this address"))
    look("e-mail, a link that was used", server.url + link)
    back = link_in_letter(server.app, "address_changed")
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


def link_in_letter(app, kind: str) -> str:
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
