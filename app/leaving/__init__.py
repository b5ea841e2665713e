"""Leaving: an account that its person asked to delete, the week in which they may come back, and what they take along."""

from flask import Flask

from app.parts import import_modules


def register(app: Flask) -> None:
    """Attach the page of coming back, and the letter at the end."""
    import_modules(__name__)
    from app.leaving.views import leaving

    app.register_blueprint(leaving)
