"""What an error says: a page for a person, JSON for a program, each in the shape that its reader needs."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app import metrics
from app.config import settings
from app.database.schema import find_schema_problem, read_revisions
from app.database.unavailable import RETRY_AFTER, find_unavailability, lacks_schema
from app.extensions import db, login_manager
from app.http.doors import SAFE_METHODS, STEP, Errors
from app.http.form_action import let_forms_lead_to_app, let_forms_stay_here
from app.http.form_origin import is_from_us
from app.http.routes import current_door
from app.http.safe_next import address_of
from app.http.wire import answer_astray, error_answer, protocol_error, request_id, say_methods
from app.limits.errors import TooManyAttempts
from app.logs import present
from app.sentences import _, sentence_of

_log = logging.getLogger(__name__)

#: status -> (title, what to do), for people.
_SENTENCES = {
    400: (_("That request did not make sense"), _("Go back, reload the page and try again.")),
    403: (_("You may not do that"), _("Ask an owner of your organization for access.")),
    404: (_("There is nothing here"), _("The address may be mistyped, or what was here is gone.")),
    405: (_("That is not how this page is used"), _("Go back and use the buttons on the page.")),
    408: (_("That took too long to reach us"), _("Your connection may be slow just now. Go back and try again.")),
    413: (_("That was too much at once"), _("Send less text and try again.")),
    414: (_("That address is too long"), _("Shorten what comes after the “?” in it, or follow the link again.")),
    431: (_("Your browser sent too much beside the request"), _("Delete the cookies that it keeps for this site.")),
    429: (_("Too many attempts"), _("Wait a few minutes and try again.")),
    500: (
        _("Something went wrong on our side"),
        _("Please look whether what you did is there, and try again in a moment if it is not."),
    ),
    503: (
        _("We cannot reach our records just now"),
        _("Nothing is lost. Try again in a moment; if it stays so, come back in a few minutes."),
    ),
}
#: Of a 405 on the way through an authorization request, which an app has sent the person to: to them, and to its makers.
_SENT_OTHERWISE = (
    _("Nothing was shared. Go back to the app and tell its makers."),
    _("Send the person to this address by a link or a redirect, which is a GET, with the parameters in its query."),
)
_TRY_AGAIN = _("Try again")
_AFTER_A_FORM = _(
    "Wait a moment, then look whether what you did is there, and do it again if it is not. Your browser still has what"
    " you typed when you go back."
)
_SERVER_ERROR = "Something went wrong on our side; try again in a moment, and tell us the request_id if it stays so."
#: status -> (code, what to do), for programs that call the resource API.
API_ERRORS = {
    400: ("invalid_request", "The request is malformed; see the API's description at /api/openapi.json."),
    403: ("forbidden", "The request is not allowed."),
    404: ("not_found", "There is nothing here that this token can reach."),
    405: ("method_not_allowed", "This path does not take that method; the Allow header says which it takes."),
    408: ("request_timeout", "The request did not arrive in time; send it again, without pauses."),
    413: ("payload_too_large", "Send at most 256 kB at once."),
    414: ("uri_too_long", "Send an address of at most 64 kB; see the API's description."),
    415: ("unsupported_media_type", "Send JSON, with 'Content-Type: application/json'."),
    429: ("too_many_requests", "Wait a moment and send fewer requests."),
    431: ("headers_too_large", "Send fewer or shorter headers; one line of them may have 8 kB."),
    500: ("server_error", _SERVER_ERROR),
    501: ("not_implemented", "The server does not know that Transfer-Encoding; send the body as it is, or chunked."),
    503: (
        "unavailable",
        "The server cannot use its database just now: try again after as many seconds as Retry-After says.",
    ),
}


def init_app(app: Flask) -> None:
    """Answer every error that nobody else has answered."""
    app.register_error_handler(CSRFError, _answer_csrf_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected_error)


def keeps_what_was_typed(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose form takes long to fill in, and holds no secret: whoever was signed out meanwhile loses nothing."""
    view.keeps_what_was_typed = True  # type: ignore[attr-defined]
    return view


def find_late_form_page(*, is_unavailable: bool = False) -> tuple[str, int] | None:
    """Returns a page that holds the form that was sent, to send it once more; None where there is nothing to keep.

    Nothing is done before the person says so again. A form that does not say that it came from a page of ours may have
    been filled in by somebody else: of that nothing is shown. Nothing is asked of a database that ``is_unavailable``.
    """
    origin, referer = request.headers.get("Origin"), request.headers.get("Referer")
    keeps = hasattr(current_app.view_functions.get(request.endpoint or ""), "keeps_what_was_typed")
    if not keeps or not (origin or referer) or not is_from_us(origin, referer, settings().issuer):
        return None
    try:
        typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
        has_file = any(file.filename for file in request.files.values())
    except HTTPException:
        return None
    if not typed:
        return None
    (let_forms_lead_to_app if current_door() is STEP else let_forms_stay_here)()
    status = 503 if is_unavailable else 400 if current_user.is_authenticated else 403
    return render_template("shared/late_form.html", typed=typed, has_file=has_file, status=status), status


