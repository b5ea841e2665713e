"""``GET /api/me/``: whom the token speaks for, and what it was allowed."""

from typing import Any

from sqlalchemy import bindparam, select

from app.accounts.models import Membership, Organization, User
from app.api import blueprint
from app.api.operation import OPERATIONS, Operation
from app.api.representations import manage_url
from app.config import settings
from app.database import Connection, Statement
from app.oauth.memento_details import describe_mementos
from app.oauth.models.token import TokenSnapshot
from app.oauth.protect import protected
from app.oauth.reach import token_reach
from app.oauth.scopes import parse_scope, reaches_memories
from app.wire import json_answer

_FIND_USER = Statement(
    select(
        User.id,
        User.name,
        User.email,
        Organization.id.label("organization_id"),
        Organization.slug,
        Organization.name.label("organization_name"),
        Membership.role,
    )
    .outerjoin(Membership, Membership.user_id == User.id)
    .outerjoin(Organization, Organization.id == Membership.organization_id)
    .where(User.id == bindparam("user_id"))
    .order_by(Organization.name)
    .limit(1)
)

_FIND_ORGANIZATION = Statement(
    select(Organization.id, Organization.slug, Organization.name).where(Organization.id == bindparam("organization_id"))
)


_PATHS = ("/api/me/", "/api/v1/me/", "/api/v1/account/")

# Measured, and so wired by hand (see ``operation``): it has nothing to read from the request but the token.
OPERATIONS += [
    Operation(
        method="GET",
        path=path,
        name=path.strip("/").replace("/", "_"),
        summary="Whom the token speaks for, and what it was allowed",
        scopes=(),
        answers={200: {"type": "object", "required": ["type", "id", "name", "organization", "client_id"]}},
        takes_anything_in_query=True,
    )
    for path in _PATHS
]


@blueprint.get(_PATHS[0])
@blueprint.get(_PATHS[1])
@blueprint.get(_PATHS[2])
@protected()
def me(token: TokenSnapshot, connection: Connection):
    """Step five of the web flow. Any live token may ask; a client credentials token speaks for its organization."""
    if token.user_id is None:
        return json_answer(_describe_organization(token, connection))
    return json_answer(_describe_user(token, connection))


def _describe_user(token: TokenSnapshot, connection: Connection) -> dict[str, Any]:
    user = connection.first(_FIND_USER, user_id=token.user_id)
    organization = None
    if user.organization_id is not None:
        organization = {
            "id": user.organization_id,
            "slug": user.slug,
            "name": user.organization_name,
            "role": user.role,
        }
    return {
        "type": "user",
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "organization": organization,
        "client_id": token.client_id,
        "consent": _describe_consent(token),
    }


def _describe_consent(token: TokenSnapshot) -> dict[str, Any]:
    """The client's own view of what it was allowed, as it is now."""
    scope = token.get_scope()
    scopes = parse_scope(scope)
    return {
        "grant_id": token.grant_id,
        "scope": scope,
        "selection": token.selection if reaches_memories(scopes) else "none",
        "authorization_details": describe_mementos(token_reach(token), scopes, settings().issuer),
        "expires_at": None if token.consent_expires_at is None else token.consent_expires_at.isoformat(),
        "manage_url": manage_url(token.grant_id),
    }


def _describe_organization(token: TokenSnapshot, connection: Connection) -> dict[str, Any]:
    organization = connection.first(_FIND_ORGANIZATION, organization_id=token.organization_id)
    return {
        "type": "organization",
        "id": organization.id,
        "name": organization.name,
        "organization": {"id": organization.id, "slug": organization.slug, "name": organization.name},
        "client_id": token.client_id,
        "scope": token.get_scope(),
    }
