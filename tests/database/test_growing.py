"""A statement that was prepared while its table was small is as good when the table has grown."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, create_engine, select

from app.database.connections import connect
from app.database.engine import engine_options, prepare_engine, serve_requests
from app.database.statements import Statement
from tests.databases import missing_postgresql

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql())),
]

_NOTES = Table("notes", MetaData(), Column("id", Integer, primary_key=True))
_FIND = Statement(select(_NOTES.c.id).where(_NOTES.c.id == bindparam("number")))
_WHOLE_READS = "SELECT pg_stat_get_xact_numscans('notes'::regclass)"
#: After so many calls PostgreSQL plans a statement once for all.
_CALLS = 10


@pytest.fixture
def engine(sorted_database_url):
    engine = create_engine(sorted_database_url, **engine_options(sorted_database_url))
    prepare_engine(engine)
    serve_requests(engine, 4)
    with engine.begin() as connection:
        _NOTES.create(connection)
        connection.exec_driver_sql("INSERT INTO notes SELECT generate_series(1, 10)")
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE notes")
    yield engine
    engine.dispose()


def test_a_worker_finds_a_row_by_its_index_however_small_the_table_was(engine):
    """PostgreSQL would read ten rows as a whole, and go on to until it counts the table anew: for a minute at the least."""
    with connect(engine) as connection, connection.transaction():
        before = connection._driver.execute(_WHOLE_READS).fetchone()
        for number in range(_CALLS):
            connection.first(_FIND, number=number)
        assert connection._driver.execute(_WHOLE_READS).fetchone() == before


def test_what_no_index_serves_is_read_all_the_same_and_soon(engine):
    """Such a plan counts as dear as none, and would be compiled to machine code each time."""
    dear = "EXPLAIN ANALYZE SELECT count(*) FROM notes one, notes other WHERE one.ctid < other.ctid"
    with engine.connect() as connection:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(dear))
    assert "Seq Scan" in plan and "JIT" not in plan
