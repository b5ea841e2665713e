"""Which carrier a server's letters go by."""

from sqlalchemy import Engine

from app.config import Settings
from app.config.smtp_url import read_smtp_url
from app.mail.carrier import Carrier
from app.mail.local import LocalCarrier


def choose_carrier(settings: Settings, engine: Engine) -> Carrier:
    """Returns the carrier."""
    if settings.smtp_url:
        from app.mail.smtp import SmtpCarrier

        return SmtpCarrier(settings, read_smtp_url(settings.smtp_url))
    return LocalCarrier(engine)
