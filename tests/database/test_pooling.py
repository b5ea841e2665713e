"""A connection pooler is noticed, and from then on nothing relies on a session of PostgreSQL."""

import logging
from configparser import ConfigParser
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    MetaData,
    String,
    Table,
    bindparam,
    column,
    create_engine,
    func,
    insert,
    literal,
    make_url,
    select,
    table,
)

from app import clock
from app.database.connections import connect
from app.database.engine import engine_options, prepare_engine
from app.database.patience import set_patience
from app.database.postgresql import PostgresqlConnection
from app.database.statements import Statement
from app.database.types import Digest, UtcDateTime, UtcMicroseconds
from tests.databases import for_libpq, missing_postgresql
from tests.pooler import missing_pgbouncer, running_pooler

_ROOT = Path(__file__).resolve().parent.parent.parent
_ONE = Statement(select(literal(1).label("one")))
_KINDS = Table(
    "kinds",
    MetaData(),
    Column("words", String(40)),
    Column("number", BigInteger),
    Column("truth", Boolean),
    Column("at", UtcDateTime),
    Column("us", UtcMicroseconds),
    Column("digest", Digest),
)
_ODD = {"DateStyle": "German, DMY", "TimeZone": "Asia/Kathmandu", "standard_conforming_strings": "off"}
_NAMES = "SELECT name FROM pg_prepared_statements WHERE name <> ''"

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql())),
]


@pytest.fixture
def direct_url(sorted_database_url):
    return make_url(sorted_database_url).difference_update_query(["prepare_threshold"]).render_as_string(False)


@pytest.fixture
def pooled_url(direct_url):
    if missing_pgbouncer():
        pytest.skip(str(missing_pgbouncer()))
    # One session for everybody: whatever one client leaves in it, the next one finds.
    with running_pooler(direct_url, default_pool_size="1") as pooler:
        yield pooler.url


@pytest.fixture
def engine_for():
    engines = []

    def make(url: str):
        engine = create_engine(url, **engine_options(make_url(url).render_as_string(hide_password=False)))
        prepare_engine(engine)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


def ask_often(engine, times: int = 12) -> None:
    for _ in range(times):
        with connect(engine) as connection:
            assert connection.first(_ONE).one == 1


def test_pgbouncer_is_noticed_and_nothing_is_prepared(pooled_url, direct_url, engine_for, caplog):
    with caplog.at_level(logging.INFO, "app.database.pooling"):
        engine, another = engine_for(pooled_url), engine_for(pooled_url)
        ask_often(engine)
        ask_often(another)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "DATABASE_URL leads to a connection pooler"
    ] * 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql(_NAMES).all() == []


def test_postgresql_itself_is_no_pooler(direct_url, engine_for, caplog):
    with caplog.at_level(logging.INFO, "app.database.pooling"):
        engine = engine_for(direct_url)
        ask_often(engine)
    assert caplog.records == []
    with connect(engine) as connection:
        names = [name for (name,) in connection._cursor.execute(_NAMES).fetchall()]
    assert len(names) == 1


def test_no_two_connections_give_a_statement_the_same_name(direct_url, engine_for):
    """So a name can be missing behind a pooler, which is loud, and never another's statement, which is not."""
    names = []
    for _ in range(2):
        engine = engine_for(direct_url)
        ask_often(engine)
        with connect(engine) as connection:
            names += [name for (name,) in connection._cursor.execute(_NAMES).fetchall()]
    assert len(set(names)) == len(names) == 2
    assert all(name.startswith("rlq_") for name in names)


