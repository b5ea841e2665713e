"""Where Acme Pocket is, and whether it is there at all."""

from flask import g

from app.clients.models import find_client
from app.config import settings
from app.database.session_connection import SessionConnection
from app.extensions import db

CLIENT_ID = "client_acme_pocket"
PATH = "/demonstration/"
#: Where people come back to; below it is every host under which a server is reached by its own machine alone.
CALLBACK_PATH = "/demonstration/callback"
CALLBACKS = tuple(f"http://{host}{CALLBACK_PATH}" for host in ("127.0.0.1", "localhost", "[::1]"))


def find_place() -> str | None:
    """Returns the path of the little app; None where nobody has registered it, or not for this address."""
    if "pocket_place" not in g:
        client = find_client(SessionConnection(db.session()), CLIENT_ID)
        g.pocket_place = PATH if client is not None and client.check_redirect_uri(callback_uri()) else None
    place: str | None = g.pocket_place
    return place


def callback_uri() -> str:
    """Returns the redirect URI, at the address of this server."""
    return settings().issuer + CALLBACK_PATH
