"""Memories: list, search, one, and changing and deleting them.

An app reads what the person's consent covers at this moment, and changes what lies in its own memento or in one the
person ticked *write* for. What it adds goes into its own memento "Saved by {App}". An organization's own token reads
and changes that organization's memories and nobody else's.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Struct

from app.consents.receipts import CHANGED, DELETED
from app.consents.undo.recording import look_at
from app.memories.models import Memory
from app.memories.records import change_memory as change_record
from app.memories.records import delete_memory as delete_record
from app.memories.records import find_memory, still_writable
from app.memories.search import Filters, Page, UnusablePosition, search_memories
from app.memories.search import list_memories as list_newest
from app.memories.totals import AccountFull
from app.memories.words import parse_query
from app.operations.caller import Caller, find_mementos_of
from app.operations.cursors import format_cursor, read_cursor
from app.operations.fields import Text
from app.operations.narrowing import Cursor, From, IntegrationId, Limit, MementoId, Tag, To
from app.operations.new_memories import MemoryFields
from app.operations.operation import operation
from app.operations.refusals import account_full, invalid_cursor, not_found, not_writable
from app.operations.results import MemoryPage, ShownMemory, show_memory
from app.operations.shapes import Change, Shape


class Wanted(Struct, frozen=True, kw_only=True):
    """Which memories of those within reach."""

    q: Annotated[
        str | None,
        Text(most=500, about="Words to look for, best first. Words in quotation marks must stand together."),
    ] = None
    memento: MementoId = None
    integration: IntegrationId = None
    tag: Tag = None
    begin: From = None
    end: To = None
    limit: Limit = 25
    cursor: Cursor = None

    @property
    def words(self) -> str:
        """What is looked for; empty for a list."""
        return (self.q or "").strip()

    @property
    def kind(self) -> str:
        """Of which list a cursor is."""
        return "search" if self.words else "list"


@operation(
    summary="List memories, the newest first; with q search them, the best first",
    scopes=("memories:read",),
    takes=Shape(Wanted),
    gives=MemoryPage,
)
def list_memories(caller: Caller, wanted: Wanted) -> MemoryPage:
    """A page may be followed by an empty one: the end is where ``next_cursor`` is null."""
    page = _find_page(caller, wanted)
    caller.note_read([memory.id for memory in page.memories], wanted.words or None)
    return {
        "data": [show_memory(memory) for memory in page.memories],
        "next_cursor": format_cursor(wanted.kind, page.position),
    }


@operation(summary="Read one memory", scopes=("memories:read",), gives=ShownMemory)
def read_memory(caller: Caller, memory_id: str) -> ShownMemory:
    """Returns one memory. Raises ``not_found``."""
    found = find_memory(caller.session, caller.reach, memory_id)
    if found is None:
        raise not_found()
    caller.note_read([memory_id])
    return show_memory(found.record)


@operation(
    summary="Change some fields of a memory",
    scopes=("memories:write",),
    takes=Change(MemoryFields),
    gives=ShownMemory,
)
def change_memory(caller: Caller, memory_id: str, changes: Mapping[str, Any]) -> ShownMemory:
    """Change some of its fields. Raises ``not_found``, ``not_writable`` or ``account_full``."""
    memory = _get_writable(caller, memory_id)
    before = look_at(memory)
    try:
        change_record(caller.session, memory, changes)
    except AccountFull as error:
        raise account_full(str(error)) from None
    if not still_writable(caller.session, caller.reach, memory):
        raise not_writable("That folder is not in a memento that this app may write in; choose another.")
    if caller.journal is not None:
        caller.journal.add_changed(memory, before)
    caller.note_written(CHANGED, [memory_id])
    return show_memory(memory)


@operation(summary="Delete a memory", scopes=("memories:write",), gives=None)
def delete_memory(caller: Caller, memory_id: str) -> None:
    memory = _get_writable(caller, memory_id)
    # Nobody can find out later where it lay.
    caller.note_written(DELETED, [memory_id], find_mementos_of(caller, [memory_id]))
    if caller.journal is not None:
        caller.journal.add_deleted(memory)
    delete_record(caller.session, memory)


def _find_page(caller: Caller, wanted: Wanted) -> Page:
    filters = Filters(
        memento_id=wanted.memento,
        integration_id=wanted.integration,
        tag=wanted.tag,
        begin=wanted.begin,
        end=wanted.end,
    )
    after = read_cursor(wanted.kind, wanted.cursor)
    try:
        if not wanted.words:
            return list_newest(caller.session, caller.reach, filters, wanted.limit, after)
        words = parse_query(wanted.words)
        if words is None:
            return Page([])
        return search_memories(caller.session, caller.reach, words, filters, wanted.limit, after)
    except UnusablePosition:
        raise invalid_cursor() from None


def _get_writable(caller: Caller, memory_id: str) -> Memory:
    found = find_memory(caller.session, caller.reach, memory_id, changes=True)
    if found is None:
        raise not_found()
    if not found.is_writable:
        raise not_writable("This app may read this memory and not change it; the person decides that.")
    memory: Memory = found.record
    return memory
