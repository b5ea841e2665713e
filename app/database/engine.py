"""The engine: what each connection is set to, and how a transaction begins.

Driver connections stay in autocommit, and a transaction begins when we say so. The ORM's
transactions begin through SQLAlchemy's ``begin`` event, as :mod:`app.database.access` says.
"""

import logging
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, ExceptionContext, PoolProxiedConnection, QueuePool, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from app.database.access import begin_orm_writing, is_orm_writing, may_orm_write, note_commit
from app.database.repeat import was_prepared_before
from app.database.sqlite import prepare_sqlite
from app.database.url import connect_arguments
from app.database.waits import Waits

if TYPE_CHECKING:
    from app.database.postgresql import PostgresqlConnection

_waits: WeakKeyDictionary[Engine, Waits] = WeakKeyDictionary()
#: Under this key a connection's ``info`` says that SQLite lets it only read.
ONLY_READS = "only_reads"


def engine_options(database_url: str) -> dict[str, Any]:
    """Returns what SQLAlchemy's ``create_engine`` is to be given for this database."""
    # A row's values, such as an address or a state, have no place in the message of an error that gets logged.
    options: dict[str, Any] = {"hide_parameters": True}
    url = make_url(database_url)
    options["connect_args"] = connect_arguments(url)
    if url.get_backend_name() == "sqlite":
        options["poolclass"] = SqlitePool
    return options


class SqlitePool(QueuePool):
    """Lends whoever only reads a connection that did so before, and whoever writes one that may.

    SQLite compiles every statement of a connection anew once this has been changed.
    """

    def _do_get(self) -> ConnectionPoolEntry:
        kept: Any = self._pool
        only_reads = not may_orm_write()
        with kept.mutex:
            for entry in kept.queue:
                if entry.info.get(ONLY_READS, False) is only_reads:
                    kept.queue.remove(entry)
                    return cast(ConnectionPoolEntry, entry)
            is_full = len(kept.queue) >= kept.maxsize
        if is_full or not self._inc_overflow():
            return super()._do_get()
        try:
            return self._create_connection()
        except BaseException:
            self._dec_overflow()
            raise


# SQLAlchemy writes what a pool does under the name of its class. As that is ours, it would be logged at each start.
logging.getLogger(f"{SqlitePool.__module__}.{SqlitePool.__name__}").setLevel(logging.WARNING)


def prepare_engine(engine: Engine, synchronous: str = "normal") -> None:
    """Attach the connection settings and the transaction rule to a new engine.

    ``synchronous`` is SQLite's: ``full`` waits for the disk at each commit. PostgreSQL has a setting of its own.
    """
    event.listen(engine, "commit", _note_commit)
    event.listen(engine, "handle_error", _give_up_connection)
    if engine.dialect.name == "sqlite":
        _waits[engine] = prepare_sqlite(engine, synchronous)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        from app.database.connecting import Connector

        connector = Connector()
        _waits[engine] = connector.waits
        event.listen(engine, "do_connect", connector)
        event.listen(engine, "checkout", _refuse_dead_postgresql_connection)
        event.listen(engine, "begin", _begin_postgresql)


def _give_up_connection(context: ExceptionContext) -> None:
    # And a connection whose COMMIT or ROLLBACK failed: nobody may find it in a transaction.
    cannot_end = context.statement is None and context.connection is not None
    if cannot_end or was_prepared_before(context.original_exception):
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


def _note_commit(_connection: Connection) -> None:
    if is_orm_writing():
        note_commit()


def serve_requests(engine: Engine, threads: int) -> None:
    """Say that this process answers requests in so many threads: one of them is always left that waits for no database."""
    _waits[engine].most_long = max(1, threads - 1)


def _begin_sqlite(connection: Connection) -> None:
    only_reads = not may_orm_write()
    if connection.info.get(ONLY_READS, False) != only_reads:
        let_write(connection.connection, not only_reads)
    if only_reads:
        connection.exec_driver_sql("BEGIN")
        return
    begin_orm_writing(connection)
    # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT
    # when another writer came between, whatever the busy timeout. So writers queue up front.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def let_write(connection: PoolProxiedConnection, may_write: bool) -> None:
    """Set whether SQLite lets this connection write. It stays so until it is set anew, also in the pool."""
    cast(Any, connection.driver_connection).execute(f"PRAGMA query_only={'OFF' if may_write else 'ON'}")
    connection.info[ONLY_READS] = not may_write


def _refuse_dead_postgresql_connection(connection: "PostgresqlConnection", _record: object, _proxy: object) -> None:
    # A server that restarts or hangs up leaves an end-of-file to read on a connection that should be silent.
    # Looking costs a microsecond; asking the server, as pool_pre_ping does, would double the round trips.
    if not connection.is_alive():
        raise InvalidatePoolError("The database closed this connection.")


def _begin_postgresql(connection: Connection) -> None:
    begin = cast("PostgresqlConnection", connection.connection.driver_connection).begin
    if not may_orm_write():
        connection.exec_driver_sql(begin("READ ONLY"))
        return
    begin_orm_writing(connection)
    connection.exec_driver_sql(begin())
