"""One call of the resource API: from the request to an operation, and from its result to the answer."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.errors import ApiError, invalid_request
from app.api.route import Route
from app.config import settings
from app.extensions import db
from app.http.services import services
from app.http.wire import no_content
from app.oauth.tokens.snapshot import TokenSnapshot
from app.operations.bodies import describe_size
from app.operations.caller import caller_of, note_seen
from app.operations.idempotency import Once
from app.operations.operation import Operation
from app.operations.patterns import IDENTIFIER
from app.operations.refusals import invalid_fields, not_found
from app.operations.shapes import Member, Shape
from app.strict_json import NOT_COMPRESSED, BadBody, is_compressed, parse_body

_IDEMPOTENCY_KEY = r"[\x21-\x7e]{1,255}"


def carry_out(route: Route, operation: Operation, token: TokenSnapshot, identifiers: Mapping[str, str]) -> Response:
    """Returns the answer, once what was done is committed. Raises :class:`ApiError` and ``Refused``."""
    if not all(re.fullmatch(IDENTIFIER, identifier) for identifier in identifiers.values()):
        raise not_found()
    sent = _read_query(route)
    body = None if route.in_body is None else _read_body(route.largest_body)
    caller = caller_of(token, db.session(), settings().issuer)
    operation.admit(caller)
    if route.in_body is not None:
        sent = route.in_body.read(_leave_out_nothings(route.in_body, body) if route.is_lenient else body)
    taken = sent if route.prepare is None else route.prepare(sent)
    result = operation.carry_out(caller, identifiers, taken, _find_once(route))
    (status,) = route.answers
    response = _answer(status, result if route.present is None else route.present(result, sent))
    if operation.changes:
        db.session.commit()
    note_seen(caller, services().notes)
    return _without_length(response) if request.method == "HEAD" else response


def _read_query(route: Route) -> Any:
    sent = request.args.to_dict(flat=False)
    if odd := [name for name in _list_undecodable(request.query_string) if name in route.query]:
        sentence = "Must be UTF-8, percent-encoded."
        raise invalid_fields({"field": name, "code": "invalid", "message": sentence} for name in odd)
    if route.is_lenient:
        # Rememberizer's own sample has integration_type in the address and among what it adds: alike, it says one thing.
        sent = {name: list(dict.fromkeys(values)) for name, values in sent.items() if name in route.query}
    twice = [name for name, values in sent.items() if len(values) > 1 and name in route.query]
    if twice:
        raise invalid_fields({"field": name, "code": "twice", "message": "Send it once."} for name in twice)
    # Nothing in an optional parameter is as if it had not been sent: many clients send all that they know.
    optional = {name for name, member in route.query.items() if not member.required}
    present = {name: values[0] for name, values in sent.items() if values[0] or name not in optional}
    return route.in_query.read(present)


def _list_undecodable(query: bytes) -> list[str]:
    """The names of what Werkzeug takes as it is spelled, for it is not UTF-8: looked for so, nothing would be found."""
    if b"%" not in query:
        return []
    pairs = (pair.partition(b"=") for pair in query.split(b"&"))
    return [name.decode(errors="replace") for name, _, value in pairs if not _is_text(unquote_to_bytes(value))]


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_body(most: int) -> Any:
    if request.mimetype != "application/json":
        raise ApiError(415, "unsupported_media_type", "Send JSON, with 'Content-Type: application/json'.")
    request.max_content_length = most
    try:
        # Kept for the request's digest.
        return parse_body(request.get_data(cache=True))
    except RequestEntityTooLarge:
        raise ApiError(413, "payload_too_large", f"Send at most {describe_size(most)} at once.") from None
    except BadBody as error:
        if is_compressed(request.headers):
            raise ApiError(415, "unsupported_media_type", NOT_COMPRESSED) from None
        raise invalid_request(str(error)) from None


def _leave_out_nothings(taken: Any, body: Any) -> Any:
    """The fields of a body that are known, and that are not empty where they may be left out."""
    if not isinstance(taken, Shape) or not isinstance(body, dict):
        return body
    known: Mapping[str, Member] = taken.members
    return {name: value for name, value in body.items() if name in known and (value != "" or known[name].required)}


def _find_once(route: Route) -> Once | None:
    """What the client calls this request, so that sending it again does nothing again."""
    keys = request.headers.getlist("Idempotency-Key") if route.is_idempotent else []
    if not keys:
        return None
    if len(keys) > 1 or not re.fullmatch(_IDEMPOTENCY_KEY, keys[0]):
        raise invalid_request("Send one Idempotency-Key of 1 to 255 visible ASCII characters.")
    parts = (request.method.encode(), request.path.rstrip("/").encode(), request.get_data(cache=True))
    return Once(keys[0], hashlib.sha256(b"\0".join(parts)).hexdigest())


def _answer(status: int, content: Any) -> Response:
    if content is None:
        return no_content(status)
    response = jsonify(content)
    response.status_code = status
    return response


def _without_length(response: Response) -> Response:
    """A HEAD is no read, and none is noted; but the length of what was found would tell what is there."""
    response.automatically_set_content_length = False
    del response.headers["Content-Length"]
    return response
