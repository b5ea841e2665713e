"""Who asks, for a page on which nobody has signed in yet: how the app is known, and no ways out to its own pages."""

from typing import Any

from app.clients.models import Client
from app.clients.redirect_uris import host_of
from app.clients.trust import Known, Trust, find_trust
from app.oauth.endpoints.logo import logo_url

_NO_PAGES = {"homepage_url": "", "privacy_url": "", "terms_url": ""}


def describe_asker(client: Client, redirect_uri: str) -> dict[str, Any]:
    """Returns the app, whose answer goes to this address if it is one of its own."""
    receives = redirect_uri if client.check_redirect_uri(redirect_uri) else ""
    return {"name": client.name, "trust": find_trust(client, receives), "logo_url": logo_url(client), **_NO_PAGES}


def describe_unknown(client_id: str) -> dict[str, Any] | None:
    """Returns an app that says who it is by the address of a document which nobody has read yet; None without a host."""
    host = host_of(client_id)
    return {"name": host, "trust": Trust(Known.DESCRIBED, host, None), "logo_url": None, **_NO_PAGES} if host else None
