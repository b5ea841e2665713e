"""How a route gets at the services of its app, to hand them to what knows no Flask."""

from flask import current_app

from app.services import Services


def services() -> Services:
    """Returns the services of the current app."""
    return current_app.extensions["services"]
