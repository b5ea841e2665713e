"""A demonstration person's memories and mementos, from the texts in ``seed_data``."""

import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app import clock
from app.accounts.models import User
from app.credentials import new_id
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag

_TEXTS = Path(__file__).parent / "seed_data"


def add_memories(user: User, texts: str) -> None:
    """Add everything in the person's folder of texts to the session: integrations, memories, mementos.

    A memory is as old as its text says, counted back from now.
    """
    sources: dict[str, tuple[Integration, dict[str, Memory]]] = {}
    for path in sorted((_TEXTS / texts).glob("*.toml")):
        if path.stem != "mementos":
            source = tomllib.loads(path.read_text("utf-8"))
            integration = _integration(user, source)
            sources[integration.kind] = integration, _memories(integration, source)
    for integration, memories in sources.values():
        db.session.add_all([integration, *memories.values()])
    # Gives the memories the ids that the mementos name.
    db.session.flush()
    for memento in tomllib.loads((_TEXTS / texts / "mementos.toml").read_text("utf-8"))["mementos"]:
        contents = [_content(pick, *sources[pick["integration"]]) for pick in memento["picks"]]
        db.session.add(Memento(user_id=user.id, name=memento["name"], contents=contents))


def _integration(user: User, source: dict[str, Any]) -> Integration:
    now = clock.now()
    oldest = max(memory["days_ago"] for memory in source["memories"])
    return Integration(
        id=new_id("int"),
        user_id=user.id,
        kind=source["kind"],
        name=source["name"],
        created_at=now - timedelta(days=oldest + 3),
        last_synced_at=now - timedelta(minutes=12),
    )


def _memories(integration: Integration, source: dict[str, Any]) -> dict[str, Memory]:
    """By title. No two are of the same minute, so that their order is never a matter of luck."""
    now = clock.now()
    return {
        fields["title"]: _memory(integration, source["link"], fields, now - timedelta(minutes=37 * place))
        for place, fields in enumerate(source["memories"], 1)
    }


def _memory(integration: Integration, link: str, fields: dict[str, Any], today: datetime) -> Memory:
    created_at = today - timedelta(days=fields["days_ago"])
    title = fields["title"]
    return Memory(
        user_id=integration.user_id,
        integration_id=integration.id,
        folder=fields["folder"],
        title=title,
        text=fields["text"].strip(),
        source_url=link + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") if link else None,
        created_at=created_at,
        updated_at=created_at,
        tags=[MemoryTag(tag=tag) for tag in fields["tags"]],
    )


def _content(pick: dict[str, str], integration: Integration, memories: dict[str, Memory]) -> MementoContent:
    if "title" in pick:
        return MementoContent(memory_id=memories[pick["title"]].id)
    return MementoContent(integration_id=integration.id, folder=pick.get("folder"))
