"""What every HTTP answer shares: the safe ``next``, security headers, the page session."""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, abort, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule
from werkzeug.utils import cached_property

from app.config import Settings, settings
from app.database.engine import engine_options, expect_no_effect, expect_reads_only, has_no_effect
from app.http import error_answers
from app.http.addresses import PlainAddresses
from app.http.error_answers import error_page
from app.http.form_origin import is_from_us
from app.http.form_problems import list_page_problems
from app.http.incoming import REFUSED, IncomingRequest
from app.http.wire import JsonAnswer, request_id
from app.text import isolated

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
        # A refusal, or the way to sign in first, may come before the body was read.
        if response.status_code >= 300:
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
    proxies = app.extensions["services"].settings.trusted_proxies
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
    error_answers.init_app(app)
    app.jinja_env.filters["isolated"] = isolated
    app.jinja_env.globals["site_name"] = app.extensions["services"].settings.site_name
    app.jinja_env.globals["page_problems"] = list_page_problems


def _at_issuer(app: Flask, wsgi_app: Callable) -> Callable:
    """``wsgi_app``, told that every request came to the issuer's address, whatever ``Host`` says.

    A proxy writes there what it likes: nginx and Apache, left to themselves, their own name for us. An address that
    were made of it, or a redirect that were decided by it, would lead nowhere, or to where a stranger wants.
    """

    def at_issuer(environ, start_response):
        scheme, _, host = app.extensions["services"].settings.issuer.partition("://")
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
