"""What is logged, and what never is."""

import io
import json
import logging
import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from app import logs
from app.database.engine import engine_options
from app.logs import present
from app.logs.told_errors import describe

_TOKEN = "rlq_at_" + "0123456789abcdef" * 4
_FORGED = "/a\r\n2026 INFO forged\x1b[31m\u2028\u202e\ud800Ж"


def _warn(*said: object) -> None:
    """Log it, where pytest does not: its own report of the test could not be sent with half a character in it."""
    root = logging.getLogger()
    others = [handler for handler in root.handlers if handler is not logs.handler]
    for handler in others:
        root.removeHandler(handler)
    logging.getLogger("app.web").warning(*said)
    for handler in others:
        root.addHandler(handler)


@pytest.fixture
def written(monkeypatch):
    """What reaches standard error through the one handler."""
    stream = io.StringIO()
    monkeypatch.setattr(logs.handler, "stream", stream)
    logs.configure()
    yield stream.getvalue
    logs.configure()


@pytest.fixture
def objects(written):
    """The same as JSON, each line read."""
    logs.configure(logs.JSON)
    return lambda: [json.loads(line) for line in written().splitlines()]


@pytest.fixture
def asked():
    """A request that this thread answers."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/secret/path", "QUERY_STRING": "q=secret"}
    present.begin(environ)
    yield environ
    present.end()


def test_a_record_is_one_line_whatever_it_says(written):
    _warn("Bad path %s", _FORGED)
    assert written().endswith(" app.web: Bad path /a\\r\\n2026 INFO forged\\x1b[31m\\u2028\\u202e\\ud800Ж\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z WARNING \[\d+\] [^\n]+\n", written())


def test_a_record_is_one_json_object_whatever_it_says(written, objects):
    _warn("Bad path %s", _FORGED)
    (line,) = objects()
    assert line["message"] == f"Bad path {_FORGED}" and written().isascii() and written().count("\n") == 1
    assert (line["level"], line["logger"]) == ("WARNING", "app.web")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert "exception" not in line and "request_id" not in line


@pytest.mark.parametrize("format", [logs.TEXT, logs.JSON])
def test_a_line_is_short_enough_to_be_written_in_one_piece(written, format):
    """What is longer than 4 kB, several processes may write into each other's lines."""

    def fall(depth: int) -> None:
        fall(depth - 1) if depth else [][0]

    logs.configure(format)
    try:
        fall(200)
    except IndexError:
        logging.getLogger("anything").exception("Too long: %s", "x" * 1_000_000)
    assert len(written().encode()) < 4096 and "test_logs.py" in written() and "IndexError" in written()


def test_a_traceback_is_in_the_line(written):
    try:
        raise ZeroDivisionError("no")
    except ZeroDivisionError:
        logging.getLogger("app.web").exception("Unexpected")
    assert written().count("\n") == 1
    assert "ZeroDivisionError" in written() and "test_logs.py" in written()


def test_a_traceback_is_one_field(objects):
    try:
        try:
            raise KeyError("her words")
        except KeyError as error:
            raise ValueError("his words") from error
    except ValueError:
        logging.getLogger("app.web").exception("Unexpected")
    (line,) = objects()
    assert re.fullmatch(
        r"Traceback \(most recent call last\):\n(  File \"[^\n]+\", line \d+, in \w+\n)+KeyError\nwhich led to:\n"
        r"(  File \"[^\n]+\", line \d+, in \w+\n)+ValueError",
        line["exception"],
    )


# -- what never is -------------------------------------------------------------------------------


def test_a_credential_is_never_written(written):
    logging.getLogger("anything").error("Invalid request line: GET /?code=%s", _TOKEN)
    assert "rlq_at_…" in written()
    assert _TOKEN[-64:] not in written()


@pytest.mark.parametrize("format", [logs.TEXT, logs.JSON])
def test_what_an_exception_says_is_never_written(written, format):
    """It quotes what somebody sent, and nobody can know whether that was a secret."""
    logs.configure(format)
    log = logging.getLogger("anything")
    error = ValueError("no such title: her diary")
    error.add_note("her diary")
    try:
        raise error
    except ValueError as caught:
        log.exception("Unexpected")
        log.error("Could not: %s", caught)
        log.error(caught)
        log.warning("Could not: %r of %d", caught, 3)
    assert "diary" not in written() and written().count("\n") == 4
    assert "Could not: ValueError" in written()


def test_what_the_operating_system_says_is_written_without_the_file():
    with pytest.raises(OSError, match="diary") as caught:
        Path("/no/such/diary").read_text()
    assert describe(caught.value) == "FileNotFoundError: No such file or directory"


