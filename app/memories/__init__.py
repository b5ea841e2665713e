"""What a person knows, where it came from, and the mementos through which an app may look at it."""

from flask import Flask


def register(_app: Flask) -> None:
    """Make the tables of this package known. The rest comes with what reads and writes them."""
    from app.memories import models, never_shared  # noqa: F401
    from app.memories.importing import models as imports  # noqa: F401
