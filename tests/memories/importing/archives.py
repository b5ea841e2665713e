"""Archives as people make them, and as nobody honest does."""

import io
import json
import zipfile
from typing import Any

LINK = 0o120777 << 16


def make_zip(*files: tuple[str | zipfile.ZipInfo, str | bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these files, in this order."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", packed) as archive:
        for name, data in files:
            archive.writestr(name, data)
            archive.NameToInfo.clear()
    return sink.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    """An entry that says it is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = LINK, 3
    return info


def chatgpt_conversation(title: str, *said: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A conversation as ChatGPT exports it: a root, what the system was told, and the messages, each behind the last."""
    nodes: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": ["n0"]}}
    said = (("system", ""), *said)
    for number, (role, words) in enumerate(said):
        nodes[f"n{number}"] = {
            "id": f"n{number}",
            "parent": f"n{number - 1}" if number else "root",
            "children": [f"n{number + 1}"] if number + 1 < len(said) else [],
            "message": {
                "id": f"n{number}",
                "author": {"role": role, "name": None, "metadata": {}},
                "create_time": 1736209412.5 + number,
                "content": {"content_type": "text", "parts": [words]},
                "weight": 0.0 if role == "system" else 1.0,
                "recipient": "all",
                "metadata": {},
            },
        }
    return {
        "title": title,
        "create_time": 1736209400.25,
        "update_time": 1736209800.0,
        "mapping": nodes,
        "moderation_results": [],
        "current_node": f"n{len(said) - 1}",
        "conversation_id": "8f3a2b1c-0000-4000-8000-000000000001",
        **more,
    }


def claude_conversation(name: str, *said: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A conversation as Claude exports it."""
    return {
        "uuid": "0b6be860-d77a-4c67-b747-d70d13d56910",
        "name": name,
        "summary": "",
        "created_at": "2025-03-01T10:00:00.123456Z",
        "updated_at": "2025-03-02T10:00:00.000000Z",
        "account": {"uuid": "a"},
        "chat_messages": [
            {
                "uuid": f"m{number}",
                "text": words,
                "content": [{"type": "text", "text": words, "citations": []}],
                "sender": sender,
                "created_at": "2025-03-01T10:00:00Z",
                "attachments": [],
                "files": [],
            }
            for number, (sender, words) in enumerate(said)
        ],
        **more,
    }


def as_json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False)
