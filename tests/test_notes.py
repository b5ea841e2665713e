"""What is noted is written down later: all of it once, also at the end, and never at the cost of whoever noted it."""

import logging

import pytest
from sqlalchemy import Engine, create_engine

from app.database.access import expect_reads, may_orm_write
from app.notes import Notes, WriteBehind


class Words(WriteBehind):
    """Words, written to a list."""

    name = "notes"
    subject = "The words"

    def __init__(self, engine: Engine, among: Notes) -> None:
        super().__init__(engine, among)
        self.words: list[str] = []
        self.written: list[str] = []
        self.is_away = False

    def count(self) -> int:
        return len(self.words)

    def _take(self) -> list[str]:
        words, self.words = self.words, []
        return words

    def _write(self, words: list[str]) -> None:
        if self.is_away:
            raise OSError("away")
        self.written += words

    def _put_back(self, words: list[str]) -> None:
        self.words = words + self.words


class OtherWords(Words):
    """Words of another kind."""


@pytest.fixture
def notes() -> Notes:
    notes = Notes()
    notes.have_threads = False
    return notes


@pytest.fixture
def engine() -> Engine:
    return create_engine("sqlite://")


@pytest.fixture
def words(engine, notes) -> Words:
    return Words(engine, notes)


@pytest.fixture
def other_words(engine, notes) -> OtherWords:
    return OtherWords(engine, notes)


def test_the_end_of_a_process_writes_down_what_each_has_noted(notes, words, other_words):
    words.words, other_words.words = ["a"], ["b", "c"]
    notes.stop()
    assert (words.written, other_words.written) == (["a"], ["b", "c"])


def test_each_kind_is_found_by_its_class(notes, words, other_words):
    assert notes.of(Words) is words
    assert notes.of(OtherWords) is other_words


def test_one_that_cannot_be_written_down_is_said_and_does_not_keep_the_others_from_it(
    notes, words, other_words, caplog
):
    words.words, other_words.words, words.is_away = ["a"], ["b"], True
    notes.stop()
    assert (words.words, other_words.written) == (["a"], ["b"])
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "The words could not be written down: away")
    ]


def test_nothing_noted_is_nothing_written(words):
    words.is_away = True
    words.flush()


def test_a_page_that_only_reads_may_have_it_written_down(words):
    """A transaction that begins as one that reads cannot always go on to write (SQLite)."""
    may_write = []
    words.words, words._write = ["a"], lambda _words: may_write.append(may_orm_write())
    with expect_reads():
        words.flush()
        assert (may_write, may_orm_write()) == ([True], False)


def test_a_process_without_notes_ends_too():
    Notes().stop()


def test_a_thread_writes_down_what_was_noted_and_there_is_one(engine, monkeypatch):
    monkeypatch.setattr("app.notes.INTERVAL", 0)
    words = Words(engine, Notes())
    words.words = ["a"]
    words.wake()
    thread = words._thread
    words.wake()
    assert words._thread is thread
    words.stop()
    thread.join(timeout=10)
    assert words.written == ["a"]
    assert not thread.is_alive()


def test_where_there_are_to_be_no_threads_none_starts(notes, words):
    words.wake()
    assert words._thread is None
