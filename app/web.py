"""What every HTTP answer shares: the safe ``next``, security headers, error answers, the page session."""

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, render_template, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule
from werkzeug.utils import cached_property

from app.addresses import PlainAddresses
from app.config import Settings, settings
from app.database import engine_options, expect_no_effect, expect_reads_only, has_no_effect
from app.extensions import login_manager
from app.form_origin import is_from_us
from app.form_problems import list_page_problems
from app.incoming import REFUSED, IncomingRequest
from app.text import isolated
from app.wire import JsonAnswer, error_answer, protocol_error, request_id, say_methods

_log = logging.getLogger(__name__)

_PAGE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Not "no-referrer": with it browsers send "Origin: null" along with our own forms.
    ("Referrer-Policy", "same-origin"),
    # No Cross-Origin-Opener-Policy: an app may open the sign-in in a popup and wait for it.
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_FORMS_STAY_HERE = "; form-action 'self'"


def flask_config(settings: Settings) -> dict:
    """Flask's own configuration, from ours."""
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "SESSION_COOKIE_NAME": "__Host-reliquary" if settings.is_https else "reliquary",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_https,
        # How old a signed cookie may be; Flask's own answer would be a month.
        "PERMANENT_SESSION_LIFETIME": settings.session_lifetime,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
        # The token lives as long as the session it is in: a page left open over lunch still works.
        "WTF_CSRF_TIME_LIMIT": None,
        # It would hold the Referer against the Host header; see form_origin for what is asked instead.
        "WTF_CSRF_SSL_STRICT": False,
    }


_DIRECT_ENDPOINTS = ("oauth.token", "oauth.introspect", "oauth.revoke", "api.me")


class Application(Flask):
    """Flask, without the work that only pages need on the paths that programs call.

    There the hooks of the extensions (CSRF, sign-in, session) have nothing to do, and cost
    more than the lookup that answers the request.
    """

    #: Says whether a path of ours leads to a waiting authorization request, whose answer goes to an app;
    #: ``oauth.endpoints.waiting`` knows, and puts its own here.
    leads_to_app = staticmethod(lambda target: False)

    #: Says which web pages may read an answer to a program; ``oauth.cross_origin`` knows, and puts its own here.
    allow_origin = staticmethod(lambda response: response)

    def create_url_adapter(self, request):
        """None for a path that leads to one view whatever else is asked; its rule is known without a search."""
        if request is not None:
            rule = self._direct_rules.get((request.method, request.path))
            if rule is not None:
                request.url_rule, request.view_args = rule, {}
                return None
        return super().create_url_adapter(request)

    @cached_property
    def _direct_rules(self) -> dict[tuple[str, str], Rule]:
        """The measured paths, in both spellings. Nothing there may build an address with ``url_for``."""
        return {
            (method, path): rule
            for rule in self.url_map.iter_rules()
            if rule.endpoint in _DIRECT_ENDPOINTS
            for method in rule.methods - {"HEAD", "OPTIONS"}
            for path in (rule.rule.rstrip("/"), rule.rule.rstrip("/") + "/")
        }

    def do_teardown_request(self, exc=None):
        if request.is_wire:
            _expect_writes_again(exc)
        else:
            super().do_teardown_request(exc)

    def preprocess_request(self):
        refused = request.environ.get(REFUSED)
        if refused is not None:
            abort(refused)
        if request.is_wire:
            _expect_reads_on_safe_methods()
            return None
        refused = _refuse_foreign_form()
        if refused is not None:
            return refused
        largest = getattr(self.view_functions.get(request.endpoint), "largest_form", None)
        # Said here, because the first hook reads the form; and only to somebody, as that hook knows nobody yet.
        if largest is not None and current_user.is_authenticated:
            request.max_content_length = request.max_form_memory_size = largest
        return super().preprocess_request()

    def process_response(self, response):
        if response.status_code >= 400:
            request.read_in_vain()
        if not request.is_wire:
            return super().process_response(response)
        if not isinstance(response, JsonAnswer):
            response = _add_wire_headers(response)
        # Sent by web pages of another origin alone, and by browsers with their POSTs.
        return self.allow_origin(response) if "HTTP_ORIGIN" in request.environ else response

    def ensure_sync(self, func):
        """As it is: no view here is a coroutine."""
        return func


