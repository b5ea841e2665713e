"""The house's rules that a machine can check, read from the syntax trees.

Each rule is a function from a module to sentences that name what is wrong. Below, each is applied to every module
of ``app``; ``test_architecture_sees`` shows each a small bad module.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.parsed import children_of, parse_file, walk
from tests.tables import each

_APP = Path(__file__).resolve().parent.parent / "app"

#: Every module and package of ``app`` and its layer. Imports point to a lower layer, or to the same layer inside one
#: package: ``app.oauth`` is a package, and the single files at the top are together another.
LAYERS = {
    "app.clock": 0,
    "app.credentials": 0,
    "app.folding": 0,
    "app.same_letters": 0,
    "app.issuer": 0,
    "app.late": 0,
    "app.undocumented": 0,
    "app.metrics": 0,
    "app.paging": 0,
    "app.parts": 0,
    "app.redis_url": 0,
    "app.scopes": 0,
    "app.sentences": 0,
    "app.strict_json": 0,
    "app.text": 0,
    "app.database": 1,
    "app.config": 2,
    "app.limits": 2,
    "app.extensions": 3,
    "app.last_uses": 3,
    "app.logs": 3,
    "app.notes": 3,
    "app.once": 3,
    "app.recent": 3,
    "app.fetch": 3,
    "app.services": 4,
    "app.templating": 3,
    "app.http": 5,
    "app.audit": 10,
    "app.mail": 15,
    "app.accounts": 20,
    "app.memories": 30,
    "app.clients": 40,
    "app.consents": 45,
    "app.oauth": 50,
    "app.oauth.endpoints": 55,
    "app.operations": 60,
    "app.leaving": 65,
    "app.api": 70,
    "app.directory": 70,
    "app.guide": 70,
    "app.mcp": 70,
    "app.operator": 70,
    "app.org": 70,
    "app.personal": 70,
    "app.fast": 75,
    "app.management": 75,
    "app.purge": 75,
    "app": 80,
    "app.start_check": 80,
    "app.serving": 80,
    "app.worker": 78,
    "app.demonstration": 81,
    "app.cli": 82,
}

#: Where Authlib may be imported.
_AUTHLIB = ("app.oauth",)

#: What only some need, and a start is to do without: imported where it is needed. The last are ours: the commands, and
#: what imports the driver of a store that not everybody has.
_LATE = (
    *("PIL", "email_validator", "flask_migrate", "psycopg", "redis", "sqlalchemy.dialects.postgresql.psycopg"),
    *("joserfc", "pyotp", "segno", "webauthn", "zxcvbn"),
    *("app.cli.clients", "app.cli.commands", "app.cli.doctor", "app.cli.mail", "app.cli.users"),
    *(
        "app.database.away",
        "app.database.connecting",
        "app.limits.redis_store",
        "app.mail.smtp",
        "app.memories.importing.importer",
    ),
)

#: Its fields carry more than a type and a default, which those of a Struct cannot.
_DATACLASSES = ("app.clients.fields",)

#: The files that speak HTTP: only they may look at the request.
_HTTP = (
    "app.http",
    "app.accounts.entrance",
    "app.accounts.fresh",
    "app.accounts.known_browsers",
    "app.accounts.signing_in",
    "app.api.calls",
    "app.mcp.endpoint",
    "app.oauth.protect",
    "app.oauth.server",
    "app.oauth.cross_origin",
    "app.oauth.endpoints",
    "app.org.access",
)

#: What knows no Flask, so that another door than Flask's can call it. What these need comes as an argument.
_WITHOUT_FLASK = (
    "app.clients",
    "app.consents",
    "app.fetch",
    "app.last_uses",
    "app.mcp.calls",
    "app.mcp.dispatch",
    "app.mcp.messages",
    "app.mcp.tools",
    "app.memories.filters",
    "app.memories.index",
    "app.memories.matches",
    "app.memories.records",
    "app.memories.search",
    "app.notes",
    "app.recent",
    "app.oauth.bearer_check",
    "app.oauth.checks",
    "app.oauth.client_authentication",
    "app.oauth.exchange",
    "app.oauth.grants",
    "app.oauth.introspection",
    "app.oauth.journal.log",
    "app.oauth.journal.record",
    "app.oauth.parameters",
    "app.oauth.playground.callback",
    "app.oauth.presented_token",
    "app.oauth.redirect",
    "app.oauth.refusals",
    "app.oauth.revocation",
    "app.oauth.tokens",
    "app.oauth.wire_request",
    "app.operations",
    "app.services",
)
#: Flask, by whatever name it comes in.
_OF_FLASK = (
    "app.config.current",
    "app.config.settings",
    "app.extensions",
    "app.http",
    "authlib.integrations",
    "flask",
    "flask_babel",
    "flask_login",
    "flask_sqlalchemy",
    "flask_wtf",
)

#: Who may read the time, and what reading it looks like.
_CLOCK = "app.clock"
_CLOCK_READERS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
                  ("time", "time"), ("time", "time_ns"), ("func", "now"), ("func", "current_timestamp")}  # fmt: skip

#: How long a function may be: more is several things (``test_file_sizes`` has files and folders).
_MOST_LINES_OF_FUNCTION = 50

_NO_VERB = {"Whether", "What", "How", "Why", "Where", "Who", "Those", "Every", "The", "A", "An"}
_EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "handler", "handlers"}


@dataclass(frozen=True)
class Module:
    """A module of the app: its dotted name and its syntax tree."""

    name: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """``app.oauth`` for everything in it; ``app`` for the single files at the top and for itself."""
        return _package_of(self.name)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node. The rules look at each of them many times, and to find them is what takes long."""
        return walk(self.tree)

    @cached_property
    def dotted(self) -> list[tuple[ast.AST, tuple[str, ...]]]:
        """Every ``a.b.c``, as ``("a", "b", "c")``, with where it stands."""
        return [(node, names) for node in self.nodes if isinstance(node, ast.Attribute) and (names := _dotted(node))]

    @cached_property
    def imports(self) -> list[tuple[ast.stmt, str]]:
        """Every import, wherever it stands, with the name of the module or of the thing in it."""
        return list(self._find_imports())

    def _find_imports(self) -> Iterator[tuple[ast.stmt, str]]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} line {node.lineno}: imports are absolute in this house."
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


