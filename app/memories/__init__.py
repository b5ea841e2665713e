"""What a person knows, where it came from, and the mementos through which an app may look at it."""

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from app.services import Services


def register(app: Flask) -> None:
    """Make the tables of this package known, and how much an account keeps. The rest comes with what reads and writes."""
    from app.memories import models, never_shared  # noqa: F401
    from app.memories.importing import models as imports  # noqa: F401
    from app.memories.totals import Bounds, bound_accounts

    services: Services = app.extensions["services"]
    chosen = services.settings
    bound_accounts(services.engine, Bounds(chosen.account_memories, chosen.account_megabytes))
