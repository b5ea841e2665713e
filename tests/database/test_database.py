"""How we talk to SQLite and PostgreSQL: types, transactions, and the hot path's statements, on both databases."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError, StatementError

from app import create_app
from app.config import Settings
from app.database.access import expect_reads
from app.database.connections import connect
from app.database.engine import engine_options, prepare_engine
from app.database.sqlite import let_create
from app.database.statements import Statement
from app.database.types import Lines, UtcDateTime
from app.extensions import db
from tests.databases import for_libpq

_metadata = MetaData()
_things = Table(
    "things",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
    Column("at", UtcDateTime),
    Column("lines", Lines),
    Column("details", JSON),
    Column("state", String(10), default="new"),
)

_INSERT = Statement(
    insert(_things).values({name: bindparam(name) for name in ("id", "name", "at", "lines", "details")})
)
_FIND = Statement(select(_things).where(_things.c.id == bindparam("thing")))
_LIST = Statement(select(_things.c.id).order_by(_things.c.id))
_RENAME = Statement(
    update(_things).where(_things.c.id == bindparam("thing"), _things.c.name == "one").values(name=bindparam("to"))
)

_NOON = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
_ONE = {"id": 1, "name": "one", "at": _NOON, "lines": ["a", "b"], "details": {"k": [1]}}


@pytest.fixture
def engine(each_database_url) -> Engine:
    engine = create_engine(each_database_url, **engine_options(each_database_url))
    prepare_engine(engine)
    with let_create():
        _metadata.create_all(engine)
    yield engine
    engine.dispose()


# -- types ---------------------------------------------------------------------------------------


def test_a_statement_reads_what_it_wrote(engine):
    with connect(engine) as connection:
        assert connection.run(_INSERT, **_ONE) == 1
        row = connection.first(_FIND, thing=1)
    assert (row.name, row.at, row.lines, row.details) == ("one", _NOON, ["a", "b"], {"k": [1]})
    assert row.at.utcoffset() == timedelta(0)


def test_statements_and_the_orm_read_each_others_values(engine):
    with engine.begin() as connection:
        connection.execute(insert(_things).values(**_ONE))
    with connect(engine) as connection:
        assert connection.first(_FIND, thing=1).at == _NOON
        connection.run(_INSERT, **_ONE | {"id": 2})
    with engine.begin() as connection:
        one, two = connection.execute(select(_things).order_by(_things.c.id)).all()
    assert one[1:] == (*two[1:-1], "new")


def test_instants_are_kept_in_utc_and_sort_in_time(engine):
    elsewhere = timezone(timedelta(hours=-7))
    instants = [_NOON, _NOON.replace(microsecond=0), _NOON.astimezone(elsewhere) + timedelta(seconds=1)]
    with connect(engine) as connection:
        for id, at in enumerate(instants):
            connection.run(_INSERT, **_ONE | {"id": id, "at": at})
    with engine.begin() as connection:
        assert list(connection.scalars(select(_things.c.at).order_by(_things.c.at))) == sorted(instants)


def test_an_instant_without_a_zone_is_refused(engine):
    with engine.begin() as connection, pytest.raises(StatementError, match="must be aware"):
        connection.execute(insert(_things).values(at=_NOON.replace(tzinfo=None)))


@pytest.mark.parametrize("lines", [[], ["one"], ["a\x0bb", "c\u2028d", "e\x85f", "g\rh"]], ids=["none", "one", "odd"])
def test_lines_come_back_as_they_were(engine, lines):
    with connect(engine) as connection:
        connection.run(_INSERT, **_ONE | {"lines": lines})
        assert connection.first(_FIND, thing=1).lines == lines


@pytest.mark.parametrize("lines", [["a\nb"], ["a", ""]])
def test_lines_that_would_come_back_different_are_refused(engine, lines):
    with connect(engine) as connection, pytest.raises(ValueError, match="line feed"):
        connection.run(_INSERT, **_ONE | {"lines": lines})


# -- statements ----------------------------------------------------------------------------------


def test_a_row_that_is_not_there_is_none(engine):
    with connect(engine) as connection:
        assert connection.first(_FIND, thing=1) is None
        assert connection.all(_LIST) == []


def test_a_forgotten_value_is_an_error_and_not_null(engine):
    with connect(engine) as connection:
        connection.run(_INSERT, **_ONE)
        with pytest.raises(KeyError, match="thing"):
            connection.first(_FIND, thin=1)
        with pytest.raises(KeyError, match="at"):
            connection.run(_INSERT, **{name: value for name, value in _ONE.items() if name != "at"})


def test_the_row_count_says_who_won(engine):
    with connect(engine) as connection:
        connection.run(_INSERT, **_ONE)
        assert [connection.run(_RENAME, thing=1, to="two") for _ in range(2)] == [1, 0]


# -- transactions --------------------------------------------------------------------------------


def test_a_transaction_that_fails_leaves_nothing(engine):
    with connect(engine) as connection:
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.run(_INSERT, **_ONE)
            raise ZeroDivisionError
        assert connection.all(_LIST) == []
        # And the connection is fit for the next.
        with connection.transaction():
            connection.run(_INSERT, **_ONE)
    with connect(engine) as connection:
        assert [row.id for row in connection.all(_LIST)] == [1]


def test_writers_that_read_first_wait_for_each_other(engine):
    """Deferred transactions would fail at once with SQLITE_BUSY_SNAPSHOT, whatever the busy timeout."""
    failures = []

    def add_one() -> None:
        try:
            for _ in range(10):
                with engine.begin() as connection:
                    # PostgreSQL locks rows, SQLite the whole database.
                    most = select(_things).where(_things.c.id == 0).with_for_update()
                    count = int(connection.execute(most).one().name)
                    connection.execute(update(_things).where(_things.c.id == 0).values(name=str(count + 1)))
        except Exception as error:
            failures.append(error)

    with connect(engine) as connection:
        connection.run(_INSERT, **_ONE | {"id": 0, "name": "0"})
    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(engine) as connection:
        assert (connection.first(_FIND, thing=0).name, failures) == ("40", [])


def test_who_only_reads_does_not_wait_for_a_writer(engine):
    with connect(engine) as writer, writer.transaction():
        writer.run(_INSERT, **_ONE)
        with expect_reads(), engine.begin() as reader:
            assert reader.execute(select(_things)).all() == []


@pytest.mark.parametrize("each_database_url", ["sqlite"], indirect=True)
def test_sqlite_enforces_foreign_keys_and_lets_readers_read(engine):
    with engine.begin() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_an_error_does_not_repeat_the_rows_values(engine):
    """It is logged, and a value may be somebody's address."""
    with engine.begin() as connection, pytest.raises(Exception) as raised:
        connection.execute(insert(_things).values(id=1, name="somebody@example.com"))
        connection.execute(text("SELECT :value FROM nowhere"), {"value": "somebody@example.com"})
    assert "nowhere" in str(raised.value)
    assert "somebody@example.com" not in str(raised.value)


