"""A person's journeys through what is theirs: memories, mementos, apps, and what those did."""

import re
from io import BytesIO

from sqlalchemy import select

from app.clients.models import Client
from app.consents.saved import SavedMemento
from app.database.connections import connect
from app.extensions import db
from app.memories.picks import Pick
from app.oauth.asked_apps import note_asked
from tests.actors import Browser
from tests.personal.conftest import post, stock
from tests.robustness.statements.journeys import journey


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
