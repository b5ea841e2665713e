"""What an operation returns, in JSON Schema, from the types that its results have in Python."""

import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


class Says:
    """Keywords of JSON Schema that a type in Python has no word for: ``Annotated[int, Says(minimum=0)]``."""

    def __init__(self, **keywords: Any):
        self.keywords = keywords


_PLAIN: Mapping[Any, str] = {str: "string", int: "integer", float: "number", dict: "object"}

#: Of a type that has a schema of its own elsewhere, what refers to it; None of any other.
Refer = Callable[[Any], dict[str, Any] | None]


def schema_of(kind: Any, refer: Refer, *, is_closed: bool = True) -> dict[str, Any]:
    """Returns the schema of a type: of a ``TypedDict``, a list, a literal, a plain type, or one of those or None.

    An object has nothing else in it unless ``is_closed`` is False.
    """
    return refer(kind) or _schema_of(kind, refer, is_closed)


def _schema_of(kind: Any, refer: Refer, is_closed: bool) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        schema = schema_of(arguments[0], refer, is_closed=is_closed)
        for says in kind.__metadata__:
            schema = schema | says.keywords
        return schema
    if origin is NotRequired:
        return schema_of(arguments[0], refer, is_closed=is_closed)
    if origin in (Union, types.UnionType):
        schema = schema_of(arguments[0], refer, is_closed=is_closed)
        return schema | {"type": [schema["type"], "null"]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], refer, is_closed=is_closed)}
    if origin is Literal:
        return {"enum": list(arguments)}
    if is_typeddict(kind):
        return object_of(kind, refer, is_closed=is_closed)
    return {"type": _PLAIN[origin or kind]}


def object_of(kind: Any, refer: Refer, *, is_closed: bool = True) -> dict[str, Any]:
    """Returns the schema of a ``TypedDict`` itself, also of one that has a name elsewhere."""
    members = get_type_hints(kind, include_extras=True)
    properties = {name: schema_of(member, refer, is_closed=is_closed) for name, member in members.items()}
    required = [name for name in members if name in kind.__required_keys__]
    schema = {"type": "object", "properties": properties, "required": required}
    return schema | {"additionalProperties": False} if is_closed else schema
