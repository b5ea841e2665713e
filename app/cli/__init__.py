"""The ``flask`` commands: one file a noun."""

from importlib import import_module
from typing import Any, cast

from flask import Flask

from app.late import LateObject


def register(app: Flask) -> None:
    """Let ``flask`` have our commands. A server has none, nor Click."""
    app.cli = cast(Any, LateObject(lambda: import_module("app.cli.every_command").Commands(app)))
