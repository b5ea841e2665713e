"""The application: Flask, which asks the route's door what is to be done for a request, and does only that."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Any, cast

from flask import Blueprint, Flask, Response, abort, g, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.routing import MapAdapter
from werkzeug.utils import cached_property

from app import metrics
from app.database.access import EVERYTHING, has_committed, set_access
from app.database.patience import REQUEST_SECONDS, set_patience
from app.database.repeat import repeat
from app.database.unavailable import find_unavailability
from app.extensions import db
from app.http.doors import Database, Door, Errors, Origins, access_for
from app.http.error_answers import find_answer_to_unavailable
from app.http.form_checks import check_form
from app.http.headers import add_headers
from app.http.incoming import REFUSED, IncomingRequest
from app.http.routes import LateView, Route, RouteWithoutDoor, find_beginnings, find_door
from app.http.wire import JsonAnswer
from app.logs import present
from app.templating import SharedTemplates

_log = logging.getLogger(__name__)


#: Does all of them, in this thread. It yields before each that goes on alone: what is done by then need not wait for it.
Together = Callable[[Sequence[Callable[[], None]]], Iterator[None]]

_CLASSES = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")


class Application(Flask):
    """Flask, without the work that only pages need where programs call.

    There the hooks of the extensions (CSRF, sign-in, session) have nothing to do, and cost
    more than the lookup that answers the request.
    """

    request_class = IncomingRequest
    jinja_environment = SharedTemplates  # type: ignore[assignment]
    url_rule_class = Route  # type: ignore[assignment]

    #: Says whether a path of ours leads to a waiting authorization request, whose answer goes to an app;
    #: ``oauth.endpoints.leading`` knows, and puts its own here.
    leads_to_app: Callable[[str], bool] = staticmethod(lambda target: False)

    #: Says which web pages may read an answer to a program; ``oauth.cross_origin`` knows, and puts its own here.
    allow_origin: Callable[[Response, Door], Response] = staticmethod(lambda response, door: response)

    #: The methods and paths of requests that are answered in a moment, and whether one is; ``app.fast`` puts its own here.
    soon_answered: tuple[frozenset[tuple[str, str]], Callable[[dict[str, Any]], bool]] = (
        frozenset(),
        lambda environ: False,
    )

    #: Does several acts of which each answers such a request; None where they are best done one after the other.
    together: Together | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, which has its id from here on, and whose time is taken."""
        began = perf_counter()
        present.begin(environ)
        present.request_id(environ, trusts_proxy=self.extensions["services"].settings.trusted_proxies > 0)
        try:
            return super().__call__(environ, start_response)
        finally:
            status = present.status_of(environ) or 500
            metrics.REQUEST_SECONDS.observe(perf_counter() - began, present.route_of(environ), _CLASSES[status // 100])
            present.end()

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Flask's, for a route that says its door. Raises :class:`RouteWithoutDoor` for any other."""
        if options.get("door") is None:
            raise RouteWithoutDoor(rule, endpoint or str(getattr(view_func, "__name__", "")))
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)
        for name in ("_beginnings", "_direct_routes"):
            self.__dict__.pop(name, None)

    def find_door(self, path: str) -> Door:
        """Returns the door of a path that leads nowhere, or of which nobody knows yet where it leads."""
        return find_door(path, self._beginnings)

    def bring_view(self, endpoint: str) -> None:
        """Load a view that is late, so that all see it as it is: what it asks for is written on it."""
        view = self.view_functions.get(endpoint)
        if isinstance(view, LateView):
            self.view_functions[endpoint] = view.load()

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """Flask's, with the route known from the start."""
        return _RoutedContext(self, environ)

    def create_url_adapter(  # type: ignore[override]
        self, request: IncomingRequest | None
    ) -> MapAdapter | None:
        """None for a path that leads to one view whatever else is asked; its rule is known without a search."""
        if request is not None:
            route = self._direct_routes.get((request.method, request.path))
            if route is not None:
                request.url_rule, request.view_args, request.door = route, {}, route.door
                return None
        return super().create_url_adapter(request)

    def preprocess_request(self) -> Any:
        """Returns what comes before the view: what the door asks for."""
        incoming = _request()
        if (refused := incoming.environ.get(REFUSED)) is not None:
            abort(refused)
        door = incoming.door
        set_access(access_for(door, incoming.method))
        set_patience(REQUEST_SECONDS)
        if door.checks_forms and (answer := check_form(incoming, self.view_functions)) is not None:
            return answer
        return super().preprocess_request() if door.has_session else None

    def dispatch_request(self) -> ResponseReturnValue:
        """Flask's, tried again where the database asks for that, as long as nothing stands of what was tried."""
        if (door := _request().door).errors is Errors.OAUTH and door.database is Database.DRIVER:
            # A token request's body is read once; what can be repeated there, the exchange repeats.
            return super().dispatch_request()
        kept = dict(g._get_current_object().__dict__)
        return repeat(
            super().dispatch_request,
            begin_again=lambda: self._begin_again(kept),
            may_repeat=lambda: not has_committed(),
        )

    def _begin_again(self, kept: dict[str, Any]) -> None:
        """Leave the request as it was before its view, which ``kept`` has of ``g``."""
        db.session.remove()
        noted = g._get_current_object().__dict__
        noted.clear()
        noted.update(kept)
        request_ctx.flashes = None
        request_ctx._session = self.session_interface.open_session(self, _request())
        for file in _request().__dict__.get("files", MultiDict()).values():
            file.stream.seek(0)

    def process_response(self, response: Response) -> Response:
        """What comes after the view: what the door says of itself, and who may read it."""
        incoming = _request()
        # A refusal, or the way to sign in first, may come before the body was read.
        if response.status_code >= 300:
            incoming.read_in_vain()
        door = incoming.door
        if door.has_session:
            response = super().process_response(response)
        if not isinstance(response, JsonAnswer):
            add_headers(response, door)
        present.note_status(incoming.environ, response.status_code)
        # Sent by web pages of another origin alone, and by browsers with their POSTs.
        if door.origins is not Origins.NONE and "HTTP_ORIGIN" in incoming.environ:
            return self.allow_origin(response, door)
        return response

    def handle_exception(self, e: Exception) -> Response:
        """Flask's, for what fails outside of views; a database that cannot be used is no mistake of ours."""
        answer = find_answer_to_unavailable(e)
        if answer is None:
            return super().handle_exception(e)
        return self.finalize_request(answer, from_error_handler=True)

    def answer_failure(
        self, failure: Exception, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request that failed outside of Flask, as Flask answers one whose view failed."""
        context = self.request_context(environ)
        error: Exception | None = None
        try:
            try:
                context.push()
                response = self.finalize_request(self.handle_user_exception(failure))
            except Exception as unexpected:
                error = unexpected
                response = self.handle_exception(unexpected)
            return response(environ, start_response)
        finally:
            context.pop(error)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """What comes last. The thread goes on: to a command's or a test's own transaction, which may write."""
        if _request().door.has_session:
            super().do_teardown_request(exc)
        set_access(EVERYTHING)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Flask's, with the patience that is left. A database that fails only here must not take away the answer."""
        try:
            super().do_teardown_appcontext(exc)
        except Exception as error:
            if (kind := find_unavailability(error)) is None:
                raise
            _log.warning("Database %s when a session was closed", kind)
            db.session.registry.clear()
        finally:
            set_patience(None)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: no view here is a coroutine."""
        return func

    def _routes(self) -> Iterable[Route]:
        return cast(Iterable[Route], self.url_map.iter_rules())

    @cached_property
    def _beginnings(self) -> dict[str, Door]:
        return find_beginnings(self._routes(), cast(dict[str, Blueprint], self.blueprints))

    @cached_property
    def _direct_routes(self) -> dict[tuple[str, str], Route]:
        """The paths that programs call, in both spellings. Nothing there may build an address with ``url_for``."""
        return {
            (method, path): route
            for route in self._routes()
            if not route.door.has_session and not route.arguments
            for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
            for path in (route.rule.rstrip("/"), route.rule.rstrip("/") + "/")
        }


class _RoutedContext(RequestContext):
    """Flask's, which finds the route before it opens a session: whether there is one, the route's door says."""

    def __init__(self, app: Application, environ: dict[str, Any], *arguments: Any, **options: Any):
        super().__init__(app, environ, *arguments, **options)
        request = cast(IncomingRequest, self.request)
        if self.url_adapter is not None:
            super().match_request()
            request.door = (
                app.find_door(request.path) if request.url_rule is None else cast(Route, request.url_rule).door
            )
        elif request.url_rule is None:
            # Not even the host could be read.
            request.door = app.find_door(request.path)
        if request.url_rule is not None:
            present.note_route(environ, request.url_rule.rule)
            app.bring_view(request.url_rule.endpoint)

    def match_request(self) -> None:
        """Nothing: it is done."""


def _request() -> IncomingRequest:
    return cast(Any, request)._get_current_object()
