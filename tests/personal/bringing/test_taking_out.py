"""What somebody takes out comes in again as it was."""

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from app.memories.importing.models import Import
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.personal.bringing import taking_out_views
from tests.actors import Browser
from tests.databases import BACKEND
from tests.personal.bringing.conftest import bring, look
from tests.personal.bringing.test_bringing import FOLDER, said
from tests.statements import find_plan, noted_statements, takes_all

OUT = "/account/memories/take-out/everything.zip"

ODD = [
    ("Soup", "Leek.", "", ()),
    ("Soup", "Leek.", "", ()),
    ("  spaces  ", "\n\n  Kept to the last line.  \r\n\n", "Trips/Lisbon", ("b", "a")),
    ("Tom & Jerry: “<b>” #1 / 2? *", "---\ntitle: no heading\n---\n", "/home/Ünïcode", ("#tag", "two words", "é")),
    ("学校 🙂", "x" * 99_998 + "\u2028é", "a" * 500, ()),
    ("CON.", "%(num)s {{ 7 * 7 }} =1+1", "..", ("x" * 60,)),
]


@pytest.fixture
def odd(app, alice, in_database):
    """Memories of two sources that look in every way a memory may, and mementos of them."""

    def write(session):
        drive = Integration(user_id=alice.id, kind="google_drive", name="Drive")
        saved = Integration(user_id=alice.id, kind="memory", name="Saved by Acme Notebook")
        session.add_all([drive, saved])
        session.flush()
        memories = [
            Memory(
                user_id=alice.id,
                integration_id=(drive if number % 2 else saved).id,
                title=title,
                text=words,
                folder=folder,
                source_url="https://example.com/?a=b&c=“d”" if number else None,
                created_at=datetime(2001 + number, 5, 3, 12, 0, 0, number, tzinfo=UTC),
                updated_at=datetime(2011 + number, 5, 3, 12, 0, 0, 7, tzinfo=UTC),
                tags=[MemoryTag(tag=tag) for tag in tags],
            )
            for number, (title, words, folder, tags) in enumerate(ODD)
        ]
        session.add_all(memories)
        session.flush()
        picks = [
            MementoContent(integration_id=saved.id),
            MementoContent(integration_id=drive.id, folder="a" * 500),
            MementoContent(memory_id=memories[1].id),
            MementoContent(memory_id=memories[3].id),
        ]
        session.add(Memento(user_id=alice.id, name="Everything “odd” 🙂", contents=picks))
        session.commit()

    in_database(write)


def take_out(browser: Browser) -> bytes:
    answer = browser.get(OUT)
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.data


def as_told(memories, *, with_source=True) -> list[tuple]:
    return sorted(
        ((
            one.title, one.text, one.folder, sorted(tag.tag for tag in one.tags), one.source_url,
            one.created_at, one.updated_at, (one.integration.kind, one.integration.name) if with_source else None,
        )
        for one in memories),
        key=str,
    )  # fmt: skip


def mementos_of(in_database, person) -> dict[str, set]:
    def find(session):
        found = {}
        for memento in session.scalars(select(Memento).where(Memento.user_id == person.id)):
            picks = set()
            for pick in memento.contents:
                place = session.get(Integration, pick.integration_id) if pick.integration_id else None
                memory = session.get(Memory, pick.memory_id) if pick.memory_id else None
                picks.add((place and place.name, pick.folder, memory and (memory.title, memory.created_at)))
            found[memento.name] = picks
        return found

    return in_database(find)


def test_it_comes_in_again_whole_into_another_account(signed_in, stranger, odd, keeps, in_database, alice, carol):
    words = said(bring(stranger, ("memories.zip", take_out(signed_in))))
    assert "6 memories came in" in words and "One memento was made." in words
    assert as_told(keeps(carol)) == as_told(keeps(alice))
    assert len(keeps(carol)) == len(ODD)
    assert mementos_of(in_database, carol) == mementos_of(in_database, alice)


