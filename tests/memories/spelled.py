"""What tests of spelling share: a memory with a text, and what a question finds."""

from sqlalchemy import text

from app.extensions import db
from app.memories.models import Memory
from app.memories.reach import Reach
from app.memories.search import Filters, search_memories
from app.memories.words import parse_query


def find(reach: Reach, q: str) -> list[str]:
    words = parse_query(q)
    return (
        []
        if words is None
        else [one.title for one in search_memories(db.session, reach, words, Filters(), 10).memories]
    )


def keep(ann, title: str, text: str) -> Memory:
    memory = ann.keep(title)
    memory.text = text
    db.session.flush()
    return memory


def check_index() -> None:
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("INSERT INTO memory_search (memory_search) VALUES ('integrity-check')"))
