"""One process at a time works on an upload, and another goes on where one has died."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace

import pytest
from msgspec import structs
from sqlalchemy import func, select, text, update

from app import clock
from app.database.unavailable import DatabaseUnavailable
from app.extensions import db
from app.memories.importing import importer, work, writing
from app.memories.importing.drafts import FILES, Draft
from app.memories.importing.keeping import add_piece, begin_import, go_on
from app.memories.importing.models import DONE, FAILED, READING, READY, WRITING, Import, ImportPiece
from app.memories.importing.report import Report
from app.memories.importing.work import Lost, take_next, work_on
from app.memories.models import Memory
from tests.memories.importing.archives import make_zip


@pytest.fixture
def engine(app):
    with app.app_context():
        yield db.engine


@pytest.fixture
def waiting(app, alice, engine) -> str:
    """The id of an upload of five notes that is to be looked through."""
    data = make_zip(*((f"{number}.md", f"Words {number}.") for number in range(5)))
    made = begin_import(db.session(), alice.id, "Notes.zip", len(data))
    stream = io.BytesIO(data)
    for number, piece in enumerate(iter(lambda: stream.read(100), b"")):
        add_piece(db.session(), made.id, number, piece)
    assert go_on(db.session(), made.id, READING)
    id = made.id
    db.session.commit()
    db.session.remove()
    return id


@pytest.fixture
def confirmed(waiting, engine) -> str:
    work_on(engine, take_next(engine))
    assert go_on(db.session(), waiting, WRITING)
    db.session.commit()
    db.session.remove()
    return waiting


def state(engine, id) -> str:
    with engine.connect() as connection:
        return connection.scalar(select(Import.state).where(Import.id == id))


def count(engine, model=Memory) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model))


def let_holds_end(engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Import).values(held_until=1))


def test_it_is_looked_through_and_then_waits(engine, waiting):
    work_on(engine, take_next(engine))
    assert state(engine, waiting) == READY and take_next(engine) is None and count(engine) == 0


def test_only_one_has_it(engine, waiting):
    assert take_next(engine) is not None
    assert take_next(engine) is None


def test_another_goes_on_when_one_has_died(engine, waiting):
    dead = take_next(engine)
    let_holds_end(engine)
    hold = take_next(engine)
    assert hold is not None and hold.holder != dead.holder
    work_on(engine, hold)
    assert state(engine, waiting) == READY


def test_who_lets_go_of_one_as_the_database_is_away_goes_on_at_once(engine, confirmed, monkeypatch):
    """Also where nobody looks at its page. Others leave it to it for a minute."""
    write, others = writing.Writer.write, []

    def fail_once(self, *given: object) -> None:
        if not others:
            others.append(take_next(engine))
            raise DatabaseUnavailable("away", "It restarts.")
        write(self, *given)

    monkeypatch.setattr(importer, "_PAUSE", 0)
    monkeypatch.setattr(writing.Writer, "write", fail_once)
    importer.Importer(engine, lambda: True).wake(wait=20)
    assert (state(engine, confirmed), count(engine), others) == (DONE, 5, [None])


def test_one_that_the_database_takes_nothing_of_lets_others_go_first_and_is_given_up(
    app, alice, engine, confirmed, monkeypatch, caplog
):
    """It answers, and keeps other uploads: a damaged page of this one, or a statement that always takes too long."""
    other = begin_import(db.session(), alice.id, "Note.md", 5)
    add_piece(db.session(), other.id, 0, b"Words")
    assert go_on(db.session(), other.id, READING)
    other_id = other.id
    db.session.commit()
    db.session.remove()
    tries = []

    def refuse(self, *given: object) -> None:
        tries.append(state(engine, other_id))
        # A minute later.
        if len(tries) > importer._AT_ONCE:
            let_holds_end(engine)
        raise DatabaseUnavailable("broken", "That page is damaged.")

    def end_hold(seconds: float) -> None:
        if len(tries) >= importer._AT_ONCE and state(engine, other_id) == READY:
            let_holds_end(engine)

    monkeypatch.setattr(importer, "time", SimpleNamespace(sleep=end_hold, monotonic=time.monotonic))
    monkeypatch.setattr(writing.Writer, "write", refuse)
    importer.Importer(engine, lambda: True).wake(wait=20)
    assert tries == [READING] * importer._AT_ONCE + [READY] * (importer._MOST_TRIES - importer._AT_ONCE)
    assert (state(engine, confirmed), state(engine, other_id), count(engine)) == (FAILED, READY, 0)
    assert "was given up, as the database took nothing of it" in caplog.text


def test_one_that_was_only_slow_adds_nothing_any_more(engine, confirmed):
    slow = take_next(engine)
    let_holds_end(engine)
    work_on(engine, take_next(engine))
    assert state(engine, confirmed) == DONE and count(engine) == 5
    with pytest.raises(Lost):
        work_on(engine, slow)
    assert count(engine) == 5


def test_what_came_in_before_one_died_does_not_come_in_twice(engine, confirmed, monkeypatch):
    monkeypatch.setattr(work, "_MOST_AT_ONCE", 2)
    write, batches = writing.Writer.write, []

    def die(self, drafts, renew):
        if len(batches) == 2:
            raise OSError
        batches.append(drafts)
        write(self, drafts, renew)

    monkeypatch.setattr(writing.Writer, "write", die)
    with pytest.raises(OSError):
        work_on(engine, take_next(engine))
    assert count(engine) == 4
    monkeypatch.setattr(writing.Writer, "write", write)
    let_holds_end(engine)
    work_on(engine, take_next(engine))
    assert state(engine, confirmed) == DONE and count(engine) == 5
    assert count(engine, ImportPiece) == 0


def test_a_batch_comes_in_as_a_whole_or_not_at_all(engine, confirmed, monkeypatch):
    """What it was made of stands in the same transaction: else it would come in again."""
    add = writing.Writer._add

    def fail(self, session, draft, place):
        if draft.title == "4":
            raise OSError
        return add(self, session, draft, place)

    monkeypatch.setattr(writing.Writer, "_add", fail)
    with pytest.raises(OSError):
        work_on(engine, take_next(engine))
    assert count(engine) == 0


def test_an_upload_of_somebody_who_is_gone_ends(engine, confirmed, alice):
    hold = take_next(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM users WHERE id = :id"), {"id": alice.id})
    with pytest.raises(Lost):
        work_on(engine, hold)
    assert count(engine) == 0


def test_one_that_was_let_go_meanwhile_comes_to_nothing(engine, waiting):
    hold = take_next(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM imports"))
    with pytest.raises(Lost):
        work_on(engine, hold)


def test_what_is_over_is_not_begun(engine, waiting, monkeypatch):
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr("app.clock.now", lambda: later)
    assert take_next(engine) is None


def test_a_mistake_of_ours_is_told_and_ends_it(app, engine, waiting, monkeypatch):
    monkeypatch.setattr("app.memories.importing.importer.work_on", lambda *_: 1 / 0)
    app.extensions["importer"].wake()
    assert state(engine, waiting) == FAILED
    with engine.connect() as connection:
        report = Report.parse(connection.scalar(select(Import.report)))
    assert "Something went wrong here" in report.problem


def test_a_mistake_of_ours_in_the_middle_tells_what_has_come_in(app, engine, confirmed, monkeypatch):
    """The page would say that nothing has."""
    monkeypatch.setattr(work, "_MOST_AT_ONCE", 2)
    write = writing.Writer.write
    monkeypatch.setattr(writing.Writer, "write", lambda self, *one: write(self, *one) if self.count < 4 else 1 / 0)
    app.extensions["importer"].wake()
    assert (state(engine, confirmed), count(engine)) == (FAILED, 4)
    with engine.connect() as connection:
        report = Report.parse(connection.scalar(select(Import.report)))
    assert "Something went wrong here" in report.problem and report.count == 4


def test_a_thread_does_it_where_there_are_threads(app, engine, waiting):
    importer = app.extensions["importer"]
    services = app.extensions["services"]
    services.notes.have_threads = True
    try:
        importer.wake(wait=10)
    finally:
        services.notes.have_threads = False
    assert state(engine, waiting) == READY


def test_the_same_memories_of_two_uploads_at_once_come_in_once(app, engine, alice, monkeypatch):
    """Two processes of a person who brought the same file in two tabs and confirmed both."""
    drafts = [Draft(name="1.md", source=FILES, title="One", text="Words.")]
    writers = [writing.Writer(engine, alice.id) for _ in range(2)]
    for number, writer in enumerate(writers):
        writer.write([structs.replace(drafts[0], title=f"Before {number}")], lambda _connection: None)
    meeting, find = Barrier(2), writing.find_known

    def find_together(*arguments):
        found = find(*arguments)
        # Where they come one after the other, nobody meets anybody.
        with suppress(BrokenBarrierError):
            meeting.wait(1)
        return found

    monkeypatch.setattr(writing, "find_known", find_together)

    def write(writer) -> None:
        with app.app_context():
            writer.write(drafts, lambda _connection: None)

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(write, writer) for writer in writers]:
            one.result()
    assert count(engine) == 3
