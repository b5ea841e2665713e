"""What programs call, and what every answer to them shares: headers, the id of the request, one shape of errors."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import Response, request
from werkzeug.datastructures import Headers

from app.config import settings
from app.http.direct.call import Call
from app.http.direct.written import Written, write_error, write_json
from app.http.doors import Errors
from app.http.incoming import IncomingRequest
from app.http.routes import current_door
from app.http.services import services
from app.logs import present


def request_id() -> str:
    """Returns the id of the present request."""
    return present.request_id(request.environ)


def error_uri(anchor: str) -> str:
    """Returns where the guide for integrators tells of an error: the address of its line."""
    return f"{settings().issuer}/guide/errors#{anchor}"


class _WrittenHeaders(Headers):
    """Headers that are ours to the letter. Werkzeug would look through each value for a line break."""

    def __init__(self, items: list[tuple[str, str]]):
        super().__init__()
        self._list = items


class JsonAnswer(Response):
    """A JSON answer that is complete when it is made: nothing looks through its headers again."""

    def __init__(self, written: Written):
        super().__init__([written.body], written.status, _WrittenHeaders(written.headers))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send it: there is no address in the headers to correct, the length is known, and nothing is to be closed."""
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else cast(Iterable[bytes], self.response)


def current_call() -> Call:
    """Returns the present request, for an endpoint that is answered without Flask too."""
    # Flask's proxy is asked once: each look through it costs as much as several attributes.
    http: IncomingRequest = request._get_current_object()  # type: ignore[attr-defined]
    return Call(http.environ, services(), http.method, http.path, http.read_body)


def json_answer(
    body: dict[str, Any] | list[Any], status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """Returns a JSON answer that nobody may keep, without what Flask's own looks up anew each time."""
    return JsonAnswer(write_json(body, status, headers, request_id()))


def no_content(status: int) -> Response:
    """Returns an answer that is said by its status alone. Flask's own would say that nothing at all is HTML."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


#: status -> (error, what to do), for programs that call what is not the resource API. To a client of OAuth, what is
#: its own fault is a malformed request (RFC 6749 section 5.2).
_PROTOCOL_ERRORS = {
    400: (
        "invalid_request",
        "The request is not HTTP as we read it, or was cut off: see to its length and its headers.",
    ),
    404: (
        "not_found",
        "There is nothing at this address: /.well-known/oauth-authorization-server names the endpoints.",
    ),
    408: ("invalid_request", "The request did not arrive in time: send it again, without pauses."),
    413: ("invalid_request", "Send at most 256 kB at once."),
    414: ("invalid_request", "Send an address of at most 64 kB."),
    417: ("invalid_request", "Send no Expect but 100-continue."),
    429: ("too_many_requests", "Too many attempts: wait as long as Retry-After says."),
    431: ("invalid_request", "Send fewer or shorter headers: one line of them may have 8 kB."),
    500: ("server_error", "Something went wrong on our side: try again in a moment."),
    501: ("invalid_request", "We do not know that Transfer-Encoding: send the body as it is, or chunked."),
    # Of RFC 6749's errors it is the authorize endpoint's (section 4.1.2.1); the token endpoint has none of its own.
    503: (
        "temporarily_unavailable",
        "The server cannot use its database just now: try again after as many seconds as Retry-After says.",
    ),
}


#: path -> the section of the guide's errors that tells of it. All others are told of as the token endpoint is.
_SECTIONS = {"/oauth/par": "pushed", "/oauth/device_authorization": "device"}


def protocol_error(status: int, name: str, methods: Iterable[str] = ()) -> Response:
    """Returns an error of what programs call beside the resource API, in OAuth's shape; ``methods`` are those of a 405."""
    error, description = _PROTOCOL_ERRORS.get(
        status if status in (501, 503, *range(500)) else 500, ("invalid_request", f"{name}.")
    )
    if status == 405:
        description = say_methods(methods)
    body = {"error": error, "error_description": description}
    if current_door().errors is Errors.OAUTH:
        # Of an address that does not exist there is no line; the section tells of those that do.
        section = _SECTIONS.get(request.path.rstrip("/"), "token")
        body["error_uri"] = error_uri("token" if status == 404 else f"{section}-{error}")
    return json_answer(body, status)


def answer_astray(status: int, headers: Iterable[tuple[str, str]], for_makers: str | None = None) -> Response:
    """Returns what a program is told that sends JSON to people's pages: somebody gave it the address of the site alone.

    ``for_makers`` is what its makers need to know where they meant this very page.
    """
    description = "Only people come here: the memory server for agents (MCP) is at /mcp, the API at /api/v1/."
    error = "invalid_request" if for_makers else "not_found"
    return json_answer({"error": error, "error_description": for_makers or description}, status, headers)


def say_methods(methods: Iterable[str]) -> str:
    """Returns what to send instead of a method that a path does not take: its own are ours to name, that one is not."""
    taken = [f"a {method}" for method in sorted(set(methods) - {"HEAD", "OPTIONS"})]
    where = " with the parameters in the body" if taken == ["a POST"] and current_door().errors is Errors.OAUTH else ""
    return f"Wrong method: send {' or '.join(taken)}{where}."


def error_answer(status: int, code: str, message: str, **more: Any) -> Response:
    """Returns an error of the resource API, as :func:`app.http.direct.written.write_error` writes it."""
    return JsonAnswer(write_error(request.environ, status, code, message, **more))
