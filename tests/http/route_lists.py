"""Writes each ``routes.txt`` anew, from the decorators of the package's views: ``python -m tests.http.route_lists``."""

import ast
from collections.abc import Iterator
from pathlib import Path

_APP = Path(__file__).resolve().parents[2] / "app"


def list_routes(folder: Path) -> str:
    """Returns what the list of a package says: methods, rule, view, and the endpoint where it has another name."""
    return "".join(f"{line}\n" for path in sorted(folder.rglob("*.py")) for line in _lines(folder, path))


def _lines(folder: Path, path: Path) -> Iterator[str]:
    module = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
    for function in ast.parse(path.read_text()).body:
        for route in getattr(function, "decorator_list", ()):
            match route:
                case ast.Call(ast.Attribute(ast.Name("blueprint"), "get" | "post" | "route" as method), [rule]):
                    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in route.keywords}
                    methods = named.get("methods", ["GET" if method == "route" else method.upper()])
                    words = [",".join(methods), ast.literal_eval(rule), f"{module}.{function.name}"]
                    yield " ".join([*words, *([named["endpoint"]] if "endpoint" in named else [])])


if __name__ == "__main__":
    for found in sorted(_APP.rglob("routes.txt")):
        found.write_text(list_routes(found.parent))
