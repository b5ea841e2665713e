"""SQLite's write-ahead log is copied back by a thread, and by requests only where there is none."""

import logging
import os
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text

from app.database import checkpoints, sqlite
from app.database.checkpoints import CheckpointThread
from app.database.engine import engine_options, prepare_engine
from app.database.patience import set_patience
from tests.robustness.locking import wait_until

# What a page of SQLite's takes in the log.
_PAGE = 4096 + 24


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE things (body BLOB)")
        connection.commit()
    return path


@pytest.fixture
def engine(path):
    engine = create_engine(f"sqlite:///{path}", **engine_options(f"sqlite:///{path}"))
    prepare_engine(engine)
    yield engine
    engine.dispose()
    set_patience(None)


@pytest.fixture
def thread(engine):
    thread = CheckpointThread(engine)
    yield thread
    thread.stop()


def write(engine, pages: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO things VALUES (zeroblob(:size))"), {"size": pages * 4096})


def log_size(path) -> int:
    return os.stat(f"{path}-wal").st_size


def test_no_commit_of_a_process_that_has_the_thread_copies_the_log(path, engine, thread):
    before = path.stat().st_size
    for _ in range(5):
        write(engine, 2000)
    # The log is longer than what makes a commit copy it elsewhere.
    assert log_size(path) > 10_000 * _PAGE
    assert path.stat().st_size == before
    assert thread.look()
    assert path.stat().st_size > 10_000 * 4096


def test_where_there_is_no_thread_a_commit_copies_it(path, engine):
    for _ in range(5):
        write(engine, 2000)
    assert path.stat().st_size > 5_000 * 4096


def test_a_thread_that_is_gone_leaves_a_net(path, engine, thread, monkeypatch):
    monkeypatch.setattr(checkpoints, "_TOO_LONG", 1000)
    write(engine, 2000)
    assert path.stat().st_size > 1000 * 4096


def test_the_log_begins_anew_also_while_others_write_all_the_time(path, engine, thread, monkeypatch):
    monkeypatch.setattr(checkpoints, "_LONG", 500)
    # Not each attempt need succeed where it waits for a moment only, as in earnest.
    monkeypatch.setattr(sqlite, "_MOMENT_MS", 10_000)
    write(engine, 1)
    pages_before = log_size(path) / _PAGE
    write(engine, 1)
    a_write = log_size(path) / _PAGE - pages_before
    stop, written = threading.Event(), []

    def go_on_writing() -> None:
        while not stop.is_set():
            write(engine, 1)
            written.append(1)

    writing = threading.Thread(target=go_on_writing)
    writing.start()
    try:
        for _ in range(8):
            before = len(written)
            write(engine, 1000)
            thread.look()
            wait_until(lambda before=before: len(written) > before + 5)
    finally:
        stop.set()
        writing.join()
    # How much others write between two looks is the machine's affair.
    assert log_size(path) < (8 * 1000 + a_write * len(written)) * _PAGE * 0.75


def test_who_reads_for_long_keeps_no_writer_waiting(path, engine, thread, monkeypatch):
    """The log cannot begin anew then. That is tried for a moment only, and the rest is copied."""
    monkeypatch.setattr(checkpoints, "_LONG", 500)
    write(engine, 1)
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM things").fetchone()
        write(engine, 1000)
        began = time.monotonic()
        thread.look()
        write(engine, 1)
        assert time.monotonic() - began < 2
    thread.look()
    assert path.stat().st_size > 1000 * 4096


def test_it_goes_on_when_a_file_that_was_away_is_back(path, engine, thread, monkeypatch, caplog):
    monkeypatch.setattr(checkpoints, "_BUSY", 0.01)
    monkeypatch.setattr(checkpoints, "_QUIET", 0.01)
    elsewhere = path.with_suffix(".elsewhere")
    path.rename(elsewhere)
    with caplog.at_level(logging.ERROR, "app.database.checkpoints"):
        thread.start()
        wait_until(lambda: caplog.messages)
        time.sleep(0.1)
        assert len(caplog.messages) == 1 and "tried again" in caplog.messages[0]
    elsewhere.rename(path)
    before = path.stat().st_size
    write(engine, 1000)
    wait_until(lambda: path.stat().st_size > before)


def test_it_ends_when_told_to(engine, thread):
    thread.start()
    thread.stop()
    assert "checkpoints" not in [other.name for other in threading.enumerate()]


def test_another_database_has_no_such_log():
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    thread = CheckpointThread(create_engine(url))
    thread.start()
    assert "checkpoints" not in [other.name for other in threading.enumerate()]
