"""``/mcp``: from a request of HTTP to a message, and from its result to one JSON object."""

from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import metrics
from app.consents.resources import MCP
from app.database.access import has_committed
from app.database.connections import Connection, connect
from app.database.repeat import asks_to_be_repeated
from app.extensions import db
from app.http.direct.written import write_ready
from app.http.error_answers import answer_error
from app.http.services import services
from app.http.wire import JsonAnswer, json_answer, no_content, request_id
from app.mcp import blueprint
from app.mcp.calls import caller_with
from app.mcp.dispatch import answer
from app.mcp.messages import (
    FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Message,
    Wrong,
    find_id,
    read_list,
    read_message,
)
from app.mcp.tools import TOOLS
from app.oauth.bearer_check import challenge
from app.oauth.cross_origin import may_read
from app.oauth.protect import call_with_bearer
from app.oauth.refusals import Reason, Refused
from app.oauth.tokens.snapshot import TokenSnapshot
from app.operations.bodies import describe_size, largest_body
from app.strict_json import NOT_COMPRESSED, BadBody, is_compressed, parse_body

_LARGEST = max(largest_body(tool.takes.schema()) for tool in TOOLS.values())
#: Of whoever may not call, so much is read at most, to find the id of what is refused.
_LARGEST_UNREAD = 64 * 1024
#: After so many bytes of answers nothing more of a list is done: fifty searches would have a thousand megabytes.
_LARGEST_LIST = 4_000_000
_TOO_LONG = "This was not done, as the answers before it are long: send it again, in another list or by itself."
_FAILED_BEFORE = "This was not done, as a message before it in the list failed: send it again in a moment."


