"""A database that does not work stops the start with a sentence that names the setting, the file, and what to do."""

import re
import sqlite3
import sys
from pathlib import Path

import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import make_url, text

from app import create_app, start_check
from app.accounts.models import User
from app.config import Settings
from app.database.problems import find_database_problem
from app.database.sqlite import let_create
from app.extensions import db
from tests.cli.test_commands import assert_refused, run_in
from tests.databases import database_in, for_libpq, new_database
from tests.forked.popen import run_forked
from tests.migrated import bring_up_to_date
from tests.resources import _cluster
from tests.server import environ_of_machine
from tests.tables import each

_ROOT = Path(__file__).resolve().parent.parent
PURGE = ["purge"]
UPGRADE = ["db", "upgrade"]


def app_on(url: str):
    return create_app(Settings(database_url=url, secret_key="0" * 32, issuer="http://localhost"))


def in_no_folder(folder: Path) -> tuple[Path, str]:
    return folder / "none" / "x.sqlite3", f"but there is no folder {folder}/none; make it, or name a file elsewhere."


def a_folder(folder: Path) -> tuple[Path, str]:
    return folder, f"which is a folder; name a file in it, as in {folder}/reliquary.sqlite3."


def in_a_file(folder: Path) -> tuple[Path, str]:
    (folder / "file").write_text("x")
    return folder / "file" / "x.sqlite3", f"but {folder}/file is not a folder; name a file elsewhere."


def no_database(folder: Path) -> tuple[Path, str]:
    (folder / "notes.txt").write_text("These are notes, and longer than a header of SQLite would be. " * 20)
    return folder / "notes.txt", "which is not an SQLite database; name another file."


each_file = pytest.mark.parametrize("make", [in_no_folder, a_folder, in_a_file, no_database])


@each_file
@pytest.mark.parametrize("words", [PURGE, UPGRADE, ["db", "current"]], ids=" ".join)
def test_a_command_says_what_is_wrong_with_the_sqlite_file(tmp_path, make, words):
    path, says = make(tmp_path)
    result = run_in(app_on(f"sqlite:///{path}"), *words)
    assert_refused(result, f"The database does not work: DATABASE_URL names the SQLite file {path}, {says}")


@each_file
def test_gunicorn_does_not_start_on_such_a_file(tmp_path, make):
    path, says = make(tmp_path)
    app = app_on(f"sqlite:///{path}")
    with app.app_context():
        problem = start_check.find_start_problem()
    assert problem == f"the database does not work: DATABASE_URL names the SQLite file {path}, {says}"