def test_what_sqlite_says_of_itself_is_written_and_nothing_of_a_row():
    said = []
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT UNIQUE)"))
        connection.execute(text("CREATE VIRTUAL TABLE words USING fts5(title)"))
        connection.execute(text("INSERT INTO t VALUES ('diary')"))
        for statement in (
            "INSERT INTO t VALUES ('diary')",
            "SELECT * FROM missing",
            "SELECT * FROM words WHERE words MATCH 'diary \"'",
            "diary",
        ):
            with pytest.raises(DBAPIError) as caught:
                connection.execute(text(statement))
            said.append(describe(caught.value))
    assert said == [
        "IntegrityError (IntegrityError): SQLITE_CONSTRAINT_UNIQUE UNIQUE constraint failed: t.a",
        "OperationalError (OperationalError): SQLITE_ERROR no such table: missing",
        "OperationalError (OperationalError): SQLITE_ERROR",
        "OperationalError (OperationalError): SQLITE_ERROR",
    ]


def test_what_postgresql_says_of_itself_is_written_and_nothing_of_a_row():
    class Diagnosis:
        message_primary, table_name, column_name, constraint_name = "diary", "users", None, "uq_users_email"

    class Duplicate(psycopg.errors.UniqueViolation):
        diag = Diagnosis()

    class Stopped(psycopg.errors.AdminShutdown):
        diag = type("D", (), {"message_primary": "terminating connection due to administrator command"})()

    assert describe(Duplicate("Key (email)=(diary)")) == "Duplicate: 23505 users uq_users_email"
    assert describe(Stopped("…")) == "Stopped: 57P01 terminating connection due to administrator command"
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect("postgresql://nobody:her-diary@127.0.0.1:1/none", connect_timeout=2)
    assert "Connection refused" in describe(caught.value) and "diary" not in describe(caught.value)


def test_a_line_that_cannot_be_made_is_written_without_what_was_to_be_in_it():
    record = logging.LogRecord("anything", logging.ERROR, "", 1, "%d things", ("diary",), None)
    assert logs.handler.format(record).endswith(" anything: %d things")


def test_authlib_cannot_print_tokens_however_low_the_level(written, caplog):
    """Its DEBUG records hold the whole token response."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("authlib.oauth2.rfc6749.grants.authorization_code").debug("Issue token %r", {"secret": "s3cret"})
    assert "s3cret" not in written() + caplog.text
    # Nor when somebody asks for exactly that.
    child = logging.getLogger("authlib.oauth2.rfc6749.grants.refresh_token")
    child.setLevel(logging.DEBUG)
    try:
        child.debug("Issue token %r", {"secret": "s3cret"})
    finally:
        child.setLevel(logging.NOTSET)
    assert "s3cret" not in written()


# -- the request that a line is of ---------------------------------------------------------------


def test_every_line_of_a_request_tells_its_id(written, asked):
    logging.getLogger("anything").warning("Something")
    assert f" anything: {present.request_id(asked)} Something\n" in written()


def test_every_object_of_a_request_tells_what_is_known_of_it(objects, asked):
    log = logging.getLogger("anything")
    log.warning("Something")
    present.note_route(asked, "/secret/<path:name>")
    present.note_client("client_1")
    present.note_status(asked, 200)
    log.warning("Something")
    first, last = objects()
    assert {name: first[name] for name in ("request_id", "method", "route")} == {
        "request_id": present.request_id(asked),
        "method": "POST",
        "route": "other",
    }
    assert (last["client"], last["route"], last["status"]) == ("client_1", "/secret/<path:name>", 200)


def test_a_method_that_nobody_knows_is_not_repeated():
    assert present.told({"REQUEST_METHOD": "DIARY"}) == "other other"


def test_an_id_that_comes_in_is_kept_only_from_a_trusted_proxy_and_only_if_plain():
    sent = "b9c1f0a2-7a1e-4f0e-9d55-2f1a8b8f6c11"
    assert present.request_id({"HTTP_X_REQUEST_ID": sent}, trusts_proxy=True) == sent
    assert present.request_id({"HTTP_X_REQUEST_ID": sent}).startswith("req_")
    for odd in (
        "",
        "short",
        "x" * 41,
        "a b c d e f g h",
        "12345678\n",
        "٠١٢٣٤٥٦٧٨٩",
        "{1234567890}",
        _TOKEN,
        "a,b,c,d,e,f",
    ):
        assert present.request_id({"HTTP_X_REQUEST_ID": odd}, trusts_proxy=True).startswith("req_"), odd


def test_setting_up_twice_changes_nothing(written):
    logs.configure()
    logging.getLogger("app").warning("once")
    assert written().count("once") == 1


def test_our_own_notes_are_written(written):
    logging.getLogger("app.purge").info("3 rows removed")
    assert "INFO" in written() and "3 rows removed" in written()


@pytest.mark.parametrize("url", ["sqlite:///{folder}/pool.sqlite3", "postgresql+psycopg:///pool"])
def test_what_a_pool_of_connections_does_is_no_note_of_ours(written, tmp_path, url):
    url = url.format(folder=tmp_path)
    engine = create_engine(url, **engine_options(url))
    engine.dispose()
    assert written() == ""
