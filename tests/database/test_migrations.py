"""Every revision runs up and down on both databases, and what they make is what the models say."""

import json
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, Engine, inspect, text

from app import create_app
from app.config import Settings
from app.extensions import db
from app.memories.index import is_part_of_index
from tests.forked.popen import Forked
from tests.migrated import bring_up_to_date
from tests.server import environ_of_machine

_ROOT = Path(__file__).resolve().parents[2]
_FILES = sorted((_ROOT / "migrations" / "versions").glob("*.py"))
_REVISIONS = [path.name.split("_")[0] for path in _FILES]
# Revisions by which nothing changes on SQLite.
_OF_POSTGRESQL = {"0045"}


@pytest.fixture
def empty_app(each_database_url) -> Flask:
    """An app whose database has no table."""
    app = create_app(Settings(each_database_url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            # Only a migration makes the file where there is none.
            Path(db.engine.url.database).touch()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_revisions_are_numbered_without_gaps():
    assert [f"{number:04}" for number in range(1, len(_FILES) + 1)] == _REVISIONS
    scripts = ScriptDirectory(str(_ROOT / "migrations"))
    assert [script.revision for script in scripts.walk_revisions()] == _REVISIONS[::-1]
    assert all(re.fullmatch(r"[0-9]{4}_[a-z0-9_]+\.py", path.name) for path in _FILES)


def test_no_revision_depends_on_the_app():
    """What it makes is frozen: a type of the app may change, and every database is still made as it was."""
    for path in [*_FILES, _ROOT / "migrations" / "types.py"]:
        assert not re.search(r"^\s*(from|import) app\b", path.read_text(), re.MULTILINE), path.name


def test_the_types_of_revisions_compare_text_by_code_point_without_the_app():
    program = (
        "import sys; from migrations import types; import sqlalchemy as sa; from sqlalchemy.dialects import postgresql;"
        "things = sa.Table('things', sa.MetaData(), sa.Column('id', sa.String(40)), sa.Column('lines', types.Lines()),"
        " sa.Column('at', types.UtcDateTime()), sa.Column('own', sa.String(9, collation='de-x-icu')));"
        "print(sa.schema.CreateTable(things).compile(dialect=postgresql.dialect()), 'app' in sys.modules)"
    )
    made = subprocess.run([sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    columns = re.sub(r"\s+", " ", made)
    assert columns == (
        ' CREATE TABLE things ( id VARCHAR(40) COLLATE "C", lines TEXT COLLATE "C",'
        ' at TIMESTAMP WITH TIME ZONE, own VARCHAR(9) COLLATE "de-x-icu" ) False '
    )


def test_each_revision_runs_up_down_and_up_again_and_all_make_what_the_models_say(empty_app):
    made = [_schema(db.engine)]
    for revision in _REVISIONS:
        upgrade(revision=revision)
        made.append(_schema(db.engine))
        assert made[-1] != made[-2] or (db.engine.dialect.name == "sqlite" and revision in _OF_POSTGRESQL)
    with db.engine.begin() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": lambda _object, name, kind, *_: not is_part_of_index(name, kind),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, db.metadata) == []
    for before in made[-2::-1]:
        downgrade(revision="-1")
        assert _schema(db.engine) == before
    # All at once, on whatever the ways down have left behind.
    upgrade()
    assert _schema(db.engine) == made[-1]


def test_what_all_revisions_make_is_what_the_models_make(empty_app):
    """What autogenerate does not look at: the names of constraints, and CHECK constraints as a whole."""
    db.metadata.create_all(db.engine)
    made = _schema(db.engine)
    db.metadata.drop_all(db.engine)
    bring_up_to_date(empty_app)
    assert _without_index(_schema(db.engine)) == made


def test_a_database_that_is_up_to_date_is_left_alone(empty_app, caplog):
    bring_up_to_date(empty_app)
    downgrade(revision="-1")
    upgrade()
    assert f"Migrated up to {_REVISIONS[-1]}" in caplog.text
    caplog.clear()
    upgrade()
    assert "Migrated" not in caplog.text


def test_a_migration_that_fails_leaves_nothing_behind(empty_app, tmp_path):
    """Also on SQLite, where Alembic by itself would keep the steps before the one that failed, and half of that."""
    directory = _with_one_more_revision(tmp_path, "op.drop_table('memberships'); raise ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        upgrade(directory=directory)
    assert _schema(db.engine) == {}
    upgrade(revision=_REVISIONS[0])
    assert "memberships" in _schema(db.engine)


def test_machines_that_start_together_migrate_one_after_the_other(empty_app, each_database_url):
    environ = environ_of_machine() | {"DATABASE_URL": each_database_url, "SECRET_KEY": "0" * 32}
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    started = [
        Forked(command, cwd=_ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0], ends
    assert sum(error.count("Migrated up to 0001") for error, _ in ends) == 1


@pytest.mark.parametrize("each_database_url", ["sqlite"], indirect=True)
def test_replacing_a_table_keeps_the_rows_that_refer_to_it(empty_app, tmp_path):
    """SQLite's batch mode drops and renames, and a drop with foreign keys on deletes by ON DELETE CASCADE."""
    _add_a_membership(empty_app)
    upgrade(directory=_with_one_more_revision(tmp_path, _WIDEN_USERS))
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM memberships")).scalar() == 1
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


@pytest.mark.parametrize("each_database_url", ["sqlite"], indirect=True)
def test_a_migration_that_leaves_rows_referring_to_nothing_is_undone(empty_app, tmp_path):
    _add_a_membership(empty_app)
    with pytest.raises(SystemExit):
        upgrade(directory=_with_one_more_revision(tmp_path, "op.execute('DELETE FROM users')"))
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar() == 1


_WIDEN_USERS = """
    with op.batch_alter_table("users") as batch:
        batch.alter_column("name", type_=sa.Text())
"""


def _with_one_more_revision(tmp_path: Path, statements: str) -> str:
    """A copy of the migrations with a last one that executes these statements."""
    directory = tmp_path / "migrations"
    shutil.copytree(_ROOT / "migrations", directory)
    (directory / "versions" / "9999_one_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '9999', '{_REVISIONS[-1]}'\n"
        f"def upgrade():\n    {statements.strip()}\n"
    )
    return str(directory)


def _add_a_membership(app: Flask) -> None:
    bring_up_to_date(app)
    with db.engine.begin() as connection:
        columns = "id, email, name, password_hash, created_at"
        connection.execute(
            text(f"INSERT INTO users ({columns}) VALUES ('usr_1', 'a@example.com', 'A', '', '2026-01-01')")
        )
        connection.execute(
            text(
                "INSERT INTO organizations (id, slug, name, created_at) VALUES ('org_1', 'acme', 'Acme', '2026-01-01')"
            )
        )
        connection.execute(text("INSERT INTO memberships VALUES ('usr_1', 'org_1', 'owner', '2026-01-01')"))


def _schema(engine: Engine) -> dict[str, dict]:
    """Everything of every table that a database can tell, by name."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            return _reflect(connection, None)
        # There a table is the text that made it, and its indexes'. To ask anew for those that are as they were takes
        # longer than to migrate.
        rows = connection.exec_driver_sql(_TEXTS_OF_TABLES).all()
        unknown = [table for table, made_by in rows if (table, made_by) not in _known_tables]
        reflected = _reflect(connection, unknown) if unknown else {}
        _known_tables.update({(table, made_by): reflected[table] for table, made_by in rows if table in reflected})
        return {table: _known_tables[table, made_by] for table, made_by in rows}


_TEXTS_OF_TABLES = """
    SELECT tbl_name, group_concat(sql, char(10)) FROM (SELECT * FROM sqlite_master ORDER BY type, name)
    WHERE tbl_name NOT LIKE 'sqlite@_%' ESCAPE '@' AND tbl_name != 'alembic_version'
    GROUP BY tbl_name HAVING sum(type = 'table')
"""
_known_tables: dict[tuple[str, str], dict] = {}


def _reflect(connection: Connection, names: list[str] | None) -> dict[str, dict]:
    # All tables at once, and by one connection: to ask for each by itself takes longer than to migrate.
    inspector = inspect(connection)
    columns = inspector.get_multi_columns(filter_names=names)
    keys = inspector.get_multi_pk_constraint(filter_names=names)
    lists = {
        "foreign keys": inspector.get_multi_foreign_keys(filter_names=names),
        "unique": inspector.get_multi_unique_constraints(filter_names=names),
        "checks": inspector.get_multi_check_constraints(filter_names=names),
        "indexes": inspector.get_multi_indexes(filter_names=names),
    }
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in columns[schema, table]
            },
            "primary key": keys[schema, table],
            **{kind: _by_name(of_table[schema, table]) for kind, of_table in lists.items()},
        }
        for schema, table in columns
        if table != "alembic_version"
    }


def _without_index(schema: dict[str, dict]) -> dict[str, dict]:
    """What is left without the full-text index, which no model describes."""
    schema = {table: deepcopy(parts) for table, parts in schema.items() if not is_part_of_index(table, "table")}
    memories = schema["memories"]
    memories["columns"].pop("search_vector", None)
    memories["indexes"] = [index for index in memories["indexes"] if "search_vector" not in index]
    return schema


def _by_name(things: list[dict]) -> list[str]:
    # As text: a partial index holds an SQL expression, and expressions have no equality.
    return sorted(json.dumps(thing, default=str, sort_keys=True) for thing in things)
