"""A route of the resource API, and the list of them all, from which ``/api/openapi.json`` is made."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from app.operations.bodies import largest_body
from app.operations.operation import Operation
from app.operations.shapes import Member, Shape, Takes


class _Nothing(Struct, frozen=True):
    """No fields at all."""


_NOTHING = Shape(_Nothing)


class Route(Struct, frozen=True, kw_only=True, dict=True):
    """One method of one path: what it takes and answers, and the operation that it carries out.

    ``answers``: status -> JSON Schema, or None for no content. Without an ``operation`` it is only described.
    """

    method: str
    path: str
    name: str
    summary: str
    scopes: tuple[str, ...]
    answers: dict[int, dict[str, Any] | None]
    in_query: Shape[Any] = _NOTHING
    in_body: Takes[Any] | None = None
    #: Whether unknown fields and empty optional ones are let pass, for clients that send all they know.
    is_lenient: bool = False
    operation: Operation | None = None
    #: What the operation takes, made of what was sent; None where it is the same.
    prepare: Callable[[Any], Any] | None = None
    #: What is answered, made of the result and of what was sent; None where it is the result.
    present: Callable[[Any, Any], Any] | None = None

    @property
    def query(self) -> Mapping[str, Member]:
        """The fields of the query, by name."""
        return self.in_query.members

    @cached_property
    def body(self) -> dict[str, Any] | None:
        """What the body may hold, in JSON Schema; None for no body."""
        if self.in_body is None:
            return None
        schema = self.in_body.schema()
        return schema | {"additionalProperties": True} if self.is_lenient else schema

    @cached_property
    def largest_body(self) -> int:
        """How many bytes of body it takes."""
        return largest_body(self.body) if self.body is not None else 0

    @property
    def is_idempotent(self) -> bool:
        """Whether it obeys an ``Idempotency-Key``."""
        return self.operation is not None and self.operation.idempotency is not None


#: Every route, in the order in which they were added.
ROUTES: list[Route] = []
