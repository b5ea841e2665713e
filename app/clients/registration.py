"""Registering clients and changing them (:rfc:`6749#section-2`). Forms, commands and the protocol share these rules."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app import clock, credentials
from app.accounts.models import Organization
from app.audit.models import AuditEvent
from app.clients.events import record_client_event
from app.clients.fields import ClientError, check_label, clean_fields, find_field_problems
from app.clients.models import CONFIDENTIAL, Client, ClientSecret
from app.extensions import db
from app.scopes import format_scope, parse_scope
from app.sentences import _

_MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one column of a client since somebody looked, and who last changed it."""

    before: Any
    after: Any
    actor_user_id: str | None
    at: datetime


class ClientGone(LookupError):
    """The client was deleted since it was looked up."""


class ClientChanged(Exception):
    """Somebody else changed the client since it was looked at. ``changes`` says what, by column."""

    def __init__(self, changes: Mapping[str, Change]):
        super().__init__()
        self.changes = changes


def register_client(
    *,
    organization: Organization,
    name: str,
    type: str,
    redirect_uris: Iterable[str],
    scopes: Iterable[str],
    description: str = "",
    homepage_url: str = "",
    privacy_url: str = "",
    terms_url: str = "",
    request_origins: Iterable[str] = (),
    optional_scopes: Iterable[str] = (),
    native_app: bool = False,
    require_pkce: bool = False,
    access_token_lifetime: int | None = None,
    refresh_token_lifetime: int | None = None,
    draft: bool = False,
    actor_user_id: str | None = None,
    client_id: str | None = None,
) -> tuple[Client, str | None]:
    """A new client, added to the session, and its secret in plain, which exists nowhere else.

    A public client has no secret, and a draft none yet: it may be incomplete, and works when it is activated.
    ``client_id`` may be chosen beforehand, so that what is sent twice collides instead of registering twice; one
    of a client that has ended is taken up again.
    Raises :class:`ClientError`.
    """
    fields = _checked(
        draft=draft,
        type=type,
        name=name,
        description=description,
        homepage_url=homepage_url,
        privacy_url=privacy_url,
        terms_url=terms_url,
        redirect_uris=redirect_uris,
        request_origins=request_origins,
        scopes=scopes,
        optional_scopes=optional_scopes,
        native_app=native_app,
        require_pkce=require_pkce,
        access_token_lifetime=access_token_lifetime,
        refresh_token_lifetime=refresh_token_lifetime,
    )
    client = _new_client(client_id or credentials.new_id("client"))
    client.organization = organization
    for column, value in _columns(fields).items():
        setattr(client, column, value)
    if draft:
        client.drafted_at = client.suspended_at = clock.now()
    db.session.flush()
    secret = None if draft or type != CONFIDENTIAL else add_client_secret(client, actor_user_id=actor_user_id)[1]
    details = {"draft": True} if draft else {}
    record_client_event("client.registered", client, actor_user_id, name=client.name, type=client.type, **details)
    return client, secret


def _new_client(client_id: str) -> Client:
    """A client of this id, added to the session. One that had it and has ended begins anew, known to the same people."""
    ended = db.session.scalar(
        select(Client).where(Client.client_id == client_id, Client.ended_at.is_not(None)).with_for_update()
    )
    client = ended or Client(client_id=client_id)
    if ended is None:
        db.session.add(client)
    client.ended_at = client.suspended_at = None
    client.created_at = clock.now()
    return client


def update_client(client: Client, *, actor_user_id: str | None, version: int | None = None, **fields: Any) -> None:
    """Give the client these of the fields of :func:`register_client`; the others, its type and its credentials stay.

    ``version`` is that of the client on which the change is based. Raises :class:`ClientError`, and
    :class:`ClientChanged` when the client has another version by now.
    """
    lock_client(client)
    fields = _checked(draft=client.drafted_at is not None, **(_present_fields(client) | fields))
    if version is not None and version != client.version:
        raise ClientChanged(_find_changes(client, version))
    changes = {column: value for column, value in _columns(fields).items() if getattr(client, column) != value}
    if not changes:
        return
    before = {column: getattr(client, column) for column in changes}
    for column, value in changes.items():
        setattr(client, column, value)
    client.version += 1
    record_client_event("client.updated", client, actor_user_id, before=before, after=changes, version=client.version)


