"""What ``GET /api/me/`` answers with, in JSON Schema: one object, whoever the token speaks for."""

from typing import Any

_TEXT, _MAYBE_TEXT = {"type": "string"}, {"type": ["string", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}


def _object(*required: str, _type: Any = "object", _says: str = "", **members: Any) -> dict[str, Any]:
    described = {"type": _type, "properties": members, "required": list(required)}
    return described | ({"description": _says} if _says else {})


_ORGANIZATION = _object(
    "id",
    "slug",
    "name",
    _type=["object", "null"],
    _says="The person's, with their role; or the one that the token itself speaks for.",
    id=_TEXT,
    slug=_TEXT,
    name=_TEXT,
    role={"type": ["string", "null"], "enum": ["owner", "admin", "member", None]},
)
_CONSENT = _object(
    "grant_id",
    "scope",
    "selection",
    "authorization_details",
    "expires_at",
    "manage_url",
    _says="What the person allows the app, as it is now.",
    grant_id=_MAYBE_TEXT,
    scope=_TEXT,
    selection=_MAYBE_TEXT,
    authorization_details={
        "type": "array",
        "items": _object(
            "type",
            "identifier",
            "actions",
            "locations",
            type=_TEXT,
            identifier=_TEXT,
            actions={"type": "array", "items": _TEXT},
            locations={"type": "array", "items": _TEXT},
        ),
    },
    expires_at=_INSTANT,
    manage_url=_TEXT,
)

#: ``name`` and what follows it are absent without the scope ``profile``, ``consent`` where no person allowed anything.
ANSWER = _object(
    "type",
    "id",
    "client_id",
    type={"type": "string", "enum": ["user", "organization"]},
    id=_TEXT,
    client_id=_TEXT,
    name=_TEXT,
    email=_TEXT,
    email_verified={"type": "boolean"},
    organization=_ORGANIZATION,
    consent=_CONSENT,
    scope=_TEXT | {"description": "What the token of an organization may do; a person's stands in consent."},
)
