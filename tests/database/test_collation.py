"""Text compares by code point, as in Python and on SQLite, whatever collation a PostgreSQL database was made with.

Pages go on from positions that the program compares too; a folder's range of subfolders ends before the next folder.
A database that sorts as a person would, ``a`` before ``B`` and past ``_``, gives other answers, and loses memories.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Column, ForeignKey, MetaData, String, Table, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from app import clock, create_app
from app.accounts.users import register_user
from app.config import Settings
from app.database.types import Lines
from app.extensions import db
from app.memories.models import Integration, Memory
from app.memories.reach import Reach
from app.memories.search import Filters, list_memories, search_memories
from app.memories.words import parse_query
from tests.databases import BACKEND, LOCALE
from tests.migrated import bring_up_to_date
from tests.resources import COMPARES_TEXT
from tests.tables import each

_TRUSTING = text(
    """
    SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace AND relname <> 'alembic_version'
        AND attnum > 0 AND NOT attisdropped AND attcollation NOT IN (0, '"C"'::regcollation)
    """
)


_ROOT = Path(__file__).resolve().parents[2]
_SECOND = timedelta(seconds=1)


@pytest.fixture
def sorted_app(sorted_database_url) -> Flask:
    """An app whose database has no table yet, and a collation that is not by code point."""
    app = create_app(Settings(sorted_database_url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.skipif(BACKEND != "postgresql" or not LOCALE, reason="No collation was asked for.")
def test_the_databases_of_these_tests_compare_text_as_they_were_told(app):
    with app.app_context(), db.engine.connect() as connection:
        told = "SELECT coalesce('icu:' || daticulocale, datcollate) FROM pg_database WHERE datname = current_database()"
        assert connection.scalar(text(told)) == LOCALE


def test_what_runs_under_each_collation_is_there():
    assert [path for path in COMPARES_TEXT if not (_ROOT / path).exists()] == []


@each("table", db.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_text_column_compares_by_code_point(table):
    statement = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    assert re.findall(r'\n\t(\w+ (?:VARCHAR(?:\(\d+\))?|TEXT)(?! COLLATE "C")[ ,].*)', statement) == []


def test_a_new_text_column_compares_by_code_point_without_a_word_about_it():
    """In a model and in a migration alike; one that asks for another collation gets it."""
    things = Table(
        "things",
        MetaData(),
        Column("id", String(40), primary_key=True),
        Column("text", Text),
        Column("lines", Lines),
        Column("parent", ForeignKey("things.id")),
        Column("name", String(10, collation="de-x-icu")),
    )
    statement = str(CreateTable(things).compile(dialect=postgresql.dialect()))
    assert statement.count('COLLATE "C"') == 4 and statement.count('COLLATE "de-x-icu"') == 1


def test_a_new_database_trusts_its_collation_nowhere(sorted_app):
    upgrade()
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT '_' < 'B' AND 'a' < 'B'")), "This database sorts by code point anyway."
        assert connection.scalars(_TRUSTING).all() == []


def test_a_database_that_was_made_before_trusts_it_nowhere_either(sorted_app):
    (revision,) = (_ROOT / "migrations" / "versions").glob("*_search_in_every_spelling.py")
    upgrade(revision=f"{int(revision.name[:4]) - 1:04}")
    made_before = {"users.email": 254, "consents.scope": 1000, "memory_tags.tag": 60, "mementos.name": 100}
    with db.engine.begin() as connection:
        for name, length in made_before.items():
            table, column = name.split(".")
            change = f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE pg_catalog."default"'
            connection.execute(text(change))
        assert set(connection.scalars(_TRUSTING)) == made_before.keys()
    upgrade()
    with db.engine.connect() as connection:
        assert connection.scalars(_TRUSTING).all() == []


def test_no_memory_is_lost_between_pages(sorted_app):
    """151 have the word, and the newest ranks low."""
    bring_up_to_date(sorted_app)
    user = register_user(email="a@example.com", name="A", password="not for signing in", organization_name="A")
    db.session.flush()
    source = Integration(user_id=user.id, kind="slack", name="Slack")
    db.session.add(source)
    db.session.flush()
    at = clock.now() - timedelta(days=1)
    texts = ["narwhal narwhal narwhal"] * 150 + ["A narwhal, and much else."]
    db.session.add_all(
        Memory(user_id=user.id, integration_id=source.id, title=str(place), text=each, created_at=at + place * _SECOND)
        for place, each in enumerate(texts)
    )
    db.session.flush()
    reach = Reach(user_id=user.id, everything=True)
    for find in (
        lambda after: search_memories(db.session, reach, parse_query("narwhal"), Filters(), 100, after),
        lambda after: list_memories(db.session, reach, Filters(), 100, after),
    ):
        page = find(None)
        titles = [memory.title for memory in page.memories]
        while page.position is not None:
            page = find(page.position)
            titles += [memory.title for memory in page.memories]
        assert sorted(titles, key=int) == [str(number) for number in range(151)]
