"""Letters by e-mail: an outbox in the database, what a letter is made of, and who sends it."""

from flask import Flask

from app.config import settings


def register(app: Flask) -> None:
    """Bring the tables and our own kinds of letters into being."""
    from app.mail import models, rendering, trial  # noqa: F401

    rendering.init_app(app)


def mail_goes_out() -> bool:
    """Returns whether a letter can be sent: there is a mail server, or this machine's own page that shows letters."""
    return settings().sends_mail
