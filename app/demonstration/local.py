"""What ``make run`` starts: a migrated database, demonstration data the first time, and gunicorn, in one process."""

import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from sqlalchemy import select

from app import create_app, serving
from app.accounts.models import User
from app.config import Settings
from app.demonstration import first_start as demonstration
from app.demonstration.seeds import SeedConflict
from app.extensions import db
from app.start_check import database_errors, explain


def main() -> None:
    """Serve until told to stop. What prevents the start is said in one sentence."""
    app = create_app()
    settings = app.extensions["services"].settings
    try:
        _check_port(settings)
        with app.app_context(), _alone(Path(app.instance_path)):
            welcome = _prepare(settings, Path(app.instance_path))
    except database_errors() as error:
        with app.app_context():
            problem = explain(error)
        _refuse(problem or f"the database does not work: {error}")
    except (OSError, SeedConflict) as error:
        _refuse(str(error))
    _Gunicorn(app, welcome).run()


def _check_port(settings: Settings) -> None:
    host, family = settings.bind.rpartition(":")[0].strip("[]"), socket.AF_INET
    if ":" in host:
        family = socket.AF_INET6
    with socket.socket(family) as probe:
        # As gunicorn binds: the remains of an earlier run's connections do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                _refuse(f"port {settings.port} cannot be used: {error.strerror}.")
            _refuse(f"port {settings.port} is taken; stop what uses it or choose another, as in: make run PORT=8001")


@contextmanager
def _alone(instance_path: Path) -> Iterator[None]:
    """Let several starts in one folder prepare their databases one after the other."""
    instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(instance_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _prepare(settings: Settings, instance_path: Path) -> str:
    """Migrate, add the demonstration data to an empty local database, and return what to print."""
    upgrade()
    # Everybody knows the demonstration's passwords, so it stays off a server that the world can reach.
    if not settings.is_https:
        if db.session.scalar(select(User.id).limit(1)) is None:
            demonstration.create(settings, instance_path)
        demonstration.renew()
    welcome = demonstration.welcome(settings, instance_path)
    db.session.remove()
    # gunicorn forks next, and an SQLite connection must not be carried over a fork.
    db.engine.dispose()
    return welcome


def _refuse(sentence: str) -> None:
    sys.exit(f"Reliquary cannot start: {' '.join(sentence.split())}")


class _Gunicorn(BaseApplication):
    """gunicorn with the settings of :mod:`app.serving`, quiet except for a welcome once it listens."""

    def __init__(self, app: Flask, welcome: str):
        self._app = app
        self._welcome = welcome
        super().__init__()

    def load_config(self) -> None:
        for name, value in vars(serving).items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)
        self.cfg.set("loglevel", "warning")
        # Whoever stops a local server is waiting for it.
        self.cfg.set("graceful_timeout", 3)
        self.cfg.set("when_ready", self._say_welcome)

    def _say_welcome(self, server: Arbiter) -> None:
        serving.when_ready(server)
        print(self._welcome, flush=True)

    def load(self) -> Flask:
        return self._app


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
