"""Whose values the examples hold: one of the reader's own apps, or a made-up one.

A secret never stands here. The examples read it from the environment.
"""

from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.accounts.models import Membership
from app.accounts.organizations import can_administer
from app.clients.models import CONFIDENTIAL, PUBLIC, Client
from app.extensions import db
from app.scopes import SCOPES, format_scope
from app.sentences import _

#: So many apps are offered to choose from; whoever has more can name any in the address.
MOST_OFFERED = 200

_PLACEHOLDER_REDIRECT_URI = "https://app.example.com/callback"
_PLACEHOLDER_LOOPBACK_URI = "http://127.0.0.1/callback"


class ExampleApp(Struct, frozen=True):
    """What the examples need to know of an app. ``status`` is None for the made-up one."""

    client_id: str
    name: str
    type: str
    scope: str
    redirect_uri: str
    loopback_path: str
    request_origin: str
    native_app: bool = False
    require_pushed: bool = False
    device_flow: bool = False
    #: Nobody comes back to it from a browser.
    has_devices_alone: bool = False
    status: str | None = None
    may_administer: bool = False

    @property
    def is_confidential(self) -> bool:
        return self.type == CONFIDENTIAL

    @property
    def callback_path(self) -> str:
        """The path of the redirect URI, where a web app answers."""
        return urlsplit(self.redirect_uri).path or "/"


def made_up_app(type: str) -> ExampleApp:
    """Returns an app of nobody's, whose client id says that it is to be replaced."""
    return ExampleApp(
        client_id="YOUR_CLIENT_ID",
        name=_("an app of yours"),
        type=PUBLIC if type == PUBLIC else CONFIDENTIAL,
        scope=format_scope(SCOPES),
        redirect_uri=_PLACEHOLDER_REDIRECT_URI,
        loopback_path=urlsplit(_PLACEHOLDER_LOOPBACK_URI).path,
        request_origin=_origin_of(_PLACEHOLDER_REDIRECT_URI),
        native_app=True,
    )


def list_own_apps(user_id: str) -> list[tuple[str, str]]:
    """Returns client id and name of the apps of the person's organizations: by name, and those that work first."""
    rows = db.session.execute(
        select(Client.client_id, Client.name)
        .join(Membership, Membership.organization_id == Client.organization_id)
        .where(Membership.user_id == user_id)
        .order_by(Client.suspended_at.is_not(None), Client.name, Client.client_id)
        .limit(MOST_OFFERED)
    )
    return [(client_id, name) for client_id, name in rows]


def find_own_app(user_id: str, client_id: str) -> ExampleApp | None:
    """Returns the app, if it belongs to an organization of the person's; another's is as unknown as one that does not exist."""
    if not client_id.isascii() or not client_id.isprintable():
        return None
    row = db.session.execute(
        select(Client, Membership.role)
        .join(Membership, Membership.organization_id == Client.organization_id)
        .where(Membership.user_id == user_id, Client.client_id == client_id)
        .options(selectinload(Client.origins))
    ).first()
    return None if row is None else _describe(row.Client, row.role)


def _describe(client: Client, role: str) -> ExampleApp:
    redirect_uri = next(iter(client.usable_redirect_uris), _PLACEHOLDER_REDIRECT_URI)
    loopback = (uri for uri in client.usable_redirect_uris if uri.startswith("http://127.0.0.1"))
    return ExampleApp(
        client_id=client.client_id,
        name=client.name,
        type=client.type,
        scope=client.scope,
        redirect_uri=redirect_uri,
        loopback_path=urlsplit(next(loopback, _PLACEHOLDER_LOOPBACK_URI)).path or "/",
        request_origin=next(iter(client.request_origins), _origin_of(redirect_uri)),
        native_app=client.native_app,
        require_pushed=client.require_pushed,
        device_flow=client.device_flow,
        has_devices_alone=client.device_flow and not client.usable_redirect_uris,
        status=client.status,
        may_administer=can_administer(role),
    )


def _origin_of(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return _origin_of(_PLACEHOLDER_REDIRECT_URI)
    return f"{parts.scheme}://{parts.netloc}"
