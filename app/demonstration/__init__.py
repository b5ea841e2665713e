"""What `make run` adds to a local server: demonstration people, apps and memories, and the little app at ``/demonstration/``."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach the little app. Only a server that this machine alone reaches has it."""
    from app.demonstration import pocket

    pocket.register(app)
