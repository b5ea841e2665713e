"""Which addresses lead to an app, and to which.

The form of a page that goes on there may end at the app's own address, and says who asks.
"""

from functools import partial
from typing import cast
from urllib.parse import parse_qs, urlsplit

from flask import Flask, url_for

from app import clock
from app.accounts.destinations import Destination, add_destinations
from app.clients.models import Client, find_record
from app.database.connections import connect
from app.extensions import db
from app.http.application import Application
from app.oauth.authorization_request import WaitingRequest, hold_authorization_request
from app.oauth.device_authorization import VERIFICATION_PATH
from app.oauth.endpoints.asker import describe_asker, describe_unknown
from app.oauth.endpoints.keeping import leads_to_known_app
from app.oauth.endpoints.waiting import find_request_of_browser
from app.oauth.parameters import parse_parameters

#: Where a request comes in, and where one that was not kept begins anew.
_AUTHORIZE_PATHS = ("/oauth/authorize", "/api/v1/auth/oauth2/authorize", "/authorize")
#: Under it are the pages that open a waiting request.
_STEPS = "/oauth/authorize/"


def init_app(app: Flask) -> None:
    """Tell the pages of sign-in and sign-up which addresses lead to an app."""
    cast(Application, app).leads_to_app = leads_to_app
    add_destinations(app, find_app)


def leads_to_app(target: str) -> bool:
    """Returns whether a path of ours leads on to an app: a request that waits in this browser, or that travels along."""
    parts = urlsplit(target)
    if parts.path.rstrip("/") in _AUTHORIZE_PATHS:
        return leads_to_known_app(parts.query)
    waiting = _find_waiting(target)
    # A device's answer goes to no address: its person is told on a page of ours.
    return waiting is not None and not waiting.is_of_device


def find_app(target: str) -> Destination | None:
    """Returns the app that a path of ours leads on to, as the screens of the decision show it."""
    parts = urlsplit(target)
    waiting = _find_waiting(target)
    if waiting is not None:
        client = db.session.get_one(Client, waiting.client_key)
        handle = parse_qs(parts.query)["request"][0]
        shown = describe_asker(client, waiting.parameters.get("redirect_uri", ""))
        return Destination(
            app=shown,
            ends_in=int((waiting.expires_at - clock.now()).total_seconds()),
            cancel_url=url_for("oauth.cancel_before_sign_in", request=handle),
            hold=partial(hold_authorization_request, db.session(), waiting),
        )
    if parts.path == VERIFICATION_PATH:
        return Destination(is_device=True)
    if parts.path.rstrip("/") not in _AUTHORIZE_PATHS or not leads_to_known_app(parts.query):
        return None
    asked = parse_parameters(parts.query.encode()).values
    known = find_record(db.session(), asked["client_id"])
    described = (
        describe_unknown(asked["client_id"]) if known is None else describe_asker(known, asked.get("redirect_uri", ""))
    )
    return Destination(app=described, cancel_url=url_for("oauth.cancel_before_sign_in")) if described else None


def _find_waiting(target: str) -> WaitingRequest | None:
    """The request that waits in this browser behind the path of one of its steps."""
    parts = urlsplit(target)
    handles = parse_qs(parts.query).get("request", [])
    if not parts.path.startswith(_STEPS) or len(handles) != 1:
        return None
    with connect(db.engine) as connection:
        waiting = find_request_of_browser(connection, handles[0])
    return waiting if waiting is not None and not waiting.is_over() else None