def test_what_is_read_in_many_pieces_stands_there_once(signed_in, odd, monkeypatch, keeps):
    monkeypatch.setattr("app.memories.taking_out.everything._AT_ONCE", 2)
    with zipfile.ZipFile(io.BytesIO(take_out(signed_in))) as archive:
        told = [one["id"] for one in json.loads(archive.read("memories/0001.json"))]
        written = [name for name in archive.namelist() if name.startswith("markdown/")]
    assert sorted(told) == sorted(one.id for one in keeps())
    assert len(written) == len(told)


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
def test_each_piece_is_found_where_the_last_one_ended(app, signed_in, odd, monkeypatch):
    """Or a hundred thousand memories are sorted for every fifty of them."""
    monkeypatch.setattr("app.memories.taking_out.everything._AT_ONCE", 2)
    with noted_statements(app) as noted:
        take_out(signed_in)
    pieces = {statement for statement, _values in noted if "memory_origins" in statement}
    assert len(pieces) == 2
    assert [plan for piece in pieces if takes_all(plan := find_plan(app, piece))] == []


def test_it_comes_in_again_whole_after_everything_was_deleted(signed_in, odd, keeps, in_database, alice):
    before, windows, data = as_told(keeps()), mementos_of(in_database, alice), take_out(signed_in)

    def forget(session):
        session.execute(delete(Memento).where(Memento.user_id == alice.id))
        session.execute(delete(Integration).where(Integration.user_id == alice.id))
        session.commit()

    in_database(forget)
    assert keeps() == []
    bring(signed_in, ("memories.zip", data))
    assert as_told(keeps()) == before
    assert mementos_of(in_database, alice) == windows
    # And what was taken out of that is the same once more.
    assert _memories(take_out(signed_in)) == _memories(data)


def test_what_is_still_there_does_not_come_in_twice(signed_in, odd, keeps):
    words = said(look(signed_in, ("memories.zip", take_out(signed_in))))
    assert "Nothing new would come in" in words and "all 6 memories" in words
    assert "You have a memento of this name; yours stays as it is." in words


def test_what_was_changed_since_is_named_and_stays(signed_in, odd, keeps, in_database):
    data = take_out(signed_in)

    def change(session):
        session.scalars(select(Memory).where(Memory.title == "CON.")).one().text = "Mine now."
        session.commit()

    in_database(change)
    words = said(look(signed_in, ("memories.zip", data)))
    assert "You have it, and have changed it since; yours stays as it is. 1 thing" in words
    assert len(keeps()) == 6


def test_into_another_account_twice_adds_nothing(signed_in, stranger, odd, keeps, carol):
    data = take_out(signed_in)
    bring(stranger, ("memories.zip", data))
    assert "Nothing new would come in" in said(look(stranger, ("memories.zip", data)))
    # Nor does what she takes out herself.
    assert "Nothing new would come in" in said(look(stranger, ("memories.zip", take_out(stranger))))


def test_what_a_file_brought_is_known_by_that_file_wherever_it_went(signed_in, stranger):
    bring(signed_in, ("Notes.zip", FOLDER))
    bring(stranger, ("memories.zip", take_out(signed_in)))
    assert "Nothing new would come in" in said(look(stranger, ("Notes.zip", FOLDER)))


def test_the_markdown_comes_in_by_itself_too(signed_in, stranger, odd, keeps, carol):
    """As from any other program: with titles, days, tags and folders below the name of the source."""
    with zipfile.ZipFile(io.BytesIO(take_out(signed_in))) as archive:
        notes = [name for name in archive.namelist() if name.startswith("markdown/")]
        files = [(name.removeprefix("markdown/"), archive.read(name)) for name in notes]
    assert len(files) == len(ODD) and len({name.casefold() for name in notes}) == len(ODD)
    bring(stranger, *files)
    there = {memory.title: memory for memory in keeps(carol)}
    assert set(there) == {"Soup", "spaces", "Tom & Jerry: “<b>” #1 / 2? *", "学校 🙂", "CON."}
    tom = there["Tom & Jerry: “<b>” #1 / 2? *"]
    assert tom.created_at == datetime(2004, 5, 3, 12, 0, 0, 3, tzinfo=UTC)
    assert {tag.tag for tag in tom.tags} == {"tag", "two words", "é"}
    assert tom.folder == "Drive/home/Ünïcode" and tom.text == "---\ntitle: no heading\n---"


