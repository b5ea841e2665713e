"""How a connection to PostgreSQL is made: within the patience of whoever needs it."""

import re
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg

from app.database.away import NoAnswer, NotAsked
from app.database.hosts import connect_to_first
from app.database.patience import Patience, find_patience
from app.database.pooling import Pooling
from app.database.postgresql import OPTIONS, SERVING_OPTIONS, PostgresqlConnection
from app.database.waits import LONG_SECONDS, Waits

#: Seconds for which a probe waits for each answer.
_PROBE_SECONDS = 2
#: Seconds without an answer after which one that serves is silent also to whoever has no patience; statements end before.
_SILENT_SECONDS = 60.0
#: For commands and migrations, whatever the role or the database has for a default.
_AS_LONG_AS_IT_TAKES = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
#: How poolers refuse options: pgbouncer and those like it, and Amazon's.
_REFUSAL = re.compile("startup parameter|command-line option")
#: In ``options``: a backslash stands before a space that belongs to a value.
_OPTION = re.compile(r"(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)")
#: What the server tells of each session, and how we read and write in it. A pooler keeps these for each of its clients.
_TOLD = {"DateStyle": "ISO", "TimeZone": "UTC", "standard_conforming_strings": "on"}


class Connector:
    """Makes the connections of one engine, as SQLAlchemy's event ``do_connect`` asks for them."""

    def __init__(self) -> None:
        self.waits = Waits(self._probe)
        self.pooling = Pooling()
        self._takes_options = True
        self._how: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def __call__(
        self, _dialect: object, _record: object, arguments: tuple[Any, ...], parameters: dict[str, Any]
    ) -> PostgresqlConnection:
        """Returns a new connection. Raises what psycopg does, :class:`NoAnswer` and :class:`NotAsked`."""
        self._how = (tuple(arguments), dict(parameters))
        patience = find_patience()
        if patience is None:
            return self._make()
        if self.waits.are_closed or patience.left <= 0.0:
            self.waits.check(patience)
        return _Making(self._make).wait(self.waits, patience)

    def _make(self, **changes: Any) -> PostgresqlConnection:
        parameters = {**self._how[1], **changes}
        made = self._connect(parameters)
        made.autocommit = True
        made.belong_to(self.waits, self.pooling)
        made.longest_wait = float(parameters.get("connect_timeout", _PROBE_SECONDS))
        # A pooler answers with a number of its own: the session that runs this is another.
        pid = made.execute("SELECT pg_backend_pid()").fetchone()
        if pid is not None and pid[0] != made.pgconn.backend_pid:
            self.pooling.notice(keep_preparing=parameters.get("prepare_threshold") is not None)
        if self.pooling.is_noticed and "options" in parameters:
            _check_options(made, str(parameters["options"]))
        _say_what_was_not_taken(made)
        # For what a server does beside its requests: it would wait for ever where another server has taken this one's place.
        made.longest_wait = None if self.waits.most_long is None else _SILENT_SECONDS
        return made

    def _connect(self, parameters: dict[str, Any]) -> PostgresqlConnection:
        if self.pooling.is_noticed or not self._takes_options:
            return connect_to_first(parameters, self._connect_to)
        ours = f"{OPTIONS} {_AS_LONG_AS_IT_TAKES}" if self.waits.most_long is None else SERVING_OPTIONS
        options = f"{ours} {parameters.get('options', '')}".rstrip()
        try:
            return connect_to_first({**parameters, "options": options}, self._connect_to)
        except psycopg.OperationalError as error:
            if not _REFUSAL.search(str(error)):
                raise
        # A pooler, which refuses what it cannot keep.
        self._takes_options = False
        self.pooling.notice(keep_preparing=parameters.get("prepare_threshold") is not None)
        return connect_to_first(parameters, self._connect_to)

    def _connect_to(self, parameters: dict[str, Any]) -> PostgresqlConnection:
        return PostgresqlConnection.connect(*self._how[0], **parameters)

    def _probe(self) -> None:
        # Making one asks something already.
        self._make(connect_timeout=_PROBE_SECONDS).close()


def _say_what_was_not_taken(made: PostgresqlConnection) -> None:
    # A pooler takes no options, and PGDATESTYLE and PGTZ win against them.
    for name, value in _TOLD.items():
        told = made.info.parameter_status(name)
        if told is not None and not told.startswith(value):
            made.execute(f"SET {name} = {value}")


def _check_options(made: PostgresqlConnection, options: str) -> None:
    """Raises an ``OperationalError`` where a pooler took the options of DATABASE_URL and passed one of them on to nobody."""
    for name, value in _OPTION.findall(options):
        # What it is, and how the server writes what it was to be. The second holds for this statement alone.
        asked = "SELECT current_setting(%s, true), set_config(%s, %s, true)"
        found = made.execute(asked, (name, name, re.sub(r"\\(.)", r"\1", value))).fetchone()
        if found is not None and found[0] != found[1]:
            made.close()
            raise psycopg.OperationalError(f"the connection pooler does not pass on {name} of the options")


class _Making:
    """A connection that is being made by a thread of its own: looking up a host's name knows no bound of ours."""

    def __init__(self, make: Callable[[], PostgresqlConnection]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_given_up = False
        self._made: PostgresqlConnection | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="database-connect", daemon=True).start()

    def wait(self, waits: Waits, patience: Patience) -> PostgresqlConnection:
        """Returns the connection. Raises why there is none."""
        began = monotonic()
        if not self._done.wait(min(LONG_SECONDS, patience.left)):
            try:
                waits.begin_long()
            except NotAsked:
                if self._give_up():
                    raise
            else:
                try:
                    self._done.wait(max(0.0, patience.left - (monotonic() - began)))
                finally:
                    waits.end_long()
                if self._give_up():
                    # Also where it failed: what takes so long to fail is not to be tried by each.
                    raise waits.give_up(patience) from self._error
        patience.spend(monotonic() - began, "connection")
        if self._made is None:
            raise self._error or NoAnswer()
        return self._made

    def _run(self) -> None:
        try:
            made = self._make()
        except Exception as error:
            self._error = error
        else:
            with self._lock:
                if not self._is_given_up:
                    self._made = made
            if self._made is None:
                made.close()
        self._done.set()

    def _give_up(self) -> bool:
        """Take it no more, unless it is there. Returns whether it is not."""
        with self._lock:
            self._is_given_up = self._made is None
            return self._is_given_up