@blueprint.route("/mcp", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def mcp() -> Response:
    """Answer a message of an agent, or a list of them. There is no stream to open with GET, and no session to end with DELETE.

    Any other method is told the same by us: the framework would name GET and DELETE as what to send instead.
    """
    with connect(services().engine) as connection:
        try:
            answered: Response | list[Any] = call_with_bearer(_answer_caller, connection, audience=MCP)
            return _answer_each(answered, connection) if isinstance(answered, list) else answered
        except Refused as refused:
            return _answer_refusal(refused) if _may_call() else _answer_wrong(_foreign_page())
        except Wrong as wrong:
            return _answer_wrong(wrong)


@blueprint.errorhandler(Exception)
def answer_failure(error: Exception) -> Response:
    """Tell what nobody caught as the answer to the message: clients show their person no other sentence of ours."""
    told = answer_error(error)
    kept = [(name, told.headers[name]) for name in ("Allow", "Retry-After") if name in told.headers]
    return json_answer(_wrong_of_failure(told, _find_id_of_refused()).body(), told.status_code, kept)


def _wrong_of_failure(told: Response, id: str | int | None) -> Wrong:
    status, body = told.status_code, told.get_json()
    code = UNAVAILABLE if status == UNAVAILABLE else INTERNAL_ERROR if status >= 500 else INVALID_REQUEST
    sentence, data = body["error_description"], {"error": body["error"]}
    if seconds := told.headers.get("Retry-After"):
        # Assistants are shown no header.
        sentence = f"{sentence.partition(':')[0]}: try again in {seconds} seconds."
    return Wrong(status, code, sentence, id=id, data=data)


def _answer_caller(token: TokenSnapshot) -> Response | list[Any]:
    """Returns the answer, or a list of messages, of which none has been looked at."""
    if not _may_call():
        raise _foreign_page()
    if request.method != "POST":
        raise Wrong(405, INVALID_REQUEST, "Send each message with POST.")
    content = _read_body()
    if isinstance(content, list):
        return read_list(content, request.headers)
    body = _answer(read_message(content, request.headers), token)
    return no_content(202) if body is None else json_answer(body)


def _foreign_page() -> Wrong:
    return Wrong(403, FORBIDDEN, "This web page may not call here: its app has not registered its origin.")


def _may_call() -> bool:
    """Whether the web page that calls, if it is one, may do so.

    A browser sends along from which page it is: one that the token's app has not registered was perhaps led here by a
    name that leads elsewhere now (DNS rebinding).
    """
    origin = request.headers.get("Origin")
    return origin is None or origin == services().settings.issuer or may_read(origin)


def _answer_wrong(wrong: Wrong) -> Response:
    headers = [("Allow", "POST")] if wrong.status == 405 else []
    return json_answer(wrong.body(), wrong.status, headers)


def _read_body() -> Any:
    if request.mimetype != "application/json":
        raise Wrong(415, INVALID_REQUEST, "Send JSON, with 'Content-Type: application/json'.")
    request.max_content_length = _LARGEST
    try:
        return parse_body(request.get_data(cache=True))
    except RequestEntityTooLarge:
        raise Wrong(413, INVALID_REQUEST, f"Send at most {describe_size(_LARGEST)} at once.") from None
    except BadBody as error:
        if is_compressed(request.headers):
            raise Wrong(415, INVALID_REQUEST, NOT_COMPRESSED) from None
        raise Wrong(400, PARSE_ERROR, str(error)) from None


def _answer(message: Message, token: TokenSnapshot) -> dict[str, Any] | None:
    of_app = services()
    call = caller_with(token, db.session(), of_app.notes, of_app.settings.issuer)
    return answer(message, of_app.settings.site_name, call)


def _answer_each(contents: list[Any], connection: Connection) -> Response:
    """Answer the messages of a list in their order, each with a look of its own at the token, as if it had come alone.

    What was answered is told, also when a later one fails: to send all of it again would do it twice, and fail again
    where the list is too much for the time of one request. What would make the answer too long is not done.
    """
    answers: list[bytes] = []
    for place, content in enumerate(contents):
        try:
            is_full = sum(map(len, answers)) > _LARGEST_LIST
            told = _not_done(content, _TOO_LONG) if is_full else _answer_one(content, connection)
        except Exception as error:
            if not answers or (asks_to_be_repeated(error) and not has_committed()):
                raise
            failed = _wrong_of_failure(answer_error(error), find_id(content)).body()
            rest = [failed, *(_not_done(one, _FAILED_BEFORE) for one in contents[place + 1 :])]
            answers += [orjson.dumps(one) for one in rest if one is not None]
            break
        # What only reads holds a transaction that may not write, and would not see what others write meanwhile.
        db.session.remove()
        if told is not None:
            answers.append(orjson.dumps(told))
    if not answers:
        return no_content(202)
    return JsonAnswer(write_ready(b"[" + b",".join(answers) + b"]", 200, (), request_id()))


def _answer_one(content: Any, connection: Connection) -> dict[str, Any] | None:
    def act(token: TokenSnapshot) -> dict[str, Any] | None:
        message = read_message(content, request.headers)
        if message.method == "initialize":
            raise message.wrong(INVALID_REQUEST, "Send initialize by itself, in no list.")
        return _answer(message, token)

    try:
        answered: dict[str, Any] | None = call_with_bearer(act, connection, audience=MCP)
        return answered
    except Refused as refused:
        metrics.REFUSED.inc("mcp", refused.reason)
        return None if _is_notification(content) else _wrong_of(refused, find_id(content)).body()
    except Wrong as wrong:
        return wrong.body()


def _is_notification(content: Any) -> bool:
    return isinstance(content, dict) and "id" not in content


def _not_done(content: Any, sentence: str) -> dict[str, Any] | None:
    return None if _is_notification(content) else Wrong(503, UNAVAILABLE, sentence, id=find_id(content)).body()


def _answer_refusal(refused: Refused) -> Response:
    """Tell it by HTTP, to whoever asks for tokens, and in the body, to whoever waits for the answer to a message."""
    metrics.REFUSED.inc("mcp", refused.reason)
    wrong = _wrong_of(refused, _find_id_of_refused())
    if refused.retry_after is not None:
        return json_answer(wrong.body(), wrong.status, [("Retry-After", str(refused.retry_after))])
    header = challenge(refused, services().settings.issuer, MCP)
    return json_answer(wrong.body(), wrong.status, [("WWW-Authenticate", header)])


def _wrong_of(refused: Refused, id: str | int | None) -> Wrong:
    code = refused.status_code if refused.status_code in (FORBIDDEN, TOO_MANY) else UNAUTHORIZED
    needed = refused.values.get("needed")
    data = {"error": refused.error} | ({} if needed is None else {"scope": needed})
    return Wrong(refused.status_code, code, _say(refused), id=id, data=data)


def _say(refused: Refused) -> str:
    """Returns why it is refused, for an assistant: what it lacks, what its person can do, and that repeating does not help."""
    if refused.reason is Reason.BEARER_ELSEWHERE:
        return (
            f"{refused.description}, when the person authorizes and at the token endpoint. Another token that is asked for"
            " as this one was will be refused, too."
        )
    if refused.reason is not Reason.SCOPE_LACKING:
        return refused.description
    lacking = refused.values["missing"]
    if not refused.values["has_person"]:
        return (
            f"This needs the scope {lacking}, which this token lacks: it was not asked for at the token endpoint, or the"
            " app may not have it. Trying again does not help."
        )
    return (
        f"This needs the scope {lacking}, which you have not been given. Ask the person to allow it: if this app does not"
        " ask them by itself, they connect it again and tick it. Until they have, trying again does not help."
    )


def _find_id_of_refused() -> str | int | None:
    if request.method != "POST" or not 0 < (request.content_length or 0) <= _LARGEST_UNREAD:
        return None
    try:
        return find_id(parse_body(request.get_data(cache=True)))
    except (BadBody, HTTPException):
        return None
