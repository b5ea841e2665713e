"""What PostgreSQL alone has: versions, collations, poolers, and a number of connections."""

from collections.abc import Iterator
from typing import Any, cast

from app.cli.doctor.driver import connect_to_postgresql
from app.cli.doctor.finding import Deployment, Finding, error, ok, split, warning
from app.database.schema import FIND_PLACE, UTF8, Place
from app.extensions import db

_OLDEST = 14
#: Connections of one worker at most: SQLAlchemy's pool and what it may open beyond it.
_PARAMETERS = (
    "SELECT {collation}, pg_encoding_to_char(encoding), {version} FROM pg_database WHERE datname = current_database()"
)
#: Since a version, whose locale it is that compares: the system's, or one of another provider's.
_COLLATIONS = {170000: "coalesce(datlocale, datcollate)", 150000: "coalesce(daticulocale, datcollate)", 0: "datcollate"}
# A sequence is asked for by whoever adds a row to the table that it belongs to, and has privileges of its own.
_FORBIDDEN = """
    SELECT count(*), min(relname), current_user
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = current_schema() AND CASE relkind
        WHEN 'r' THEN relname = ANY(%(tables)s) AND NOT (
            has_table_privilege(pg_class.oid, 'SELECT') AND has_table_privilege(pg_class.oid, 'INSERT')
            AND has_table_privilege(pg_class.oid, 'UPDATE') AND has_table_privilege(pg_class.oid, 'DELETE'))
        WHEN 'S' THEN NOT has_sequence_privilege(pg_class.oid, 'USAGE') AND EXISTS (
            SELECT 1 FROM pg_depend JOIN pg_class AS owner ON owner.oid = refobjid
            WHERE objid = pg_class.oid AND owner.relname = ANY(%(tables)s))
        ELSE false END
"""
_COLLATION_VERSIONS = (
    "CASE WHEN datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid) THEN datcollversion END"
)


def check_postgresql(deployment: Deployment) -> Iterator[Finding]:
    """Its version, whether it takes writes, and how it stores and compares text."""
    if deployment.is_sqlite:
        return
    with connect_to_postgresql(deployment) as connection:
        version = connection.info.server_version
        columns = _COLLATION_VERSIONS if version >= 150000 else "NULL"
        collation = next(column for since, column in _COLLATIONS.items() if version >= since)
        asked = _PARAMETERS.format(collation=collation, version=columns)
        collation, encoding, differs = cast(Any, connection.execute(asked).fetchone())
        forbidden, table, user = cast(
            Any, connection.execute(_FORBIDDEN, {"tables": list(db.metadata.tables)}).fetchone()
        )
        place = Place(*cast(Any, connection.execute(FIND_PLACE).fetchone()))
        only_reads = cast(Any, connection.execute("SHOW transaction_read_only").fetchone())[0] == "on"
    if version < _OLDEST * 10000:
        yield error(f"PostgreSQL is {version // 10000}.", f"Upgrade it to {_OLDEST} or newer.")
    else:
        yield ok(f"PostgreSQL is {version // 10000}.{version % 10000}.")
    if only_reads:
        yield error(
            "Nothing can be written: it is a replica, or default_transaction_read_only is on.",
            "Let DATABASE_URL lead to the server that writes; of several hosts in it, the first that does so is taken.",
        )
    yield from _judge(place)
    if forbidden:
        yield error(
            f"The user {user} may not read and write {forbidden} of our tables and sequences, {table} among them.",
            "Restore the dump as that user (pg_restore --no-owner), or let it own each: ALTER TABLE ... OWNER TO.",
        )
    if encoding != UTF8:
        yield error(
            f"The database stores text as {encoding}: names and memories in other alphabets cannot be kept or found.",
            f"Make the database anew with ENCODING '{UTF8}' and restore a dump into it.",
        )
    if differs:
        yield error(
            f"The database's collation {collation} was version {differs} when its indexes were made, and is another now:"
            " what they find may be wrong.",
            "Run REINDEX DATABASE and then ALTER DATABASE ... REFRESH COLLATION VERSION.",
        )
    elif encoding == UTF8:
        yield ok(
            f"Text is {encoding}, and the database's own collation is {collation}; our columns compare by code point."
        )


def _judge(place: Place) -> Iterator[Finding]:
    if misplaced := place.find_problem():
        yield error(*split(misplaced))
    elif place.found is None and place.seen:
        yield warning(
            f"Our tables would be made in the schema {place.made}, and {place.seen} has some like ours.",
            f"If those are meant, let the search_path of DATABASE_URL's user begin with {place.seen}.",
        )


def check_pooler(deployment: Deployment) -> Iterator[Finding]:
    """Whether something like pgbouncer stands in between."""
    if deployment.is_sqlite:
        return
    with connect_to_postgresql(deployment) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        is_pooled = row is not None and row[0] != connection.info.backend_pid
    if is_pooled and deployment.url.query.get("prepare_threshold"):
        yield warning(
            "DATABASE_URL leads to a connection pooler, and names a prepare_threshold.",
            "Leave prepare_threshold out, unless the pooler keeps prepared statements (pgbouncer from 1.21 on does,"
            " with max_prepared_statements).",
        )
    elif is_pooled:
        yield ok(
            "DATABASE_URL leads to a connection pooler: statements are not prepared, and nothing relies on a session."
        )
    else:
        yield ok("No connection pooler stands in between.")


def check_connections(deployment: Deployment) -> Iterator[Finding]:
    """Whether the workers of this machine find enough connections."""
    if deployment.is_sqlite:
        return
    pool: Any = deployment.engine.pool
    each = pool.size() + max(getattr(pool, "_max_overflow", 0), 0)
    wanted = each * deployment.settings.workers
    with connect_to_postgresql(deployment) as connection:
        row: Any = connection.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
            " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)"
        ).fetchone()
        is_pooled = connection.info.backend_pid != connection.execute("SELECT pg_backend_pid()").fetchone()[0]  # type: ignore[index]
    most = row[0] if row[1] is None or row[1] < 0 else min(row)
    told = f"{deployment.settings.workers} workers may open {each} connections each, and the server gives {most} in all"
    if is_pooled or wanted <= most * 0.8:
        yield ok(f"{told}.")
    else:
        yield warning(
            f"{told}: machines beside this one may find none.",
            "Raise max_connections, put a pooler such as pgbouncer in between, or lower WEB_CONCURRENCY.",
        )