def test_gunicorn_tells_it_in_one_line(tmp_path):
    done = run_forked(
        [sys.executable, "-m", "gunicorn", "-c", "python:app.serving", "wsgi:app"],
        cwd=_ROOT,
        env=environ_of_machine()
        | {"DATABASE_URL": f"sqlite:///{tmp_path}/none/x", "SECRET_KEY": "0" * 32, "PORT": "1"},
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    *records, sentence = done.stderr.splitlines(keepends=True)
    assert all(" INFO " in record for record in records)
    assert sentence == (
        "Reliquary cannot start: the database does not work: DATABASE_URL names the SQLite file"
        f" {tmp_path}/none/x, but there is no folder {tmp_path}/none; make it, or name a file elsewhere.\n"
    )


def test_a_database_without_its_migrations_is_named(each_database_url):
    app = app_on(each_database_url)
    with app.app_context():
        with let_create(), db.engine.connect():
            pass
        missing = start_check.find_start_problem()
        assert missing.startswith(
            "the database has not been brought up to date: run flask db upgrade (DATABASE_URL leads"
        )
        assert str(db.engine.url.database) in missing
        assert readiness(app) == (503, "the schema of the database is missing")
        upgrade(revision="0001")
        assert start_check.find_start_problem() == missing
        assert readiness(app) == (503, "the schema of the database is older")
        upgrade()
        assert start_check.find_start_problem() is None
        assert readiness(app) == (200, None)


def readiness(app) -> tuple[int, str | None]:
    answer = app.test_client().get("/readyz")
    return answer.status_code, answer.json.get("reason")


@pytest.fixture
def newer(each_database_url):
    """An app whose database a later version has migrated."""
    app = app_on(each_database_url)
    bring_up_to_date(app)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    return app


def test_a_newer_schema_is_worked_on_and_told(newer, caplog):
    """Each version works on the schema of the next, so that a release can be taken back."""
    with newer.app_context():
        assert start_check.find_start_problem() is None
    assert "Starting all the same: the database is at revision 9999, which this version does not know" in caplog.text
    assert readiness(newer) == (200, None)
    assert run_in(newer, *PURGE).exit_code == 0


@pytest.mark.parametrize("words", [UPGRADE, ["db", "current"]], ids=" ".join)
def test_there_is_nothing_to_migrate_on_a_newer_schema(newer, words, caplog):
    """A script that migrates and then starts the release before must not stop here."""
    assert run_in(newer, *words).exit_code == 0
    assert "Nothing to do: the database is at revision 9999" in caplog.text
    with newer.app_context(), db.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.postgresql
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_nothing_is_begun_in_a_database_that_cannot_keep_every_name(pytestconfig, encoding, caplog):
    with database_in(encoding, pytestconfig.stash[_cluster]) as url:
        app = app_on(url)
        assert run_in(app, *UPGRADE).exit_code == 1
        with app.app_context():
            assert start_check.find_start_problem().startswith("the database has not been brought up to date")
            db.engine.dispose()
    assert f"The database stores text as {encoding}, so that names" in caplog.text
    assert "make it anew with ENCODING 'UTF8'" in caplog.text


@pytest.mark.postgresql
def test_one_that_has_begun_goes_on_and_is_told_at_each_start(sorted_database_url, monkeypatch, caplog):
    app = app_on(sorted_database_url)
    bring_up_to_date(app)
    with app.app_context():
        assert start_check.find_start_problem() is None and "stores text" not in caplog.text
        monkeypatch.setattr(start_check, "find_encoding", lambda _connection: "LATIN1")
        assert start_check.find_start_problem() is None
    assert "Starting all the same: the database stores text as LATIN1" in caplog.text


@pytest.mark.parametrize("words", [["db", "downgrade"], ["db", "stamp", "head"], ["db", "check"]], ids=" ".join)
def test_what_only_the_later_version_can_do_is_refused_in_a_sentence(newer, words, caplog):
    result = run_in(newer, *words)
    assert result.exit_code == 1
    assert "only that later version can migrate it down" in caplog.text + result.output
    assert "Can't locate revision" not in caplog.text + result.output


@pytest.mark.parametrize("words", [PURGE, ["db", "current"]], ids=" ".join)
def test_a_missing_file_is_not_made_by_whoever_only_looks(tmp_path, words):
    path = tmp_path / "x.sqlite3"
    result = run_in(app_on(f"sqlite:///{path}"), *words)
    assert_refused(result, f"{path}, which is not there: put it back, or run flask db upgrade for a new one.")
    assert not path.exists()


def test_no_new_file_is_made_beside_the_last_changes_of_one_that_was_moved(tmp_path):
    """SQLite would delete them with the first look at the new file."""
    path, log = tmp_path / "x.sqlite3", tmp_path / "x.sqlite3-wal"
    log.write_bytes(b"changes")
    assert_refused(run_in(app_on(f"sqlite:///{path}"), *UPGRADE), "put the file back, or move that one away too.")
    assert not path.exists() and log.read_bytes() == b"changes"


def test_a_locked_file_is_no_reason_not_to_start(tmp_path, monkeypatch):
    """Whoever holds it will let go of it, and requests wait for that."""
    monkeypatch.setattr("app.database.sqlite.BUSY_TIMEOUT_MS", 10)
    path = tmp_path / "x.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        app = app_on(f"sqlite:///{path}")
        with app.app_context():
            assert start_check.find_start_problem() is None
        assert_refused(run_in(app, *PURGE), f"names the SQLite file {path}, which another program keeps locked")


# -- PostgreSQL ------------------------------------------------------------------------------------


@each(
    ("url", "says"),
    [
        (
            "postgresql+psycopg://me:hunter2@127.0.0.1:1/notes",
            "start PostgreSQL there, or correct the host and the port in it.",
        ),
        (
            "postgresql+psycopg://me:hunter2@/notes?host=/no/such/folder",
            "start PostgreSQL there, or correct the host in it.",
        ),
        ("postgresql+psycopg://me:hunter2@no-such-host.invalid/notes", "correct the host in it."),
    ],
)
@pytest.mark.parametrize("words", [PURGE, UPGRADE], ids=" ".join)
def test_a_command_says_where_no_postgresql_answers(url, says, words):
    result = run_in(app_on(url), *words)
    assert_refused(result, "The database does not work: DATABASE_URL leads to the PostgreSQL database notes on ")
    assert result.stderr.endswith(f"; {says}\n") and "hunter2" not in result.stderr


def test_a_server_that_is_away_is_logged_and_no_reason_not_to_start(caplog):
    """It may come back by itself; until then requests say so."""
    with app_on("postgresql+psycopg://me:hunter2@127.0.0.1:1/notes").app_context():
        assert start_check.find_start_problem() is None
    assert "Starting all the same: the database does not work: DATABASE_URL leads to" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("each_database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize("changed", [{"database": "no_such_database"}, {"username": "no_such_person"}])
def test_a_database_or_a_user_that_does_not_exist_is_named(each_database_url, changed):
    url = make_url(each_database_url).set(**changed)
    result = run_in(app_on(url.render_as_string(hide_password=False)), *PURGE)
    assert_refused(result, next(iter(changed.values())))
    assert result.stderr.endswith("does not exist; create that, or correct the name in it.\n")


@each(
    ("message", "fix"),
    [
        ('FATAL:  password authentication failed for user "me"', "correct the user and the password in it."),
        ("fe_sendauth: no password supplied", "add the user's password to it."),
        ("connection timeout expired", "see whether something in between stops the connection"),
        ("FATAL:  sorry, too many clients already", "let it take more connections, or use fewer workers."),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "use fewer workers.",
        ),
        (
            "FATAL:  no more connections allowed (max_client_conn)",
            "let it take more connections, or use fewer workers.",
        ),
        (
            'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "me", database "notes", no encryption',
            "pg_hba.conf take",
        ),
        ('FATAL:  role "me" is not permitted to log in', "ALTER ROLE ... LOGIN."),
        ('FATAL:  permission denied for database "notes"', "GRANT CONNECT ON DATABASE ... TO."),
        ('root certificate file "/root/.postgresql/root.crt" does not exist', "as its sslrootcert."),
        ("SSL error: certificate verify failed", "as its sslrootcert."),
        (
            'server certificate for "one.example" does not match host name "db.example"',
            "name the host as its certificate does.",
        ),
        ("server does not support SSL, but SSL was required", "or take the sslmode out of it."),
        ("FATAL:  no such database: notes", "name one that the pooler has"),
        ("FATAL:  no such user: me", "name a user that the pooler has"),
        ('connection is bad: definition of service "x" not found', "take PGSERVICE out of the environment"),
        ("transaction blocks not allowed in statement pooling mode", "pool_mode = transaction."),
        ("query_wait_timeout", "(default_pool_size)."),
        ("FATAL:  the database system is shutting down", "try again in a moment."),
        ("FATAL:  the database system is not yet accepting connections", "try again in a moment."),
        (
            "failed to resolve host 'db.example': [Errno -3] Temporary failure in name resolution",
            "this machine finds names",
        ),
        ("connection failed: Network is unreachable", "see whether this machine has a way there"),
        ("session is read-only", "let a host that it names write, or correct the target_session_attrs in it"),
        ("session is not read-only", "correct the target_session_attrs in it"),
        ("FATAL:  Passwort-Authentifizierung fehlgeschlagen", "correct it."),
    ],
)
def test_each_answer_of_postgresql_has_what_to_do(message, fix):
    url = make_url("postgresql+psycopg://me:hunter2@db.example:6432/notes")
    problem = find_database_problem(psycopg.OperationalError(message), url)
    assert problem.startswith(
        "DATABASE_URL leads to the PostgreSQL database notes on db.example (port 6432) for the user me"
    )
    assert fix in problem and problem.endswith(".") and "hunter2" not in problem


@each(
    ("error", "says"),
    [
        (psycopg.errors.ReadOnlySqlTransaction, "which only reads, as a replica does; name the one that writes,"),
        (psycopg.errors.DiskFull, "whose disk is full; make room."),
        (psycopg.errors.LockNotAvailable, "where others hold what this needs; end what holds it, or try again"),
        (psycopg.errors.QueryCanceled, "which took too long; see what else it does, and try again."),
        (psycopg.errors.DeadlockDetected, "which is busy with others; try again in a moment."),
        (psycopg.errors.IoError, "which is damaged, or cannot use its disk; look at its log."),
        (psycopg.errors.InsufficientPrivilege, "which does not let that user; let it own the database and all that is"),
        (psycopg.errors.UntranslatableCharacter, "which cannot keep every letter; make it anew with ENCODING 'UTF8'"),
    ],
)
def test_each_error_of_a_postgresql_that_answers_has_what_to_do(error, says):
    problem = find_database_problem(error("in its words"), make_url("postgresql+psycopg://me:hunter2@db.example/notes"))
    assert problem.startswith(
        f"DATABASE_URL leads to the PostgreSQL database notes on db.example for the user me, {says}"
    )
    assert "its words" not in problem


@pytest.mark.postgresql
def test_tables_of_another_owner_are_named(sorted_database_url):
    """As after a dump was restored by an administrator. Nobody may be told that the program is wrong."""
    bring_up_to_date(app_on(sorted_database_url))
    role = f"reader_{make_url(sorted_database_url).database.rpartition('_')[2]}"
    with psycopg.connect(for_libpq(make_url(sorted_database_url)), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        try:
            app = app_on(make_url(sorted_database_url).set(username=role).render_as_string(hide_password=False))
            refused, told = run_in(app, *PURGE), run_in(app, "doctor").stdout
            form = {"client_name": "x", "redirect_uris": ["http://127.0.0.1/"]}
            answer = app.test_client().post("/oauth/register", json=form)
            with app.app_context():
                assert start_check.find_start_problem() is None
            connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
            of_sequences = run_in(app, "doctor").stdout
        finally:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert_refused(refused, "which does not let that user: permission denied for table leases; let it own")
    assert f"The user {role} may not read and write" in told
    assert re.search(rf"The user {role} may not read and write [0-9]+ of our .*_id_seq among them", of_sequences)
    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")


@pytest.mark.postgresql
@each(
    "words",
    [
        PURGE,
        ["seed"],
        ["mail", "try", "a@example.com"],
        ["users", "disable", "alice@example.com"],
    ],
)
def test_a_command_says_that_the_database_only_reads(only_reading, words):
    assert_refused(run_in(only_reading, *words), "which only reads, as a replica does; name the one that writes")


@pytest.fixture(scope="module")
def only_reading(pytestconfig, tmp_path_factory):
    """An app on a database of PostgreSQL that takes no writes, with one person in it."""
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path_factory.mktemp("reads")) as url:
        writing = app_on(url)
        bring_up_to_date(writing)
        with writing.app_context():
            db.session.add(User(email="alice@example.com", name="Alice", password_hash="of none"))
            db.session.commit()
            db.engine.dispose()
        app = app_on(f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don")
        yield app
        with app.app_context():
            db.engine.dispose()


@each(
    ("name", "says"),
    [
        ("SQLITE_FULL", "whose disk is full; make room."),
        ("SQLITE_READONLY_DBMOVED", "which this user may not write; give the file and its folder to this user."),
        ("SQLITE_CORRUPT", "which is damaged; restore it from a backup."),
        ("SQLITE_IOERR_SHMSIZE", "whose disk is full; make room."),
        ("SQLITE_IOERR_WRITE", "which the disk cannot read or write; look at the system's log."),
    ],
)
def test_each_error_of_sqlite_has_what_to_do(name, says):
    error = sqlite3.OperationalError("in SQLite's words")
    error.sqlite_errorname = name
    assert find_database_problem(error, make_url("sqlite:////srv/x.sqlite3")) == (
        f"DATABASE_URL names the SQLite file /srv/x.sqlite3, {says}"
    )


def test_any_other_error_is_not_the_databases_fault():
    assert find_database_problem(ValueError("x"), make_url("sqlite:////x")) is None
    assert find_database_problem(sqlite3.IntegrityError("x"), make_url("sqlite:////x")) is None
