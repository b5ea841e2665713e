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
#: Our tables may have been found by search_path in another schema than the one that new ones are made in.
FIND_PLACE = """
    SELECT current_schema(),
        (SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE pg_class.oid = to_regclass('alembic_version')),
        (SELECT string_agg(nspname, ', ' ORDER BY nspname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relkind = 'r' AND relname = 'mementos')
"""
#: How PostgreSQL calls what keeps all text.
UTF8 = "UTF8"


class Revisions(NamedTuple):
    """The migrations of this version."""

    known: frozenset[str]
    heads: frozenset[str]

    def find_later(self, present: set[str]) -> set[str]:
        """Returns those that the database has and this version does not know yet: a later version has been there."""
        return {one for one in present - self.known if one.isdigit() and one > max(self.known)}

    def find_foreign(self, present: set[str]) -> set[str]:
        """Returns those that no version of ours has: another program keeps its own in the same table."""
        return present - self.known - self.find_later(present)


class Place(NamedTuple):
    """In which of PostgreSQL's schemas new tables are made, ours were found, and any like ours are. None for none."""

    made: str | None
    found: str | None
    seen: str | None

    def find_problem(self) -> str | None:
        """Returns the sentence when no migration may begin here."""
        if self.made is None:
            return (
                "the search_path of DATABASE_URL's user names no schema that is there for them, so no table can be made:"
                " make the schema and let them use it, or correct the search_path."
            )
        if self.found is not None and self.found != self.made:
            return (
                f"our tables are in the schema {self.found}, and new ones would be made in {self.made}:"
                f" let the search_path of DATABASE_URL's user begin with {self.found}."
            )
        if self.found is None and re.search("['%$]", self.made):
            return f"the schema {self.made} has a quotation, per cent or dollar sign in its name: take one without."
        return None


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
    if not present or revisions.find_foreign(present):
        return MISSING
    return None if present == revisions.heads or revisions.find_later(present) else OLDER


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


def say_foreign(foreign: set[str]) -> str:
    """Returns the sentence about a database in which another program keeps its migrations."""
    return (
        f"the database is at revision {', '.join(sorted(foreign))} of another program's: name a database that no other"
        " program keeps its tables in, or with PostgreSQL a schema."
    )


def say_others(tables: list[str]) -> str:
    """Returns the sentence about a database that nobody has migrated, with tables that are called like ours."""
    return (
        f"the database has tables that no migration of ours has made ({', '.join(tables[:3])}): if they are another"
        " program's, name another database, or with PostgreSQL a schema; if they come from a dump of ours, restore it"
        " anew with its table alembic_version."
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
