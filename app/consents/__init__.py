"""What a person allowed an app: the consent, the mementos chosen in it, and what was done with it."""

from app.parts import App, import_modules


def register(app: App) -> None:
    """Attach the log of what apps read and write."""
    from app.consents.receipt_log import AccessLog

    import_modules(__name__)
    services = app.extensions["services"]
    AccessLog(services.engine, services.notes)