# -- the rules -----------------------------------------------------------------------------------


def imports_point_down(module: Module) -> Iterator[str]:
    own = _layer_of(module.name)
    if own is None:
        yield f"{module.name} has no layer; give it one in LAYERS."
        return
    for node, imported in module.imports:
        if imported.split(".")[0] != "app" or _is_composition_root(module):
            continue
        other = _layer_of(imported)
        if other is None:
            yield f"{_place(module, node)} imports {imported}, which has no layer; give it one in LAYERS."
        elif other > own and not (module.name == module.package and _is_in(imported, (module.package,))):
            yield f"{_place(module, node)} (layer {own}) imports up: {imported} is in layer {other}."
        elif other == own and _package_of(imported) != module.package:
            yield f"{_place(module, node)} imports sideways: {imported} is in layer {own} too, in another package."


def imports_stand_at_the_top(module: Module) -> Iterator[str]:
    indented = [(node, imported) for node, imported in module.imports if node.col_offset]
    if not indented or _is_composition_root(module):
        return
    # A package that attaches its parts must be importable by them first.
    registers = {node for node in module.tree.body if isinstance(node, ast.FunctionDef) and node.name == "register"}
    deferred = {
        node
        for function in module.nodes
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
        and function not in registers
        for node in walk(function)
    }
    for node, imported in indented:
        if node in deferred and not _is_in(imported, _LATE):
            yield f"{_place(module, node)} is a deferred import; only create_app and register may have one."


