"""``/demonstration/mail/``: the letters of a server for this machine alone that has no mail server to give them to."""

from flask import Flask

from app.http.doors import PAGE
from app.http.routes import Blueprint

blueprint = Blueprint("mailbox", __name__, door=PAGE, url_prefix="/demonstration/mail")


def register(app: Flask) -> None:
    """Attach the pages where letters are kept for them, and nowhere else; and tell every template whether they are."""
    from app.demonstration.mailbox import views  # noqa: F401

    settings = app.extensions["services"].settings
    is_here = not settings.is_https and not settings.smtp_url
    if is_here:
        app.register_blueprint(blueprint)
    app.jinja_env.globals["has_mailbox"] = is_here
