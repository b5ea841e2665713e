"""The registry of apps: their fields, life, secrets, redirect URIs and logos."""

from app.parts import App, import_modules


def register(_app: App) -> None:
    """Make the tables of this package known."""
    import_modules(__name__)
