"""Routes that say their door, and what door an address belongs to that leads nowhere."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from posixpath import commonpath
from types import SimpleNamespace
from typing import Any, cast

import flask
from werkzeug.routing import Rule

from app.http.doors import PAGE, Door

#: A blueprint's own group of commands would load Click.
_NO_COMMANDS: Any = SimpleNamespace(commands={})


class RouteWithoutDoor(Exception):
    """A route was registered that does not say who comes in by it."""

    def __init__(self, rule: str, endpoint: str):
        super().__init__(f"The route {rule} ({endpoint}) says no door. Give its blueprint or the route itself a door=.")


class RouteNotListed(Exception):
    """A view of a blueprint that comes late has a route that the blueprint's list lacks, or has otherwise."""

    def __init__(self, blueprint: str, rule: str):
        super().__init__(f"{blueprint}'s routes.txt lacks {rule}; `python -m tests.http.route_lists` writes it anew.")


class Route(Rule):
    """A rule of the url map, with its door."""

    def __init__(self, string: str, *, door: Door, **options: Any):
        super().__init__(string, **options)
        self.door = door

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Werkzeug's, which writes a function that builds the route's address: once somebody asks for one.

        Most routes are never asked in one process, and writing them all takes a tenth of a start.
        """
        return _build_first_with_unknown if append_unknown else _build_first

    @property
    def beginning(self) -> str:
        """What every address of the route begins with."""
        fixed, variable, _ = self.rule.partition("<")
        return fixed if variable else fixed.rstrip("/")

    @property
    def folder(self) -> str:
        """Where it lies: what comes before the last part of its path that is fixed."""
        path = self.rule.rstrip("/")
        return (path.rpartition("/")[0] + "/").partition("<")[0]


def _build_first(route: Route, **values: Any) -> tuple[str, str]:
    route._build = Rule._compile_builder(route, False).__get__(route, None)
    return route._build(**values)


def _build_first_with_unknown(route: Route, **values: Any) -> tuple[str, str]:
    route._build_unknown = Rule._compile_builder(route).__get__(route, None)
    return route._build_unknown(**values)


class LateView:
    """Stands in the place of a view until somebody asks for it, and its module is loaded."""

    def __init__(self, views: dict[str, Callable[..., Any]], module: str, endpoint: str):
        self._views, self._module, self._endpoint = views, module, endpoint

    def load(self) -> Callable[..., Any]:
        """Returns the view itself."""
        import_module(self._module)
        return self._views[self._endpoint]

    def __call__(self, **values: Any) -> Any:
        """Flask's way to call a view, for whoever has not looked for the view itself first."""
        return self.load()(**values)


class Blueprint(flask.Blueprint):
    """Flask's, whose routes have its door, except those that name another: ``@blueprint.get("/x", door=WIRE)``.

    Of a ``late`` one the routes stand in the file ``routes.txt`` beside it, each with the view that answers, and a
    view's module is loaded when one of its addresses is first asked for. Its decorators say the same once more, and
    raise :class:`RouteNotListed` where they do not.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        door: Door,
        url_prefix: str | None = None,
        astray: Door | None = None,
        late: bool = False,
    ):
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.cli = _NO_COMMANDS
        self.door = door
        #: The door of an address in its folder that leads nowhere.
        self.astray = astray or door
        #: The views that are loaded, by their endpoints.
        self._views: dict[str, Callable[..., Any]] = {}
        self._listed: frozenset[str] | None = None
        if late:
            lines = (Path(self.root_path) / "routes.txt").read_text().splitlines()
            self._listed = frozenset(self._list(*line.split()) for line in lines)

    def _list(self, methods: str, rule: str, view: str, endpoint: str = "") -> str:
        module, _, name = view.rpartition(".")
        late = LateView(self._views, f"{self.import_name}.{module}", endpoint or name)
        super().add_url_rule(rule, endpoint or name, late, methods=methods.split(","), door=self.door)
        return listed(methods.split(","), rule, endpoint or name)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        *arguments: Any,
        **options: Any,
    ) -> None:
        """Flask's, with the blueprint's door unless the route names one. Raises :class:`RouteNotListed`."""
        if self._listed is None or view_func is None:
            super().add_url_rule(rule, endpoint, view_func, *arguments, **{"door": self.door, **options})
            return
        endpoint = endpoint or view_func.__name__
        if listed(options.pop("methods", ["GET"]), rule, endpoint) not in self._listed or options:
            raise RouteNotListed(self.name, rule)
        self._views[endpoint] = view_func

    def _check_setup_finished(self, f_name: str) -> None:
        # What a late view's decorator says is known already. Anything else would come too late.
        if self._listed is None or f_name not in ("add_url_rule", "route", "get", "post"):
            super()._check_setup_finished(f_name)


def listed(methods: Iterable[str], rule: str, endpoint: str) -> str:
    """Returns what tells one route of a list from all others."""
    return f"{','.join(sorted(methods))} {rule} {endpoint}"


def find_beginnings(routes: Iterable[Route], blueprints: dict[str, flask.Blueprint]) -> dict[str, Door]:
    """Returns what addresses begin with, and the door that such an address belongs to if no route takes it.

    That is each route's own beginning, and the folder that all routes of one blueprint share, such as ``/api/``.
    """
    found: dict[str, Door] = {}
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for route in routes:
        found[route.beginning] = route.door
        folders[route.endpoint.rpartition(".")[0]].append(route.folder)
    for name, all_of_them in folders.items():
        blueprint = blueprints.get(name)
        if isinstance(blueprint, Blueprint):
            found[commonpath(all_of_them).rstrip("/") + "/"] = blueprint.astray
    # The house itself is for people.
    return found | {"": PAGE, "/": PAGE}


def find_door(path: str, beginnings: dict[str, Door]) -> Door:
    """Returns the door of the longest beginning that a path has."""
    # A folder without its last slash is that folder.
    path = f"{path}/"
    return beginnings[max((beginning for beginning in beginnings if path.startswith(beginning)), key=len)]


def current_door() -> Door:
    """Returns the door by which the request came in that is being answered; the application has set it at once."""
    door: Door = cast(Any, flask.request).door
    return door
