"""Backups as ``deploy/RUNBOOK.md`` prints them: what comes back is what was there, and a server starts on it."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url

from app import create_app
from app.config import Settings
from app.demonstration.seeds import seed
from app.extensions import db
from app.start_check import find_start_problem
from tests.databases import for_libpq, missing_postgresql, new_database
from tests.migrated import bring_up_to_date
from tests.resources import _cluster

_RUNBOOK = (Path(__file__).resolve().parents[2] / "deploy" / "RUNBOOK.md").read_text()
_BACK_UP, _RESTORE, _DUMP, _RESTORE_DUMP = re.findall(
    r"```sh\n(.+?)```", _RUNBOOK.partition("# Backups")[2].partition("\n# ")[0], re.DOTALL
)
_SEARCHED = {
    "sqlite": "SELECT count(*) FROM memory_search WHERE memory_search MATCH 'heron'",
    "postgresql": "SELECT count(*) FROM memories WHERE search_vector @@ memory_search_phrase('heron', false)",
}


def paste(commands: str, folder: Path, **environ: str) -> None:
    done = subprocess.run(
        ["bash", "-e"], input=commands, cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def app_on(url: str) -> Iterator[Flask]:
    cheap = {"password_time_cost": 1, "password_memory_kib": 8}
    app = create_app(Settings(url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000", **cheap))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def fill(url: str) -> int:
    """Returns how many memories are found by a word."""
    with app_on(url) as app:
        bring_up_to_date(app)
        seed()
        db.session.commit()
        return find()


def find() -> int:
    with db.engine.connect() as connection:
        return connection.exec_driver_sql(_SEARCHED[db.engine.dialect.name]).scalar_one()


def find_in(url: str) -> int:
    """The same of a database on which a server would start."""
    with app_on(url):
        assert find_start_problem() is None
        return find()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="The program sqlite3 was not found.")
def test_a_file_comes_back_as_it_was(tmp_path):
    running, crashed = tmp_path / "running", tmp_path / "crashed"
    (running / "instance").mkdir(parents=True)
    file = running / "instance" / "reliquary.sqlite3"
    found = fill(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as server:
        server.execute("UPDATE users SET name = 'Before'")
        paste(_BACK_UP, running)
        server.execute("UPDATE users SET name = 'After'")
        # As it lies there when the machine stops: the last changes are in the log beside it.
        shutil.copytree(running, crashed)
    assert (crashed / "instance" / "reliquary.sqlite3-wal").stat().st_size
    paste(_RESTORE, crashed)
    restored = crashed / "instance" / "reliquary.sqlite3"
    with closing(sqlite3.connect(restored)) as file:
        assert file.execute("SELECT DISTINCT name FROM users").fetchall() == [("Before",)]
    assert restored.stat().st_mode & 0o777 == 0o600
    assert find_in(f"sqlite:///{restored}") == found > 0


@pytest.mark.postgresql
@pytest.mark.skipif(
    missing_postgresql() is not None or shutil.which("pg_dump") is None, reason="pg_dump was not found."
)
def test_a_dump_comes_back_to_another_user(pytestconfig, tmp_path):
    cluster = pytestconfig.stash[_cluster]
    with (
        new_database("postgresql", cluster, tmp_path, locale="") as url,
        new_database("postgresql", cluster, tmp_path, locale="") as empty,
    ):
        found = fill(url)
        paste(_DUMP, tmp_path, DATABASE=for_libpq(make_url(url)))
        name = make_url(empty).database
        with psycopg.connect(for_libpq(make_url(empty)), autocommit=True) as administrator:
            administrator.execute(f'CREATE ROLE "{name}" LOGIN')
            administrator.execute(f'ALTER DATABASE "{name}" OWNER TO "{name}"')
        try:
            restored = make_url(empty).set(username=name)
            paste(_RESTORE_DUMP, tmp_path, DATABASE=for_libpq(restored))
            assert find_in(restored.render_as_string(hide_password=False)) == found > 0
        finally:
            with psycopg.connect(for_libpq(make_url(empty)), autocommit=True) as administrator:
                administrator.execute(f'DROP OWNED BY "{name}" CASCADE')
                administrator.execute(f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER')
                administrator.execute(f'DROP ROLE "{name}"')
