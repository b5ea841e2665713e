"""Where our tables are made: in a schema of PostgreSQL of any name, beside nobody else's, and never where nobody looks."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import event, make_url

from app import create_app
from app.config import Settings
from app.extensions import db
from app.start_check import find_start_problem
from tests.cli.test_commands import run_in
from tests.databases import for_libpq, new_database
from tests.migrated import bring_up_to_date
from tests.pooler import missing_pgbouncer, running_pooler
from tests.resources import _cluster

_UPGRADE = ("db", "upgrade")
_COUNTED = "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND"


@pytest.fixture
def url(pytestconfig, tmp_path):
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path, locale="") as url:
        yield url


@pytest.fixture
def ask(url):
    def ask(query: str, path: str = "public"):
        with psycopg.connect(for_libpq(make_url(url)), autocommit=True) as connection:
            connection.execute(f"SET search_path = '{path}'")
            cursor = connection.execute(query)
            return cursor.fetchone()[0] if cursor.description else None

    return ask


def app_on(url: str):
    return create_app(Settings(database_url=url, secret_key="0" * 32, issuer="http://localhost"))


def searching(url: str, path: str) -> str:
    """The address, with a search_path of its own."""
    return make_url(url).update_query_dict({"options": f"-csearch_path={path}"}).render_as_string(hide_password=False)


def refused(url: str, caplog) -> str:
    """Returns the sentence by which ``flask db upgrade`` says that it begins nothing."""
    result = run_in(app_on(url), *_UPGRADE)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit), result.exception
    return caplog.records[-1].getMessage() + result.output


@pytest.mark.postgresql
def test_a_schema_may_have_any_name(url, ask):
    ask('CREATE SCHEMA "Our-Tables"')
    app = app_on(searching(url, '"Our-Tables"'))
    for words in (_UPGRADE, ("db", "check")):
        result = run_in(app, *words)
        assert result.exit_code == 0, (words, result.output, result.exception)
    with app.app_context():
        assert find_start_problem() is None
        assert ask(f"{_COUNTED} nspname = 'public'") == 0
        assert ask(f"{_COUNTED} nspname = 'Our-Tables'") == len(db.metadata.tables) + 1
    # As whoever restores a dump does, with an empty search_path.
    assert ask("SELECT \"Our-Tables\".memory_search_vector('running', 'A')", path="") == "'run':1A"


@pytest.mark.postgresql
@pytest.mark.parametrize("name", ["it's", "50%", "a$$b"])
def test_a_schema_whose_name_would_end_a_text_is_refused(url, ask, name, caplog):
    ask(f'CREATE SCHEMA "{name}"')
    assert f"The schema {name} has a quotation, per cent or dollar" in refused(searching(url, f'"{name}"'), caplog)


@pytest.mark.postgresql
def test_a_search_path_that_leads_nowhere_is_told(url, caplog):
    assert "names no schema that is there" in refused(searching(url, "nowhere"), caplog)


@pytest.mark.postgresql
def test_nobodys_tables_are_made_anew_in_silence(url, ask, caplog):
    """Somebody makes a schema that comes first in ``search_path``: the rest would be made there."""
    bring_up_to_date(app_on(url))
    assert run_in(app_on(searching(url, "public")), *_UPGRADE).exit_code == 0
    ask("CREATE SCHEMA other")
    both = searching(url, "other,public")
    # Nothing is to be done there.
    assert run_in(app_on(both), *_UPGRADE).exit_code == 0
    ask("UPDATE alembic_version SET version_num = '0042'")
    assert "Our tables are in the schema public, and new ones would be made in other" in refused(both, caplog)
    assert run_in(app_on(searching(url, "other")), "db", "upgrade", "0001").exit_code == 0
    assert "Making our tables in the schema other. Those in public stay as they are." in caplog.text


def test_nothing_is_begun_beside_another_programs_tables(each_database_url, caplog):
    _run(each_database_url, "CREATE TABLE users (id integer)")
    assert "The database has tables that no migration of ours has made (users)" in refused(each_database_url, caplog)


def test_another_programs_revision_is_not_a_later_one_of_ours(each_database_url, caplog):
    _run(each_database_url, "CREATE TABLE alembic_version (version_num varchar(32))")
    _run(each_database_url, "INSERT INTO alembic_version VALUES ('ae1027a6acf5')")
    assert "The database is at revision ae1027a6acf5 of another program's" in refused(each_database_url, caplog)
    app = app_on(each_database_url)
    with app.app_context():
        assert find_start_problem().startswith("the database has not been brought up to date")
        db.engine.dispose()
    told = run_in(app, "doctor")
    assert told.exit_code == 1 and "Name a database that no other program keeps its tables in" in told.output


def test_a_slip_does_not_delete_everybody(each_database_url, caplog):
    app = app_on(each_database_url)
    bring_up_to_date(app, "0001")
    with app.app_context(), db.engine.begin() as connection:
        columns = "id, email, name, password_hash, created_at"
        connection.exec_driver_sql(
            f"INSERT INTO users ({columns}) VALUES ('usr_1', 'a@b.example', 'A', 'x', '2026-01-01')"
        )
    assert run_in(app, "db", "downgrade", "base").exit_code == 1
    assert "This would delete everything that anybody keeps here" in caplog.text
    # Who has lost the table alembic_version may say where the rest stands.
    assert run_in(app, "db", "stamp", "base").exit_code == 0
    assert "that no migration of ours has made" in refused(each_database_url, caplog)
    assert run_in(app, "db", "stamp", "0001").exit_code == 0
    assert run_in(app, "db", "downgrade", "-x", "delete=everything", "base").exit_code == 0
    assert run_in(app, "db", "downgrade", "base").exit_code == 0


@pytest.mark.parametrize("revision", ["0001", "0042"])
def test_a_revision_that_was_only_stamped_is_told(each_database_url, revision, caplog):
    """And whatever else is not as a migration left it, such as half a dump."""
    assert run_in(app_on(each_database_url), "db", "stamp", revision).exit_code == 0
    assert "The database is not as the revision that it names has left it (" in refused(each_database_url, caplog)


def _run(url: str, statement: str) -> None:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        with sqlite3.connect(parts.database) as file:
            file.execute(statement)
        file.close()
        return
    with psycopg.connect(for_libpq(parts), autocommit=True) as connection:
        connection.execute(statement)


# -- what stands in between ------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.skipif(missing_pgbouncer() is not None, reason=str(missing_pgbouncer()))
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "unsupported startup parameter: options; leave the options out of it"),
        (
            {"ignore_startup_parameters": "options,extra_float_digits"},
            "the connection pooler does not pass on search_path of the options; leave the options out of it",
        ),
    ],
    ids=["refuses", "swallows"],
)
def test_a_pooler_that_passes_no_options_on_is_told(url, ask, settings, says):
    """Else everything would be made, and looked for, in another schema than DATABASE_URL says."""
    ask("CREATE SCHEMA ours")
    with running_pooler(url, **settings) as pooler:
        app = app_on(searching(pooler.url, "ours"))
        result = run_in(app, *_UPGRADE)
        assert result.exit_code == 1 and says in result.output
        told = run_in(app, "doctor")
        assert told.exit_code == 1 and "Leave the options out of it, and say the same to PostgreSQL" in told.output
    assert ask(f"{_COUNTED} nspname IN ('ours', 'public')") == 0


@pytest.mark.postgresql
@pytest.mark.skipif(missing_pgbouncer() is not None, reason=str(missing_pgbouncer()))
def test_a_migration_takes_as_long_as_it_takes_behind_a_pooler(url):
    with running_pooler(url) as pooler:
        app, asked = app_on(pooler.url), []
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda *how: asked.append(how[2]))
        assert run_in(app, "db", "upgrade", "0001").exit_code == 0
        with app.app_context():
            db.engine.dispose()
    assert asked.index("SET LOCAL statement_timeout = 0") < asked.index(
        next(one for one in asked if "CREATE TABLE users" in one)
    )
