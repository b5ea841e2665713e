"""What a person knows, where it came from, and the mementos through which an app may look at it."""

from flask import Flask

from app.parts import import_modules


def register(_app: Flask) -> None:
    """Make the tables of this package known."""
    import_modules(__name__)
