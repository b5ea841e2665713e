"""Apps that asked and were not connected: how each is known, and where it begins."""

from datetime import datetime

from msgspec import Struct

from app.clients.trust import Trust, find_trust, own_page
from app.extensions import db
from app.oauth.asked_apps import list_asked


class AskedEntry(Struct, frozen=True):
    """An app as the page shows it. ``homepage_url`` is where it begins anew, empty where it names no page of its own."""

    id: str
    name: str
    trust: Trust
    asked_at: datetime
    homepage_url: str


def describe_asked(user_id: str) -> list[AskedEntry]:
    """Returns the apps that a person was asked about and has not connected, the latest first."""
    return [
        AskedEntry(
            one.id,
            one.client.name,
            find_trust(one.client),
            one.asked_at,
            own_page(one.client, one.client.homepage_url) if one.client.suspended_at is None else "",
        )
        for one in list_asked(db.session(), user_id)
    ]
