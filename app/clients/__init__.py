"""The registry of apps: their fields, life, secrets, redirect URIs and logos."""

from app.parts import App


def register(app: App) -> None:
    """Make the tables of this package known, and the redirect URIs that the operator lets apps have."""
    from app.clients import models  # noqa: F401
    from app.clients.private_schemes import allow_private_schemes

    allow_private_schemes(app.extensions["services"].settings.private_schemes)
