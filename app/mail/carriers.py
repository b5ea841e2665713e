"""Which carrier a server's letters go by."""

from sqlalchemy import Engine

from app.config import Settings
from app.mail.carrier import Carrier
from app.mail.local import LocalCarrier


def choose_carrier(_settings: Settings, engine: Engine) -> Carrier:
    """Returns the carrier."""
    return LocalCarrier(engine)
