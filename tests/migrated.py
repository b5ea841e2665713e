"""Databases that are up to date, without running every migration for each of them."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import URL, Connection, make_url
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from app import create_app
from app.config import Settings
from app.extensions import db
from tests.databases import EXTERNAL_SERVER, Cluster, administer, for_libpq

_REVISIONS = Path(__file__).resolve().parent.parent / "migrations"
_REFLECTIONS = (
    *("get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes", "get_unique_constraints"),
    "get_check_constraints",
)
_shared: list[Cluster] = []


def share_migrated(cluster: Cluster) -> None:
    """Say where the processes of this run keep what one of them has migrated."""
    _shared[:] = [cluster]


def read_revisions_once() -> None:
    """Have this process read the files of the revisions once, and not for every command. Those of a copy are read anew."""
    read, known = ScriptDirectory.from_config, {}

    def from_config(config: Config) -> ScriptDirectory:
        place = Path(config.get_main_option("script_location")).resolve()
        if place != _REVISIONS:
            return read(config)
        if not known:
            known[place] = read(config)
        return known[place]

    ScriptDirectory.from_config = from_config


def reflect_once() -> None:
    """Have this process find out once what SQLite tells of a table that was made by the same words, with its indexes.

    A migration that replaces a table asks for it, and for all that it refers to: that is most of what it takes.
    """
    for name in _REFLECTIONS:
        setattr(SQLiteDialect, name, _remember(getattr(SQLiteDialect, name)))


def _remember(ask: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[str, ...], Any] = {}

    @wraps(ask)
    def ask_once(dialect: SQLiteDialect, connection: Connection, table: str, schema: str | None = None, **more: Any):
        words = _find_words(connection, table) if schema is None else ""
        if not words:
            return ask(dialect, connection, table, schema, **more)
        asked = (table, words, str({name: value for name, value in more.items() if name != "info_cache"}))
        if asked not in known:
            known[asked] = ask(dialect, connection, table, schema, **more)
        told = known[asked]
        # Whoever asked may change what they were told.
        return dict(told) if isinstance(told, dict) else [dict(one) for one in told]

    return ask_once


def _find_words(connection: Connection, table: str) -> str:
    """Returns the words by which the table and its indexes were made."""
    told = connection.connection.dbapi_connection.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('table', 'index') ORDER BY type, name", (table,)
    )
    return "\n".join(words or "" for (words,) in told.fetchall())


def bring_up_to_date(app: Flask, revision: str = "head") -> None:
    """Run the migrations on the app's database. One that is empty becomes a copy of what they once made of another."""
    url = make_url(app.extensions["services"].settings.database_url)
    with app.app_context():
        db.engine.dispose()
        if not _shared or not _is_empty(url):
            upgrade(revision=revision)
            return
        if url.get_backend_name() == "sqlite":
            _copy_file(url, revision)
        else:
            _copy_postgresql(url, revision)


def _is_empty(url: URL) -> bool:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        return bool(url.database) and path.parent.is_dir() and not (path.exists() and path.stat().st_size)
    if EXTERNAL_SERVER or url.query.get("host") != _shared[0].url().query["host"]:
        # A server that outlives the run is left without our templates, and a pooler is not asked to drop anything.
        return False
    return _ask(url, "SELECT NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public')") == "True"


def _copy_file(url: URL, revision: str) -> None:
    kept = Path(_shared[0].directory) / f"migrated-{revision}.sqlite3"
    with _one_at_a_time(kept.name):
        if kept.exists():
            _copy_for_one(kept, url)
            return
        # From the nearest that there is, it is less far.
        if earlier := [path for path in kept.parent.glob("migrated-*.sqlite3") if path.name < kept.name]:
            _copy_for_one(max(earlier), url)
        upgrade(revision=revision)
        db.engine.dispose()
        shutil.copyfile(url.database, kept.with_suffix(".new"))
        # Whole, as others may look for the nearest.
        kept.with_suffix(".new").rename(kept)


def _copy_for_one(kept: Path, url: URL) -> None:
    # A file that nobody else may read, as the server makes it.
    Path(url.database).touch(mode=0o600)
    shutil.copyfile(kept, url.database)


def _copy_postgresql(url: URL, revision: str) -> None:
    collation = _ask(
        url,
        "SELECT concat(datlocprovider, datcollate, datctype, daticulocale) FROM pg_database"
        " WHERE datname = current_database()",
    )
    kept = f"migrated_{revision}_{hashlib.sha256(collation.encode()).hexdigest()[:8]}"
    server = _shared[0].url()
    with _one_at_a_time(kept):
        if _ask(server, f"SELECT count(*) FROM pg_database WHERE datname = '{kept}'") == "0":
            upgrade(revision=revision)
            db.engine.dispose()
            administer(server, f'CREATE DATABASE "{kept}" TEMPLATE "{url.database}"')
            return
        # One at a time too: nobody may be connected to what is copied.
        administer(server, f'DROP DATABASE "{url.database}"')
        administer(server, f'CREATE DATABASE "{url.database}" TEMPLATE "{kept}"')


class _one_at_a_time:
    """Of the processes of this run."""

    def __init__(self, name: str):
        self._path = Path(_shared[0].directory) / f"{name}.lock"

    def __enter__(self) -> None:
        self._file = open(self._path, "w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_) -> None:
        self._file.close()


def _ask(url: URL, query: str) -> str:
    with psycopg.connect(for_libpq(url), autocommit=True) as connection:
        return str(connection.execute(query).fetchone()[0])


@contextmanager
def app_on(url: str) -> Iterator[Flask]:
    """An app of a test's own on this database, whatever revision that has, with its context."""
    app = create_app(Settings(url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    with app.app_context():
        yield app
        db.session.remove()
        app.extensions["services"].notes.stop()
        db.engine.dispose()
