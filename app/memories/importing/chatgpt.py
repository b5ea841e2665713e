"""ChatGPT's export: conversations, each a tree of messages of which the person saw one way, and what it remembered.

A message's node names the one before it; ``current_node`` is the last that the person saw. What was edited or asked
again lies on other ways, and what tools were told and answered is hidden: neither comes in.
"""

import re
from collections.abc import Iterator
from typing import Any

from app.memories.importing.drafts import CHATGPT, Draft, as_instant, finish
from app.memories.importing.talks import Said, as_list, as_object, as_text, write_down

_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")
_WHO = {"user": "You", "assistant": "ChatGPT"}
_SPOKEN = ("text", "multimodal_text", "code")
#: Tools that keep what the person wants to be remembered.
_MEMORY_TOOLS = ("bio", "memory")


def is_conversation(item: dict[str, Any]) -> bool:
    """Returns whether an object looks like a conversation of ChatGPT."""
    return isinstance(item.get("mapping"), dict)


def read_conversation(item: dict[str, Any], name: str) -> Iterator[Draft]:
    """Returns a conversation, and what ChatGPT was told there to remember, as memories."""
    messages = list(_walk(item))
    title = as_text(item.get("title"))
    id = as_text(item.get("conversation_id")) or as_text(item.get("id"))
    began = as_instant(item.get("create_time"))
    for message in messages:
        yield from _read_remembered(message, name)
    words = write_down(one for one in map(_said, messages) if one is not None)
    if words:
        yield from finish(
            Draft(
                name=name,
                source=CHATGPT,
                folder="Conversations",
                title=title,
                text=words,
                source_url=f"https://chatgpt.com/c/{id}" if _ID.fullmatch(id) else None,
                created_at=began,
                updated_at=as_instant(item.get("update_time")) or began,
            )
        )


def _walk(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages that the person saw last, in their order; all of them where that cannot be told."""
    nodes = as_object(item["mapping"])
    way: list[str] = []
    seen: set[str] = set()
    at = item.get("current_node")
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        way.append(at)
        at = as_object(nodes[at]).get("parent")
    for key in reversed(way) if way else nodes:
        message = as_object(nodes[key]).get("message")
        if isinstance(message, dict):
            yield message


def _said(message: dict[str, Any]) -> Said | None:
    who = _WHO.get(as_text(as_object(message.get("author")).get("role")))
    content = as_object(message.get("content"))
    if (
        who is None
        or message.get("recipient", "all") != "all"
        or message.get("weight") == 0
        or as_object(message.get("metadata")).get("is_visually_hidden_from_conversation")
        or content.get("content_type", "text") not in _SPOKEN
    ):
        return None
    return Said(who, _words_of(content))


def _words_of(content: dict[str, Any]) -> str:
    parts = []
    for part in as_list(content.get("parts")) or [content.get("text")]:
        # Of what was spoken there is a transcript; a picture lies beside the conversations.
        told = part if isinstance(part, str) else as_text(as_object(part).get("text"))
        if not told and "image" in as_text(as_object(part).get("content_type")):
            told = "[picture]"
        parts.append(told)
    return "\n\n".join(part for part in parts if part.strip())


def _read_remembered(message: dict[str, Any], name: str) -> Iterator[Draft]:
    content = as_object(message.get("content"))
    at = as_instant(message.get("create_time"))
    if message.get("recipient") in _MEMORY_TOOLS:
        words = _words_of(content).strip()
        if words and not words.startswith(("{", "[")):
            yield from finish(
                Draft(name=name, source=CHATGPT, folder="Memories", title=words[:80], text=words, file_time=at)
            )
    elif content.get("content_type") == "user_editable_context":
        told = as_object(as_object(message.get("metadata")).get("user_context_message_data"))
        words = "\n\n".join(
            filter(None, (as_text(told.get("about_user_message")), as_text(told.get("about_model_message"))))
        )
        if words.strip():
            yield from finish(
                Draft(
                    name=name, source=CHATGPT, folder="Memories", title="Custom instructions", text=words, file_time=at
                )
            )
