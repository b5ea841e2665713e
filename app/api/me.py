"""``GET /api/me/``: whom the token speaks for, and what it was allowed."""

from typing import Any

from flask import Response

from app.api import blueprint
from app.api.me_schema import ANSWER
from app.api.route import ROUTES, Route
from app.consents.details import describe_mementos
from app.consents.reach import reached_mementos
from app.consents.resources import API
from app.http import doors
from app.http.direct.call import Call, Row, both_spellings
from app.http.direct.written import Written
from app.oauth.bearer_answer import answer_bearer
from app.oauth.calling import answer_by
from app.oauth.resources import own_resource
from app.oauth.tokens.subject import PlainToken, SpeakingToken, find_speaking_token
from app.operations.results import manage_url
from app.scopes import PROFILE, parse_scope, reaches_memories

_Token = SpeakingToken | PlainToken

_PATHS = ("/api/me/", "/api/v1/me/", "/api/v1/account/")

# Measured, and so wired by hand (see ``serving``): it has nothing to read from the request but the token.
ROUTES += [
    Route(
        method="GET",
        path=path,
        name=path.strip("/").replace("/", "_"),
        summary="Whom the token speaks for, and what it was allowed",
        scopes=(),
        answers={200: ANSWER},
        is_lenient=True,
    )
    for path in _PATHS
]


@blueprint.get(_PATHS[0])
@blueprint.get(_PATHS[1])
@blueprint.get(_PATHS[2])
def me() -> Response:
    """Step five of the web flow. Any live token may ask; a client credentials token speaks for its organization."""
    return answer_by(_answer)


def _answer(call: Call) -> Written:
    issuer = call.services.settings.issuer
    return answer_bearer(call, lambda token: _describe(token, issuer), find_speaking_token)


DIRECT = tuple(Row("GET", both_spellings(path), path, doors.API, _answer) for path in _PATHS)


def _describe(token: _Token, issuer: str) -> dict[str, Any]:
    return _describe_organization(token) if token.user_id is None else _describe_user(token, issuer)


def _describe_user(token: _Token, issuer: str) -> dict[str, Any]:
    return {
        "type": "user",
        "id": token.user_id,
        **(_describe_profile(token) if PROFILE in parse_scope(token.get_scope()) else {}),
        "client_id": token.client_id,
        "consent": _describe_consent(token, issuer),
    }


def _describe_profile(token: _Token) -> dict[str, Any]:
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


def _describe_consent(token: _Token, issuer: str) -> dict[str, Any]:
    """The client's own view of what it was allowed, as it is now."""
    scope = token.get_scope()
    scopes = parse_scope(scope)
    return {
        "grant_id": token.grant_id,
        "scope": scope,
        "selection": token.choice.selection if token.choice and reaches_memories(scopes) else "none",
        "authorization_details": describe_mementos(reached_mementos(token), scopes, own_resource(API, issuer).location),
        "expires_at": None if token.consent_expires_at is None else token.consent_expires_at.isoformat(),
        "manage_url": manage_url(issuer, token.grant_id or ""),
    }


def _describe_organization(token: _Token) -> dict[str, Any]:
    organization = _describe_its_organization(token)
    return {
        "type": "organization",
        "id": organization["id"],
        "name": organization["name"],
        "organization": organization,
        "client_id": token.client_id,
        "scope": token.get_scope(),
    }


def _describe_its_organization(token: _Token) -> dict[str, Any]:
    return {
        "id": token.subject_organization_id,
        "slug": token.organization_slug,
        "name": token.organization_name,
    }
