"""``/api/openapi.json``: the resource API described (OpenAPI 3.1), from the routes themselves."""

import json
import re
from typing import Any

from flask import Response

from app.api import blueprint
from app.api.components import ERROR, components
from app.api.route import ROUTES, Route
from app.config import settings
from app.http.doors import META
from app.operations.bodies import describe_size
from app.operations.patterns import IDENTIFIER
from app.scopes import SCOPES

_JSON = "application/json"
_ERRORS = {
    400: "The request is malformed.",
    401: "There is no token, or it is not valid any more (RFC 6750).",
    403: "The token lacks a scope, or may not change this.",
    404: "It does not exist, or lies outside what the person allowed.",
    413: "The body is larger than {largest_body}.",
    414: "The address is longer than 64 kB.",
    415: "The body is not JSON, or it is compressed.",
    422: "A field or a parameter cannot be taken, or an Idempotency-Key was used for another request.",
    429: "So many calls a minute are not allowed with one token: Retry-After says how long to wait.",
    503: "The server cannot use its database just now: Retry-After says when to try again.",
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {
    "WWW-Authenticate": {
        "description": "Where the metadata of this API are, and what is wrong with the token or which scope it lacks.",
        "schema": {"type": "string"},
    }
}
#: What else an error says: how long to wait, or how a token is had.
_HEADERS = {429: _RETRY_AFTER, 503: _RETRY_AFTER, 401: _CHALLENGE, 403: _CHALLENGE}
#: Those that any route can answer with.
_COMMON = (400, 401, 403, 422, 429, 503)


@blueprint.get("/api/openapi.json", door=META)
def openapi() -> Response:
    """Anybody may read it, also the page of a tool that shows it; it holds nothing of anybody's."""
    # In UTF-8, without escapes in pairs: tools that read it as YAML know no such.
    text = json.dumps(describe_api(), ensure_ascii=False, sort_keys=True)
    return Response(text, mimetype=_JSON)


def describe_api() -> dict[str, Any]:
    """Returns the whole description."""
    paths: dict[str, Any] = {}
    for one in ROUTES:
        paths.setdefault(one.path, {})[one.method.lower()] = _describe(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{settings().site_name} resource API",
            "version": "1",
            "description": "What an app reaches is decided at each call from what the person has chosen now."
            " Every path works with and without its final slash.",
        },
        "servers": [{"url": settings().issuer}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "oauth": {
                    "type": "oauth2",
                    "flows": {
                        "authorizationCode": {
                            "authorizationUrl": f"{settings().issuer}/oauth/authorize",
                            "tokenUrl": f"{settings().issuer}/oauth/token",
                            "scopes": SCOPES,
                        },
                        "clientCredentials": {"tokenUrl": f"{settings().issuer}/oauth/token", "scopes": SCOPES},
                    },
                }
            },
        },
    }


def _describe(one: Route) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "security": [{"oauth": list(one.scopes)}],
        "parameters": _parameters(one),
        "responses": {str(status): _answer(schema) for status, schema in one.answers.items()}
        | {str(status): _error(status, one) for status in _statuses(one)},
    }
    if one.body is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": one.body}}}
    return described


def _parameters(one: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": IDENTIFIER},
        }
        for name in re.findall(r"{(\w+)}", one.path)
    ]
    for name, member in one.query.items():
        parameter = {"name": name, "in": "query", "required": member.required, "schema": member.schema()}
        # Empty is as if it were not there.
        parameters.append(parameter if member.required else parameter | {"allowEmptyValue": True})
    if one.is_idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Your name for this request; sent again within a day, it does nothing again.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        )
    return parameters


def _answer(schema: dict[str, Any] | None) -> dict[str, Any]:
    if schema is None:
        return {"description": "Done."}
    return {"description": "Done.", "content": {_JSON: {"schema": schema}}}


def _error(status: int, one: Route) -> dict[str, Any]:
    description = _ERRORS[status].format(largest_body=describe_size(one.largest_body))
    described = {"description": description, "content": {_JSON: {"schema": ERROR}}}
    return described | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _statuses(one: Route) -> list[int]:
    """The errors that a route can answer with."""
    statuses = [*_COMMON]
    if "{" in one.path:
        statuses.append(404)
    if one.query:
        statuses.append(414)
    if one.body is not None:
        statuses += [413, 415]
    return sorted(statuses)
