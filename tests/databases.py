"""Databases for tests: SQLite files, and databases in one temporary PostgreSQL cluster shared by all test processes.

``TEST_DATABASE=postgresql`` runs the whole suite on PostgreSQL. ``TEST_POSTGRESQL_LOCALE`` says how its databases
compare text: ``C.UTF-8``, ``en_US.UTF-8`` or another locale of the machine, or ``icu:en-US`` for one of ICU's; by code
point if unset. ``TEST_DATABASE_PARAMETERS=prepare_threshold=None`` runs it without prepared statements, as behind a pooler
that loses them. ``TEST_POSTGRESQL_URL`` names a server to use instead of a temporary cluster; its role must be allowed to
create databases.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, MetaData, Table, insert, make_url, select

from app.database.connections import connect

#: The database that the suite runs on: ``sqlite`` or ``postgresql``.
BACKEND = os.environ.get("TEST_DATABASE") or "sqlite"

#: How PostgreSQL's databases compare text where a column does not say; empty for by code point.
LOCALE = os.environ.get("TEST_POSTGRESQL_LOCALE") or ""

#: The URL of a server that somebody else runs, if the cluster is not ours.
EXTERNAL_SERVER = os.environ.get("TEST_POSTGRESQL_URL")
#: What the address of each PostgreSQL database says beside its own.
_PARAMETERS = os.environ.get("TEST_DATABASE_PARAMETERS") or ""
_START_SECONDS = 60
_LOCK_SECONDS = 20


@cache
def missing_postgresql() -> str | None:
    """Why there can be no PostgreSQL here, or None when there can."""
    if EXTERNAL_SERVER:
        return None
    missing = [name for name in ("initdb", "pg_ctl") if _program(name) is None]
    return f"PostgreSQL server programs ({', '.join(missing)}) not found" if missing else None


@contextmanager
def new_database(backend: str, cluster: "Cluster", directory: Path, locale: str = LOCALE) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards: a file in ``directory``, or one in the cluster."""
    name = f"reliquary_test_{os.getpid()}_{secrets.token_hex(4)}"
    if backend == "sqlite":
        yield f"sqlite:///{directory / name}.sqlite3"
        return
    server = cluster.url()
    try:
        administer(server, f'CREATE DATABASE "{name}" {_collation(locale)}')
    except psycopg.errors.WrongObjectType as error:
        how = f"make it with: localedef -i {locale.partition('.')[0]} -f UTF-8 {locale}"
        raise RuntimeError(f"This machine lacks the locale {locale}; {how}, or take icu:en-US.") from error
    try:
        url = server.set(database=name).update_query_string(_PARAMETERS)
        yield url.render_as_string(hide_password=False)
    finally:
        administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def database_in(encoding: str, cluster: "Cluster") -> Iterator[str]:
    """The URL of an empty database of PostgreSQL that stores text so, and is gone afterwards."""
    name = f"reliquary_test_{os.getpid()}_{secrets.token_hex(4)}"
    server = cluster.url()
    administer(server, f"CREATE DATABASE \"{name}\" ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def copy_database(source: str, target: str, cluster: "Cluster") -> None:
    """Make the empty database ``target`` hold all that ``source`` does. Nobody may be connected to either."""
    source_url, target_url = make_url(source), make_url(target)
    if target_url.get_backend_name() == "sqlite":
        shutil.copyfile(source_url.database, target_url.database)
        return
    server = cluster.url()
    administer(server, f'DROP DATABASE "{target_url.database}"')
    administer(server, f'CREATE DATABASE "{target_url.database}" TEMPLATE "{source_url.database}"')


def _collation(locale: str) -> str:
    if not locale:
        return ""
    if locale.startswith("icu:"):
        return f"LOCALE_PROVIDER icu ICU_LOCALE '{locale.removeprefix('icu:')}' TEMPLATE template0"
    return f"LOCALE '{locale}' TEMPLATE template0"


def empty_tables(engine: Engine, metadata: MetaData) -> None:
    """Delete every row of every table. Tables without rows, which are most, cost next to nothing."""
    for _ in range(3):
        # A server that still notes what was asked of it may hold what this waits for, and wait for what this holds.
        with suppress(sqlite3.OperationalError, psycopg.OperationalError):
            return _empty_tables(engine, metadata)
    return _empty_tables(engine, metadata)


class KeptRows:
    """Every row as it stands now. :meth:`put_back` makes the tables hold these again, and nothing else."""

    def __init__(self, engine: Engine, metadata: MetaData):
        self._kept = _KeptInFile(engine, metadata) if engine.dialect.name == "sqlite" else _Kept(engine, metadata)

    def put_back(self) -> None:
        """Costs next to nothing where nobody has written, and little where few rows are others."""
        self._kept.put_back()


class _Kept:
    """On any database."""

    def __init__(self, engine: Engine, metadata: MetaData):
        self._engine, self._metadata = engine, metadata
        with engine.begin() as connection:
            filled = find_filled(connection, metadata)
            self._rows = [
                (table, [dict(row) for row in connection.execute(select(table)).mappings()])
                for table in tables_in_order(metadata)
                if table.name in filled
            ]

    def put_back(self) -> None:
        with self._engine.begin() as connection:
            filled = find_filled(connection, self._metadata)
            for table in reversed(self._metadata.sorted_tables):
                if table.name in filled:
                    connection.exec_driver_sql(f'DELETE FROM "{table.name}"')
            for table, rows in self._rows:
                connection.execute(insert(table), rows)


class _KeptInFile:
    """On SQLite: by a connection of its own, which asks for no row that another refers to, and writes what has changed."""

    def __init__(self, engine: Engine, metadata: MetaData):
        self._file = _open_file(engine.url.database)
        self._names, self._look = _look_at(metadata)
        self._insertions: dict[str, str] = {}
        self._version = self._read_version()
        self._rows = {name: self._read_rows(name) for name in self._read(self._look)}

    def put_back(self) -> None:
        if (version := self._read_version()) == self._version:
            return
        with self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for name in self._rows.keys() | self._read(self._look):
                self._put_back_in(name)
        self._version = version[0], self._file.total_changes

    def _put_back_in(self, name: str) -> None:
        kept, found = self._rows.get(name, {}), self._read_rows(name)
        if found != kept:
            wrong = [(id,) for id, row in found.items() if kept.get(id) != row]
            self._file.executemany(f'DELETE FROM "{name}" WHERE rowid = ?', wrong)
            missing = [row for id, row in kept.items() if found.get(id) != row]
            self._file.executemany(self._insertion(name), missing)

    def _read_rows(self, name: str) -> dict[int, tuple]:
        return {row[0]: row for row in self._file.execute(f'SELECT rowid, * FROM "{name}"')}

    def _insertion(self, name: str) -> str:
        if name not in self._insertions:
            columns = self._read(f"SELECT name FROM pragma_table_info('{name}')")
            places = ", ".join("?" * (1 + len(columns)))
            self._insertions[name] = f"""INSERT INTO "{name}" (rowid, "{'", "'.join(columns)}") VALUES ({places})"""
        return self._insertions[name]

    def _read(self, query: str) -> list[Any]:
        return [one for (one,) in self._file.execute(query)]

    def _read_version(self) -> tuple[int, int]:
        # The first changes when another connection commits, the second when this one writes.
        return self._read("PRAGMA data_version")[0], self._file.total_changes


@cache
def _open_file(path: str) -> sqlite3.Connection:
    # To open it anew takes as long as to put a few rows back.
    return sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)


