"""Which web pages may read our answers (CORS): those whose origin the calling client has registered.

A preflight tells neither client nor token, so it is answered for an origin that any working
client has registered; the call that follows is answered for its own client's origins alone.
The metadata documents are for everybody. Credentials of the browser are never allowed, so a
page can do nothing here that it could not do with what its client already holds.
"""

from typing import cast

from flask import Flask, Response, g, request
from sqlalchemy import bindparam, select

from app.clients.models import Client, ClientOrigin
from app.clients.redirect_uris import find_origin_problems
from app.database.connections import connect
from app.database.statements import Statement
from app.database.unavailable import find_unavailability
from app.extensions import db
from app.http.application import Application
from app.http.doors import API, SAFE_METHODS, Door, Origins

_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    # Ten minutes, in seconds: so long does a removed origin go on sending calls, whose answers it cannot read.
    ("Access-Control-Max-Age", "600"),
)
#: Those of agents are the protocol's; what we ignore is let through, for a browser would stop the call without.
_ALLOWED = (
    "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID"
)
_ALLOWED_AT = {API: f"{_ALLOWED}, Idempotency-Key"}
_EXPOSED = "Retry-After, WWW-Authenticate, X-Request-ID"

_FIND_ANY = Statement(
    select(ClientOrigin.origin)
    .join(Client, Client.key == ClientOrigin.client_key)
    .where(ClientOrigin.origin == bindparam("origin_"), Client.suspended_at.is_(None))
    .limit(1)
)
_FIND_OWN = Statement(
    select(ClientOrigin.origin)
    .join(Client, Client.key == ClientOrigin.client_key)
    .where(Client.client_id == bindparam("client"), ClientOrigin.origin == bindparam("origin_"))
)
_FIND_CLIENT = Statement(select(Client.key).where(Client.client_id == bindparam("client"), Client.ended_at.is_(None)))


def init_app(app: Flask) -> None:
    """Let every answer to a request with an ``Origin`` pass through here, where a door says that web pages may call."""
    cast(Application, app).allow_origin = _allow_origin


def note_caller(client_id: str | None) -> None:
    """Remember for this request which client calls: the one it claims to be, until it has shown it."""
    g.calling_client = client_id


def _allow_origin(response: Response, door: Door) -> Response:
    origin = request.headers["Origin"]
    if door.origins is Origins.ANY:
        response.headers["Access-Control-Allow-Origin"] = "*"
    elif response.status_code == 503:
        # The database is what failed, so it cannot be asked; the answer tells anybody the same, and when to come back.
        response.vary.add("Origin")
        response.headers["Access-Control-Allow-Origin"] = "*"
    else:
        response.vary.add("Origin")
        try:
            if not may_read(origin):
                return response
        except Exception as error:
            if request.method in SAFE_METHODS or find_unavailability(error) is None:
                raise
            # Something was done, and is answered as it was: 503 would say that it was not.
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        response.vary.add("Access-Control-Request-Method")
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED_AT.get(door, _ALLOWED)
        response.headers.extend(_PREFLIGHT)
    return response


def may_read(origin: str) -> bool:
    """Returns whether the calling client has registered this origin; while nobody knows that client, whether any has."""
    # Also one that is registered must be such that it could be today; and PostgreSQL refuses a NUL.
    if len(origin) > 300 or find_origin_problems([origin]):
        return False
    client_id = g.get("calling_client") if request.method != "OPTIONS" else None
    with connect(db.engine) as connection:
        if client_id is not None and connection.first(_FIND_CLIENT, client=client_id) is not None:
            return connection.first(_FIND_OWN, client=client_id, origin_=origin) is not None
        # A preflight, or an answer that is about no client: a token or a client that does not exist.
        return connection.first(_FIND_ANY, origin_=origin) is not None
