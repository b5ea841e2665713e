"""What a package consists of: every module in it, so that none has to be listed and none can be forgotten."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol


class App(Protocol):
    """What a package that knows no Flask sees of the app that it attaches itself to."""

    extensions: dict[str, Any]


def import_modules(package: str) -> None:
    """Import every module of ``package`` and below: tables, routes and commands exist once they are imported."""
    (root,) = import_module(package).__path__
    for folder, _, files in sorted(os.walk(root)):
        above = ".".join([package, *Path(folder).relative_to(root).parts])
        for name in sorted(files):
            if name.endswith(".py"):
                import_module(f"{above}.{name.removesuffix('.py')}".removesuffix(".__init__"))
