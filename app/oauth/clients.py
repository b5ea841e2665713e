"""Registering clients and changing them (:rfc:`6749#section-2`). Forms, commands and the protocol share these rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import update

from app import clock, credentials
from app.accounts.models import Organization
from app.audit import events
from app.extensions import db
from app.oauth.client_fields import clean_fields, find_field_problems
from app.oauth.models.client import CONFIDENTIAL, Client, ClientSecret
from app.oauth.scopes import format_scope


class ClientError(ValueError):
    """What is wrong with a client's fields. ``field`` and ``sentence`` say the first problem, ``problems`` all of them.

    ``problems`` is a list of ``(field, sentence)``; each sentence is for a person and holds no secret.
    """

    def __init__(self, field: str, sentence: str, problems: Iterable[tuple[str, str]] = ()):
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence
        self.problems = list(problems) or [(field, sentence)]


def register_client(
    *,
    organization: Organization,
    name: str,
    type: str,
    redirect_uris: Iterable[str],
    scopes: Iterable[str],
    description: str = "",
    homepage_url: str = "",
    native_app: bool = False,
    require_pkce: bool = False,
    actor_user_id: str | None = None,
    client_id: str | None = None,
) -> tuple[Client, str | None]:
    """A new client, added to the session, and its secret in plain, which exists nowhere else; None for a public client.

    ``client_id`` may be chosen beforehand, so that what is sent twice collides instead of registering twice.
    Raises :class:`ClientError`.
    """
    fields = _checked(
        type=type,
        name=name,
        description=description,
        homepage_url=homepage_url,
        redirect_uris=redirect_uris,
        scopes=scopes,
        native_app=native_app,
        require_pkce=require_pkce,
    )
    client = Client(client_id=client_id or credentials.new_id("client"), organization=organization, **_columns(fields))
    db.session.add(client)
    db.session.flush()
    secret = _add_secret(client)[1] if type == CONFIDENTIAL else None
    _record("client.registered", client, actor_user_id, name=client.name, type=client.type)
    return client, secret


def update_client(
    client: Client,
    *,
    actor_user_id: str | None,
    name: str,
    redirect_uris: Iterable[str],
    scopes: Iterable[str],
    description: str = "",
    homepage_url: str = "",
    native_app: bool = False,
    require_pkce: bool = False,
) -> None:
    """Give the client these fields; its type and its credentials stay. Raises :class:`ClientError`."""
    fields = _checked(
        type=client.type,
        name=name,
        description=description,
        homepage_url=homepage_url,
        redirect_uris=redirect_uris,
        scopes=scopes,
        native_app=native_app,
        require_pkce=require_pkce,
    )
    changes = {column: value for column, value in _columns(fields).items() if getattr(client, column) != value}
    if not changes:
        return
    before = {column: getattr(client, column) for column in changes}
    for column, value in changes.items():
        setattr(client, column, value)
    _record("client.updated", client, actor_user_id, before=before, after=changes)


def rotate_client_secret(
    client: Client, *, actor_user_id: str | None, secret_id: str | None = None
) -> tuple[ClientSecret, str]:
    """A new secret, added to the session, and its plain text; every earlier secret of the client ends now.

    ``secret_id`` may be chosen beforehand, so that what is sent twice collides instead of rotating twice.
    Raises :class:`ClientError` for a public client.
    """
    if client.type != CONFIDENTIAL:
        raise ClientError("type", "This app is public, so it has no secret to rotate.")
    # Two rotations at the same moment take turns, so that only the later secret is left alive.
    db.session.flush()
    db.session.refresh(client, with_for_update=True)
    db.session.execute(
        update(ClientSecret)
        .where(ClientSecret.client_id == client.client_id, ClientSecret.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    secret, plain = _add_secret(client, secret_id)
    db.session.flush()
    _record("client.secret_rotated", client, actor_user_id, secret_id=secret.id)
    return secret, plain


def _checked(**fields: Any) -> Mapping[str, Any]:
    fields = clean_fields(fields)
    problems = find_field_problems(fields)
    if problems:
        raise ClientError(*problems[0], problems)
    return fields


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(fields)
    columns["scope"] = format_scope(columns.pop("scopes"))
    return columns


def _add_secret(client: Client, secret_id: str | None = None) -> tuple[ClientSecret, str]:
    plain = credentials.new_credential(credentials.CLIENT_SECRET)
    secret = ClientSecret(
        id=secret_id or credentials.new_id("sec"),
        digest=credentials.digest(plain),
        hint=credentials.hint(plain),
        client=client,
    )
    db.session.add(secret)
    return secret, plain


def _record(kind: str, client: Client, actor_user_id: str | None, **details: Any) -> None:
    events.record(
        kind,
        actor_user_id=actor_user_id,
        organization_id=client.organization.id,
        client_id=client.client_id,
        **details,
    )
