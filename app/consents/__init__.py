"""What a person allowed an app: the consent, the mementos chosen in it, and what was done with it."""

from flask import Flask

from app.parts import import_modules


def register(app: Flask) -> None:
    """Attach the log of what apps read and write."""
    from app.consents import receipt_log

    import_modules(__name__)
    receipt_log.init_app(app)
