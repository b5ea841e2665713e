"""Somebody brings files: they see what would come in, and it comes in once."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from app.memories.importing import keeping
from app.memories.importing.bounds import MOST_BYTES
from app.memories.importing.keeping import find_import
from app.memories.importing.models import Import, ImportPiece, ImportSkip
from app.purge.batches import Pace, purge_rule
from app.purge.rules import find_rules
from tests.memories.importing.archives import as_json, chatgpt_conversation, make_zip
from tests.personal.bringing.conftest import BRING, bring, look, send
from tests.personal.conftest import post, token_of

FOLDER = make_zip(
    ("Trips/Lisbon.md", "---\ntags: [travel]\ncreated: 2024-05-01\n---\nSardines."),
    ("Trips/Porto.md", "Port."),
    ("Recipes/Soup.md", "Leek."),
    ("picture.png", "x"),
    ("../../climbs.md", "x"),
)


def said(page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def test_a_preview_says_what_would_come_in_and_nothing_does(signed_in, keeps):
    page = look(signed_in, ("Notes.zip", FOLDER))
    words = said(page)
    for part in ("3 memories would come in", "Notes.zip", "folder Trips 2 memories", "folder Recipes 1 memory", "Soup",
                 "Only Markdown and text come in.", "Its path leads out of the archive.", "See each by name"):  # fmt: skip
        assert part in words, words
    assert keeps() == []


def test_what_was_shown_comes_in(signed_in, keeps, sources):
    words = said(bring(signed_in, ("Notes.zip", FOLDER)))
    assert "3 memories came in" in words and "Make a memento of them" in words
    lisbon = next(memory for memory in keeps() if memory.title == "Lisbon")
    assert (lisbon.folder, lisbon.text, [tag.tag for tag in lisbon.tags]) == ("Trips", "Sardines.", ["travel"])
    assert lisbon.created_at.date().isoformat() == "2024-05-01"
    assert sources() == {"Files": "connected"}


def test_the_same_file_twice_adds_nothing(signed_in, keeps):
    bring(signed_in, ("Notes.zip", FOLDER))
    words = said(look(signed_in, ("Notes again.zip", FOLDER)))
    assert "Nothing new would come in" in words and "all 3 memories" in words
    assert len(keeps()) == 3


def test_what_was_changed_since_stays_and_what_was_deleted_comes_again(signed_in, keeps, in_database):
    bring(signed_in, ("Notes.zip", FOLDER))

    def change(session):
        session.execute(text("UPDATE memories SET text = 'Mine now.' WHERE title = 'Porto'"))
        session.execute(text("DELETE FROM memories WHERE title = 'Soup'"))
        session.commit()

    in_database(change)
    assert "1 memory came in" in said(bring(signed_in, ("Notes.zip", FOLDER)))
    assert {memory.title: memory.text for memory in keeps()} == {
        "Lisbon": "Sardines.", "Porto": "Mine now.", "Soup": "Leek.",
    }  # fmt: skip


def test_everything_that_is_left_out_is_named(signed_in):
    page = look(signed_in, ("Notes.zip", FOLDER))
    words = said(signed_in.get(re.search(r'href="([^"]+/left-out)"', page.text)[1]))
    assert "picture.png Only Markdown and text come in." in words
    assert "../../climbs.md Its path leads out of the archive." in words


def test_several_files_at_once(signed_in, keeps):
    words = said(
        look(
            signed_in,
            ("One.md", "First."),
            ("One.md", "Second."),
            ("talk.json", as_json([chatgpt_conversation("T", ("user", "Hi"))])),
            ("x.zip", FOLDER),
        )
    )
    assert "6 memories would come in" in words
    assert "ChatGPT 1 memory" in words


def test_one_file_alone(signed_in, keeps):
    bring(signed_in, ("One.md", "First."))
    assert [(memory.title, memory.text, memory.integration.name) for memory in keeps()] == [("One", "First.", "Files")]


def test_a_folder_as_browsers_send_it(signed_in, keeps):
    assert "folder Trips 2 memories" in said(look(signed_in, ("Trips/a.md", "x"), ("Trips/b.md", "y")))


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.zip", b"PK\x03\x04 nothing", "This is no zip archive that can be read"),
        ("x.zip", b"", "This is no zip archive that can be read"),
    ],
)
def test_what_cannot_come_in_says_so(signed_in, keeps, name, data, sentence):
    words = said(look(signed_in, (name, data)))
    assert "It cannot come in" in words and sentence in words and "Bring something else" in words


def test_nothing_chosen_is_said(signed_in):
    answer = send(signed_in, ("", b""))
    assert answer.status_code == 422 and "Choose a file first." in answer.text


def test_more_than_may_be_brought_is_refused(signed_in, in_database):
    answer = send(signed_in, ("x.md", b"x" * (MOST_BYTES + 1)))
    assert answer.status_code == 413 and "more than 50 MB" in answer.text
    assert send(signed_in, ("x.md", b"x" * (MOST_BYTES + 2 * 1024 * 1024))).status_code == 413
    assert in_database(lambda session: session.scalar(select(func.count()).select_from(Import))) == 0


def test_a_form_elsewhere_stays_small(signed_in):
    """The room is for this page's files alone, and not for its fields."""
    assert post(signed_in, "/account/sessions/end-others", {"x": "x" * 300_000}).status_code == 413
    assert post(signed_in, BRING, {"files": "x" * 300_000}).status_code == 413
    field = {"csrf_token": token_of(signed_in), "files": "x" * 300_000}
    sent = signed_in.client.post(
        BRING, data=field, base_url="http://127.0.0.1:8000", content_type="multipart/form-data"
    )
    assert sent.status_code == 413


