"""Runs migrations on the app's own engine, on SQLite and PostgreSQL alike."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
database = migrate.db


def render_item(kind, item, autogen_context):
    """Name our column types by their module in a revision."""
    if kind == "type" and type(item).__module__ == "app.database":
        autogen_context.imports.add(f"from app.database import {type(item).__name__}")
        return f"{type(item).__name__}()"
    return False


def run_migrations() -> None:
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_item=render_item,
            compare_type=True,
            **{"render_as_batch": connection.dialect.name == "sqlite"},
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; there is no offline mode.")
run_migrations()
