"""The object that an operation takes: a Struct whose annotations say the type and the bounds of each field.

    class NewMemento(Struct, frozen=True, kw_only=True):
        name: Annotated[str, Text(least=1, most=100)]

A field without a default is required. Whoever checks types sees a ``str``; a :class:`Shape` reads the rest.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import NODEFAULT, Struct, structs

from app.operations.fields import Field, Problem
from app.operations.refusals import FieldError, invalid_fields

T = TypeVar("T")
Taken = TypeVar("Taken", covariant=True)


class Takes(Protocol[Taken]):
    """What an operation takes beside identifiers."""

    def read(self, sent: Any) -> Taken:
        """Returns what was sent, checked. Raises a ``validation_failed`` that names every field with something wrong."""

    def schema(self) -> dict[str, Any]:
        """Returns what may be sent, in JSON Schema."""


class Member(Struct, frozen=True):
    """A field of a shape: its name outside, that of the Struct, and what it may hold."""

    name: str
    attribute: str
    field: Field
    required: bool
    default: Any = None

    def schema(self) -> dict[str, Any]:
        """Returns the field in JSON Schema, with its default."""
        schema = self.field.schema()
        return schema if self.default is None else schema | {"default": self.default}


class Shape(Generic[T]):
    """Reads a Struct from an object that was sent, and tells of it in JSON Schema."""

    def __init__(self, made: type[T]):
        self._made = made
        #: name outside -> field.
        self.members: Mapping[str, Member] = {member.name: member for member in _members(made)}

    def read(self, sent: Any) -> T:
        """Returns the Struct. Raises a ``validation_failed`` that names every field with something wrong."""
        errors, kept = self._find_problems(sent)
        if errors:
            raise invalid_fields(errors)
        return self._made(**kept)

    def read_each(self, sent: Iterable[Any]) -> list[T]:
        """Returns several. Raises a ``validation_failed`` with every error of every one, by ``index``."""
        errors: list[FieldError] = []
        kept = []
        for index, one in enumerate(sent):
            problems, values = self._find_problems(one)
            errors += [{"index": index, **problem} for problem in problems]
            kept.append(values)
        if errors:
            raise invalid_fields(errors)
        return [self._made(**values) for values in kept]

    def schema(self) -> dict[str, Any]:
        """Returns what may be sent, in JSON Schema."""
        required = [member.name for member in self.members.values() if member.required]
        properties = {name: member.schema() for name, member in self.members.items()}
        return _schema(properties) | ({"required": required} if required else {})

    def _find_problems(self, sent: Any) -> tuple[list[FieldError], dict[str, Any]]:
        errors, kept = _find_problems(self.members, sent)
        for member in self.members.values() if isinstance(sent, dict) else ():
            if member.name not in sent and member.required:
                errors.append(_error(member.name, "required", "Is required."))
        return sorted(errors, key=lambda error: error["field"]), kept


class Change:
    """Reads a change of some fields of a Struct: those that were sent, and nothing for the others."""

    def __init__(self, made: type[Any]):
        self.members: Mapping[str, Member] = {member.name: member for member in _members(made)}

    def read(self, sent: Any) -> dict[str, Any]:
        """Returns attribute -> new value. Raises a ``validation_failed`` that names every field with something wrong."""
        errors, kept = _find_problems(self.members, sent)
        if errors:
            raise invalid_fields(sorted(errors, key=lambda error: error["field"]))
        return kept

    def schema(self) -> dict[str, Any]:
        """Returns what may be sent, in JSON Schema: any of the fields.

        None has a default: many who read a schema send that for what they leave out, which would then be changed.
        """
        return _schema({name: member.field.schema() for name, member in self.members.items()})


def _members(made: type[Any]) -> Iterable[Member]:
    for one in structs.fields(made):
        (field,) = one.type.__metadata__
        default = one.default if one.default_factory is NODEFAULT else one.default_factory()
        yield Member(field.name or one.name, one.name, field, one.required, None if one.required else default)


def _find_problems(members: Mapping[str, Member], sent: Any) -> tuple[list[FieldError], dict[str, Any]]:
    """What is wrong with the fields that were sent, and attribute -> value of what is right."""
    if not isinstance(sent, dict):
        return [_error("", "type", "Must be an object.")], {}
    errors: list[FieldError] = []
    known = f"there are {', '.join(members)}" if members else "send none"
    for name in sent.keys() - members.keys():
        errors.append(_error(_printable(name), "unknown", f"There is no such field; {known}."))
    kept = {}
    for name, member in members.items():
        if name in sent:
            try:
                kept[member.attribute] = member.field.check(sent[name])
            except Problem as problem:
                errors.append(_error(name, problem.code, problem.message))
    return errors, kept


def _schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _error(field: str, code: str, message: str) -> FieldError:
    return {"field": field, "code": code, "message": message}


def _printable(name: str) -> str:
    """A name that came from outside, fit to be told back."""
    return name[:60].encode("ascii", "backslashreplace").decode()