def _empty_tables(engine: Engine, metadata: MetaData) -> None:
    names, look = _look_at(metadata)
    with connect(engine) as connection, connection.transaction():
        cursor = connection._cursor
        filled = {name for (name,) in cursor.execute(look).fetchall()}
        for name in reversed(names):
            if name in filled:
                cursor.execute(f'DELETE FROM "{name}"')


def read_rows(engine: Engine, metadata: MetaData) -> dict[str, list[str]]:
    """Every row of the tables that have any, as text. Whoever looks at a database many times looks by this."""
    with engine.begin() as connection:
        return {
            name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()))
            for name in find_filled(connection, metadata)
        }


def find_filled(connection: Connection, metadata: MetaData) -> set[str]:
    """The names of the tables that have rows."""
    return {name for (name,) in connection.exec_driver_sql(_look_at(metadata)[1])}


@cache
def tables_in_order(metadata: MetaData) -> list[Table]:
    """Returns the tables, each behind those that it refers to; to sort them takes a millisecond."""
    return metadata.sorted_tables


@cache
def _look_at(metadata: MetaData) -> tuple[list[str], str]:
    """Returns the tables, and a query that names those with rows.

    One look at all of them; a DELETE or TRUNCATE each would cost more than most tests do.
    """
    names = [table.name for table in tables_in_order(metadata)]
    looks = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
    return names, " UNION ALL ".join(looks)


