"""Reliquary, an OAuth 2.0 authorization server for memory platforms."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

from app.late import come_late, take_no_more_stand_ins
from app.undocumented import leave_out_docstrings


@contextmanager
def _without_collections() -> Iterator[None]:
    """Let the garbage be: all that a start makes stays, and looking through it while it grows takes a fifth of a start."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


leave_out_docstrings()
come_late()
with _without_collections():
    from flask import Flask

    from app.config import Settings, read_settings

    gc.freeze()

#: What attaches itself to the app, in this order.
_PACKAGES = (
    "fast",
    *("http", "audit", "limits", "mail", "memories", "clients", "consents"),
    *(
        "oauth",
        "api",
        "mcp",
        "leaving",
        "operator",
        "org",
        "personal",
        "directory",
        "guide",
        "accounts",
        "demonstration",
        "cli",
    ),
)
_ROOT = Path(__file__).resolve().parent.parent


@_without_collections()
def create_app(settings: Settings | None = None) -> Flask:
    """Returns the application, with settings from the environment unless given.

    Raises :class:`app.config.ConfigurationError` for a setting that cannot be used.
    """
    from app import logs, metrics
    from app.database import leases  # noqa: F401
    from app.database.engine import prepare_engine
    from app.database.pool import count_connections
    from app.extensions import Extensions, csrf, db, login_manager
    from app.fetch import Fetcher
    from app.http.application import Application
    from app.http.flask_config import flask_config
    from app.last_uses import LastUses
    from app.limits.counting import open_limits
    from app.notes import Notes
    from app.services import Services

    app = Application(
        __name__,
        root_path=str(_ROOT),
        template_folder="templates",
        # Served by a route of ours, which says its door.
        static_folder=None,
        instance_path=str(_ROOT / "instance"),
    )
    app.extensions = Extensions(app, str(_ROOT / "migrations"))
    settings = settings or read_settings(os.environ, Path(app.instance_path))
    logs.configure(settings.log_format)
    app.config.update(flask_config(settings))

    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine, settings.database_synchronous)
        metrics.POOL_CONNECTIONS.read_by(partial(count_connections, db.engine))
        limits = open_limits(db.engine, settings.redis_url, settings.api_calls_per_minute)
        fetcher = Fetcher(settings, limits)
        app.extensions["services"] = Services(settings, db.engine, notes := Notes(), limits, fetcher)
        metrics.NOTES_WAITING.read_by(notes.count)
        LastUses(db.engine, notes)
    csrf.init_app(app)
    login_manager.init_app(app)
    for name in _PACKAGES:
        import_module(f"app.{name}").register(app)
    take_no_more_stand_ins()
    return app
