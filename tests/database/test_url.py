"""``DATABASE_URL``: every parameter works, or one sentence at the start says why it cannot."""

import psycopg
import pytest
from sqlalchemy import Text, bindparam, cast, create_engine, make_url, select, text

from app.config import ConfigurationError, read_settings
from app.database.connections import connect
from app.database.engine import engine_options, prepare_engine
from app.database.statements import Statement
from app.database.url import connect_arguments, find_sqlite_wait, read_database_url
from tests.tables import each

NOBODY = "postgresql://user:hunter2@127.0.0.1/db"

#: (URL, what the sentence says)
REFUSED = [
    (f"{NOBODY}?prepare_threshold=x", "prepare_threshold in DATABASE_URL is neither a whole number nor None"),
    (f"{NOBODY}?prepare_threshold=٣", "prepare_threshold"),
    (f"{NOBODY}?prepare_threshold=-1", "prepare_threshold"),
    (f"{NOBODY}?prepare_threshold=", "gives no value for the parameter 'prepare_threshold'"),
    (f"{NOBODY}?prepare_threshold", "gives no value for the parameter 'prepare_threshold'"),
    (f"{NOBODY}?pool_size=5", "has the parameter 'pool_size', which does not exist here"),
    (f"{NOBODY}?autocommit=1", "has the parameter 'autocommit'"),
    (f"{NOBODY}?replication=database", "has the parameter 'replication'"),
    (f"{NOBODY}?sslmode=require&sslmode=disable", "gives the parameter 'sslmode' twice"),
    (f"{NOBODY}?sslmode=secure", 'invalid sslmode value: "secure"'),
    (f"{NOBODY}?target_session_attrs=best", 'invalid target_session_attrs value: "best"'),
    (f"{NOBODY}?ssl_min_protocol_version=9", "ssl_min_protocol_version"),
    (f"{NOBODY}?connect_timeout=soon", "connect_timeout in DATABASE_URL is not a whole number"),
    (f"{NOBODY}?keepalives_idle=1.5", "keepalives_idle in DATABASE_URL is not a whole number"),
    (f"{NOBODY}?client_encoding=latin1", "client_encoding in DATABASE_URL must be utf8"),
    (f"{NOBODY}?service=nowhere", 'definition of service "nowhere" not found'),
    (f"{NOBODY}?password=hunter2", "gives the password twice"),
    (f"{NOBODY}?host=one,two&port=1,2,3", "several hosts and another number of ports"),
    (f"{NOBODY}?application_name=a%00b", "control character"),
    (f"{NOBODY}\n", "control character"),
    (f" {NOBODY}", "a space"),
    ("postgresql://user:hunter2@127.0.0.1:0/db", "the port 0"),
    ("postgresql://user:hunter2@127.0.0.1:70000/db", "invalid port number"),
    ("postgresql+psycopg2://user:hunter2@127.0.0.1/db", "names the database 'postgresql+psycopg2'"),
    ("mysql://user:hunter2@127.0.0.1/db", "names the database 'mysql'"),
    ("jdbc:postgresql://127.0.0.1/db", "is not a database URL"),
    ("sqlite:////tmp/x.sqlite3?mode=ro", "has the parameter 'mode'; with SQLite there is only timeout"),
    ("sqlite:////tmp/x.sqlite3?uri=true", "has the parameter 'uri'"),
    ("sqlite:////tmp/x.sqlite3?timeout=long", "timeout in DATABASE_URL is not a number of seconds"),
    ("sqlite:////tmp/x.sqlite3?timeout=1&timeout=2", "gives the parameter 'timeout' twice"),
    ("sqlite:///file:/tmp/x.sqlite3?mode=ro&uri=true", "names the SQLite file by a URI"),
    ("sqlite://tmp/x.sqlite3", "write four slashes before an absolute path"),
    ("sqlite+aiosqlite:////tmp/x.sqlite3", "names the database 'sqlite+aiosqlite'"),
]


