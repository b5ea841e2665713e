"""Which addresses lead to an app: the form of a page that goes on there may end at the app's own address."""

from typing import cast
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from app.database.connections import connect
from app.extensions import db
from app.http.application import Application
from app.oauth.endpoints.keeping import leads_to_known_app
from app.oauth.endpoints.waiting import find_request_of_browser

#: Where a request comes in, and where one that was not kept begins anew.
_AUTHORIZE_PATHS = ("/oauth/authorize", "/api/v1/auth/oauth2/authorize", "/authorize")
#: Under it are the pages that open a waiting request.
_STEPS = "/oauth/authorize/"


def init_app(app: Flask) -> None:
    """Tell the pages of sign-in and sign-up which addresses lead to an app."""
    cast(Application, app).leads_to_app = leads_to_app


def leads_to_app(target: str) -> bool:
    """Whether a path of ours leads on to an app: a request that waits in this browser, or that travels along."""
    parts = urlsplit(target)
    if parts.path.rstrip("/") in _AUTHORIZE_PATHS:
        return leads_to_known_app(parts.query)
    handles = parse_qs(parts.query).get("request", [])
    if not parts.path.startswith(_STEPS) or len(handles) != 1:
        return False
    with connect(db.engine) as connection:
        waiting = find_request_of_browser(connection, handles[0])
    return waiting is not None and waiting.consumed_at is None and not waiting.is_expired()
