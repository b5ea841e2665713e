"""The full-text index in the database: one interface, and what each of the two databases does behind it.

Migrations make it and the database keeps it, from the words that :mod:`app.folding` makes of a title and a
text. On SQLite it is the FTS5 table ``memory_search``, whose rows are numbered by time; ``memory_search_rows`` says
which memory each is. On PostgreSQL it is the column ``memories.search_vector``. Both look for stems of English words.

A place is an integration, a folder of one, or a single memory. Places are indexed beside the words, so that what
other people keep, or what lies in other mementos, costs a search nothing.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.memories.index.interface import Best, Rows, SearchIndex
from app.memories.index.postgresql import PostgresqlIndex
from app.memories.index.sought import Place, Sought, Words
from app.memories.index.sqlite import SqliteIndex

__all__ = ["Best", "Place", "Rows", "SearchIndex", "Sought", "Words", "index_of", "is_part_of_index"]

_INDEXES: Mapping[str, SearchIndex] = {"sqlite": SqliteIndex(), "postgresql": PostgresqlIndex()}


def index_of(session: Session) -> SearchIndex:
    """Returns the index of the session's database."""
    return _INDEXES[session.get_bind().dialect.name]


def is_part_of_index(name: str | None, kind: str) -> bool:
    """Returns whether a thing in the database, of Alembic's ``kind``, belongs to the index, which no model describes."""
    parts = {"table": "memory_search", "column": "search_vector", "index": "ix_memories_search_vector"}
    return kind in parts and (name or "").startswith(parts[kind])
