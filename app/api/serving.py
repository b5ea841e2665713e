"""Adding a route of the resource API: a path, and the operation that it carries out."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response

from app.api import blueprint
from app.api.calls import carry_out
from app.api.components import answer_schema
from app.api.errors import ApiError, answer_error
from app.api.route import ROUTES, Route
from app.database.access import expect_reads
from app.database.connections import Connection
from app.extensions import db
from app.oauth.bearer_check import TokenOutdated
from app.oauth.protect import protected
from app.oauth.tokens.snapshot import TokenSnapshot
from app.operations.operation import Operation
from app.operations.refusals import Refused
from app.operations.shapes import Shape, Takes

ROOT = "/api/v1/"


def serve(
    method: str,
    path: str,
    operation: Operation,
    name: str,
    *,
    status: int = 200,
    summary: str | None = None,
    takes: Takes[Any] | None = None,
    prepare: Callable[[Any], Any] | None = None,
    present: Callable[[Any, Any], Any] | None = None,
    answer: dict[str, Any] | None = None,
    is_lenient: bool = False,
) -> None:
    """Let a path below :data:`ROOT`, such as ``memories/{memory_id}/``, carry out an operation.

    A GET has the fields in its query, any other method in its body. ``name`` is what the description calls the route.
    Where a route speaks otherwise than the operation, ``summary``, ``takes`` and ``answer`` say how; see
    :class:`Route` for the rest.
    """
    takes = takes or operation.takes
    fields: dict[str, Any] = {"in_body": takes}
    if method == "GET":
        assert takes is None or isinstance(takes, Shape), "A query is flat."
        fields = {} if takes is None else {"in_query": takes}
    route = Route(
        method=method,
        path=ROOT + path,
        name=name,
        summary=summary or operation.summary,
        scopes=operation.scopes,
        answers={status: answer or answer_schema(operation.gives)},
        is_lenient=is_lenient,
        operation=operation,
        prepare=prepare,
        present=present,
        **fields,
    )
    ROUTES.append(route)
    _add(route, operation)


def _add(route: Route, operation: Operation) -> None:
    # What only reads must not wait for whoever writes, also where its method is POST.
    carry = carry_out if operation.changes or route.method == "GET" else expect_reads()(carry_out)

    @protected(*route.scopes)
    def guarded(token: TokenSnapshot, _connection: Connection, **identifiers: str) -> Response:
        try:
            return carry(route, operation, token, identifiers)
        except (ApiError, Refused) as error:
            db.session.rollback()
            return answer_error(error)
        except TokenOutdated:
            db.session.rollback()
            raise

    rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
    blueprint.add_url_rule(rule, endpoint=route.name, view_func=guarded, methods=[route.method])
