"""The statements of one PostgreSQL connection, sent by libpq as they are: psycopg's cursor costs more than the query itself."""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from psycopg import abc, errors, generators
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from app.database.statements.wire import Wire

if TYPE_CHECKING:
    from app.database.postgresql import PostgresqlConnection

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.PIPELINE_ABORTED)


class Answer:
    """The rows that came back, as a cursor gives them, and how many were changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        """Returns the first row, or None."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> Sequence[Any]:
        """Returns every row."""
        return self._rows


class _Known:
    """What a connection knows of one statement."""

    __slots__ = ("name", "reader", "uses")

    def __init__(self) -> None:
        self.uses = 0
        self.name: bytes | None = None
        #: Reads the rows of the prepared statement, whose columns stay what they are.
        self.reader: abc.Transformer | None = None


class Prepared:
    """Runs statements, and prepares those that come often enough, as psycopg's ``prepare_threshold`` says."""

    def __init__(self, connection: "PostgresqlConnection", prefix: bytes) -> None:
        """``prefix`` begins the names of what is prepared; no other connection in the world has it."""
        self._connection = connection
        self._names = (prefix + b"s%d" % number for number in count())
        self._known: dict[Wire, _Known] = {}

    def forget(self) -> None:
        """Prepare all of them anew: the tables have changed."""
        self._known.clear()

    def run(self, wire: Wire, values: Sequence[bytes | None], *, prepare: bool) -> Answer:
        """Returns what the server answers. Raises what psycopg's cursor does."""
        connection = self._connection
        known = self._known.get(wire)
        if known is None:
            known = self._known[wire] = _Known()
        results = connection.wait(self._ask(wire, values, known, prepare))
        result = results[-1]
        if result.status in _FAILED:
            raise errors.error_from_result(result, encoding=connection.info.encoding)
        return Answer(self._read(result, known), result.command_tuples or 0)

    def _ask(self, wire: Wire, values: Sequence[bytes | None], known: _Known, prepare: bool) -> PQGen[list[PGresult]]:
        # Nothing is sent before whoever waits takes the first step: it may find that there is no time left.
        pgconn, threshold = self._connection.pgconn, self._connection.prepare_threshold
        if not prepare or threshold is None:
            known.name = known.reader = None
        elif known.name is None and known.uses >= threshold:
            name = next(self._names)
            pgconn.send_prepare(name, wire.sql, param_types=wire.types)
            results = yield from generators.execute(pgconn)
            if results[-1].status in _FAILED:
                return results
            known.name = name
        known.uses += 1
        if known.name is None:
            pgconn.send_query_params(wire.sql, values, param_types=wire.types, param_formats=wire.formats)
        else:
            pgconn.send_query_prepared(known.name, values, param_formats=wire.formats)
        return (yield from generators.execute(pgconn))

    def _read(self, result: PGresult, known: _Known) -> Sequence[Any]:
        if not result.ntuples:
            return ()
        reader = known.reader
        if reader is None:
            reader = Transformer(self._connection)
            reader.set_pgresult(result)
            if known.name is not None:
                known.reader = reader
        else:
            reader.set_pgresult(result, set_loaders=False)
        rows = reader.load_rows(0, result.ntuples, tuple)
        # Nobody's values are kept in memory until the next call.
        reader.set_pgresult(None, set_loaders=False)
        return rows
