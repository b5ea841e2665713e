"""A request has two doors to the database, and never waits at one for what it holds at the other: on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, registry

from app.database import engine as database_engine
from app.database.access import (
    EVERYTHING,
    Access,
    MayNotWrite,
    WaitsForItself,
    expect_reads,
    expect_writes,
    is_orm_writing,
    outside_transaction,
    read_anew,
    set_access,
)
from app.database.connections import connect
from app.database.engine import engine_options, let_write, prepare_engine
from app.database.sqlite import let_create
from app.database.statements import Statement

_metadata = MetaData()
_things = Table("things", _metadata, Column("id", Integer, primary_key=True), Column("name", String(50)))
_INSERT = Statement(insert(_things).values(id=bindparam("thing"), name=bindparam("called")))
_INSERT_AND_TELL = Statement(insert(_things).values(id=bindparam("thing"), name="told").returning(_things.c.id))
_LIST = Statement(select(_things.c.id).order_by(_things.c.id))


class Thing:
    """A row, for the ORM."""


registry().map_imperatively(Thing, _things)


@pytest.fixture
def engine(each_database_url) -> Iterator[Engine]:
    engine = create_engine(each_database_url, pool_size=1, max_overflow=2, **engine_options(each_database_url))
    prepare_engine(engine)
    with let_create():
        _metadata.create_all(engine)
    yield engine
    set_access(EVERYTHING)
    _metadata.drop_all(engine)
    engine.dispose()


def _ids(engine: Engine) -> list[int]:
    with connect(engine) as connection:
        return [row.id for row in connection.all(_LIST)]


# -- where the ORM only reads --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", [insert(_things).values(id=1), update(_things).values(name="x")], ids=["insert", "update"]
)
def test_where_the_orm_only_reads_the_database_refuses_it_to_write(engine, statement):
    with expect_reads(), Session(engine) as session:
        assert session.scalars(select(_things.c.id)).all() == []
        with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
            session.execute(statement)


@pytest.mark.parametrize("each_database_url", ["postgresql"], indirect=True)
def test_where_the_orm_only_reads_it_locks_no_row(engine):
    with expect_reads(), Session(engine) as session, pytest.raises(DBAPIError, match="read-only transaction"):
        session.execute(select(_things.c.id).with_for_update())


def test_who_only_read_may_write_again_on_the_same_connection(engine):
    """The pool holds one connection, and what SQLite was told of it stays with it."""
    for number in range(3):
        with expect_reads(), Session(engine) as session:
            assert len(session.scalars(select(_things.c.id)).all()) == number
        with Session(engine) as session:
            session.execute(insert(_things).values(id=number))
            session.commit()
    assert _ids(engine) == [0, 1, 2]


@pytest.mark.parametrize("each_database_url", ["sqlite"], indirect=True)
def test_who_reads_and_who_writes_have_a_connection_each_where_the_pool_has_room(each_database_url, monkeypatch):
    """What SQLite is told of a connection has it compile every statement anew."""
    changes = []
    monkeypatch.setattr(database_engine, "let_write", lambda *told: (changes.append(told), let_write(*told)))
    roomy = create_engine(each_database_url, **engine_options(each_database_url))
    prepare_engine(roomy)
    with let_create():
        _metadata.create_all(roomy)
    for number in range(3):
        with expect_reads(), Session(roomy) as session:
            assert len(session.scalars(select(_things.c.id)).all()) == number
            with pytest.raises(DBAPIError, match="readonly"):
                session.execute(insert(_things).values(id=number))
        with Session(roomy) as session:
            session.execute(insert(_things).values(id=number))
            session.commit()
    assert len(changes) == 1
    with expect_reads(), connect(roomy) as connection:
        connection.run(_INSERT, thing=3, called="three")
        # It may write whatever the ORM may, and has left it the one that only reads.
        with Session(roomy) as session:
            assert len(session.scalars(select(_things.c.id)).all()) == 4
    assert len(changes) == 1
    roomy.dispose()


def test_a_driver_connection_writes_on_a_connection_on_which_the_orm_only_read(engine):
    with expect_reads(), Session(engine) as session:
        session.scalars(select(_things.c.id)).all()
    with connect(engine) as connection:
        connection.run(_INSERT, thing=1, called="one")
    assert _ids(engine) == [1]


def test_a_driver_connection_writes_beside_the_orm_that_only_reads(engine):
    """So it is on the way through an authorization request."""
    with expect_reads(), Session(engine) as session, connect(engine) as connection:
        assert session.scalars(select(_things.c.id)).all() == []
        connection.run(_INSERT, thing=1, called="one")
        with connection.transaction():
            connection.run(_INSERT, thing=2, called="two")
            session.scalars(select(_things.c.name)).all()
        read_anew(session)
        assert session.scalars(select(_things.c.id)).all() == [1, 2]


def test_a_function_may_be_one_that_only_reads(engine):
    @expect_reads()
    def write() -> None:
        with Session(engine) as session:
            session.execute(insert(_things).values(id=1))

    for _ in range(2):
        with pytest.raises(DBAPIError):
            write()


# -- one writer a request ------------------------------------------------------------------------------


def _write_by_the_orm(engine: Engine) -> Session:
    session = Session(engine)
    session.execute(insert(_things).values(id=1))
    return session


def _in_transaction(connection) -> None:
    with connection.transaction():
        raise AssertionError("It was let in.")


@pytest.mark.parametrize(
    "write",
    [
        lambda connection: connection.run(_INSERT, thing=2, called="two"),
        lambda connection: connection.first(_INSERT_AND_TELL, thing=2),
        _in_transaction,
    ],
    ids=["run", "first", "transaction"],
)
def test_a_driver_connection_does_not_wait_for_the_orm_of_its_own_request(engine, write):
    """On SQLite it would wait for ten seconds, and then fail; on PostgreSQL perhaps for ever."""
    with _write_by_the_orm(engine) as session, connect(engine) as connection:
        with pytest.raises(WaitsForItself):
            write(connection)
        assert connection.all(_LIST) == []
        session.commit()
        connection.run(_INSERT, thing=3, called="three")
    assert _ids(engine) == [1, 3]


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_once_the_orm_is_done_a_driver_connection_writes(engine, end):
    session = _write_by_the_orm(engine)
    assert is_orm_writing()
    getattr(session, end)()
    assert not is_orm_writing()
    with connect(engine) as connection, connection.transaction():
        connection.run(_INSERT, thing=2, called="two")


def test_the_orm_does_not_wait_for_the_transaction_of_a_driver_connection(engine):
    with connect(engine) as connection, connection.transaction():
        connection.run(_INSERT, thing=1, called="one")
        with Session(engine) as session, pytest.raises(WaitsForItself):
            session.scalars(select(_things.c.id)).all()
    assert _ids(engine) == [1]


def _write_by_the_orm_elsewhere(engine: Engine) -> None:
    with Session(engine) as session:
        session.execute(insert(_things).values(id=9))
        session.commit()


def test_a_transaction_that_failed_to_begin_keeps_nobody_out(engine):
    with connect(engine) as connection:
        with pytest.raises(ZeroDivisionError), connection.transaction():
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError), _write_by_the_orm(engine):
            raise ZeroDivisionError
        connection.run(_INSERT, thing=1, called="one")
    _write_by_the_orm_elsewhere(engine)
    assert _ids(engine) == [1, 9]


def test_only_one_transaction_of_the_orm_writes(engine):
    with _write_by_the_orm(engine), pytest.raises(WaitsForItself), engine.begin():
        pass


# -- what the door says --------------------------------------------------------------------------------


@pytest.mark.parametrize("notes", [True, False])
def test_where_nothing_is_written_not_even_a_visit_is(engine, notes):
    """A visit is noted in memory, and written down later: no reader waits for that."""
    set_access(Access(orm_writes=False, driver_writes=False, notes=notes))
    with connect(engine) as connection:
        for write in (connection.run, connection.first):
            with pytest.raises(MayNotWrite):
                write(_INSERT, thing=1, called="one")
        with pytest.raises(MayNotWrite):
            _in_transaction(connection)
    assert _ids(engine) == []


def test_one_transaction_may_be_let_write_where_the_orm_only_reads(engine):
    with expect_reads():
        with expect_writes(), Session(engine) as session:
            session.execute(insert(_things).values(id=1))
            session.commit()
        with Session(engine) as session, pytest.raises(DBAPIError):
            session.execute(insert(_things).values(id=2))
    assert _ids(engine) == [1]


# -- letting go ----------------------------------------------------------------------------------------


def test_nobody_waits_for_what_is_done_outside_a_transaction(engine):
    with Session(engine) as session:
        session.scalars(select(_things.c.id)).all()
        assert is_orm_writing()
        with outside_transaction(session):
            assert not is_orm_writing()
            with connect(engine) as connection:
                connection.run(_INSERT, thing=1, called="one")
        assert session.scalars(select(_things.c.id)).all() == [1]


def test_what_was_changed_is_not_let_go(engine):
    with Session(engine) as session:
        thing = Thing()
        thing.id = 1
        session.add(thing)
        with pytest.raises(RuntimeError, match="Commit it"):
            read_anew(session)
        with pytest.raises(RuntimeError), outside_transaction(session):
            pass
        session.commit()
    assert _ids(engine) == [1]
