"""A new person stays in charge: from nothing to an app that sees what they chose, and back, by what the pages say."""

import time
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from tests.journeys.reader import Reader
from tests.mailbox import wait_for_local_letter

#: For the whole way of a new person; the pages alone take seconds.
_MOST_SECONDS = 300
_NOTES = {
    "Kitchen/Rye bread.md": "# Rye bread\n\nThree parts rye, one part wheat, and a night of rest.",
    "Kitchen/Lentil soup.md": "# Lentil soup\n\nRed lentils, cumin, and rye bread beside it.",
    "Trips/Lisbon in May.md": "---\ntags: [travel]\n---\n# Lisbon in May\n\nThe tram before nine, and the tiles after rain.",
    "Trips/Oslo in winter.md": "# Oslo in winter\n\nWool, and the ferry at noon.",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder of notes, as a person has zipped it."""
    path = tmp_path / "notes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _NOTES.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def reader(request, open_page, server, seeded) -> Reader:
    """Somebody without an account, at the address that ``make run`` prints."""
    page = open_page(java_script_enabled=request.param, locale="en-GB")
    page.set_default_timeout(20_000)
    return Reader(page, server.url)


def test_a_new_person_shares_sees_narrows_freezes_and_undoes(reader, server, folder):
    began = time.monotonic()
    sign_up(reader, server.app)
    bring(reader, folder)
    make_a_memento_of_a_search(reader)
    connect(reader)
    let_it_keep_a_note(reader)
    narrow(reader)
    freeze(reader)
    undo(reader)
    assert time.monotonic() - began < _MOST_SECONDS
    print(f"{len(reader.visited)} pages in {time.monotonic() - began:.0f} s")


def sign_up(reader: Reader, app: Flask) -> None:
    reader.follow("Create an account")
    reader.fill("E-mail", "dora@example.com")
    reader.fill("Your name", "Dora Dahl")
    reader.fill("Password", "a tram before nine")
    reader.press("Create account")
    reader.reads("Look into your mailbox", "dora@example.com")
    reader.open_letter(wait_for_local_letter(app, "dora@example.com").link("/sign-up/confirm/"))
    reader.press("Finish and sign in")
    reader.reads("Welcome, Dora Dahl")
    reader.follow("Your account")


def bring(reader: Reader, folder: Path) -> None:
    reader.follow("Memories")
    reader.reads("You have no memories yet")
    reader.follow("Bring what you have elsewhere")
    reader.choose_file("Files", folder)
    reader.press("See what would come in")
    reader.wait_for("4 memories would come in")
    reader.reads("Kitchen", "Trips")
    reader.press("Bring in 4 memories")
    reader.wait_for("4 memories came in")


def make_a_memento_of_a_search(reader: Reader) -> None:
    reader.follow("Memories")
    reader.fill("Words", "rye")
    reader.press("Find")
    reader.reads("Rye bread", "Lentil soup")
    reader.reads_no("Oslo in winter")
    reader.follow("Make a memento of these")
    reader.fill("Name of the memento", "About rye")
    reader.press("Make this memento")
    reader.reads("About rye", "2 memories")


def connect(reader: Reader) -> None:
    reader.follow("Connected apps")
    reader.reads("No app is connected")
    reader.follow("try Acme Pocket")
    reader.press("Connect your memories")
    reader.tick("Everything, also what I add later", role="radio")
    reader.press("Continue")
    reader.press("Authorize")
    reader.reads("Connected as Dora Dahl", "Oslo in winter", "Rye bread")
    reader.fill("What are you looking for?", "ferry")
    reader.press("Search")
    reader.reads("Oslo in winter", "GET /api/v1/memories/?q=ferry")


def let_it_keep_a_note(reader: Reader) -> None:
    reader.fill("Title", "A ferry to remember")
    reader.fill("Text", "It leaves at noon.")
    reader.press("Keep it in Reliquary")
    reader.reads("“A ferry to remember” is among your memories now")


def narrow(reader: Reader) -> None:
    reader.follow("Now change what it sees")
    reader.reads("Everything, also what you add later")
    reader.follow("Change what it sees")
    reader.tick("Only the mementos I tick", role="radio")
    reader.tick("About rye")
    reader.press("See what changes")
    reader.reads("About rye")
    reader.press("Apply")
    reader.follow("Go to Acme Pocket")
    reader.fill("What are you looking for?", "wool")
    reader.press("Search")
    reader.reads("Nothing.")
    reader.fill("What are you looking for?", "rye")
    reader.press("Search")
    reader.reads("Rye bread", "Lentil soup")


def freeze(reader: Reader) -> None:
    reader.follow("Now change what it sees")
    reader.follow("Overview")
    reader.follow("Freeze everything")
    reader.press("Freeze everything")
    reader.reads("Paused")
    reader.follow("Acme Pocket")
    reader.follow("Go to Acme Pocket")
    reader.reads("lets Acme Pocket see nothing at the moment", "paused this app's access")


def undo(reader: Reader) -> None:
    reader.follow("Now change what it sees")
    reader.follow("Activity")
    reader.reads("A ferry to remember")
    reader.follow("What apps wrote")
    reader.reads("A ferry to remember")
    reader.follow("Undo this")
    reader.press("Delete it")
    reader.follow("Memories")
    reader.reads("4 memories", "Rye bread")
    reader.reads_no("A ferry to remember")