def test_pooler_that_loses_a_statement_costs_nobody_an_answer(pooled_url, engine_for, caplog):
    """An operator says that statements can be prepared, and they cannot: they are off from the first that is missing."""
    engine = engine_for(f"{pooled_url}?prepare_threshold=0")
    ask_often(engine, 2)
    with psycopg.connect(
        make_url(pooled_url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as other:
        other.autocommit = True
        other.execute("DEALLOCATE ALL")
    ask_often(engine, 3)
    assert "lose" in caplog.text
    with engine.connect() as connection:
        assert connection.exec_driver_sql(_NAMES).all() == []


def test_a_transaction_says_itself_how_long_it_waits(pooled_url, engine_for):
    """What is set for a session would reach others, or be lost: it is set in the transaction, as it begins."""
    engine = engine_for(pooled_url)
    ask_often(engine, 1)
    set_patience(2.0)
    try:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2s"
        with connect(engine) as connection, connection.transaction():
            assert connection._cursor.execute("SHOW lock_timeout").fetchone() == ("2s",)
    finally:
        set_patience(None)
    with connect(engine) as connection:
        assert connection._cursor.execute("SHOW lock_timeout").fetchone() != ("2s",)


def test_a_changed_table_costs_a_prepared_read_nothing(direct_url, engine_for):
    """A migration beside a running server changes what a prepared statement answers."""
    engine = engine_for(direct_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE changing (one integer)")
        connection.exec_driver_sql("INSERT INTO changing VALUES (1)")
    with connect(engine) as connection:
        for _ in range(8):
            assert connection._cursor.execute("SELECT * FROM changing").fetchone() == (1,)
        with engine.begin() as other:
            other.exec_driver_sql("ALTER TABLE changing ADD COLUMN two integer")
        assert connection._cursor.execute("SELECT * FROM changing").fetchone() == (1, None)


def test_a_changed_table_costs_a_statement_of_the_hot_path_nothing(direct_url, engine_for):
    """It is prepared by us, and not by psycopg's cursor."""
    engine = engine_for(direct_url)
    changing = table("changing", column("one"), column("two"))
    count_and_all = Statement(select(func.count(changing.c.one).label("count"), func.max(changing.c.two).label("two")))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE changing (one integer, two integer)")
        connection.exec_driver_sql("INSERT INTO changing VALUES (1, 2)")
    with connect(engine) as connection:
        for _ in range(8):
            assert tuple(connection.first(count_and_all)) == (1, 2)
        with engine.begin() as other:
            other.exec_driver_sql("ALTER TABLE changing ALTER COLUMN two TYPE text")
        assert tuple(connection.first(count_and_all)) == (1, "2")
        assert tuple(connection.first(count_and_all)) == (1, "2")


def test_what_psycopg_has_prepared_goes_alone(direct_url, engine_for):
    """It has the server forget what a cursor prepared, after a ROLLBACK or a DROP. Ours are not a cursor's."""
    engine = engine_for(direct_url)
    with connect(engine) as connection:
        for _ in range(8):
            assert connection.first(_ONE).one == 1
            connection._cursor.execute("SELECT 2")
        kept = {name for (name,) in connection._cursor.execute(_NAMES).fetchall()}
        connection._cursor.execute("BEGIN")
        connection._cursor.execute("ROLLBACK")
        left = {name for (name,) in connection._cursor.execute(_NAMES).fetchall()}
        assert len(kept) == 2 and len(left) == 1 and left < kept
        assert connection.first(_ONE).one == 1


@pytest.mark.parametrize("threshold", ["0", "5", "None"])
def test_every_kind_of_value_comes_back_as_it_went(direct_url, engine_for, threshold):
    """Prepared at once, after a while, and never."""
    engine = engine_for(f"{direct_url}&prepare_threshold={threshold}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE kinds (words varchar(40), number bigint, truth boolean, at timestamptz, us bigint, digest bytea)"
        )
    add = Statement(insert(_KINDS).values({name: bindparam(name) for name in _KINDS.c.keys()}))  # noqa: SIM118
    every = Statement(select(_KINDS).where(_KINDS.c.number >= bindparam("least")).order_by(_KINDS.c.number))
    rows = [
        ("", 0, False, clock.now(), clock.now(), "0" * 64),
        ("ä%s %(a)s $1 '\\\n", 2**62, True, clock.now(), clock.now(), "ab" * 32),
    ]
    with connect(engine) as connection:
        for row in rows:
            assert connection.run(add, **dict(zip(_KINDS.c.keys(), row, strict=True))) == 1
        for _ in range(7):
            assert [tuple(row) for row in connection.all(every, least=0)] == rows
            assert tuple(connection.first(every, least=1)) == rows[1]
            assert connection.first(every, least=2**62 + 1) is None
        nothing = dict.fromkeys(_KINDS.c.keys())
        assert connection.run(add, **nothing | {"number": 1}) == 1
        assert tuple(connection.first(every, least=1))[::2] == (None, None, None)
        names = connection._cursor.execute(_NAMES).fetchall()
    assert bool(names) is (threshold != "None")


def test_text_with_a_nul_is_refused_and_never_cut(direct_url, engine_for):
    engine = engine_for(direct_url)
    same = Statement(select(bindparam("words", type_=String).label("words")))
    with connect(engine) as connection:
        with pytest.raises(psycopg.DataError, match="NUL"):
            connection.first(same, words="one\0two")
        assert connection.first(same, words="two").words == "two"


def test_the_sample_for_operators_works(direct_url, engine_for):
    """``deploy/pgbouncer.ini`` as it is, but for where its files, its users and PostgreSQL are."""
    if missing_pgbouncer():
        pytest.skip(str(missing_pgbouncer()))
    sample = ConfigParser(interpolation=None)
    sample.read(_ROOT / "deploy" / "pgbouncer.ini")
    elsewhere = ("listen_addr", "listen_port", "auth_type", "auth_file", "logfile", "pidfile")
    settings = {name: value for name, value in sample["pgbouncer"].items() if name not in elsewhere}
    assert settings["pool_mode"] == "transaction"
    # Two for each of the four threads of five workers.
    assert int(settings["default_pool_size"]) >= 5 * 2 * 4
    with running_pooler(direct_url, **settings) as pooler:
        ask_often(engine_for(pooler.url))
        assert "invalid value" not in pooler.log


def test_how_dates_are_written_is_said_where_no_options_are_taken(pooled_url, direct_url, engine_for):
    """The pooler keeps it for each of its clients, so nobody else finds it."""
    address = make_url(direct_url)
    with psycopg.connect(for_libpq(address), autocommit=True) as administrator:
        for setting, value in _ODD.items():
            administrator.execute(f"ALTER DATABASE \"{address.database}\" SET {setting} = '{value}'")
    engine = engine_for(pooled_url)
    asked = "SELECT now(), current_setting('TimeZone'), E'a\\\\b' = 'a\\b'"
    with psycopg.connect(for_libpq(make_url(pooled_url)), autocommit=True) as other:
        for _ in range(3):
            with engine.connect() as connection:
                at, zone, is_plain = connection.exec_driver_sql(asked).one()
            assert (at.utcoffset(), zone, is_plain) == (timedelta(0), "UTC", True)
            assert other.execute("SELECT current_setting('DateStyle')").fetchone() == ("German, DMY",)


def test_a_pooler_may_refuse_options_in_words_of_its_own(direct_url, engine_for, monkeypatch, caplog):
    """As Amazon's does, which never answered anything else."""
    connect_anyway, asked = PostgresqlConnection.connect, []

    def refuse(*arguments, **parameters):
        asked.append("options" in parameters)
        if asked[-1]:
            raise psycopg.OperationalError(
                "FATAL:  Feature not supported: RDS Proxy currently doesn’t support command-line options."
            )
        return connect_anyway(*arguments, **parameters)

    monkeypatch.setattr(PostgresqlConnection, "connect", refuse)
    with caplog.at_level(logging.INFO, "app.database.pooling"):
        ask_often(engine_for(direct_url))
    assert asked[:2] == [True, False] and "leads to a connection pooler" in caplog.text


def test_what_this_machine_says_of_dates_is_not_ours(direct_url, engine_for, monkeypatch):
    """libpq sends PGDATESTYLE and PGTZ behind all options."""
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    with engine_for(direct_url).connect() as connection:
        at, zone = connection.exec_driver_sql("SELECT now(), current_setting('TimeZone')").one()
    assert (at.utcoffset(), zone) == (timedelta(0), "UTC")
