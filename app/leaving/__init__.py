"""Leaving: an account that its person asked to delete, the week in which they may come back, and what they take along."""

from flask import Flask


def register(app: Flask) -> None:
    """Attach the page of coming back, and the letter at the end."""
    from app.leaving import letters  # noqa: F401
    from app.leaving.views import leaving

    app.register_blueprint(leaving)
