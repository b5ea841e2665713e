"""``GET /api/me/``: whom the token speaks for, and what it was allowed."""

from typing import Any

from flask import Response

from app.api import blueprint
from app.api.route import ROUTES, Route
from app.config import settings
from app.consents.details import describe_mementos
from app.consents.reach import token_reach
from app.consents.resources import API
from app.database.connections import Connection
from app.http.wire import json_answer
from app.oauth.protect import protected
from app.oauth.resources import own_resource
from app.oauth.tokens.snapshot import TokenSnapshot
from app.oauth.tokens.subject import SpeakingToken, find_speaking_token
from app.operations.results import manage_url
from app.scopes import PROFILE, parse_scope, reaches_memories

_PATHS = ("/api/me/", "/api/v1/me/", "/api/v1/account/")

# Measured, and so wired by hand (see ``serving``): it has nothing to read from the request but the token.
ROUTES += [
    Route(
        method="GET",
        path=path,
        name=path.strip("/").replace("/", "_"),
        summary="Whom the token speaks for, and what it was allowed",
        scopes=(),
        answers={200: {"type": "object", "required": ["type", "id", "client_id"]}},
        is_lenient=True,
    )
    for path in _PATHS
]


@blueprint.get(_PATHS[0])
@blueprint.get(_PATHS[1])
@blueprint.get(_PATHS[2])
@protected(find=find_speaking_token)
def me(token: SpeakingToken, _connection: Connection) -> Response:
    """Step five of the web flow. Any live token may ask; a client credentials token speaks for its organization."""
    return json_answer(_describe_organization(token) if token.user_id is None else _describe_user(token))


def _describe_user(token: SpeakingToken) -> dict[str, Any]:
    return {
        "type": "user",
        "id": token.user_id,
        **(_describe_profile(token) if PROFILE in parse_scope(token.get_scope()) else {}),
        "client_id": token.client_id,
        "consent": _describe_consent(token),
    }


def _describe_profile(token: SpeakingToken) -> dict[str, Any]:
    organization = None
    if token.subject_organization_id is not None:
        organization = _describe_its_organization(token) | {"role": token.role}
    return {
        "name": token.user_name,
        "email": token.user_email,
        # The name is OpenID Connect's (Core section 5.1), and so is what it means: a letter to it has been answered.
        "email_verified": bool(token.user_email_is_verified),
        "organization": organization,
    }


def _describe_consent(token: TokenSnapshot) -> dict[str, Any]:
    """The client's own view of what it was allowed, as it is now."""
    scope, issuer = token.get_scope(), settings().issuer
    scopes = parse_scope(scope)
    return {
        "grant_id": token.grant_id,
        "scope": scope,
        "selection": token.choice.selection if token.choice and reaches_memories(scopes) else "none",
        "authorization_details": describe_mementos(token_reach(token), scopes, own_resource(API, issuer).location),
        "expires_at": None if token.consent_expires_at is None else token.consent_expires_at.isoformat(),
        "manage_url": manage_url(issuer, token.grant_id or ""),
    }


def _describe_organization(token: SpeakingToken) -> dict[str, Any]:
    organization = _describe_its_organization(token)
    return {
        "type": "organization",
        "id": organization["id"],
        "name": organization["name"],
        "organization": organization,
        "client_id": token.client_id,
        "scope": token.get_scope(),
    }


def _describe_its_organization(token: SpeakingToken) -> dict[str, Any]:
    return {
        "id": token.subject_organization_id,
        "slug": token.organization_slug,
        "name": token.organization_name,
    }
