"""``flask clients``: what the dashboard does to apps, on the command line."""

from flask import Flask

from app.cli.clients import life, listing, registering, requests, secrets
from app.cli.clients.group import clients

__all__ = ["clients", "life", "listing", "registering", "requests", "secrets"]


def init_app(app: Flask) -> None:
    """Add the commands of this folder to ``flask``."""
    app.cli.add_command(clients)
