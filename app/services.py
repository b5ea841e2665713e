"""What the protocol gets from outside itself: one object, so that none of it has to ask Flask."""

from msgspec import Struct, field
from sqlalchemy import Engine

from app.config import Settings
from app.fetch import Fetcher
from app.limits.counting import Limits
from app.notes import Notes
from app.recent import Recent


class Services(Struct, frozen=True):
    """One for each app. HTTP files get it by :func:`app.http.services.services`, and hand it on.

    ``notes`` is what is written down later: what apps asked, read and wrote. ``limits`` counts what may not be tried
    too often. ``fetcher`` asks other servers. ``seen_clients`` is what :mod:`app.clients.models.seen` remembers.
    """

    settings: Settings
    engine: Engine
    notes: Notes
    limits: Limits
    fetcher: Fetcher
    seen_clients: Recent = field(default_factory=lambda: Recent(most=500))