def records_are_structs(module: Module) -> Iterator[str]:
    """A dataclass has Python compile six functions of it at each start; a Struct is made and filled in a tenth of the time."""
    for node, imported in module.imports:
        if imported == "dataclasses.dataclass" and not _is_in(module.name, _DATACLASSES):
            yield f"{_place(module, node)} imports {imported}; take msgspec.Struct."


def only_the_protocol_imports_authlib(module: Module) -> Iterator[str]:
    for node, imported in module.imports:
        if imported.split(".")[0] == "authlib" and not _is_in(module.name, _AUTHLIB):
            yield f"{_place(module, node)} imports {imported}; Authlib is for {', '.join(_AUTHLIB)}."


def keys_come_from_joserfc(module: Module) -> Iterator[str]:
    for node, imported in module.imports:
        if imported.startswith("authlib.jose"):
            yield f"{_place(module, node)} imports {imported}; take keys from joserfc."


def the_protocol_knows_no_flask(module: Module) -> Iterator[str]:
    if not _is_in(module.name, _WITHOUT_FLASK):
        return
    for node, imported in module.imports:
        if _is_in(imported, _OF_FLASK):
            yield f"{_place(module, node)} imports {imported}; take what it needs as an argument."


def only_http_files_touch_the_request(module: Module) -> Iterator[str]:
    if module.name.endswith("views") or _is_in(module.name, _HTTP):
        return
    for node, imported in module.imports:
        if imported == "flask.request":
            yield f"{_place(module, node)} imports flask.request; hand over what it needs as arguments."
    for node, names in module.dotted:
        if names == ("flask", "request"):
            yield f"{_place(module, node)} touches flask.request; hand over what it needs as arguments."


def only_the_outermost_commits(module: Module) -> Iterator[str]:
    outermost = ("app.accounts.signing_in", "app.oauth.endpoints", "app.api", "app.mcp.calls")
    if module.name.endswith("views") or _is_in(module.name, outermost) or _layer_of(module.name) >= LAYERS["app"]:
        return
    for node, names in module.dotted:
        if names[-2:] == ("session", "commit"):
            yield f"{_place(module, node)} commits; that is the last act of the view or command that called it."


def a_rollback_undoes_what_failed(module: Module) -> Iterator[str]:
    if _is_in(module.name, ("app.database",)):
        return
    failed = {node for handler in module.nodes if isinstance(handler, ast.ExceptHandler) for node in walk(handler)}
    for node, names in module.dotted:
        if names[-2:] == ("session", "rollback") and node not in failed:
            yield f"{_place(module, node)} rolls back where nothing failed; read_anew or outside_transaction says why."


def only_the_application_says_what_a_request_may_write(module: Module) -> Iterator[str]:
    for node, imported in module.imports:
        if imported == "app.database.access.set_access" and module.name not in ("app.fast", "app.http.application"):
            yield f"{_place(module, node)} imports set_access; a route's door says it, or expect_reads for a function."


def only_the_clock_reads_time(module: Module) -> Iterator[str]:
    if module.name == _CLOCK:
        return
    for node, names in module.dotted:
        if names[-2:] in _CLOCK_READERS:
            yield f"{_place(module, node)} reads the time by {'.'.join(names)}; use clock.now()."
    for node, imported in module.imports:
        if imported in ("time.time", "time.time_ns"):
            yield f"{_place(module, node)} imports {imported}; use clock.now()."


def the_clock_is_read_through_its_module(module: Module) -> Iterator[str]:
    for node, imported in module.imports:
        if imported == "app.clock.now":
            yield f"{_place(module, node)} copies clock.now, which a test then cannot replace; import the clock."


def names_say_something(module: Module) -> Iterator[str]:
    for part in module.name.split("."):
        if _EMPTY_NAMES.intersection(part.split("_")):
            yield f"{module.name}: {part!r} says nothing about what is in it."


def every_module_opens_with_a_sentence(module: Module) -> Iterator[str]:
    docstring = ast.get_docstring(module.tree) or ""
    first = docstring.split("\n\n")[0].strip()
    if not first:
        yield f"{module.name} has no docstring; open it with one sentence."
    elif first[-1] not in ".:?":
        yield f"{module.name}: the docstring opens with {first!r}, which is no sentence."


