"""What a person allowed an app: the consent, the mementos chosen in it, and what was done with it."""

from app.parts import App


def register(app: App) -> None:
    """Attach the log of what apps read and write, the tables, and what is done when an app ends or changes itself."""
    from app.consents import endings, introductions, made, own_changes  # noqa: F401
    from app.consents.receipts.log import AccessLog

    services = app.extensions["services"]
    AccessLog(services.engine, services.notes)
