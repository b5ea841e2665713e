"""Whether the database has the schema that this version works on.

One that is newer is no problem: each version works on the schema of the next.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, column, func, select, table

from app.database.connections import Connection, connect
from app.database.statements import Statement
from app.database.unavailable import lacks_schema

#: What can be wrong with it: no version has ever migrated it, or one before this did so last.
MISSING, OLDER = "missing", "older"

_VERSIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
_NAMED = re.compile(r"""^(revision|down_revision) = ["'](\w+)["']$""", re.MULTILINE)
_FIND_REVISIONS = Statement(select(column("version_num")).select_from(table("alembic_version")))
_FIND_ENCODING = Statement(select(func.getdatabaseencoding()))
#: How PostgreSQL calls what keeps all text.
UTF8 = "UTF8"


class Revisions(NamedTuple):
    """The migrations of this version."""

    known: frozenset[str]
    heads: frozenset[str]

    def find_unknown(self, present: set[str]) -> set[str]:
        """Returns those that the database has and this version does not know: a later version has been there."""
        return present - self.known


@cache
def read_revisions() -> Revisions:
    """Returns the migrations that this version brings along.

    They are read by their names alone: Alembic, which runs them, takes as long to load as the rest of the database.
    """
    named = [name for path in _VERSIONS.glob("*.py") for name in _NAMED.findall(path.read_text("utf-8"))]
    known = frozenset(revision for kind, revision in named if kind == "revision")
    return Revisions(known, known - {revision for kind, revision in named if kind == "down_revision"})


def find_schema_problem(engine: Engine, revisions: Revisions) -> str | None:
    """Returns :data:`MISSING` or :data:`OLDER`, None when this version can work. Raises what the driver does."""
    with connect(engine) as connection:
        present = find_present(connection)
    if not present:
        return MISSING
    return None if present == revisions.heads or revisions.find_unknown(present) else OLDER


def find_present(connection: Connection) -> set[str]:
    """Returns the revisions that the database is at; none when nobody has ever migrated it."""
    try:
        return {row.version_num for row in connection.all(_FIND_REVISIONS)}
    except Exception as error:
        if lacks_schema(error):
            return set()
        raise


def say_newer(present: set[str], revisions: Revisions) -> str:
    """Returns the sentence about a database that a later version has migrated."""
    return (
        f"the database is at revision {', '.join(sorted(present))}, which this version does not know (its own is"
        f" {', '.join(sorted(revisions.heads))}): a later version has migrated it. This version works on it as it is;"
        " only that later version can migrate it down."
    )


def find_encoding(connection: Connection) -> str:
    """Returns how PostgreSQL stores text: in :data:`UTF8`, or so that some of it cannot be kept or compared."""
    return str(connection.scalar(_FIND_ENCODING))


def say_encoding(encoding: str) -> str:
    """Returns the sentence about a database of PostgreSQL that stores text in another way."""
    return (
        f"the database stores text as {encoding}, so that names and memories in other alphabets cannot be kept or found:"
        f" make it anew with ENCODING '{UTF8}', and restore a dump into it if it holds anything."
    )
