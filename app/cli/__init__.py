"""The ``flask`` commands: one file a noun."""

from flask import Flask


def register(app: Flask) -> None:
    """Add every command to ``flask``."""
    from app.cli import clients, commands, doctor

    commands.init_app(app)
    clients.init_app(app)
    doctor.init_app(app)
