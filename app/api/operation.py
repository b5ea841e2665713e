"""An operation of the resource API: route, guard, what it takes and what it answers, all said in one place.

Every operation is written down as it is registered; ``/api/openapi.json`` is made from that list.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api import blueprint
from app.api.bodies import describe_size, largest_body, parse_body
from app.api.errors import ApiError, invalid_fields, invalid_request, not_found
from app.api.fields import Fields, read_object
from app.api.patterns import IDENTIFIER
from app.consents import receipt_log as access_log
from app.consents.details import EVERYTHING
from app.consents.reach import token_reach
from app.database.connections import Connection
from app.extensions import db
from app.http.wire import error_answer
from app.memories.reach import Reach
from app.oauth.protect import protected
from app.oauth.tokens.token import TokenSnapshot
from app.scopes import parse_scope

ROOT = "/api/v1/"
_IDEMPOTENCY_KEY = r"[\x21-\x7e]{1,255}"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What the description of the API says about one method of one path. ``answers``: status -> JSON Schema or None."""

    method: str
    path: str
    name: str
    summary: str
    scopes: tuple[str, ...]
    answers: dict[int, dict[str, Any] | None]
    query: Fields = field(default_factory=dict)
    body: dict[str, Any] | None = None
    is_idempotent: bool = False
    takes_anything_in_query: bool = False

    @cached_property
    def largest_body(self) -> int:
        """How many bytes of body it takes."""
        return largest_body(self.body) if self.body is not None else 0


#: Every operation, in the order in which they were registered.
OPERATIONS: list[Operation] = []


class Call:
    """One call of an operation: who calls, what they may, and what they sent."""

    def __init__(self, token: TokenSnapshot, operation: Operation):
        self.token = token
        self.operation = operation
        self.query = _read_query(operation)
        self.body = _read_body(operation.largest_body) if operation.body is not None else None
        self._seen: list[tuple[str, list[str], list[str] | None]] = []

    @cached_property
    def reach(self) -> Reach:
        """What the token reaches now."""
        return token_reach(self.token)

    @property
    def mementos(self) -> list[str]:
        """The ids of the mementos that the consent covers, the built-in one among them."""
        return [EVERYTHING, *self.reach.readable] if self.reach.everything else list(self.reach.readable)

    @cached_property
    def scopes(self) -> set[str]:
        """What the token may do now."""
        return parse_scope(self.token.get_scope())

    @cached_property
    def idempotency_key(self) -> str | None:
        """What the client calls this request, so that sending it again does nothing again."""
        keys = request.headers.getlist("Idempotency-Key")
        if not keys:
            return None
        if len(keys) > 1 or not re.fullmatch(_IDEMPOTENCY_KEY, keys[0]):
            raise invalid_request("Send one Idempotency-Key of 1 to 255 visible ASCII characters.")
        return keys[0]

    @property
    def request_digest(self) -> str:
        """Of all that makes two requests the same request."""
        parts = (request.method.encode(), request.path.rstrip("/").encode(), request.get_data(cache=True))
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def note_read(self, memory_ids: list[str]) -> None:
        """Have it noted, once the call has succeeded, that these memories were read."""
        self._seen.append(("read", memory_ids, None))

    def note_written(self, memory_ids: list[str], memento_ids: list[str] | None = None) -> None:
        """Have it noted that these were written; in which mementos they lay, if nobody can find that out later."""
        self._seen.append(("write", memory_ids, memento_ids))

    def finish(self) -> None:
        """Hand over what is to be noted."""
        if self.token.grant_id is not None:
            for action, memory_ids, memento_ids in self._seen:
                access_log.note(self.token.grant_id, action, memory_ids, self.mementos, memento_ids)


def operation(
    method: str,
    path: str,
    *,
    summary: str,
    answers: dict[int, dict[str, Any] | None],
    scopes: tuple[str, ...] = (),
    query: Fields | None = None,
    body: dict[str, Any] | None = None,
    is_idempotent: bool = False,
    takes_anything_in_query: bool = False,
) -> Callable:
    """Register a function as the operation of a path below :data:`ROOT`, such as ``memories/{memory_id}/``.

    The function gets a :class:`Call` and the path's identifiers, and returns what is answered as JSON, or that and a
    status. It only adds to the session; what it did is committed when it returns, and undone when it raises
    :class:`ApiError`. ``body`` is the JSON Schema of what is sent.
    """

    def decorate(view: Callable) -> Callable:
        entry = Operation(
            method=method,
            path=ROOT + path,
            name=view.__name__,
            summary=summary,
            scopes=scopes,
            answers=answers,
            query=query or {},
            body=body,
            is_idempotent=is_idempotent,
            takes_anything_in_query=takes_anything_in_query,
        )
        OPERATIONS.append(entry)

        @protected(*scopes)
        def guarded(token: TokenSnapshot, _connection: Connection, **identifiers: str):
            try:
                return _carry_out(entry, view, token, identifiers)
            except ApiError as error:
                db.session.rollback()
                return error_answer(error.status, error.code, error.message, errors=error.errors)

        rule = re.sub(r"{(\w+)}", r"<\1>", entry.path)
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=guarded, methods=[method])
        return view

    return decorate


def _carry_out(entry: Operation, view: Callable, token: TokenSnapshot, identifiers: dict[str, str]) -> Response:
    if not all(re.fullmatch(IDENTIFIER, identifier) for identifier in identifiers.values()):
        raise not_found()
    call = Call(token, entry)
    answered = view(call, **identifiers)
    content, status = answered if isinstance(answered, tuple) else (answered, 200)
    response = Response(status=204) if content is None else jsonify(content)
    response.status_code = status
    if entry.method != "GET":
        db.session.commit()
    call.finish()
    return _without_length(response) if request.method == "HEAD" else response


def _without_length(response: Response) -> Response:
    """A HEAD is no read, and none is noted; but the length of what was found would tell what is there."""
    response.automatically_set_content_length = False
    del response.headers["Content-Length"]
    return response


def _read_query(entry: Operation) -> dict[str, Any]:
    sent = request.args.to_dict(flat=False)
    if entry.takes_anything_in_query:
        sent = {name: values for name, values in sent.items() if name in entry.query}
    twice = [name for name, values in sent.items() if len(values) > 1 and name in entry.query]
    if twice:
        raise invalid_fields([{"field": name, "code": "twice", "message": "Send it once."} for name in twice])
    # Nothing in an optional parameter is as if it had not been sent: many clients send all that they know.
    optional = {name for name, one in entry.query.items() if not one.required}
    present = {name: values[0] for name, values in sent.items() if values[0] or name not in optional}
    return read_object(entry.query, present)


def _read_body(most: int) -> Any:
    if request.mimetype != "application/json":
        raise ApiError(415, "unsupported_media_type", "Send JSON, with 'Content-Type: application/json'.")
    request.max_content_length = most
    try:
        # Kept for the request's digest.
        return parse_body(request.get_data(cache=True))
    except RequestEntityTooLarge:
        raise ApiError(413, "payload_too_large", f"Send at most {describe_size(most)} at once.") from None