def error_page(
    status: int,
    title: str | None = None,
    sentence: str | None = None,
    action: tuple[str | None, str | None] = (None, None),
    *,
    for_makers: str | None = None,
) -> tuple[str, int]:
    """Returns an HTML error page for a person: what happened and what to do. Nothing of the request is repeated.

    ``action`` is the way on, an address of ours and what it says; the start page unless it is given. ``for_makers`` is
    what whoever builds the app needs to know, where nobody else could tell them.
    """
    # It has no form, so none that leads to an app.
    let_forms_stay_here()
    if "_login_user" not in g:
        # The page says nothing of who is signed in; asking would make it depend on the database.
        g._login_user = login_manager.anonymous_user()
    default_title, default_sentence = _SENTENCES.get(status, _SENTENCES[400 if status < 500 else 500])
    page = render_template(
        "shared/error.html",
        title=title or default_title,
        sentence=sentence or default_sentence,
        for_makers=for_makers,
        action_url=action[0],
        action_label=action[1],
        # Pages that tell nothing apart are alike to the letter; what is our fault has a name to tell us.
        request_id=request_id() if status >= 500 else None,
    )
    return page, status


def answer_error(error: Exception) -> Response:
    """Returns what is answered to an error that nobody caught, for a door that tells it in a shape of its own."""
    answer = _answer_http_error(error) if isinstance(error, HTTPException) else _answer_unexpected_error(error)
    return make_response(answer)


def _answer_csrf_error(_error: CSRFError) -> ResponseReturnValue:
    kept = find_late_form_page()
    if kept is not None:
        return kept
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return error_page(
            400,
            _("This page was open for too long, or your browser takes no cookies"),
            _("Nothing was changed. Let your browser take cookies from here, go back, reload the page and try again."),
        )
    return error_page(
        400,
        _("This page was open for too long"),
        _("Your browser and this page no longer agree on who you are. Go back, reload the page and try again."),
    )


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error
    status = error.code or 500
    if current_door().errors is Errors.PAGE:
        methods = getattr(error, "valid_methods", None) or ()
        was_sent_otherwise = status == 405 and current_door() is STEP and "GET" in methods
        sentence, for_makers = _SENT_OTHERWISE if was_sent_otherwise else (None, None)
        if status in (404, 405) and request.mimetype == "application/json":
            return answer_astray(status, _kept_headers(error).items(), for_makers)
        page, status = error_page(
            status,
            # The one error that knows better than the page what to do.
            sentence=sentence_of(error) if isinstance(error, TooManyAttempts) else sentence,
            for_makers=for_makers,
        )
        return page, status, _kept_headers(error)
    if current_door().errors is Errors.API:
        code, message = API_ERRORS.get(status, API_ERRORS[400 if status < 500 else 500])
        if status == 405:
            message = say_methods(getattr(error, "valid_methods", None) or ())
        return error_answer(status, code, message, headers=_kept_headers(error))
    answer = protocol_error(status, error.name, getattr(error, "valid_methods", None) or ())
    answer.headers.extend(_kept_headers(error))
    return answer


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """The headers a status demands, such as the ``Allow`` of a 405."""
    return {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}


def find_answer_to_unavailable(error: Exception) -> Response | None:
    """Returns the answer when the error says that the database cannot be used just now: 503, and when to try again.

    None for any other error. Nothing here asks anything of the database.
    """
    kind = find_unavailability(error) or ("outdated" if lacks_schema(error) and not _has_our_schema() else None)
    if kind is None:
        return None
    # One line and no traceback: an outage has thousands of them.
    metrics.DATABASE_ERRORS.inc(kind)
    _log.warning("Database %s at %s: %s", kind, present.told(request.environ), error)
    g._login_user = login_manager.anonymous_user()
    headers = {"Retry-After": str(RETRY_AFTER)}
    if current_door().errors is Errors.PAGE:
        sentence = None if request.method in SAFE_METHODS else _AFTER_A_FORM
        kept = find_late_form_page(is_unavailable=True)
        page, status = kept or error_page(503, sentence=sentence, action=_way_to_try_again())
        return Response(page, status, headers, mimetype="text/html")
    if current_door().errors is Errors.API:
        return error_answer(503, *API_ERRORS[503], headers=headers, is_told=True)
    answer = protocol_error(503, "Service Unavailable")
    answer.headers.extend(headers)
    return answer


def _has_our_schema() -> bool:
    """Whether a table or a column that is not there is a mistake of ours, and not a migration that was not run."""
    try:
        return find_schema_problem(db.engine, read_revisions()) is None
    except Exception:
        return False


def _way_to_try_again() -> tuple[str | None, str | None]:
    """The same page once more, so that nobody loses the place where they were; the start page where there is none."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return None, None
    return address_of(request.path, request.query_string), _TRY_AGAIN


def _answer_unexpected_error(error: Exception) -> ResponseReturnValue:
    if (answer := find_answer_to_unavailable(error)) is not None:
        return answer
    _log.error("Unexpected error at %s", present.told(request.environ), exc_info=error)
    # The page must not ask who is signed in: the database may be what failed.
    g._login_user = login_manager.anonymous_user()
    if current_door().errors is Errors.PAGE:
        return error_page(500)
    if current_door().errors is Errors.API:
        return error_answer(500, "server_error", _SERVER_ERROR, is_told=True)
    return protocol_error(500, "Internal Server Error")
