"""Adding memories: one, or many at once, all or none of them.

What an app adds goes into its own memento "Saved by {App}", or into an integration that it made.
"""

from collections.abc import Sequence
from typing import Annotated, Any, cast

from msgspec import Struct, field

from app.consents.receipts import ADDED
from app.memories.models import Integration
from app.memories.records import add_memories as add_records
from app.memories.totals import AccountFull
from app.operations.caller import Caller
from app.operations.fields import Text, Texts
from app.operations.idempotency import Idempotency
from app.operations.operation import operation
from app.operations.patterns import FOLDER, IDENTIFIER, ONE_LINE, WEB_ADDRESS
from app.operations.refusals import account_full, invalid_field, invalid_fields
from app.operations.results import MemoryList, ShownMemory, show_memory
from app.operations.saved import demand_may_add, ensure_source, find_own_integration
from app.operations.shapes import Shape

#: How many memories one call may add, and how many characters their texts may have together.
MOST_AT_ONCE = 100
MOST_TEXT_AT_ONCE = 1_000_000
_LONGEST_TEXT = 100_000

Title = Annotated[
    str,
    Text(least=1, most=300, pattern=ONE_LINE, is_shown=True, hint="Must be one line with something visible in it."),
]
Content = Annotated[str, Text(least=1, most=_LONGEST_TEXT)]
_TAG = Text(
    least=1, most=60, pattern=ONE_LINE, is_shown=True, hint="A tag must be one line with something visible in it."
)


class MemoryFields(Struct, frozen=True, kw_only=True):
    """What an app decides of a memory, and may change later."""

    title: Title
    text: Content
    tags: Annotated[list[str], Texts(most=20, each=_TAG)] = field(default_factory=list)
    folder: Annotated[
        str,
        Text(
            most=500,
            pattern=FOLDER,
            is_shown=True,
            separator="/",
            hint="Must be names with '/' between them, each with something visible, such as Trips/Lisbon.",
            about="Its path inside the integration.",
        ),
    ] = ""
    source_url: Annotated[
        str | None,
        Text(
            nullable=True,
            most=2000,
            pattern=WEB_ADDRESS,
            hint="Must be an address that begins with http:// or https://.",
            about="The web address of what it was taken from.",
        ),
    ] = None


class NewMemory(MemoryFields, frozen=True, kw_only=True):
    """A memory to be added."""

    integration_id: Annotated[
        str | None,
        Text(
            nullable=True,
            most=40,
            pattern=IDENTIFIER,
            hint="Must be the id of an integration.",
            about="Where to add it: an integration that this app made. Without it, the source behind the app's memento.",
        ),
    ] = None

    def record(self) -> dict[str, Any]:
        """Returns what of it the memory's record holds."""
        return {
            "title": self.title,
            "text": self.text,
            "tags": self.tags,
            "folder": self.folder,
            "source_url": self.source_url,
        }


class ManyMemories:
    """Reads many memories at once: an object with the one field ``memories``, a list of them."""

    _each = Shape(NewMemory)

    def read(self, sent: Any) -> list[NewMemory]:
        """Returns them. Raises a ``validation_failed`` that tells which memory it is about, as ``index`` from 0."""
        drafts = self._each.read_each(self._read_list(sent))
        if sum(len(draft.text) for draft in drafts) > MOST_TEXT_AT_ONCE:
            sentence = f"Send texts of at most {MOST_TEXT_AT_ONCE} characters together at once."
            raise invalid_field("memories", "too_long", sentence)
        return drafts

    def schema(self) -> dict[str, Any]:
        """Returns what may be sent, in JSON Schema."""
        memories = {
            "type": "array",
            "description": f"The texts of all of them may have at most {MOST_TEXT_AT_ONCE} characters together.",
            "items": self._each.schema(),
            "minItems": 1,
            "maxItems": MOST_AT_ONCE,
            # What JSON Schema can say of that: as many as may be long, or as long as many may be.
            "anyOf": [
                {"maxItems": MOST_TEXT_AT_ONCE // _LONGEST_TEXT},
                {"items": {"properties": {"text": {"maxLength": MOST_TEXT_AT_ONCE // MOST_AT_ONCE}}}},
            ],
        }
        return {
            "type": "object",
            "properties": {"memories": memories},
            "required": ["memories"],
            "additionalProperties": False,
        }

    def _read_list(self, sent: Any) -> list[Any]:
        if not isinstance(sent, dict) or sent.keys() != {"memories"} or not isinstance(sent["memories"], list):
            sentence = "Send an object with the one field 'memories', a list."
            raise invalid_field("memories", "type", sentence)
        memories: list[Any] = sent["memories"]
        if not 1 <= len(memories) <= MOST_AT_ONCE:
            raise invalid_field("memories", "too_long", f"Send from 1 to {MOST_AT_ONCE} memories at once.")
        return memories


#: What of a memory's representation the server makes; the rest is what was sent.
_MADE = ("id", "integration_id", "integration_kind", "created_at", "updated_at")


def _keep(added: Sequence[ShownMemory]) -> list[dict[str, Any]]:
    return [{name: dict(one)[name] for name in _MADE} for one in added]


def _restore(kept: Sequence[dict[str, Any]], drafts: Sequence[NewMemory]) -> list[ShownMemory]:
    return [cast(ShownMemory, draft.record() | made) for draft, made in zip(drafts, kept, strict=True)]


@operation(
    summary="Add a memory",
    scopes=("memories:write",),
    takes=Shape(NewMemory),
    gives=ShownMemory,
    idempotency=Idempotency(lambda added: _keep([added]), lambda kept, draft: _restore(kept, [draft])[0]),
)
def add_memory(caller: Caller, draft: NewMemory) -> ShownMemory:
    return _add(caller, [draft])[0]


@operation(
    summary=f"Add up to {MOST_AT_ONCE} memories, all or none of them",
    scopes=("memories:write",),
    takes=ManyMemories(),
    gives=MemoryList,
    idempotency=Idempotency(lambda added: _keep(added["data"]), lambda kept, drafts: {"data": _restore(kept, drafts)}),
)
def add_memories(caller: Caller, drafts: Sequence[NewMemory]) -> MemoryList:
    return {"data": _add(caller, drafts)}


def _add(caller: Caller, drafts: Sequence[NewMemory]) -> list[ShownMemory]:
    demand_may_add(caller)
    sources = _find_sources(caller, [draft.integration_id for draft in drafts])
    try:
        memories = add_records(caller.session, zip(sources, [draft.record() for draft in drafts], strict=True))
    except AccountFull as error:
        raise account_full(str(error)) from None
    if caller.journal is not None:
        caller.journal.add_added(memories)
    caller.note_written(ADDED, [memory.id for memory in memories])
    return [show_memory(memory) for memory in memories]


def _find_sources(caller: Caller, integration_ids: Sequence[str | None]) -> list[Integration]:
    """Where each of several new memories goes; None is the source behind the app's own memento."""
    chosen = {id: find_own_integration(caller, id) for id in set(integration_ids) if id is not None}
    sentence = "There is no such integration that this app may add to; leave it out."
    unknown = [index for index, id in enumerate(integration_ids) if id is not None and chosen[id] is None]
    if unknown:
        raise invalid_fields(
            {"index": index, "field": "integration_id", "code": "unknown", "message": sentence} for index in unknown
        )
    found = [ensure_source(caller) if id is None else chosen[id] for id in integration_ids]
    return [source for source in found if source is not None]