class Cluster:
    """A PostgreSQL cluster in a private directory, reached by its Unix socket alone.

    Every test process has an object of this class for the same directory; the first that asks for the URL
    starts the server, and the process that made the directory stops it.
    """

    def __init__(self, directory: Path):
        self._directory = directory
        self._data = directory / "data"
        self._socket = directory / "socket"

    @classmethod
    def in_new_directory(cls) -> "Cluster":
        """A cluster that nobody has started yet."""
        return cls(Path(tempfile.mkdtemp(prefix="reliquary-tests-")))

    @property
    def directory(self) -> str:
        """What another process needs to know to share the cluster."""
        return str(self._directory)

    def url(self) -> URL:
        """The server's URL, with a role that may create databases. Starts the server if nobody has."""
        if EXTERNAL_SERVER:
            return make_url(EXTERNAL_SERVER).set(drivername="postgresql+psycopg")
        with open(self._directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._socket.exists():
                self._start()
        return URL.create(
            "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(self._socket)}
        )

    def stop(self) -> None:
        """End the server, if it was started, and remove its directory."""
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            # Nothing in it is worth a checkpoint: SIGQUIT is PostgreSQL's immediate shutdown.
            os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self) -> None:
        owner = cluster_owner()
        for directory in (self._directory, self._data, self._socket):
            directory.mkdir(mode=0o700, exist_ok=True)
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        how = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")
        _run_as(owner, "initdb", *how, "--pgdata", str(self._data))
        self.start_again()

    def start_again(self) -> None:
        """Start the server on the data that is there."""
        owner = cluster_owner()
        # Sized for many short-lived connections and no durability at all.
        settings = f"-k {self._socket} -c listen_addresses= -c max_connections=200 -c fsync=off"
        settings += " -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
        # A test that waits for a lock that nobody will let go of is to fail, not to hang.
        settings += " -c lock_timeout=20s"
        how = ("--wait", "--silent", f"--timeout={_START_SECONDS}", "--log", str(self._data / "server.log"))
        _run_as(owner, "pg_ctl", "start", "--pgdata", str(self._data), *how, "--options", settings)


def _program(name: str) -> str | None:
    # Debian keeps the server's programs outside PATH, in one folder a version.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name.zfill(4))
    return shutil.which(name) or next(
        (str(folder / name) for folder in reversed(folders) if (folder / name).exists()), None
    )


def cluster_owner() -> pwd.struct_passwd:
    """Who runs the server: ourselves, or an ordinary user when we are root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _run_as(owner: pwd.struct_passwd, program: str, *arguments: str) -> None:
    identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    # Not a pipe: the server that pg_ctl leaves behind would keep it open, and we would wait for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [_program(program), *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_START_SECONDS + 30,
            check=False,
            **identity,
        )
        output.seek(0)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")


def administer(server: URL, statement: str) -> None:
    # CREATE and DROP DATABASE cannot run inside a transaction.
    with psycopg.connect(for_libpq(server), autocommit=True) as connection:
        connection.execute(statement)


def for_libpq(url: URL) -> str:
    """The address without what libpq does not know."""
    plain = url.set(drivername="postgresql").difference_update_query(["prepare_threshold"])
    return plain.render_as_string(hide_password=False)
