"""Who did what to an organization's apps and people."""

from flask import Flask

from app.parts import import_modules


def register(_app: Flask) -> None:
    """Make the tables of this package known."""
    import_modules(__name__)