def test_whoever_says_no_has_nothing_brought(signed_in, keeps, in_database):
    page = look(signed_in, ("Notes.zip", FOLDER))
    answer = signed_in.submit(page, press="Bring in nothing")
    assert "Nothing was brought in." in said(signed_in.get(answer.location))
    assert keeps() == []
    assert in_database(_count) == (0, 0, 0)


def test_another_upload_takes_the_place_of_one_that_waits(signed_in, in_database):
    look(signed_in, ("Notes.zip", FOLDER))
    look(signed_in, ("One.md", "First."))
    assert in_database(_count) == (1, 1, 0)


def test_nothing_of_an_upload_is_kept_when_it_is_in(signed_in, in_database):
    bring(signed_in, ("Notes.zip", FOLDER))
    assert in_database(_count)[1] == 0


def test_pressing_twice_brings_in_once(signed_in, keeps):
    page = look(signed_in, ("Notes.zip", FOLDER))
    for _ in range(2):
        assert signed_in.submit(page, press="Bring in 3 memories").status_code == 303
    assert len(keeps()) == 3


def test_an_upload_that_nobody_decides_on_is_purged(app, signed_in, in_database, let_time_pass):
    look(signed_in, ("Notes.zip", FOLDER))
    let_time_pass(minutes=61)
    with app.app_context():
        services = app.extensions["services"]
        for rule in find_rules(services.settings):
            if rule.name.startswith("import"):
                purge_rule(services.engine, rule, Pace(lambda seconds: True))
    assert in_database(_count) == (0, 0, 0)


def test_an_upload_is_its_persons_alone(signed_in, stranger):
    page = look(signed_in, ("Notes.zip", FOLDER))
    path = re.search(r'action="([^"]+)confirm"', page.text)[1]
    for address in (path, path + "left-out"):
        assert stranger.get(address).status_code == 404
    for address in (path + "confirm", path + "discard"):
        assert post(stranger, address).status_code == 404
    assert signed_in.get(path).status_code == 200


def test_what_one_person_has_is_new_to_another(signed_in, stranger, keeps, carol):
    bring(signed_in, ("Notes.zip", FOLDER))
    assert "3 memories came in" in said(bring(stranger, ("Notes.zip", FOLDER)))
    assert len(keeps(carol)) == 3


def test_what_comes_in_is_found(signed_in, app, notebook, alice):
    bring(signed_in, ("Notes.zip", FOLDER))
    tokens = notebook.tokens(signed_in, scope="memories:read", choose={"selection": "all"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = app.test_client().get("/api/v1/memories/?q=sardines", headers=headers).json["data"]
    assert [(one["title"], one["tags"], one["integration_kind"]) for one in found] == [("Lisbon", ["travel"], "files")]


def test_nothing_that_is_brought_comes_to_lie_where_an_app_writes(signed_in, app, notebook, keeps, in_database):
    """Its own source may have the same kind and name."""
    tokens = notebook.tokens(
        signed_in,
        scope="memories:read memories:write integrations:read integrations:write",
        choose={"selection": "none"},
    )
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    made = app.test_client().post("/api/v1/integrations/", json={"kind": "files", "name": "Files"}, headers=headers)
    assert made.status_code == 201, made.text
    bring(signed_in, ("Notes.zip", FOLDER))
    assert app.test_client().get("/api/v1/memories/", headers=headers).json["data"] == []


def test_whoever_brings_very_much_is_asked_to_wait(signed_in, monkeypatch):
    monkeypatch.setattr("app.memories.importing.keeping.MOST_WAITING", 10)
    answer = send(signed_in, ("One.md", "More than ten bytes."))
    assert answer.status_code == 503 and answer.headers["Retry-After"]


def _count(session) -> tuple[int, ...]:
    return tuple(session.scalar(select(func.count()).select_from(table)) for table in (Import, ImportPiece, ImportSkip))


def test_an_upload_that_a_later_one_replaces_while_it_is_received_is_no_error(signed_in, keeps, monkeypatch):
    """Somebody who pressed twice, or in two tabs."""
    begun = []

    def add_piece(session, import_id, number, data):
        if not begun:
            begun.append("")
            with ThreadPoolExecutor() as pool:
                begun.append(pool.submit(send, signed_in, ("Second.md", "Two.")).result().location)
        return keeping.add_piece(session, import_id, number, data)

    monkeypatch.setattr("app.personal.bringing.views.add_piece", add_piece)
    answer = send(signed_in, ("First.md", "One."))
    assert (answer.status_code, answer.location) == (303, BRING)
    assert "Another upload" in said(signed_in.get(BRING))
    assert "Second" in said(signed_in.get(begun[1]))


def test_what_is_being_brought_in_by_now_is_not_discarded(signed_in, monkeypatch, in_database):
    """The page was opened before it was confirmed in another tab."""
    page = look(signed_in, ("Note.md", "Words."))
    begin, find = "UPDATE imports SET state = 'writing'", find_import

    def find_then_confirm(session, user_id, import_id):
        found = find(session, user_id, import_id)
        session.expunge(found)
        session.execute(text(begin))
        session.commit()
        return found

    monkeypatch.setattr("app.personal.bringing.views.find_import", find_then_confirm)
    path = re.search(r'action="([^"]*/discard)"', page.text)[1]
    answer = post(signed_in, path)
    assert answer.location.endswith(path.removesuffix("discard"))
    assert in_database(lambda session: session.scalar(select(Import.state))) == "writing"


@pytest.mark.parametrize("name", ["a" * 70_000 + ".md", "f/" + "a" * 70_000 + ".md", "é" * 40_000 + ".md"])
def test_a_name_that_no_archive_takes_is_cut(signed_in, name):
    words = said(look(signed_in, (name, "One."), ("Other.md", "Two.")))
    assert "2 memories would come in" in words
