"""Runs migrations on the app's own engine, on SQLite and PostgreSQL alike: all of them, or none."""

import logging
import re
from contextlib import nullcontext
from typing import NoReturn

import click
from alembic import context
from alembic.migration import MigrationContext
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import TypeDecorator

from app.database.problems import find_database_problem
from app.database.schema import FIND_PLACE, UTF8, Place, Revisions, say_encoding, say_foreign, say_newer, say_others
from app.database.sqlite import let_create
from app.memories.index import is_part_of_index
from app.memories.unfolded import fold_memories
from migrations import types

database = current_app.extensions["migrate"].db

_log = logging.getLogger("app.migrations")
#: SQLSTATEs, and words of SQLite's: something is missing, or there already.
_NOT_AS_LEFT = ("42P01", "42703", "42704", "42P07", "42701", "42710")
_NOT_AS_LEFT_BY_SQLITE = re.compile(r"^no such (table|column|trigger|index)|already exists$|^duplicate column name")
# Any number that nothing else locks.
_LOCK = 7_235_420


def render_item(kind, item, autogen_context):
    """Write a column type of the app as a revision's own: that of ``migrations.types``, or the plain one behind it."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    name = type(item).__name__
    if hasattr(types, name):
        autogen_context.imports.add(f"from migrations.types import {name}")
        return f"{name}()"
    return f"sa.{item.impl!r}"


def include_object(_object, name, kind, _reflected, _compare_to):
    """Leave out what no model describes on purpose."""
    return not is_part_of_index(name, kind)


def report(step, **_details) -> None:
    """Say which step was taken."""
    direction = "up to" if step.is_upgrade else "down from"
    _log.info("Migrated %s %s: %s", direction, step.up_revision_id, step.up_revision.doc)


def run_migrations() -> None:
    with database.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _ignore_foreign_keys(connection)
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render_item,
            include_object=include_object,
            compare_type=True,
            on_version_apply=report,
            # SQLite can undo DDL too, as long as the driver leaves transactions to us, which it does.
            transactional_ddl=True,
            render_as_batch=is_sqlite,
        )
        if is_newer():
            return
        with context.begin_transaction():
            if not is_sqlite:
                # Machines that are deployed together migrate one after the other. SQLite has one writer anyway.
                if connection.connection.driver_connection.pooling.is_noticed:
                    # Where a session is ours, it has been said as it began.
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                refuse_other_text(connection)
                refuse_other_place(connection)
            refuse_others_tables(connection)
            refuse_to_delete_everything(connection)
            context.run_migrations()
            if is_sqlite:
                _check_foreign_keys(connection)


def refuse_other_text(connection: Connection) -> None:
    """Begin nothing in a database that cannot keep everybody's name. One that has begun is left to the doctor.

    Raises a ``CommandError``.
    """
    encoding = connection.exec_driver_sql("SELECT getdatabaseencoding()").scalar_one()
    if encoding != UTF8 and is_migrating() and not context.get_context().get_current_heads():
        refuse(say_encoding(encoding))


def refuse_other_place(connection: Connection) -> None:
    """Make no table where the next start would not find it. Raises a ``CommandError``."""
    place = Place(*connection.exec_driver_sql(FIND_PLACE).one())
    is_done = context.get_context().get_current_heads() == (context.get_head_revision(),)
    if not is_migrating() or is_done:
        return
    if sentence := place.find_problem():
        refuse(sentence)
    if place.found is None and place.seen:
        _log.warning("Making our tables in the schema %s. Those in %s stay as they are.", place.made, place.seen)


def refuse_others_tables(connection: Connection) -> None:
    """Begin nothing beside another program's tables of the same names. Raises a ``CommandError``."""
    # Whoever stamps them says that they are ours.
    if find_command() != "upgrade" or context.get_context().get_current_heads():
        return
    if taken := sorted(set(inspect(connection).get_table_names()) & set(database.metadata.tables)):
        refuse(say_others(taken))


