"""The settings where there is an app."""

from flask import current_app

from app.config.chosen import Settings


def settings() -> Settings:
    """Returns the settings of the current app."""
    return current_app.extensions["services"].settings