def init_app(app: Flask) -> None:
    """Attach everything in this file to the app."""
    proxies = app.extensions["settings"].trusted_proxies
    app.wsgi_app = _at_issuer(app, app.wsgi_app)
    if proxies:
        app.wsgi_app = ProxyFix(PlainAddresses(app.wsgi_app), x_for=proxies, x_proto=0, x_host=0)
    app.request_class = IncomingRequest
    app.session_interface = _PageSessions()
    # Both documented spellings of every path answer, neither by redirect.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.before_request(_expect_reads_on_safe_methods)
    app.teardown_request(_expect_writes_again)
    app.after_request(_add_headers)
    app.register_error_handler(CSRFError, _answer_csrf_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected_error)
    app.jinja_env.filters["isolated"] = isolated
    app.jinja_env.globals["site_name"] = app.extensions["settings"].site_name
    app.jinja_env.globals["page_problems"] = list_page_problems


def _at_issuer(app: Flask, wsgi_app: Callable) -> Callable:
    """``wsgi_app``, told that every request came to the issuer's address, whatever ``Host`` says.

    A proxy writes there what it likes: nginx and Apache, left to themselves, their own name for us. An address that
    were made of it, or a redirect that were decided by it, would lead nowhere, or to where a stranger wants.
    """

    def at_issuer(environ, start_response):
        scheme, _, host = app.extensions["settings"].issuer.partition("://")
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = host, scheme
        return wsgi_app(environ, start_response)

    return at_issuer


def safe_next(target: str | None, default: str = "/") -> str:
    """``target`` if it is a path of ours, else ``default``. Never another origin, however it is disguised."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return default
    # Browsers read "\" as "/" and drop control characters before they look.
    if "\\" in target or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def let_forms_lead_to_app() -> None:
    """Send the page that is being made without ``form-action``: its form is answered by the way back to an app.

    Chromium holds ``form-action`` against the whole chain of redirects after a form, also against those that
    the app's own callback makes, which nobody here can know. So these pages name no address at all.

    What they do without is a second wall. ``form-action`` matters only once somebody's markup stands in a page of
    ours, with a form that sends what is typed elsewhere; and there is none: whatever a person, an app or an
    organization has named is escaped, scripts are our own files, ``base-uri`` keeps the forms' addresses ours, and
    ``frame-ancestors`` keeps the page out of other pages. Their forms name paths of ours alone; tests hold them to it.
    """
    g.forms_lead_to_app = True


class _PageSessions(SecureCookieSessionInterface):
    """Flask's signed cookie for pages; nothing at all for programs."""

    def open_session(self, app: Flask, request) -> SessionMixin | None:
        if request.is_wire:
            return self.make_null_session(app)
        opened = super().open_session(app, request)
        if opened is not None:
            # Earlier versions kept the origins of apps here.
            opened.pop("redirect_origins", None)
        return opened

    def save_session(self, app: Flask, session, response) -> None:
        # A HEAD has no effect: it would take away a notice that nobody has read.
        if not self.is_null_session(session) and not has_no_effect():
            super().save_session(app, session, response)


def _expect_reads_on_safe_methods() -> None:
    expect_no_effect(request.method == "HEAD")
    expect_reads_only(request.method in ("GET", "HEAD", "OPTIONS"))


def _expect_writes_again(_error) -> None:
    # The thread goes on: to a command's or a test's own transaction, which may write.
    expect_no_effect(False)
    expect_reads_only(False)


