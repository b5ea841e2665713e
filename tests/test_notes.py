"""What is noted is written down later: all of it once, also at the end, and never at the cost of whoever noted it."""

import logging

import pytest
from flask import Flask

from app.database.engine import _read_only, expect_reads_only
from app.notes import WriteBehind, stop_all


class Notes(WriteBehind):
    """Words, written to a list."""

    name = "notes"
    subject = "The words"

    def __init__(self, app: Flask):
        super().__init__(app)
        self.words: list[str] = []
        self.written: list[str] = []
        self.is_away = False

    def _take(self) -> list[str]:
        words, self.words = self.words, []
        return words

    def _write(self, words: list[str]) -> None:
        if self.is_away:
            raise OSError("away")
        self.written += words

    def _put_back(self, words: list[str]) -> None:
        self.words = words + self.words


@pytest.fixture
def bare() -> Flask:
    app = Flask("bare")
    app.testing = True
    return app


def test_the_end_of_a_process_writes_down_what_each_has_noted(bare):
    first, second = Notes(bare), Notes(bare)
    first.words, second.words = ["a"], ["b", "c"]
    stop_all(bare)
    assert (first.written, second.written) == (["a"], ["b", "c"])


def test_one_that_cannot_be_written_down_is_said_and_does_not_keep_the_others_from_it(bare, caplog):
    first, second = Notes(bare), Notes(bare)
    first.words, second.words, first.is_away = ["a"], ["b"], True
    stop_all(bare)
    assert (first.words, second.written) == (["a"], ["b"])
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "The words could not be written down: away")
    ]


def test_nothing_noted_is_nothing_written(bare):
    notes = Notes(bare)
    notes.is_away = True
    notes.flush()


def test_a_page_that_only_reads_may_have_it_written_down(bare):
    """A transaction that begins as one that reads cannot always go on to write (SQLite)."""
    notes, may_only_read = Notes(bare), []
    notes.words, notes._write = ["a"], lambda _words: may_only_read.append(_read_only.get())
    expect_reads_only(True)
    try:
        notes.flush()
        assert (may_only_read, _read_only.get()) == ([False], True)
    finally:
        expect_reads_only(False)


def test_a_process_without_notes_ends_too():
    stop_all(Flask("bare"))


def test_a_thread_writes_down_what_was_noted_and_there_is_one(monkeypatch):
    monkeypatch.setattr("app.notes.INTERVAL", 0)
    notes = Notes(Flask("bare"))
    notes.words = ["a"]
    notes.wake()
    thread = notes._thread
    notes.wake()
    assert notes._thread is thread
    notes.stop()
    thread.join(timeout=10)
    assert notes.written == ["a"]
    assert not thread.is_alive()
