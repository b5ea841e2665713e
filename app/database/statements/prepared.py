"""The statements of one PostgreSQL connection, sent by libpq as they are: psycopg's cursor costs more than the query itself."""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import abc, errors, generators
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from app.database.statements.wire import Wire

if TYPE_CHECKING:
    from app.database.postgresql import PostgresqlConnection

#: What says that a prepared statement is missing, another's, or no longer what it was. Nothing has been done then.
UNPREPARED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.FeatureNotSupported)
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


class Question:
    """One of several statements that are asked at once."""

    __slots__ = ("answer", "error", "is_open", "values", "wire", "writes")

    def __init__(self, wire: Wire, values: Sequence[bytes | None], writes: bool) -> None:
        self.wire, self.values, self.writes = wire, values, writes
        #: Whether it was sent, and nobody knows yet what was done.
        self.is_open = False
        #: None where nothing was done, and it is to be asked once more, by itself.
        self.answer: Answer | None = None
        #: Why nobody will ever know.
        self.error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """The connection was lost."""
        if self.is_open and self.writes:
            self.error = error


class _Known:
    """What a connection knows of one statement."""

    __slots__ = ("name", "reader", "uses")

    def __init__(self) -> None:
        self.uses = 0
        self.name: bytes | None = None
        #: Reads the rows of the prepared statement, whose columns stay what they are.
        self.reader: abc.Transformer | None = None


class _Asked:
    """A question on its way."""

    __slots__ = ("known", "prepares", "question", "result")

    result: PGresult

    def __init__(self, question: Question, known: _Known) -> None:
        self.question, self.known, self.prepares = question, known, False


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
        known = self._find(wire)
        results = self._connection.wait(self._ask(wire, values, known, prepare))
        result = results[-1]
        if result.status in _FAILED:
            raise self._error_of(result)
        return self._answer(result, known)

    def _ask(self, wire: Wire, values: Sequence[bytes | None], known: _Known, prepare: bool) -> PQGen[list[PGresult]]:
        # Nothing is sent before whoever waits takes the first step: it may find that there is no time left.
        pgconn = self._connection.pgconn
        if self._wants_name(known, prepare):
            self._send_prepare(wire, known)
            results = yield from generators.execute(pgconn)
            if results[-1].status in _FAILED:
                known.name = None
                return results
        self._send(wire, values, known)
        return (yield from generators.execute(pgconn))

    def run_all(self, questions: Sequence[Question], *, prepare: bool) -> psycopg.Error | None:
        """Give each question what the server answers, in one round trip. Each that writes is a transaction of its own.

        Returns what says that a statement is not prepared as it was. Raises where the connection is lost, or must be.
        """
        reads = [one for one in questions if not one.writes]
        parts = [[one] for one in questions if one.writes]
        asked = [[_Asked(one, self._find(one.wire)) for one in part] for part in (reads, *parts) if part]
        self._connection.wait(self._ask_all(asked, prepare))
        failed = [one for part in asked for one in part if one.result.status in _FAILED]
        new = {one.known for one in failed if one.prepares}
        for known in new:
            known.name = None
        found = [self._error_of(one.result) for one in failed if one.known not in new]
        return next((error for error in found if isinstance(error, UNPREPARED)), None)

    def _ask_all(self, parts: Sequence[Sequence["_Asked"]], prepare: bool) -> PQGen[None]:
        pgconn = self._connection.pgconn
        pgconn.enter_pipeline_mode()
        for part in parts:
            for one in part:
                if self._wants_name(one.known, prepare):
                    one.prepares = True
                    self._send_prepare(one.question.wire, one.known)
                self._send(one.question.wire, one.question.values, one.known)
                one.question.is_open = True
            pgconn.pipeline_sync()
        while pgconn.flush():
            if (yield Wait.RW) & Ready.R:
                pgconn.consume_input()
        for part in parts:
            for one in part:
                if one.prepares:
                    yield from _fetch(pgconn)
                one.result = yield from _fetch(pgconn)
            synced = yield from _fetch(pgconn)
            if synced.status != ExecStatus.PIPELINE_SYNC:
                raise self._error_of(synced)
            for one in part:
                one.question.is_open = False
                if one.result.status not in _FAILED:
                    one.question.answer = self._answer(one.result, one.known)
        pgconn.exit_pipeline_mode()

    def _find(self, wire: Wire) -> _Known:
        known = self._known.get(wire)
        if known is None:
            known = self._known[wire] = _Known()
        return known

    def _wants_name(self, known: _Known, prepare: bool) -> bool:
        """Returns whether a statement is to be prepared now."""
        threshold = self._connection.prepare_threshold
        if not prepare or threshold is None:
            known.name = known.reader = None
            return False
        return known.name is None and known.uses >= threshold

    def _send_prepare(self, wire: Wire, known: _Known) -> None:
        known.name = next(self._names)
        self._connection.pgconn.send_prepare(known.name, wire.sql, param_types=wire.types)

    def _send(self, wire: Wire, values: Sequence[bytes | None], known: _Known) -> None:
        pgconn = self._connection.pgconn
        known.uses += 1
        if known.name is None:
            pgconn.send_query_params(wire.sql, values, param_types=wire.types, param_formats=wire.formats)
        else:
            pgconn.send_query_prepared(known.name, values, param_formats=wire.formats)

    def _error_of(self, result: PGresult) -> psycopg.Error:
        return errors.error_from_result(result, encoding=self._connection.info.encoding)

    def _answer(self, result: PGresult, known: _Known) -> Answer:
        return Answer(self._read(result, known), result.command_tuples or 0)

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


def _fetch(pgconn: PGconn) -> PQGen[PGresult]:
    results = yield from generators.fetch_many(pgconn)
    if not results:
        raise errors.OperationalError("The connection to the database is lost.")
    return results[-1]
