"""Kinds of integrations, as a person reads them."""

from msgspec import Struct

from app.sentences import _

#: kind -> what people call it. A kind that is not here is still shown, by its own name.
_LABELS = {
    "google_drive": "Google Drive",
    "slack": "Slack",
    "gmail": "Gmail",
    "dropbox": "Dropbox",
    "memory": _("Memory"),
    "notes": _("Notes"),
    "files": _("Files"),
    "obsidian": "Obsidian",
    "notion": "Notion",
    "chatgpt": "ChatGPT",
    "claude": "Claude",
}


def label_of(kind: str) -> str:
    """Returns ``google_drive`` as “Google Drive”; a kind nobody has named yet in title case."""
    return _LABELS.get(kind) or kind.replace("_", " ").strip().title()


class Source(Struct, frozen=True):
    """How many of a memento's memories come from one integration. ``name`` is the person's name for it."""

    kind: str
    name: str
    count: int

    @property
    def label(self) -> str:
        """The kind as people call it, such as “Google Drive”."""
        return label_of(self.kind)


class IntegrationSummary(Struct, frozen=True):
    """An integration and how many memories it holds now."""

    id: str
    kind: str
    name: str
    count: int

    @property
    def label(self) -> str:
        """The kind as people call it, such as “Google Drive”."""
        return label_of(self.kind)
