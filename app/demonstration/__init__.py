"""What `make run` adds to a local server: demonstration people, apps and memories, and the little app at ``/demonstration/``."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach the little app and the letters. Only a server that this machine alone reaches has them."""
    from app.demonstration import mailbox, pocket

    pocket.register(app)
    mailbox.register(app)
