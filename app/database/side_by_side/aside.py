"""Whether this context is one of several that are answered side by side, and how it leaves them."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from app.database.statements.wire import Wire


class Among(Protocol):
    """Those that are answered side by side, as one of them sees it."""

    def ask(self, wire: Wire, values: Sequence[bytes | None], *, writes: bool) -> Any:
        """Returns the answer to a statement, once all have asked. None where it is to be asked by itself."""

    def wait_for_others(self) -> None:
        """Return when nobody of the others can go on."""


_among: ContextVar[Among | None] = ContextVar("among", default=None)


def find_others() -> Among | None:
    """Returns those beside which this context is answered; None where it is alone."""
    return _among.get()


def join_others(among: Among) -> None:
    """This context is answered beside others from now on."""
    _among.set(among)


def step_aside() -> None:
    """Be alone from now on. Called before what may take long: first the others go on as far as they can, and are answered."""
    among = _among.get()
    if among is not None:
        _among.set(None)
        among.wait_for_others()