def refuse_to_delete_everything(connection: Connection) -> None:
    """Raises a ``CommandError`` where somebody types what leaves nothing of anybody, unless they say that they mean it."""
    is_typed = click.get_current_context(silent=True) is not None
    if not is_typed or find_command() != "downgrade" or context.get_revision_argument() is not None:
        return
    if context.get_x_argument(as_dictionary=True).get("delete") == "everything":
        return
    if "users" in inspect(connection).get_table_names() and connection.scalar(text("SELECT count(*) FROM users")):
        refuse(
            "this would delete everything that anybody keeps here: back it up first, as deploy/RUNBOOK.md says, and say"
            " that you mean it: flask db downgrade -x delete=everything base."
        )


def refuse(sentence: str) -> NoReturn:
    """Raises a ``CommandError``, which the command tells in one line."""
    raise CommandError(sentence[0].upper() + sentence[1:])


def is_newer() -> bool:
    """Whether a later version has migrated the database, and there is nothing for this one to do. Says so.

    Raises a ``CommandError`` when something was asked for that only the later version can do.
    """
    migration, script = context.get_context(), context.script
    known = frozenset(revision.revision for revision in script.walk_revisions())
    revisions = Revisions(known, frozenset(script.get_heads()))
    present = set(migration.get_current_heads())
    if foreign := revisions.find_foreign(present):
        refuse(say_foreign(foreign))
    if not revisions.find_later(present):
        return False
    sentence = say_newer(present, revisions)
    if find_command() not in ("upgrade", "display_version"):
        refuse(sentence)
    _log.warning("Nothing to do: %s", sentence)
    return True


def find_command() -> str:
    """Returns what was asked for, as Alembic calls it: ``upgrade``, ``downgrade``, ``do_stamp``, ``display_version``, …"""
    return str(context.get_context().opts["fn"].__name__)


def is_migrating() -> bool:
    """Whether a revision was named to go to; whoever only looks makes no database."""
    try:
        context.get_revision_argument()
    except KeyError:
        return False
    return True


def find_difference(error: DBAPIError | NoSuchTableError) -> str | None:
    """Returns the sentence when a table is missing or there already, as after ``flask db stamp`` or half a restore."""
    if isinstance(error, NoSuchTableError):
        said = f"no such table: {error}"
    elif getattr(error.orig, "sqlstate", None) in _NOT_AS_LEFT or _NOT_AS_LEFT_BY_SQLITE.search(str(error.orig)):
        said = " ".join(str(error.orig).partition("\n")[0].split())
    else:
        return None
    return (
        f"The database is not as the revision that it names has left it ({said}). Nothing was changed: restore a backup,"
        " as deploy/RUNBOOK.md says, or name another database."
    )


def fold_what_is_not() -> None:
    """Bring the full-text index up to date, once everything is migrated. Others may read and write meanwhile."""
    with database.engine.connect() as connection:
        has_all = MigrationContext.configure(connection).get_current_revision() == context.get_head_revision()
    if has_all and (count := fold_memories(database.engine)):
        _log.info("Folded the words of %d memories", count)


def _ignore_foreign_keys(connection: Connection) -> None:
    # Batch mode replaces a table by dropping it, and with foreign keys on SQLite would first delete its rows and,
    # by ON DELETE CASCADE, those of other tables. The pragma has no effect inside a transaction.
    connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    # This connection is not for anybody else.
    connection.detach()


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"The migration leaves rows that refer to nothing: {broken[:5]}")


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; there is no offline mode.")
try:
    with let_create() if is_migrating() else nullcontext():
        run_migrations()
    fold_what_is_not()
except (DBAPIError, NoSuchTableError) as error:
    if difference := find_difference(error):
        refuse(difference)
    problem = find_database_problem(error, database.engine.url)
    # Whoever called us otherwise tells it in their own way.
    if problem is None or click.get_current_context(silent=True) is None:
        raise
    raise click.ClickException(f"The database does not work: {problem}") from None
