"""Folding the memories that were written by an earlier version, or by a statement that knows nothing of words."""

from sqlalchemy import Engine, select, update

from app.folding import index_words
from app.memories.models import Memory, is_unfolded

_BATCH = 200
_TABLE = Memory.__table__


def fold_memories(engine: Engine) -> int:
    """Fold every memory that is not, a few in a transaction, so that others can write between. Returns how many there were."""
    rows, folded = _TABLE.c, 0
    unfolded = select(rows.id, rows.title, rows.text, rows.updated_at).where(is_unfolded)
    # In this order the index finds that there is none, however many memories there are.
    unfolded = unfolded.order_by(rows.id).limit(_BATCH)
    while True:
        with engine.begin() as connection:
            found = connection.execute(unfolded).all()
            for row in found:
                connection.execute(
                    update(Memory)
                    # One that is changed meanwhile is left for the next look.
                    .where(rows.id == row.id, rows.updated_at == row.updated_at)
                    .values(
                        title_words=index_words(row.title),
                        text_words=index_words(row.text),
                        folded_at=row.updated_at,
                        updated_at=row.updated_at,
                    )
                )
        folded += len(found)
        if not found:
            return folded
