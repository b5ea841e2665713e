"""An operation: its name, the scopes it needs, what it takes, what it does and what it returns, said in one place.

It knows nothing of how it is called. A face (``app.api``) finds out who calls, reads what was sent by
:attr:`Operation.takes`, and has it carried out.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from app.operations.caller import Caller, write_down
from app.operations.holding import hold
from app.operations.idempotency import Idempotency, Once, carry_out_once
from app.operations.refusals import not_a_person
from app.operations.shapes import Takes


class Operation(Struct, frozen=True, kw_only=True):
    """What a face has to know of an operation. ``gives`` is the type it returns; see :func:`app.operations.schemas`."""

    name: str
    summary: str
    scopes: tuple[str, ...]
    gives: Any
    act: Callable[..., Any]
    #: What it is about, by the names of its act: ``memory_id``.
    identifiers: tuple[str, ...] = ()
    takes: Takes[Any] | None = None
    #: Whether only a person has what it is about, and an organization does not.
    for_people: bool = False
    #: How it is carried out once however often it is sent; None if it may be carried out each time.
    idempotency: Idempotency | None = None

    @property
    def changes(self) -> bool:
        """Whether it may change anything, so that what it did has to be committed."""
        return any(scope.endswith(":write") for scope in self.scopes)

    def admit(self, caller: Caller) -> None:
        """Look at who calls, before anything that was sent. Raises a ``not_a_person``."""
        if self.for_people and caller.user_id is None:
            raise not_a_person()

    def carry_out(
        self, caller: Caller, identifiers: Mapping[str, str], taken: Any = None, once: Once | None = None
    ) -> Any:
        """Do it and return its result; ``taken`` is what :attr:`takes` has read. Nothing is committed.

        Raises :class:`app.operations.refusals.Refused`, and :class:`app.oauth.bearer_check.TokenOutdated`.
        """
        sent = () if self.takes is None else (taken,)
        if self.changes:
            hold(caller)

        def act() -> Any:
            result = self.act(caller, *identifiers.values(), *sent)
            write_down(caller)
            return result

        if once is None or self.idempotency is None:
            return act()
        return carry_out_once(caller, once, self.idempotency, act, taken)


#: Every operation, in the order in which they were written down.
OPERATIONS: list[Operation] = []


def operation(
    *,
    summary: str,
    gives: Any,
    scopes: tuple[str, ...] = (),
    takes: Takes[Any] | None = None,
    for_people: bool = False,
    idempotency: Idempotency | None = None,
) -> Callable[[Callable[..., Any]], Operation]:
    """Make an operation of a function that gets a :class:`Caller`, identifiers, and what ``takes`` has read."""

    def decorate(act: Callable[..., Any]) -> Operation:
        names = list(inspect.signature(act).parameters)[1:]
        made = Operation(
            name=act.__name__,
            summary=summary,
            scopes=scopes,
            identifiers=tuple(names if takes is None else names[:-1]),
            takes=takes,
            gives=gives,
            for_people=for_people,
            idempotency=idempotency,
            act=act,
        )
        OPERATIONS.append(made)
        return made

    return decorate
