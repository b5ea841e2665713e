"""What this version knows of its own migrations, read without Alembic."""

import os
import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect

from app.database.schema import read_revisions
from app.database.types import PostgresqlOptions
from app.extensions import db
from tests.databases import BACKEND


def test_the_migrations_are_those_that_alembic_reads():
    scripts = ScriptDirectory("migrations")
    assert read_revisions().known == {revision.revision for revision in scripts.walk_revisions()}
    assert read_revisions().heads == set(scripts.get_heads())


def test_tables_know_postgresqls_options_as_its_dialect_does():
    """What is refused and what is the default, without the dialect, which a start on SQLite does not load."""
    assert PostgresqlOptions.construct_arguments == PGDialect.construct_arguments
    assert PostgresqlOptions.name == PGDialect.name
    assert registry.load("postgresql") is PostgresqlOptions
    assert registry.load("postgresql.psycopg").driver == "psycopg"


def test_a_start_on_sqlite_loads_what_only_commands_and_other_stores_need_for_nobody(tmp_path):
    """Each of them was loaded with every start: together they took more than a third of it."""
    late = {"alembic", "flask_migrate", "mako", "pygments", "PIL", "redis", "psycopg", "email_validator"}
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"}
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, wsgi; print(*{name.partition('.')[0] for name in sys.modules})"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not late & set(loaded.stdout.split())
    assert {"flask", "sqlalchemy"} <= set(loaded.stdout.split())


@pytest.mark.database
@pytest.mark.skipif(BACKEND != "postgresql", reason="SQLite counts in eight bytes alone")
def test_no_id_that_the_database_counts_runs_out(app):
    """Of four bytes there are two thousand million: a busy app adds as many rows within two years, also if none stays."""
    short = """
        SELECT sequences.sequence_name FROM information_schema.sequences AS sequences
        JOIN information_schema.columns AS columns ON sequence_name = table_name || '_' || column_name || '_seq'
        WHERE sequences.data_type <> 'bigint' OR columns.data_type <> 'bigint'
    """
    with app.app_context():
        assert db.session.scalars(text(short)).all() == []
