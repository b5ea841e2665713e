"""Claude's export: conversations, projects with their instructions and documents, and what it remembers."""

import re
from collections.abc import Iterator
from typing import Any

from app.memories.importing.drafts import CLAUDE, Draft, as_instant, finish
from app.memories.importing.talks import Said, as_list, as_object, as_text, write_down
from app.memories.importing.words import as_folder

_ID = re.compile(r"[0-9a-f-]{36}")
_WHO = {"human": "You", "user": "You", "assistant": "Claude"}


def is_conversation(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like a conversation with Claude."""
    return isinstance(item.get("chat_messages"), list)


def is_project(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like one of Claude's projects."""
    return isinstance(item.get("docs"), list) and "name" in item


def is_memory(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like what Claude remembers of an account."""
    return "conversations_memory" in item or "project_memories" in item or "memory_files" in item


def read_conversation(item: dict[str, Any], name: str) -> Iterator[Draft]:
    """Returns a conversation as memories: none without words."""
    id, began = as_text(item.get("uuid")), as_instant(item.get("created_at"))
    words = write_down(map(_said, map(as_object, item["chat_messages"])))
    if words:
        yield from finish(
            Draft(
                name=name,
                source=CLAUDE,
                folder="Conversations",
                title=as_text(item.get("name")),
                text=words,
                source_url=f"https://claude.ai/chat/{id}" if _ID.fullmatch(id) else None,
                created_at=began,
                updated_at=as_instant(item.get("updated_at")) or began,
            )
        )


def read_project(item: dict[str, Any], name: str) -> Iterator[Draft]:
    """Returns a project's description and instructions, and each of its documents, as memories."""
    called = as_text(item.get("name")).strip() or "Project"
    folder = as_folder(("Projects", called))
    words = (as_text(item.get("description")).strip(), as_text(item.get("prompt_template")).strip())
    if any(words):
        yield from finish(
            Draft(
                name=name,
                source=CLAUDE,
                folder=folder,
                title=called,
                text="\n\n".join(filter(None, words)),
                created_at=as_instant(item.get("created_at")),
                updated_at=as_instant(item.get("updated_at")),
            )
        )
    for document in map(as_object, as_list(item.get("docs"))):
        if as_text(document.get("content")).strip():
            yield from finish(
                Draft(
                    name=name,
                    source=CLAUDE,
                    folder=folder,
                    title=as_text(document.get("filename")),
                    text=document["content"],
                    created_at=as_instant(document.get("created_at")),
                )
            )


def read_memory(item: dict[str, Any], name: str, projects: dict[str, str]) -> Iterator[Draft]:
    """Returns what Claude remembers. ``projects`` are their names by id, as far as they are known."""
    told = [("What Claude remembers", as_text(item.get("conversations_memory")))]
    for id, words in as_object(item.get("project_memories")).items():
        told.append((f"What Claude remembers of {projects.get(id) or 'the project ' + id[:8]}", as_text(words)))
    for file in map(as_object, as_list(item.get("memory_files"))):
        path = as_text(file.get("path")) or as_text(file.get("name")) or "What Claude remembers"
        told.append((path, as_text(file.get("content"))))
    for title, words in told:
        if words.strip():
            yield from finish(Draft(name=name, source=CLAUDE, folder="Memories", title=title, text=words))


def _said(message: dict[str, Any]) -> Said:
    blocks = map(as_object, as_list(message.get("content")))
    spoken = [as_text(block.get("text")) for block in blocks if block.get("type") == "text"]
    words = ["\n\n".join(filter(None, spoken)) or as_text(message.get("text"))]
    for attached in map(as_object, as_list(message.get("attachments"))):
        if as_text(attached.get("extracted_content")).strip():
            words.append(f"[{as_text(attached.get('file_name')) or 'attachment'}]\n\n{attached['extracted_content']}")
    who = _WHO.get(as_text(message.get("sender")), "Claude")
    return Said(who, "\n\n".join(filter(None, words)))
