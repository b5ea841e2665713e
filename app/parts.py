"""What a package consists of: every module in it, so that none has to be listed and none can be forgotten."""

from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Protocol


class App(Protocol):
    """What a package that knows no Flask sees of the app that it attaches itself to."""

    extensions: dict[str, Any]


def import_modules(package: str) -> None:
    """Import every module of ``package`` and below: tables, routes and commands exist once they are imported."""
    for module in walk_packages(import_module(package).__path__, f"{package}."):
        import_module(module.name)
