"""Memories that were there before words were folded: found after the migration, also by the version before."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app.extensions import db
from app.memories.reach import Reach
from app.memories.search import Filters, search_memories
from app.memories.words import parse_query
from tests.database.test_migrations import _FILES
from tests.migrated import app_on, bring_up_to_date

_TEXTS = {
    "plain": "Recipes of the house, 3.14",
    "word": "Größe, Łódź",
    "han": "東京の学校で",
    "endless": "\u3316" * 80_000 + " needle",
    "long": "x" * 5_000,
    "empty": "…",
}
_REVISION = next(path.name[:4] for path in _FILES if path.stem.endswith("search_in_every_spelling"))
_BEFORE = f"{int(_REVISION) - 1:04}"

_ADD = text(
    "INSERT INTO memories (id, user_id, integration_id, folder, title, text, created_at, updated_at)"
    " VALUES (:id, 'usr_1', 'int_1', 'Trips/Lisbon', :title, :text, '2026-01-01 00:00:00+00:00', :at)"
)


@pytest.fixture
def migrated(each_database_url) -> Iterator[Flask]:
    """An app whose database is as the version before left it."""
    with app_on(each_database_url) as app:
        _fill_as_before(app)
        yield app


@pytest.fixture
def with_two(each_database_url, filled_once) -> Iterator[Flask]:
    """An app whose database the version before left with two memories, and that is migrated to the newest revision."""
    filled_once(_fill_and_migrate, each_database_url)
    with app_on(each_database_url) as app:
        yield app


def _fill_and_migrate(url: str) -> None:
    with app_on(url) as app:
        _fill_as_before(app)
        add("plain", "han")
        upgrade()


def _fill_as_before(app: Flask) -> None:
    bring_up_to_date(app, _BEFORE)
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO users (id, email, name, password_hash, created_at)"
                " VALUES ('usr_1', 'a@example.com', 'A', '', '2026-01-01')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO integrations (id, user_id, kind, name, status, created_at)"
                " VALUES ('int_1', 'usr_1', 'slack', 'Slack', 'connected', '2026-01-01')"
            )
        )


def add(*titles: str) -> None:
    with db.engine.begin() as connection:
        for title in titles:
            row = {"id": f"mry_{title}", "title": title, "text": _TEXTS[title]}
            connection.execute(_ADD, row | {"at": "2026-01-02 00:00:00.000000+00:00"})


def find(q: str) -> set[str]:
    page = search_memories(db.session, Reach(user_id="usr_1", everything=True), parse_query(q), Filters(), 10)
    titles = {memory.title for memory in page.memories}
    db.session.remove()
    return titles


def check() -> None:
    assert (find("recipe house"), find("grosse"), find("lodz"), find("学校")) == (
        {"plain"},
        {"word"},
        {"word"},
        {"han"},
    )
    assert (find("needle"), find("x" * 5_000), find("3.14")) == ({"endless"}, {"long"}, {"plain"})
    with db.engine.begin() as connection:
        unfolded = "SELECT count(*) FROM memories WHERE folded_at IS NULL OR folded_at <> updated_at"
        assert connection.scalar(text(unfolded)) == 0
        if db.engine.dialect.name == "sqlite":
            connection.execute(text("INSERT INTO memory_search (memory_search) VALUES ('integrity-check')"))


def test_what_was_there_is_found_in_every_spelling_after_going_up_down_and_up_again(migrated):
    """The version before cannot keep what has too many words, so on PostgreSQL that is written after the way up."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    first = [title for title in _TEXTS if is_sqlite or title != "endless"]
    add(*first)
    upgrade()
    if not is_sqlite:
        add("endless")
        # What the version before writes while it still runs is folded by the next look.
        upgrade()
    check()
    downgrade(revision=_BEFORE)
    upgrade()
    check()


def test_the_version_before_adds_changes_and_deletes_while_it_still_runs(with_two):
    add("word")
    with db.engine.begin() as connection:
        change = "UPDATE memories SET text = 'Recipes for a Straße', updated_at = :at WHERE id = 'mry_plain'"
        connection.execute(text(change), {"at": "2026-01-03 00:00:00.000000+00:00"})
        connection.execute(text("DELETE FROM memories WHERE id = 'mry_han'"))
    assert (find("recipe"), find("house"), find("学校")) == ({"plain"}, set(), set())
    result = with_two.test_cli_runner().invoke(args=["purge"])
    assert result.exit_code == 0, result.output
    assert (find("strasse"), find("lodz")) == ({"plain"}, {"word"})


@pytest.mark.parametrize("each_database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_the_version_before_asks_the_index_as_it_did(with_two):
    asked = "SELECT title FROM memories WHERE search_vector @@ phraseto_tsquery('memory_search'::regconfig, :words)"
    with db.engine.begin() as connection:
        for words in ("recipe", "the house"):
            assert connection.scalars(text(asked), {"words": words}).all() == ["plain"]


@pytest.mark.parametrize("each_database_url", ["sqlite"], indirect=True)
def test_the_version_before_asks_fts5_as_it_did(with_two):
    asked = (
        "SELECT memory_id FROM memory_search JOIN memory_search_rows ON id = memory_search.rowid"
        " WHERE memory_search MATCH :words"
    )
    with db.engine.begin() as connection:
        for words in ('{title text} : "recipe"', '(place : "int1 Trips") AND ({title text} : "the house")'):
            assert connection.scalars(text(asked), {"words": words}).all() == ["mry_plain"]


def test_the_same_words_are_kept_on_both_databases(with_two):
    add("word")
    # Every upgrade folds what has been written since.
    upgrade()
    with db.engine.begin() as connection:
        rows = connection.execute(text("SELECT title, text_words FROM memories ORDER BY title")).all()
    assert json.dumps([list(row) for row in rows], ensure_ascii=False) == (
        '[["han", "東京 京の の学 学校 校で で"], ["plain", null], ["word", "grosse lodz"]]'
    )
