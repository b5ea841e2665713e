"""What tests of searching share: what is found, page by page, and many memories at once."""

import json
from datetime import timedelta

from sqlalchemy import insert

from app import clock
from app.credentials import new_id
from app.extensions import db
from app.memories.models import Memory
from app.memories.reach import Reach
from app.memories.search import Filters, search_memories
from app.memories.words import parse_query


def find(reach: Reach, q: str, limit: int = 100, **filters) -> list[str]:
    return [
        memory.title
        for memory in search_memories(db.session, reach, parse_query(q), Filters(**filters), limit).memories
    ]


def page_through(reach: Reach, q: str, limit: int, between=lambda: None) -> list[str]:
    """The titles of all pages; something may happen between two of them."""
    titles, after = [], None
    while True:
        page = search_memories(db.session, reach, parse_query(q), Filters(), limit, after)
        titles += [memory.title for memory in page.memories]
        if page.position is None:
            return titles
        # As it comes back from a client.
        after = json.loads(json.dumps(page.position))
        between()


def keep_many(keeper, texts) -> None:
    """Memories called 0, 1, 2… of these texts, each newer than the last."""
    at = clock.now() - timedelta(days=1)
    rows = [
        {
            "id": new_id("mry"),
            "user_id": keeper.user_id,
            "integration_id": keeper.integrations["slack"].id,
            "folder": "",
            "title": str(number),
            "text": text,
            "created_at": at + timedelta(seconds=number),
            "updated_at": at,
        }
        for number, text in enumerate(texts)
    ]
    db.session.execute(insert(Memory), rows)
