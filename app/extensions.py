"""The Flask extensions, made once and bound to an app in ``create_app``."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from app.database.types import Base

# What was committed is not read again for the answer: if that failed, it would deny what has been done.
db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False})
csrf = CSRFProtect()
login_manager = LoginManager()


class Extensions(dict[str, Any]):
    """An app's extensions, of which some come into being as soon as somebody asks for them."""

    def __init__(self, app: Flask, migrations: str) -> None:
        super().__init__(app.extensions)
        self._app, self._migrations = app, migrations
        #: What makes those of others: each is called once, with the app.
        self.later: dict[str, Callable[[Flask], Any]] = {}
        self._lock = Lock()

    def __missing__(self, name: str) -> Any:
        if name == "migrate":
            # It loads Alembic, which takes a tenth of a start and which only the commands need that migrate.
            from flask_migrate import Migrate

            Migrate(self._app, db, directory=self._migrations, render_as_batch=True)
            return self[name]
        if name not in self.later:
            raise KeyError(name)
        with self._lock:
            return self.get(name) or self.setdefault(name, self.later[name](self._app))
