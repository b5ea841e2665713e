"""A client registers itself (:rfc:`7591`), and looks after its own registration (:rfc:`7592`).

Nobody has checked anything of what it says. It belongs to no organization, and may ask a person for every scope: what
it named at its registration is a default.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app import clock, credentials
from app.clients.errors import ClientError
from app.clients.life import EndedBy, end_client
from app.clients.lock import lock_client
from app.clients.models import (
    CONFIDENTIAL,
    DYNAMIC,
    PRIVATE_KEY_JWT,
    PUBLIC,
    UNUSED_FOR,
    Client,
    SelfRegistration,
    find_record,
)
from app.clients.own_words import read_own_words, write_own_words
from app.clients.secrets import add_client_secret
from app.config import Settings
from app.database.rows import changed_rows

#: How many there may be that nobody has allowed anything yet. The oldest make room, once they are so old: whoever has just
#: registered is perhaps being decided about.
MOST_UNUSED = 5000
_MAKES_ROOM_AFTER = timedelta(hours=1)
_MOST_AT_ONCE = 50

_AUTH_METHODS = {PUBLIC: "none", CONFIDENTIAL: "client_secret_basic"}


class TooManyUnused(Exception):
    """There are as many clients as may be that nobody uses, and all of them are new: none makes room for another."""


class Registered:
    """A client with its registration; ``token`` and ``secret`` are plain for the only time, or None."""

    def __init__(
        self, client: Client, registration: SelfRegistration, token: str | None = None, secret: str | None = None
    ) -> None:
        self.client, self.registration, self.token, self.secret = client, registration, token, secret


def register_itself(session: Session, settings: Settings, metadata: Mapping[str, Any]) -> Registered:
    """Returns a client that is registered with what it says of itself, added to the session.

    Raises :class:`ClientError`, whose field is ours or the member's name, and :class:`TooManyUnused`.
    """
    if count_unused(session) >= MOST_UNUSED and not _make_room(session):
        raise TooManyUnused
    fields, default_scope, application_type = read_own_words(settings, metadata)
    client = Client(client_id=credentials.new_id("client"), origin=DYNAMIC)
    client.key = client.client_id
    write_own_words(client, fields)
    session.add(client)
    session.flush()
    token = credentials.new_credential(credentials.REGISTRATION)
    registration = SelfRegistration(
        client_key=client.key,
        token_digest=credentials.digest(token),
        default_scope=default_scope,
        application_type=application_type,
        registered_at=client.created_at,
    )
    session.add(registration)
    needs_secret = client.is_confidential and client.keys is None
    secret = add_client_secret(session, client, actor_user_id=None)[1] if needs_secret else None
    session.flush()
    return Registered(client, registration, token, secret)


def count_unused(session: Session) -> int:
    """Returns how many there are that nobody has allowed anything.

    Those that the next purge removes have made room for others already.
    """
    return session.scalar(select(func.count()).select_from(SelfRegistration).where(*_counts())) or 0


def _make_room(session: Session) -> bool:
    """Remove the oldest of those that nobody has allowed anything. Returns whether there were any.

    Else whoever registers so many once would keep everybody out for as long as those stay by themselves.
    """
    oldest = (
        select(Client.key)
        .join(SelfRegistration, SelfRegistration.client_key == Client.key)
        .where(*_counts(), SelfRegistration.registered_at <= clock.now() - _MAKES_ROOM_AFTER)
        .order_by(SelfRegistration.registered_at)
        .limit(_MOST_AT_ONCE)
        .with_for_update(skip_locked=True, of=Client)
    )
    keys = sorted(session.scalars(oldest))
    # A statement of its own: it sees what was allowed until the rows were locked.
    still_unused = select(SelfRegistration.client_key).where(SelfRegistration.client_key.in_(keys), *_counts())
    removed = session.execute(
        delete(Client).where(Client.key.in_(still_unused)), execution_options={"synchronize_session": False}
    )
    return changed_rows(removed) > 0


def _counts() -> tuple[ColumnElement[bool], ...]:
    return SelfRegistration.used_at.is_(None), SelfRegistration.registered_at > clock.now() - UNUSED_FOR


def find_own_registration(session: Session, client_id: str, token: str) -> Registered | None:
    """Returns the registration that the token is for, with the token. None for any other, whatever is wrong."""
    client = find_record(session, client_id)
    found = session.get(SelfRegistration, client.key) if client is not None and client.origin == DYNAMIC else None
    digest = found.token_digest if found is not None else credentials.digest("")
    is_right = hmac.compare_digest(digest, credentials.digest(token))
    return Registered(client, found, token) if client is not None and found is not None and is_right else None


def change_itself(session: Session, settings: Settings, own: Registered, metadata: Mapping[str, Any]) -> Registered:
    """Replace what the client says of itself (:rfc:`7592#section-2.2`). How it proves itself stays, and so does its id.

    Raises :class:`ClientError`, and :class:`app.clients.errors.ClientGone` for one that has ended meanwhile.
    """
    client, registration = own.client, own.registration
    lock_client(session, client)
    if metadata.get("client_id") != client.client_id:
        raise ClientError("client_id", "The member 'client_id' must be the client's own.")
    sent_secret = metadata.get("client_secret")
    if sent_secret is not None and not _is_own_secret(client, sent_secret):
        raise ClientError("client_secret", "The member 'client_secret' must be the client's own, or be left out.")
    # How it proves itself stays: whoever signs may change the keys, and nobody else has any.
    method = PRIVATE_KEY_JWT if client.keys is not None else _AUTH_METHODS[client.type]
    said = {**metadata, "token_endpoint_auth_method": method}
    fields, default_scope, application_type = read_own_words(settings, said, type_=client.type)
    write_own_words(client, fields)
    client.version += 1
    registration.default_scope, registration.application_type = default_scope, application_type
    session.flush()
    return own


def end_itself(session: Session, own: Registered) -> None:
    """End the client (:rfc:`7592#section-2.3`). Raises :class:`app.clients.errors.ClientGone`."""
    end_client(session, own.client, by=EndedBy.APP)


def describe(own: Registered, *, address: str) -> dict[str, Any]:
    """Returns the client information response (:rfc:`7591#section-3.2.1`); ``address`` is where it is looked after.

    What is empty is left out: some clients give up at a null.
    """
    client, registration = own.client, own.registration
    said = {
        "client_id": client.client_id,
        "client_id_issued_at": int(registration.registered_at.timestamp()),
        "client_secret": own.secret,
        "client_secret_expires_at": 0 if own.secret else None,
        "registration_access_token": own.token,
        "registration_client_uri": address,
        "client_name": client.name,
        "client_uri": client.homepage_url,
        "policy_uri": client.privacy_url,
        "tos_uri": client.terms_url,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "token_endpoint_auth_method": PRIVATE_KEY_JWT if client.keys is not None else _AUTH_METHODS[client.type],
        "jwks": json.loads(client.jwks) if client.jwks else None,
        "jwks_uri": client.jwks_uri,
        "scope": registration.default_scope,
        "application_type": registration.application_type or ("native" if client.native_app else "web"),
        "require_pushed_authorization_requests": client.require_pushed or None,
    }
    told = {name: value for name, value in said.items() if value not in (None, "", [])}
    # Of one that asks by devices alone there is none, and left out it would mean "code".
    return told if "authorization_code" in client.grant_types else told | {"response_types": []}


def _is_own_secret(client: Client, secret: Any) -> bool:
    digests = [one.digest for one in client.secrets]
    return isinstance(secret, str) and any(credentials.matches(secret, digest) for digest in digests)