def functions_fit_on_a_screen(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > _MOST_LINES_OF_FUNCTION:
                yield f"{_place(module, node)}: {node.name} has {lines} lines; {_MOST_LINES_OF_FUNCTION} are the most."


def who_raises_says_so(module: Module) -> Iterator[str]:
    for function in _public_functions(module.tree.body):
        raised = [node for node in _own_nodes(function) if isinstance(node, ast.Raise) and node.exc is not None]
        # What a form calls by itself has its errors from the library that calls it.
        is_hook = function.name.startswith(("validate_", "process_"))
        is_abstract = any("NotImplementedError" in ast.unparse(node) for node in raised)
        if raised and not is_hook and not is_abstract and "Raises" not in (ast.get_docstring(function) or ""):
            yield f"{_place(module, function)}: {function.name} raises, and its docstring does not say what."


def who_returns_says_so(module: Module) -> Iterator[str]:
    for function in _public_functions(module.tree.body):
        words = (ast.get_docstring(function) or "-").split()
        # What is read as an attribute is described as one, and a view's sentence is of its page.
        returned = ast.unparse(function.returns) if function.returns else "None"
        gives = not function.decorator_list and not returned.startswith(("None", "Iterator", "Response"))
        if gives and words[0] in _NO_VERB:
            yield f"{_place(module, function)}: say that {function.name} returns it: “Returns {words[0].lower()} …”."


def _public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public_functions(node.body)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in the function itself, not in one that it makes."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            waiting += children_of(node)


RULES = (
    imports_point_down,
    imports_stand_at_the_top,
    records_are_structs,
    only_the_protocol_imports_authlib,
    keys_come_from_joserfc,
    the_protocol_knows_no_flask,
    only_http_files_touch_the_request,
    only_the_outermost_commits,
    a_rollback_undoes_what_failed,
    only_the_application_says_what_a_request_may_write,
    only_the_clock_reads_time,
    the_clock_is_read_through_its_module,
    names_say_something,
    every_module_opens_with_a_sentence,
    functions_fit_on_a_screen,
    who_raises_says_so,
    who_returns_says_so,
)


def _place(module: Module, node: ast.AST) -> str:
    return f"{module.name} line {node.lineno}"


@cache
def _layer_of(name: str) -> int | None:
    """The layer of the longest prefix of the name that has one; ``app`` itself stands for its own names alone."""
    while name != "app":
        if name in LAYERS:
            return LAYERS[name]
        name, _, last = name.rpartition(".")
        if name == "app":
            return LAYERS["app"] if _is_name_in_app(last) else None
    return LAYERS["app"]


def _is_name_in_app(last: str) -> bool:
    """Whether ``from app import last`` takes a function of ``app/__init__.py`` rather than a module."""
    return not (_APP / last).is_dir() and not (_APP / f"{last}.py").exists() and last == "create_app"


@cache
def _package_of(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and (_APP / parts[1]).is_dir() else "app"


def _is_composition_root(module: Module) -> bool:
    return module.name == "app"


def _is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _dotted(node: ast.AST) -> tuple[str, ...]:
    """``("a", "b", "c")`` for the expression ``a.b.c``, else nothing."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return (*before, node.attr)
    return ()


# -- the app keeps them --------------------------------------------------------------------------


@cache
def _modules() -> list[Module]:
    """Every module, parsed once for all the rules."""
    modules = []
    for path in sorted(_APP.rglob("*.py")):
        parts = path.relative_to(_APP.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(Module(name, parse_file(path)))
    return modules


@each("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_app_keeps_the_rule(rule: Callable[[Module], Iterator[str]]):
    broken = [sentence for module in _modules() for sentence in rule(module)]
    assert not broken, "\n".join(["", *broken])


def test_every_layered_name_exists():
    for name in LAYERS:
        path = _APP.parent / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), f"LAYERS names {name}, which is gone."
