"""Who asks for a page: a person who goes there, or a program that looks ahead. To look ahead has no effect.

Browsers fetch pages before anybody goes there, and draw previews of links; chat programs and mail scanners send HEAD.
None of these is a decision. What is fetched ahead is refused, and browsers then fetch it anew when the person goes
there. A HEAD is answered, and nothing is written for it.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request

#: The headers by which browsers say that nobody has gone there yet, and the words they say it with.
_AHEAD_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_AHEAD_KEYS = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in _AHEAD_HEADERS)
_AHEAD_WORDS = ("prefetch", "prerender", "preview", "instant")
_BY_NAVIGATION = "only_by_navigation"


def init_app(app: Flask) -> None:
    """Look at each request for a page before anything else does."""
    app.before_request(_refuse_to_look_ahead)


def only_by_navigation(view: Callable) -> Callable:
    """Mark a page that moves something on when it is opened: it is for a person who goes there.

    What is loaded into a page (an image, a frame, a script's call) does not run it, and neither does a HEAD.
    """
    setattr(view, _BY_NAVIGATION, True)
    return view


def is_navigation(environ: dict[str, Any]) -> bool:
    """Returns whether somebody goes to the page of a GET, as far as the headers say."""
    return not _is_ahead(environ) and _is_for_a_person(environ)


def _refuse_to_look_ahead() -> Response | None:
    if request.method not in ("GET", "HEAD") or request.endpoint is None:
        return None
    if _is_ahead(request.environ):
        return _refusal()
    if not hasattr(current_app.view_functions[request.endpoint], _BY_NAVIGATION):
        return None
    if request.method == "HEAD":
        return Response(mimetype="text/html")
    return None if _is_for_a_person(request.environ) else _refusal()


def _is_for_a_person(environ: dict[str, Any]) -> bool:
    # Sent by browsers alone; programs that call a page with a person's cookies do not send it, and may.
    said: str = environ.get("HTTP_SEC_FETCH_DEST", "document")
    return said == "document"


def _is_ahead(environ: dict[str, Any]) -> bool:
    for key in _AHEAD_KEYS:
        if key in environ:
            break
    else:
        return False
    said = ";".join(environ.get(key, "") for key in _AHEAD_KEYS).lower()
    return any(word in said for word in _AHEAD_WORDS)


def _refusal() -> Response:
    # Not a 2xx, which a browser would keep and show; and not a 5xx, since nothing is wrong.
    answer = Response("This page is only for somebody who goes there.\n", 403, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.update((*_AHEAD_HEADERS, "Sec-Fetch-Dest"))
    return answer
