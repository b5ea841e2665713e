"""The ``flask`` commands: one file a noun."""

import click
from flask import Flask
from flask.cli import AppGroup


class Commands(AppGroup):
    """Flask's, with ``flask db``, which comes into being when somebody types it: it loads Alembic."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all of them."""
        return sorted({*super().list_commands(ctx), "db"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of this name, None when there is none."""
        if cmd_name == "db":
            # Flask-Migrate adds it as it is attached.
            self._app.extensions["migrate"]
        return super().get_command(ctx, cmd_name)


def register(app: Flask) -> None:
    """Add every command to ``flask``."""
    from app.cli import clients, commands, doctor, mail, users

    app.cli = Commands(app)
    commands.init_app(app)
    clients.init_app(app)
    doctor.init_app(app)
    mail.init_app(app)
    users.init_app(app)
