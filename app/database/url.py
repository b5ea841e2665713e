"""The database's address, read strictly: each of its parameters works, or a sentence says why it cannot."""

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_POSTGRESQL = "postgresql+psycopg"
#: As people write them -> what SQLAlchemy is given.
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": _POSTGRESQL,
    "postgresql": _POSTGRESQL,
    _POSTGRESQL: _POSTGRESQL,
}
_CONNECT_SECONDS = 10
#: For libpq, where the URL does not say. A firewall forgets nobody who is heard of every half minute, and what is not
#: received within fifteen seconds never will be.
_KEPT_ALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_PREPARE_THRESHOLD = "prepare_threshold"
_WHOLE_NUMBERS = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"
)  # fmt: skip
#: Of the names in a query, those that belong before it.
_PARTS = {"user": "username", "password": "password", "dbname": "database"}
#: A folder for a socket that nobody listens on, so that libpq reads the parameters and then connects to nothing.
_NOWHERE = "/nonexistent/reliquary"


def read_database_url(text: str) -> str:
    """Returns the URL as SQLAlchemy takes it. Raises ``ValueError`` with a sentence, which never repeats the password."""
    if text != text.strip() or _has_control_character(text):
        raise ValueError("DATABASE_URL contains a space or a control character where none belongs; write it without.")
    head, query = _split_query(text)
    url = _parse(head)
    driver = _DRIVERS.get(url.drivername.lower())
    if driver is None:
        raise ValueError(f"DATABASE_URL names the database {url.drivername[:60]!r}; use sqlite:// or postgresql://.")
    url = url.set(drivername=driver)
    # A query that the parser has found by itself, beside a "?" in a password.
    parameters = [*_flat(url.query), *parse_qsl(query, keep_blank_values=True)]
    url = url.set(query={})
    if any(map(_has_control_character, (*_texts(url), *(part for pair in parameters for part in pair)))):
        raise ValueError("DATABASE_URL contains a control character in an escaped form; write it without.")
    read = _read_sqlite if driver == "sqlite" else _read_postgresql
    return read(url, parameters).render_as_string(hide_password=False)


def connect_arguments(url: URL) -> dict[str, Any]:
    """Returns what the driver is to be given beside the URL: parameters that are no text, and how long to wait at most."""
    if url.drivername == "sqlite":
        return {}
    query = cast(Mapping[str, str], url.query)
    arguments: dict[str, Any] = {name: value for name, value in _KEPT_ALIVE.items() if name not in query}
    arguments["connect_timeout"] = int(query.get("connect_timeout", _CONNECT_SECONDS))
    if "client_encoding" not in query:
        # Else PGCLIENTENCODING says it, and what we write is UTF-8 whatever a session takes it for.
        arguments["client_encoding"] = "utf8"
    if "hostaddr" not in query and (url.host or query.get("host")):
        # Else PGHOSTADDR says where the host is that the URL names.
        arguments["hostaddr"] = ""
    if _PREPARE_THRESHOLD in query:
        arguments[_PREPARE_THRESHOLD] = _read_threshold(query[_PREPARE_THRESHOLD])
    return arguments


def find_sqlite_wait(url: URL) -> int | None:
    """Returns for how many milliseconds a writer is to wait for another, when the URL says so."""
    seconds = cast(Mapping[str, str], url.query).get("timeout")
    return None if seconds is None else round(float(seconds) * 1000)


def _split_query(text: str) -> tuple[str, str]:
    # The password may hold a "?", and the query an "@".
    found = re.match(r"([^:]+://(?:[^/@]*@)?[^?]*)\?(.*)", text, re.DOTALL)
    return (found[1], found[2]) if found else (text, "")


def _parse(head: str) -> URL:
    if re.match(r"postgres(ql)?(\+psycopg)?://([^/@]*@)?[^/@]*%[^/@]*(/|$)", head):
        # The folder of a socket, or the zone of an address.
        return _parse_as_libpq(head)
    try:
        return make_url(head)
    except (ArgumentError, ValueError):
        if re.match(r"postgres(ql)?(\+psycopg)?://[^/]*,", head):
            return _parse_as_libpq(head)
        # The value itself may hold a password, so the sentence does not repeat it.
        raise _not_a_url() from None


