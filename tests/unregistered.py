"""Clients that no organization registered, put into the registry as a registration or a reading of a document does."""

from datetime import timedelta
from typing import Any

from flask import Flask

from app import clock
from app.clients.models import DOCUMENT, Client, ClientDocument
from app.extensions import db
from app.scopes import SCOPES
from tests.integrator import Integrator

REDIRECT_URI = "https://app.example.net/callback"
#: What an ordinary agent asks for.
SCOPE = "memories:read memories:write integrations:read"


def add_unregistered(app: Flask, client_id: str, name: str, origin: str, **changes: Any) -> Integrator:
    """A public client. A document was read a moment ago, and is good for a day."""
    fields = {"client_id": client_id, "origin": origin, "name": name, "type": "public"}
    with app.app_context():
        client = Client(**fields | {"redirect_uris": [REDIRECT_URI], "scope": " ".join(SCOPES)} | changes)
        db.session.add(client)
        db.session.flush()
        if origin == DOCUMENT:
            at, day = clock.now(), timedelta(days=1)
            times = {"read_at": at, "registered_at": at, "fresh_until": at + day, "good_until": at + 2 * day}
            db.session.add(ClientDocument(client_key=client.key, **times))
        db.session.commit()
    return Integrator(app, client_id, None, REDIRECT_URI, SCOPE)
