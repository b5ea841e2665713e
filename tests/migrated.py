"""Databases that are up to date, without running every migration for each of them."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import make_url

from app import create_app
from app.config import Settings
from app.extensions import db

_kept: list[TemporaryDirectory] = []


def bring_up_to_date(app: Flask) -> None:
    """Run the migrations on the app's database; an SQLite file that is not there yet becomes a copy of one."""
    url = make_url(app.extensions["services"].settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        shutil.copy(_migrated_file(), url.database)
        return
    with app.app_context():
        upgrade()


@cache
def _migrated_file() -> Path:
    directory = TemporaryDirectory(prefix="reliquary-tests-")
    # Gone with the process.
    _kept.append(directory)
    path = Path(directory.name) / "migrated.sqlite3"
    with create_app(Settings(f"sqlite:///{path}", "only-for-tests-" + "0" * 32, "http://localhost")).app_context():
        upgrade()
        db.engine.dispose()
    path.chmod(0o600)
    return path