def _parse_as_libpq(head: str) -> URL:
    """``postgresql://one:5432,two:5433/database``, or ``postgresql://%2Frun%2Fpostgresql/database``."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {name: str(part) for name, part in conninfo_to_dict(re.sub(r"^[^:]*", "postgresql", head)).items()}
    except ProgrammingError:
        raise _not_a_url() from None
    url = URL.create("postgresql", parts.pop("user", None), parts.pop("password", None))
    database = parts.pop("dbname", None)
    return url.set(database=database, query=parts)


def _not_a_url() -> ValueError:
    return ValueError(
        "DATABASE_URL is not a database URL; write sqlite:////path/to/file or postgresql://user:password@host/database."
    )


def _flat(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, value) for name, values in query.items() for value in ([values] if isinstance(values, str) else values)
    ]


def _texts(url: URL) -> list[str]:
    return [part for part in (url.username, url.password, url.host, url.database) if part]


def _has_control_character(text: str) -> bool:
    return re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text) is not None


# -- SQLite ----------------------------------------------------------------------------------------


def _read_sqlite(url: URL, parameters: list[tuple[str, str]]) -> URL:
    is_in_memory = not url.database or url.database.startswith(":memory:") or ("mode", "memory") in parameters
    if is_in_memory and not url.host:
        raise ValueError(
            "DATABASE_URL names an SQLite database in memory, which each worker would see differently;"
            " give a file, as in sqlite:////path/to/file."
        )
    if url.host or url.username or url.port:
        raise ValueError(
            "DATABASE_URL names a host for an SQLite file; write four slashes before an absolute path,"
            " as in sqlite:////path/to/file."
        )
    if (url.database or "").startswith("file:"):
        raise ValueError("DATABASE_URL names the SQLite file by a URI; give its path, as in sqlite:////path/to/file.")
    values = _read_once(parameters)
    for name, value in values.items():
        if name != "timeout":
            raise ValueError(
                f"DATABASE_URL has the parameter {_quoted(name)}; with SQLite there is only timeout, in seconds."
            )
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", value):
            raise ValueError("The timeout in DATABASE_URL is not a number of seconds; write it as in timeout=10.")
    return url.set(query=values)


# -- PostgreSQL ------------------------------------------------------------------------------------


def _read_postgresql(url: URL, parameters: list[tuple[str, str]]) -> URL:
    from psycopg import pq

    values = _read_once(_with_hosts_together(parameters))
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"replication"}
    for name in values:
        if name not in known and name != _PREPARE_THRESHOLD:
            raise ValueError(
                f"DATABASE_URL has the parameter {_quoted(name)}, which does not exist here; remove it,"
                " or see how PostgreSQL spells it."
            )
    for name, part in _PARTS.items():
        if name in values:
            if getattr(url, part):
                raise ValueError(f"DATABASE_URL gives the {name} twice; write it once, before the question mark.")
            url = _set_part(url, part, values.pop(name))
    if url.port == 0:
        raise ValueError("DATABASE_URL has the port 0, at which nothing can be reached; write another, or none.")
    for name in _WHOLE_NUMBERS:
        if not re.fullmatch(r"[0-9]{1,9}", values.get(name, "0")):
            raise ValueError(f"The {name} in DATABASE_URL is not a whole number; write it as in {name}=10.")
    if values.get("client_encoding", "utf8").lower() not in ("utf8", "utf-8", "unicode"):
        raise ValueError("The client_encoding in DATABASE_URL must be utf8, or be left out.")
    _read_threshold(values.get(_PREPARE_THRESHOLD, "5"))
    url = url.set(query=values)
    _check_with_libpq(url)
    return url


def _set_part(url: URL, part: str, value: str) -> URL:
    given: dict[str, Any] = {part: value}
    return url.set(**given)


def _read_threshold(text: str) -> int | None:
    if text.lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(
            "The prepare_threshold in DATABASE_URL is neither a whole number nor None;"
            " write None behind a pooler that cannot keep prepared statements."
        )
    return int(text)


def _with_hosts_together(parameters: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """``host=one:1&host=two:2`` as libpq takes it: ``host=one,two&port=1,2``."""
    hosts = [value for name, value in parameters if name == "host"]
    others = [pair for pair in parameters if pair[0] != "host"]
    if len(hosts) < 2:
        return parameters
    split = [_split_port(host) for host in hosts]
    names, ports = (",".join(column) for column in zip(*split, strict=True))
    return [*others, ("host", names), *([("port", ports)] if ports.strip(",") else [])]


def _split_port(host: str) -> tuple[str, str]:
    name, _, port = host.rpartition(":")
    return (name, port) if re.fullmatch("[0-9]+", port) and ":" in host else (host, "")


def _read_once(parameters: list[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parameters:
        if name in values:
            raise ValueError(f"DATABASE_URL gives the parameter {_quoted(name)} twice; write it once.")
        if not value:
            raise ValueError(f"DATABASE_URL gives no value for the parameter {_quoted(name)}; write one, or remove it.")
        values[name] = value
    return values


def _check_with_libpq(url: URL) -> None:
    """Let libpq read every parameter, as it does before it connects; what it makes of a word, only it knows."""
    from psycopg import pq
    from psycopg.conninfo import make_conninfo
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    try:
        _, arguments = PGDialect_psycopg().create_connect_args(url)
    except ArgumentError:
        raise ValueError(
            "DATABASE_URL names several hosts and another number of ports; give each host its own."
        ) from None
    arguments.pop(_PREPARE_THRESHOLD, None)
    hosts = ",".join([_NOWHERE] * max(len(str(arguments.pop(name, "")).split(",")) for name in ("host", "hostaddr")))
    connection = pq.PGconn.connect_start(make_conninfo(**arguments, host=hosts, hostaddr="").encode())
    message = " ".join(connection.error_message.decode(errors="replace").split())
    connection.finish()
    if message and _NOWHERE not in message:
        raise ValueError(f"DATABASE_URL has a parameter that cannot be used: {message[:200].rstrip('.')}.")


def _quoted(name: str) -> str:
    return ascii(name[:60])