# -- connections ---------------------------------------------------------------------------------


@pytest.mark.parametrize("each_database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_a_connection_that_the_server_closed_is_not_used_again(engine):
    """After a restart of PostgreSQL no request fails, on the hot path either."""
    with connect(engine) as one, connect(engine) as two, connect(engine) as three:
        for connection in (one, two, three):
            assert connection.all(_LIST) == []
    with closing(engine.raw_connection()) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with connect(engine) as one, connect(engine) as two, connect(engine) as three:
        for connection in (one, two, three):
            assert connection.all(_LIST) == []


def test_a_database_that_is_not_there_is_an_operational_error(tmp_path):
    for url in (f"sqlite:///{tmp_path}/no/folder.sqlite3", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        engine = create_engine(url, **engine_options(url))
        prepare_engine(engine)
        with pytest.raises(OperationalError), engine.begin():
            pass


@pytest.mark.postgresql
def test_what_a_database_has_for_a_default_is_not_ours(sorted_database_url):
    """An administrator may like German dates. psycopg reads no other style than ISO's."""
    name = make_url(sorted_database_url).database
    others = {"DateStyle": "German", "TimeZone": "Asia/Kathmandu", "default_transaction_isolation": "serializable"}
    with psycopg.connect(for_libpq(make_url(sorted_database_url)), autocommit=True) as administrator:
        for setting, value in (others | {"standard_conforming_strings": "off", "bytea_output": "escape"}).items():
            administrator.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    engine = create_engine(sorted_database_url, **engine_options(sorted_database_url))
    prepare_engine(engine)
    _metadata.create_all(engine)
    one = _ONE | {"name": r"a\'b"}
    with connect(engine) as connection:
        connection.run(_INSERT, **one)
        found = connection.first(_FIND, thing=1)
    with engine.connect() as connection:
        isolation = connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()
        at = connection.scalar(select(_things.c.at))
    engine.dispose()
    assert (found.at, at, found.name, isolation) == (_NOON, _NOON, one["name"], "read committed")


@pytest.mark.parametrize(("chosen", "number"), [("normal", 1), ("full", 2)])
def test_sqlite_waits_for_the_disk_as_the_setting_says(tmp_path, chosen, number):
    """SQLite knows the two by number. ``normal`` is for a killed process, ``full`` for a power cut."""
    app = create_app(
        Settings(f"sqlite:///{tmp_path / 'some.sqlite3'}", "0" * 32, "http://localhost", database_synchronous=chosen)
    )
    with app.app_context(), let_create(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == number
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    with app.app_context():
        db.engine.dispose()