@each(("url", "says"), REFUSED)
def test_what_cannot_work_is_refused_in_one_sentence_without_the_password(url, says, tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read_settings({"DATABASE_URL": url, "SECRET_KEY": "0123456789abcdef" * 2}, tmp_path)
    sentence = str(refused.value)
    assert says in sentence and "DATABASE_URL" in sentence and "hunter2" not in sentence
    assert "\n" not in sentence and sentence.endswith(".")


def test_an_address_in_the_environment_is_not_blamed_on_the_url(monkeypatch):
    """Where a server at it cannot be reached, the start was refused, as if a parameter were wrong."""
    monkeypatch.setenv("PGHOSTADDR", "no address")
    assert "127.0.0.1" in read_database_url(f"{NOBODY}?sslmode=prefer")


@each(
    ("query", "arguments"),
    [
        ("", {"connect_timeout": 10}),
        ("?prepare_threshold=0", {"connect_timeout": 10, "prepare_threshold": 0}),
        ("?prepare_threshold=None", {"connect_timeout": 10, "prepare_threshold": None}),
        ("?connect_timeout=3", {"connect_timeout": 3}),
    ],
)
def test_what_is_no_text_reaches_the_driver_as_what_it_is(query, arguments):
    found = connect_arguments(make_url(read_database_url(NOBODY + query)))
    assert {
        name: value for name, value in found.items() if name in ("connect_timeout", "prepare_threshold")
    } == arguments


def test_idle_connections_are_kept_alive_unless_the_url_says_otherwise():
    """A firewall that forgets a silent connection tells nobody."""
    found = connect_arguments(make_url(read_database_url(NOBODY + "?keepalives_idle=7")))
    assert "keepalives_idle" not in found
    assert {"keepalives_interval", "keepalives_count", "tcp_user_timeout"} <= set(found)


def test_sqlite_waits_as_long_as_the_url_says():
    assert find_sqlite_wait(make_url(read_database_url("sqlite:////tmp/x.sqlite3?timeout=2.5"))) == 2500
    assert find_sqlite_wait(make_url(read_database_url("sqlite:////tmp/x.sqlite3"))) is None


@each(
    ("url", "password"),
    [
        ("postgresql://user:p%40ss%2Fw%3F%23@host/db?sslmode=prefer", "p@ss/w?#"),
        ("postgresql://user:a?b@host/db?sslmode=prefer", "a?b"),
        ("postgresql://user:a b%25+c@host/db?sslmode=prefer", "a b%+c"),
        ("postgresql://user@host/db?sslmode=prefer&password=p%26w", "p&w"),
    ],
)
def test_a_password_may_hold_any_character(url, password):
    read = make_url(read_database_url(url))
    assert (read.password, read.host, read.database, dict(read.query)) == (
        password,
        "host",
        "db",
        {"sslmode": "prefer"},
    )


@each(
    "url",
    [
        "postgresql://user@one:1,two:2/db",
        "postgresql://user@/db?host=one,two&port=1,2",
        "postgresql://user@/db?host=one:1&host=two:2",
        "postgres://user@one:1,two:2/db?target_session_attrs=read-write",
    ],
)
def test_several_hosts_may_be_named_in_each_usual_way(url):
    """libpq's, psycopg's and SQLAlchemy's documentation each show another one."""
    read = make_url(read_database_url(url))
    assert (read.query["host"], read.query["port"], read.database) == ("one,two", "1,2", "db")


@pytest.mark.parametrize("each_database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        "prepare_threshold=0",
        "prepare_threshold=None",
        "connect_timeout=5",
        "application_name=reliquary%20at%20work",
        "options=-c%20statement_timeout%3D7000",
        "target_session_attrs=read-write",
        "sslmode=disable&gssencmode=disable&keepalives=1&keepalives_idle=30&tcp_user_timeout=1000",
        "client_encoding=utf8",
    ],
)
def test_every_parameter_of_postgresql_connects(each_database_url, query):
    # The tests themselves may be run with one of these.
    bare = make_url(each_database_url).difference_update_query(["prepare_threshold"]).render_as_string(False)
    url = read_database_url(f"{bare}{'&' if '?' in bare else '?'}{query}")
    engine = create_engine(url, **engine_options(url))
    with engine.connect() as connection:
        driver: psycopg.Connection = connection.connection.driver_connection
        shown = dict(connection.exec_driver_sql("SELECT name, setting FROM pg_settings").fetchall())
        assert driver.prepare_threshold == connect_arguments(make_url(url)).get("prepare_threshold", 5)
    engine.dispose()
    if "application_name" in query:
        assert shown["application_name"] == "reliquary at work"
    if "options" in query:
        assert shown["statement_timeout"] == "7000"


@pytest.mark.parametrize("each_database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_text_is_sent_in_the_encoding_that_the_session_has(each_database_url, monkeypatch):
    """Whatever an operator's environment says for psql."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    engine = create_engine(each_database_url, **engine_options(each_database_url))
    prepare_engine(engine)
    echo = Statement(select(cast(bindparam("text", type_=Text()), Text()).label("text")))
    with connect(engine) as connection:
        assert connection.first(echo, text="Café \N{SNOWMAN}").text == "Café \N{SNOWMAN}"
    engine.dispose()


@pytest.mark.parametrize("each_database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_the_host_is_where_the_url_says(each_database_url, monkeypatch):
    """Whatever address an operator's environment has for psql."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
    engine = create_engine(each_database_url, **engine_options(each_database_url))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


@each(
    ("url", "host", "port"),
    [
        ("postgresql://user:p%40ss@%2Frun%2Fpostgresql/db", "/run/postgresql", None),
        ("postgres://user:p%40ss@%2Frun%2Fpostgresql:5433/db?application_name=x", "/run/postgresql", "5433"),
        ("postgresql://user:p%40ss@[fe80::1%25eth0]:5433/db", "fe80::1%eth0", "5433"),
    ],
)
def test_a_host_may_be_escaped_as_libpq_takes_it(url, host, port):
    """The folder of a socket, or the zone of an address."""
    read = make_url(read_database_url(url))
    assert (read.query["host"], read.query.get("port"), read.host) == (host, port, None)
    assert (read.username, read.password, read.database) == ("user", "p@ss", "db")
    assert make_url(read_database_url("postgresql://us%2Fer:p%40ss@host:5433/db")).host == "host"
