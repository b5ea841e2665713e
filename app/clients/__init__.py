"""The registry of apps: their fields, life, secrets, redirect URIs and logos."""

from app.parts import App, import_modules


def register(app: App) -> None:
    """Make the tables of this package known, and the redirect URIs that the operator lets apps have."""
    from app.clients.private_schemes import allow_private_schemes

    import_modules(__name__)
    allow_private_schemes(app.extensions["services"].settings.private_schemes)
