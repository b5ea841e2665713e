"""What the protocol asks of clients that no organization registered, whether by a document or by themselves."""

from sqlalchemy import bindparam, select, update

from app import clock
from app.clients.models import (
    DOCUMENT,
    DYNAMIC,
    REGISTERED,
    ClientDocument,
    ClientRules,
    ClientSnapshot,
    SelfRegistration,
)
from app.config import Settings
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import UtcDateTime
from app.scopes import PROFILE, format_scope, intersect_scope, parse_scope, with_profile

_TABLES: dict[str, type[ClientDocument | SelfRegistration]] = {DOCUMENT: ClientDocument, DYNAMIC: SelfRegistration}
_FIND_DEFAULT = {
    origin: Statement(select(table.default_scope).where(table.client_key == bindparam("client")))
    for origin, table in _TABLES.items()
}
_NOTE_USE = {
    origin: Statement(
        update(table)
        .where(table.client_key == bindparam("client"), table.used_at.is_(None))
        .values(used_at=bindparam("at", type_=UtcDateTime()))
    )
    for origin, table in _TABLES.items()
}


def find_default_scope(connection: Connection, client: ClientSnapshot, settings: Settings) -> str:
    """Returns the scope of a client that asks for none: what it named of what it may have, or all of that."""
    found = connection.first(_FIND_DEFAULT[client.origin], client=client.key)
    named = "" if found is None else str(found.default_scope)
    allowed = list_allowed_scopes(client, settings)
    scope = format_scope(parse_scope(named) & allowed or allowed)
    return with_profile(scope) if client.implies_profile else scope


def list_allowed_scopes(client: ClientRules, settings: Settings) -> frozenset[str]:
    """Returns what the operator lets a client have that nobody registered; what it had before stays."""
    allowed = frozenset(settings.third_party_scopes)
    return allowed | {PROFILE} if client.implies_profile else allowed


def find_most_scope(client: ClientRules, settings: Settings) -> str:
    """Returns what the client may have at most now: its registration says so, or the operator, if nobody registered it."""
    if client.origin == REGISTERED:
        return client.scope
    return intersect_scope(client.scope, " ".join(list_allowed_scopes(client, settings)))


def note_first_use(connection: Connection, client: ClientSnapshot) -> None:
    """Keep the client, if nobody registered it: a person has allowed it something."""
    if client.origin in _NOTE_USE:
        connection.run(_NOTE_USE[client.origin], client=client.key, at=clock.now())
