"""The tools: each is an operation that an assistant can call, with a title, hints, and schemas of both its ends.

All of them are listed for everybody, whatever a token may do: a client that does not see a tool never asks its person
for what the tool needs.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec import Struct

from app.mcp.searching import Search, demand_findable
from app.operations.caller import Caller
from app.operations.fields import Text
from app.operations.mementos import list_mementos
from app.operations.memories import change_memory, delete_memory, list_memories, read_memory
from app.operations.new_memories import MemoryFields, NewMemory, add_memory
from app.operations.operation import Operation
from app.operations.patterns import IDENTIFIER
from app.operations.refusals import Kind, Refused, invalid_field
from app.operations.schemas import schema_of
from app.operations.shapes import Change, Shape, Takes

_ID = Text(least=1, most=40, pattern=IDENTIFIER, hint="Must be the id of a memory.", about="The memory's id.")
_NO_SUCH_MEMORY = "There is no memory with this id among those that the person shares with you; it may be gone."


class _Nothing(Struct, frozen=True, kw_only=True):
    """No fields at all."""


class _OneMemory(Struct, frozen=True, kw_only=True):
    """Which memory."""

    id: Annotated[str, _ID]


class _ChangeOfOne:
    """Reads the id of a memory, and the fields of it that are to change."""

    _change = Change(MemoryFields)

    def read(self, sent: Any) -> tuple[str, Mapping[str, Any]]:
        """Returns both. Raises a ``validation_failed``."""
        fields = dict(sent) if isinstance(sent, dict) else sent
        one = _ONE.read({"id": fields.pop("id")} if isinstance(fields, dict) and "id" in fields else {})
        changes: Mapping[str, Any] = self._change.read(fields)
        if not changes:
            raise invalid_field("title", "required", "Name at least one field beside the id, with its new value.")
        return one.id, changes

    def schema(self) -> dict[str, Any]:
        """Returns what may be sent, in JSON Schema."""
        schema = self._change.schema()
        properties = _ONE.schema()["properties"] | schema["properties"]
        return schema | {"properties": properties, "required": ["id"]}


_ONE = Shape(_OneMemory)


class Tool(Struct, frozen=True, kw_only=True):
    """One tool. ``apply`` makes of what was read the operation's identifiers and what that takes."""

    name: str
    title: str
    about: str
    operation: Operation
    takes: Takes[Any]
    apply: Callable[[Any], tuple[dict[str, str], Any]]
    hints: Mapping[str, bool]
    #: What must be so beside the operation's own rules. Raises a refusal.
    demand: Callable[[Caller, Any], None] = lambda _caller, _taken: None
    #: What is told of a memory that is not there, instead of the operation's own sentence.
    not_found: str = _NO_SUCH_MEMORY
    #: What stands in the result of an operation that returns nothing.
    present: Callable[[Any, Any], dict[str, Any]] | None = None
    output: dict[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """Returns the tool as ``tools/list`` tells it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.about,
            "inputSchema": _for_every_reader(self.takes.schema()),
            "outputSchema": self.output or schema_of(self.operation.gives, lambda kind: None),
            "annotations": {"title": self.title, "openWorldHint": False} | dict(self.hints),
        }

    def read(self, arguments: Any) -> Any:
        """Returns what was sent, checked. Raises a ``validation_failed``.

        Assistants send null, or empty text, for what they leave out. Where that says something, it is let through.
        """
        if isinstance(arguments, dict) and isinstance(self.takes, Shape):
            required = {name for name, member in self.takes.members.items() if member.required}
            given = {name: value for name, value in arguments.items() if value is not None}
            arguments = {name: value for name, value in given.items() if value != "" or name in required}
        return self.takes.read(arguments)

    def explain(self, refused: Refused) -> str:
        """Returns why it was not done, as a sentence that an assistant can act on."""
        if refused.kind is Kind.NOT_FOUND:
            return self.not_found
        if refused.code == "not_writable":
            return f"{refused.message} The person's page for that is the manage_url of list_mementos."
        if not refused.errors:
            return refused.message
        return "\n".join(f"{error['field'] or 'arguments'}: {error['message']}" for error in refused.errors)


def _for_every_reader(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without patterns, which say what the descriptions say, and without null, which is as if left out.

    Gemini knows no type but a single one, and refuses whatever its person says as long as a tool has another.
    """
    return dict(schema) | {"properties": {name: _plain(one) for name, one in schema["properties"].items()}}


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    plain = {keyword: value for keyword, value in field.items() if keyword != "pattern"}
    if isinstance(field["type"], list):
        (plain["type"],) = set(field["type"]) - {"null"}
    return plain | ({"items": _plain(field["items"])} if "items" in field else {})


_READS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True}
_ADDS = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False}
_CHANGES = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True}
_FORGOTTEN = {
    "type": "object",
    "properties": {"forgotten": {"type": "string", "description": "The id of the memory that is gone."}},
    "required": ["forgotten"],
    "additionalProperties": False,
}

TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="search_memories",
            title="Search memories",
            about="Search what the person has chosen to share with you, or list its newest entries. Each result has the"
            " whole text. Use next_cursor for the next page.",
            operation=list_memories,
            takes=Shape(Search),
            apply=lambda search: ({}, search.wanted()),
            hints=_READS,
            demand=demand_findable,
        ),
        Tool(
            name="get_memory",
            title="Read one memory",
            about="Read one memory by its id.",
            operation=read_memory,
            takes=_ONE,
            apply=lambda one: ({"memory_id": one.id}, None),
            hints=_READS,
        ),
        Tool(
            name="list_mementos",
            title="List mementos",
            about="List the mementos that the person has opened to you: named windows into their memories, and whether you"
            " may write in each. They may change at any moment.",
            operation=list_mementos,
            takes=Shape(_Nothing),
            apply=lambda _: ({}, None),
            hints=_READS,
        ),
        Tool(
            name="save_memory",
            title="Save a memory",
            about="Save something for the person to keep. It goes into your own memento, which they can see and delete.",
            operation=add_memory,
            takes=Shape(NewMemory),
            apply=lambda draft: ({}, draft),
            hints=_ADDS,
        ),
        Tool(
            name="update_memory",
            title="Change a memory",
            about="Change some fields of a memory that you have saved, or of one in a memento where the person lets you"
            " write. What you leave out stays as it is.",
            operation=change_memory,
            takes=_ChangeOfOne(),
            apply=lambda sent: ({"memory_id": sent[0]}, sent[1]),
            hints=_CHANGES,
        ),
        Tool(
            name="forget_memory",
            title="Forget a memory",
            about="Delete a memory that you have saved, or one in a memento where the person lets you write. It cannot be"
            " taken back.",
            operation=delete_memory,
            takes=_ONE,
            apply=lambda one: ({"memory_id": one.id}, None),
            hints=_CHANGES,
            present=lambda one, _: {"forgotten": one.id},
            output=_FORGOTTEN,
        ),
    )
}