def check_client(client: Client, *, may_lack: Collection[str] = ()) -> None:
    """Raise :class:`ClientError` when the client lacks what makes an app work, as a draft may; but for these fields."""
    fields = _present_fields(client)
    problems = find_field_problems(clean_fields(fields))
    problems = [problem for problem in problems if fields[problem[0]] or problem[0] not in may_lack]
    if problems:
        raise ClientError(*problems[0], problems)


def lock_client(client: Client) -> None:
    """See the client as it is now, and let nobody else change it until this transaction ends.

    Raises :class:`ClientGone` when it was deleted meanwhile.
    """
    db.session.flush()
    db.session.refresh(client, with_for_update=True)
    if client.ended_at is not None:
        raise ClientGone


def add_client_secret(
    client: Client, *, actor_user_id: str | None, label: str = "", secret_id: str | None = None
) -> tuple[ClientSecret, str]:
    """A new secret, added to the session, and its plain text. Nothing becomes of the others, and nothing is recorded."""
    plain = credentials.new_credential(credentials.CLIENT_SECRET)
    secret = ClientSecret(
        id=secret_id or credentials.new_id("sec"),
        digest=credentials.digest(plain),
        hint=credentials.hint(plain),
        label=check_label(label),
        client_key=client.key,
        created_by_user_id=actor_user_id,
    )
    db.session.add(secret)
    db.session.flush()
    return secret, plain


def rotate_client_secret(
    client: Client, *, actor_user_id: str | None, secret_id: str | None = None
) -> tuple[ClientSecret, str]:
    """A new secret, added to the session, and its plain text; every earlier secret of the client ends now.

    ``secret_id`` may be chosen beforehand, so that what is sent twice collides instead of rotating twice.
    Raises :class:`ClientError` for a public client.
    """
    if client.type != CONFIDENTIAL:
        raise ClientError("type", _("This app is public, so it has no secret to rotate."))
    # Two rotations at the same moment take turns, so that only the later secret is left alive.
    lock_client(client)
    db.session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_key == client.key, ClientSecret.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    secret, plain = add_client_secret(client, actor_user_id=actor_user_id, secret_id=secret_id)
    record_client_event("client.secret_rotated", client, actor_user_id, secret_id=secret.id)
    return secret, plain


def _checked(*, draft: bool, **fields: Any) -> Mapping[str, Any]:
    fields = clean_fields(fields)
    problems = find_field_problems(fields, draft=draft)
    if problems:
        raise ClientError(*problems[0], problems)
    return fields


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(fields)
    columns["scope"] = format_scope(columns.pop("scopes"))
    columns["optional_scope"] = format_scope(columns.pop("optional_scopes"))
    return columns


_UPDATABLE = (
    "type",
    "name",
    "description",
    "homepage_url",
    "privacy_url",
    "terms_url",
    "redirect_uris",
    "request_origins",
    "native_app",
    "require_pkce",
    "access_token_lifetime",
    "refresh_token_lifetime",
)


def _present_fields(client: Client) -> dict[str, Any]:
    fields = {name: getattr(client, name) for name in _UPDATABLE}
    return fields | {"scopes": parse_scope(client.scope), "optional_scopes": parse_scope(client.optional_scope)}


def _find_changes(client: Client, version: int) -> dict[str, Change]:
    """By column, what it was at that version and is now, as the audit log tells."""
    recorded = db.session.scalars(
        select(AuditEvent)
        .where(AuditEvent.client_key == client.key, AuditEvent.kind == "client.updated")
        .order_by(AuditEvent.occurred_at.desc())
        .limit(_MOST_CHANGES)
    )
    newer = sorted(
        (event for event in recorded if event.details.get("version", 0) > version),
        key=lambda event: event.details["version"],
    )
    changes: dict[str, Change] = {}
    for event in newer:
        for column, before in event.details["before"].items():
            first = changes[column].before if column in changes else before
            changes[column] = Change(first, getattr(client, column), event.actor_user_id, event.occurred_at)
    return {column: change for column, change in changes.items() if change.before != change.after}