def test_very_many_memories_are_a_file_for_each_folder(signed_in, odd, stranger, keeps, monkeypatch, alice, carol):
    monkeypatch.setattr("app.memories.taking_out.everything._MOST_FILES", 3)
    data = take_out(signed_in)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        notes = [name for name in archive.namelist() if name.startswith("markdown/")]
        together = "".join(archive.read(name).decode() for name in notes)
    assert len(notes) <= 4 and all(words in together for _, words, *_ in ODD)
    bring(stranger, ("memories.zip", data))
    assert as_told(keeps(carol)) == as_told(keeps(alice))


def test_it_holds_nothing_of_anybody_else(signed_in, stranger, odd):
    assert "take out" in said(stranger.get("/account/memories/take-out/"))
    found = _memories(take_out(stranger))
    assert found == []


def test_one_person_at_a_time_in_each_process(signed_in, odd):
    with signed_in.client.get(OUT, base_url="http://127.0.0.1:8000", buffered=False) as first:
        assert first.status_code == 200
        second = signed_in.get(OUT)
        assert second.status_code == 503 and second.headers["Retry-After"]
    assert signed_in.get(OUT).status_code == 200
    assert taking_out_views._one_at_a_time.acquire(blocking=False)
    taking_out_views._one_at_a_time.release()


def test_a_hostile_archive_of_ours_reaches_nothing_of_others(
    signed_in, stranger, odd, keeps, in_database, alice, carol
):
    """It may name ids of others, kinds that are none, and what it likes as a day."""
    theirs = keeps(alice)[0].id
    memories = [
        {"id": theirs, "source": {"kind": "Google Drive!", "name": ""}, "title": "T\x00", "text": "a\x00b", "tags": ["", 7],
         "folder": "../\x00/x", "source_url": "javascript:alert(1)", "created_at": "0001-01-01", "updated_at": 7,
         "made_of": "zz"},
        {"source": {}, "text": ""},
        {"source": {"kind": "memory", "name": "Saved by Acme Notebook"}, "text": "y" * 250_000},
    ]  # fmt: skip
    mementos = [{"name": "All", "picks": [{"memory": theirs}]}, {"name": "Mine", "picks": [{"memory": theirs}, 7, {"source": 7}]},
                {"name": "\x00", "picks": []}]  # fmt: skip
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("reliquary.json", "{}")
        archive.writestr("memories/1.json", json.dumps(memories))
        archive.writestr("mementos.json", json.dumps(mementos))
    before = as_told(keeps(alice))
    bring(stranger, ("evil.zip", sink.getvalue()))
    assert as_told(keeps(alice)) == before
    hers = {memory.title: memory for memory in keeps(carol)}
    assert hers["T"].text == "a\ufffdb" and hers["T"].source_url is None and hers["T"].id != theirs
    assert set(mementos_of(in_database, carol)) == {"Mine"}
    for _, _, memory in mementos_of(in_database, carol)["Mine"]:
        assert memory is None or memory[0] == "T"


def test_what_a_memento_is_brought_without_is_named(stranger, in_database, carol, monkeypatch):
    monkeypatch.setattr("app.memories.importing.own.MOST_PICKS", 1)
    picks = [{"memory": f"mry_{number}"} for number in range(2)]
    memories = [
        {"id": one["memory"], "source": {"kind": "slack", "name": "Team"}, "text": one["memory"]} for one in picks
    ]
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("reliquary.json", "{}")
        archive.writestr("memories/1.json", json.dumps(memories))
        archive.writestr("mementos.json", json.dumps([{"name": "Both", "picks": picks}]))
    assert "More was picked in this memento than comes in" in said(look(stranger, ("memories.zip", sink.getvalue())))
    bring(stranger, ("memories.zip", sink.getvalue()))
    assert len(mementos_of(in_database, carol)["Both"]) == 1


def test_the_page_leads_on_where_there_is_nothing(stranger):
    page = stranger.get("/account/memories/take-out/")
    assert "There is nothing to take out." in said(page) and 'href="/account/memories/bring/"' in page.text


def test_nothing_waits_after_it(signed_in, odd, in_database):
    take_out(signed_in)
    assert in_database(lambda session: session.scalar(select(Import.id))) is None


def _memories(data: bytes) -> list[dict]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        found = [
            one for name in archive.namelist() if name.startswith("memories/") for one in json.loads(archive.read(name))
        ]
    return sorted(
        ({name: value for name, value in one.items() if name not in ("id", "made_of")} for one in found), key=str
    )
