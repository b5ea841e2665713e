"""Why the database cannot be used, in one sentence that names the setting, the file or the server, and what to do."""

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.database.unavailable import find_unavailability, has_no_connection, is_of_postgresql

if TYPE_CHECKING:
    import psycopg

_MOST_SHOWN = 200

#: What SQLite calls an error -> the rest of a sentence about the file. The first that its name begins with.
_SQLITE = {
    "SQLITE_NOTADB": "which is not an SQLite database; name another file.",
    "SQLITE_CORRUPT": "which is damaged; restore it from a backup.",
    "SQLITE_FULL": "whose disk is full; make room.",
    "SQLITE_READONLY": "which this user may not write; give the file and its folder to this user.",
    "SQLITE_BUSY": "which another program keeps locked; end that program.",
    "SQLITE_LOCKED": "which another program keeps locked; end that program.",
    # Its shared memory could not grow.
    "SQLITE_IOERR_SHMSIZE": "whose disk is full; make room.",
    "SQLITE_IOERR": "which the disk cannot read or write; look at the system's log.",
}
_INSTEAD_OF_OPTIONS = (
    "leave the options out of it, and say the same to PostgreSQL by ALTER ROLE ... IN DATABASE ... SET"
)
#: What PostgreSQL or its client says -> what to do. The first that it holds.
_POSTGRESQL = {
    "authentication failed": "correct the user and the password in it",
    "no password supplied": "add the user's password to it",
    "pg_hba.conf": "let that server's pg_hba.conf take this user from this machine",
    "not permitted to log in": "let that user do so: ALTER ROLE ... LOGIN",
    "permission denied for database": "let that user connect: GRANT CONNECT ON DATABASE ... TO",
    "root certificate file": "name the file of who signed the server's certificate as its sslrootcert",
    "certificate verify failed": "name the file of who signed the server's certificate as its sslrootcert",
    "does not match host name": "name the host as its certificate does",
    "does not support SSL": "let that server use TLS, or take the sslmode out of it",
    "no such database": "name one that the pooler has, or add this one to it",
    "no such user": "name a user that the pooler has, or add this one to it",
    "statement pooling": "let the pooler keep a session for a whole transaction: pool_mode = transaction",
    "query_wait_timeout": "let the pooler have more sessions of PostgreSQL (default_pool_size)",
    "definition of service": "take PGSERVICE out of the environment, as it is asked for whatever the address does not say",
    "does not exist": "create that, or correct the name in it",
    "could not translate host name": "correct the host in it",
    "Name or service not known": "correct the host in it",
    "Connection refused": "start PostgreSQL there, or correct the host and the port in it",
    "No such file or directory": "start PostgreSQL there, or correct the host in it",
    "timeout": "see whether something in between stops the connection, or correct the host in it",
    "starting up": "try again in a moment",
    "shutting down": "try again in a moment",
    "recovery mode": "try again in a moment",
    "accepting connections": "try again in a moment",
    "name resolution": "see whether this machine finds names, or correct the host in it",
    "unreachable": "see whether this machine has a way there, or correct the host in it",
    "No route to host": "see whether this machine has a way there, or correct the host in it",
    # Where there are several, we demand one that writes.
    "session is read-only": "let a host that it names write, or correct the target_session_attrs in it",
    "session is": "correct the target_session_attrs in it, or name another host",
    "hot standby": "correct the target_session_attrs in it, or name another host",
    "connection slots": "let it take more connections, or use fewer workers",
    "no more connections": "let it take more connections, or use fewer workers",
    "startup parameter: options": _INSTEAD_OF_OPTIONS,
    "command-line option": _INSTEAD_OF_OPTIONS,
    "does not pass on": _INSTEAD_OF_OPTIONS,
    "too many": "let it take more connections, or use fewer workers",
}
#: How PostgreSQL is unavailable where there is a connection -> the rest of a sentence about the database.
_UNAVAILABLE = {
    "read-only": "which only reads, as a replica does; name the one that writes, or let this one write.",
    "full": "whose disk is full; make room.",
    "locked": "where others hold what this needs; end what holds it, or try again in a moment.",
    "slow": "which took too long; see what else it does, and try again.",
    "busy": "which is busy with others; try again in a moment.",
    "broken": "which is damaged, or cannot use its disk; look at its log.",
}
#: SQLSTATEs of text that the database's encoding has no letters for.
_NO_SUCH_LETTER = ("22P05", "22021")
_FORBIDDEN = "42501"


def find_database_problem(error: Exception, url: URL) -> str | None:
    """Returns the sentence, when it is the database that cannot be used; None for any other error."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError) or type(cause) is sqlite3.DatabaseError:
        return f"DATABASE_URL names the SQLite file {url.database}, {_explain_sqlite(cause, url.database or '')}"
    if is_of_postgresql(cause) and (rest := _explain_postgresql(cause)):
        return f"DATABASE_URL leads to {name_database(url)}, {rest}"
    if has_no_connection(cause):
        message = " ".join(str(cause).partition("Is the server running")[0].split())
        fix = next((fix for said, fix in _POSTGRESQL.items() if said in message), "correct it")
        return f"DATABASE_URL leads to {name_database(url)}, which answers: {message[:_MOST_SHOWN].rstrip('.')}; {fix}."
    return None


def name_database(url: URL) -> str:
    """Returns the database in words, without the password."""
    if url.drivername.startswith("sqlite"):
        return f"the SQLite file {url.database}"
    host = url.query.get("host") or url.query.get("hostaddr") or url.host or "its usual socket"
    port = url.query.get("port") or url.port
    where = f"{host} (port {port})" if port else str(host)
    user = f" for the user {url.username}" if url.username else ""
    return f"the PostgreSQL database {url.database or url.username or ''!s} on {where}{user}".replace("  ", " ")


def _explain_postgresql(error: "psycopg.Error") -> str | None:
    if error.sqlstate in _NO_SUCH_LETTER:
        return "which cannot keep every letter; make it anew with ENCODING 'UTF8', and restore a dump into it."
    if error.sqlstate == _FORBIDDEN:
        said = f": {error.diag.message_primary}" if error.diag.message_primary else ""
        return f"which does not let that user{said}; let it own the database and all that is in it."
    return None if error.sqlstate is None else _UNAVAILABLE.get(find_unavailability(error) or "")


def _explain_sqlite(error: sqlite3.Error, path: str) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_CANTOPEN"):
        return _explain_unopened(Path(path))
    found = next((rest for known, rest in _SQLITE.items() if name.startswith(known)), None)
    return found or f"which answers: {' '.join(str(error).split())[:_MOST_SHOWN]}; name another file, or mend it."


def _explain_missing(path: Path) -> str:
    if Path(f"{path}-wal").exists():
        return (
            f"which is not there, although {path}-wal is, with the last changes of what was: put the file back, or"
            " move that one away too."
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"but this user may not make files in {path.parent}; give the folder to this user, or name a file elsewhere."
    return "which is not there: put it back, or run flask db upgrade for a new one."


def _explain_unopened(path: Path) -> str:
    if path.is_dir():
        return f"which is a folder; name a file in it, as in {path / 'reliquary.sqlite3'}."
    folder = path.parent
    if not folder.exists():
        return f"but there is no folder {folder}; make it, or name a file elsewhere."
    if not folder.is_dir():
        return f"but {folder} is not a folder; name a file elsewhere."
    if not path.exists():
        return _explain_missing(path)
    return "which this user may not open; give the file and its folder to this user."
