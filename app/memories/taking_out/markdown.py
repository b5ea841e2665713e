"""A memory as Markdown with a heading in YAML, and what its file is called."""

import re
from typing import Any

import yaml

#: What one file system or another does not take in a name.
_UNTAKEN = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029<>:"/\\|?*#^\[\]]+')
_MOST_BYTES = 120


def as_markdown(memory: dict[str, Any]) -> str:
    """Returns a memory as it stands in a file."""
    told = {
        "title": memory["title"],
        "tags": memory["tags"],
        "created": memory["created_at"],
        "updated": memory["updated_at"],
        "source_url": memory["source_url"],
    }
    heading = yaml.dump(
        {name: value for name, value in told.items() if value},
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        allow_unicode=True,
        sort_keys=False,
        width=1_000_000,
    )
    return f"---\n{heading}---\n\n{memory['text']}"


class FileNames:
    """Gives each file a name that no other has, also where capitals mean nothing."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def of_memory(self, memory: dict[str, Any]) -> str:
        """Returns the path of a memory's file: its source, its folders, its title."""
        folders = [_safe(part) for part in memory["folder"].split("/") if part]
        return self._free("/".join([_safe(memory["source"]["name"]), *folders, _safe(memory["title"])]))

    def of_folder(self, memory: dict[str, Any]) -> str:
        """Returns the path of the file of all memories in the folder of one."""
        folders = [_safe(part) for part in memory["folder"].split("/") if part]
        return self._free("/".join([_safe(memory["source"]["name"]), *folders]))

    def _free(self, path: str) -> str:
        number = self._taken.get(path.casefold(), 0) + 1
        self._taken[path.casefold()] = number
        if number == 1:
            return f"{path}.md"
        return self._free(f"{path} ({number})")


def _safe(name: str) -> str:
    """A name that every file system takes, and that shows where it comes from."""
    name = " ".join(_UNTAKEN.sub(" ", name).split())
    name = name.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore").strip(" .")
    return name or "Untitled"