def _refuse_foreign_form():
    """The answer to a form that was sent from elsewhere; None for one of ours and for what changes nothing."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint is None:
        return None
    sent = request.headers
    if is_from_us(sent.get("Origin"), sent.get("Referer"), settings().issuer):
        return None
    return error_page(
        400,
        "That form came from another address",
        f"Nothing was changed. {settings().site_name} takes forms from its own pages at {settings().issuer} alone."
        " Open it there and try again.",
    )


def _add_wire_headers(response):
    headers = response.headers
    if "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store")
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("X-Request-ID", request_id())
    return response


def _add_headers(response):
    headers = response.headers
    for name, value in _PAGE_HEADERS:
        headers.setdefault(name, value)
    headers["X-Request-ID"] = request_id()
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
        forms = "" if g.get("forms_lead_to_app") else _FORMS_STAY_HERE
        headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY + forms)
    if settings().is_https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


# -- errors ------------------------------------------------------------------------------------

#: status -> (title, what to do), for people.
_SENTENCES = {
    400: ("That request did not make sense", "Go back, reload the page and try again."),
    403: ("You may not do that", "Ask an owner of your organization for access."),
    404: ("There is nothing here", "The address may be mistyped, or what was here is gone."),
    405: ("That is not how this page is used", "Go back and use the buttons on the page."),
    413: ("That was too much at once", "Send less text and try again."),
    414: ("That address is too long", "Shorten what comes after the “?” in it, or follow the link again."),
    431: ("Your browser sent too much beside the request", "Delete the cookies that it keeps for this site."),
    429: ("Too many attempts", "Wait a few minutes and try again."),
    500: ("Something went wrong on our side", "Please look whether what you did is there, and try again in a moment if it is not."),
}
_SERVER_ERROR = "Something went wrong on our side; try again in a moment, and tell us the request_id if it stays so."
#: status -> (code, what to do), for programs that call the resource API.
_API_ERRORS = {
    400: ("invalid_request", "The request is malformed; see the API's description at /api/openapi.json."),
    403: ("forbidden", "The request is not allowed."),
    404: ("not_found", "There is nothing here that this token can reach."),
    405: ("method_not_allowed", "This path does not take that method; the Allow header says which it takes."),
    413: ("payload_too_large", "Send at most 256 kB at once."),
    414: ("uri_too_long", "Send an address of at most 64 kB; see the API's description."),
    415: ("unsupported_media_type", "Send JSON, with 'Content-Type: application/json'."),
    429: ("too_many_requests", "Wait a moment and send fewer requests."),
    431: ("headers_too_large", "Send fewer or shorter headers; one line of them may have 8 kB."),
    500: ("server_error", _SERVER_ERROR),
    501: ("not_implemented", "The server does not know that Transfer-Encoding; send the body as it is, or chunked."),
    503: ("unavailable", "The server is busy; try again in a moment."),
}


def error_page(
    status: int, title: str | None = None, sentence: str | None = None, action: tuple[str | None, str | None] = (None, None)
):
    """An HTML error page for a person: what happened and what to do. Nothing of the request is repeated.

    ``action`` is the way on, an address of ours and what it says; the start page unless it is given.
    """
    # It has no form, so none that leads to an app.
    g.pop("forms_lead_to_app", None)
    default_title, default_sentence = _SENTENCES.get(status, _SENTENCES[400 if status < 500 else 500])
    page = render_template(
        "shared/error.html",
        status=status,
        title=title or default_title,
        sentence=sentence or default_sentence,
        action_url=action[0],
        action_label=action[1],
        # Pages that tell nothing apart are alike to the letter; what is our fault has a name to tell us.
        request_id=request_id() if status >= 500 else None,
    )
    return page, status


def _answer_csrf_error(_error: CSRFError):
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return error_page(
            400,
            "This page was open for too long, or your browser takes no cookies",
            "Nothing was changed. Let your browser take cookies from here, go back, reload the page and try again.",
        )
    return error_page(
        400,
        "This page was open for too long",
        "Your browser and this page no longer agree on who you are. Go back, reload the page and try again.",
    )


def _answer_http_error(error: HTTPException):
    if error.response is not None:
        return error
    status = error.code or 500
    if not request.is_wire:
        page, status = error_page(status)
        return page, status, _kept_headers(error)
    if request.is_api:
        code, message = _API_ERRORS.get(status, _API_ERRORS[400 if status < 500 else 500])
        if status == 405:
            message = say_methods(getattr(error, "valid_methods", None) or ())
        return error_answer(status, code, message, headers=_kept_headers(error))
    answer = protocol_error(status, error.name, getattr(error, "valid_methods", None) or ())
    answer.headers.extend(_kept_headers(error))
    return answer


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """The headers a status demands, such as the ``Allow`` of a 405."""
    return {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}


def _answer_unexpected_error(error: Exception):
    # The path alone: a query string may hold a handle or a code.
    _log.error("%s Unexpected error at %s %s", request_id(), request.method, request.path, exc_info=error)
    # The page must not ask who is signed in: the database may be what failed.
    g._login_user = login_manager.anonymous_user()
    if request.is_api:
        return error_answer(500, "server_error", _SERVER_ERROR)
    if request.is_wire:
        return protocol_error(500, "Internal Server Error")
    return error_page(500)
