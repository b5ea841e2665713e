"""The group of all commands."""

import click
from flask import Flask
from flask.cli import AppGroup


class Commands(AppGroup):
    """Flask's. Ours are loaded when somebody types one: a server has none.

    ``flask db``, which loads Alembic, comes into being when somebody types it.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app
        self._has_ours = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all of them."""
        self.load()
        return sorted({*super().list_commands(ctx), "db"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of this name, None when there is none."""
        self.load()
        if cmd_name == "db":
            # Flask-Migrate adds it as it is attached.
            self._app.extensions["migrate"]
        return super().get_command(ctx, cmd_name)

    def load(self) -> None:
        """Add every command of ours."""
        if self._has_ours:
            return
        self._has_ours = True
        from app.cli import clients, commands, doctor, mail, users

        for part in (commands, clients, doctor, mail, users):
            part.init_app(self._app)
