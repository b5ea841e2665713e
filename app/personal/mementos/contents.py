"""What a memento was made of, in a person's words."""

from msgspec import Struct
from sqlalchemy import func, select

from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent

_MOST_SHOWN = 100


class Contents(Struct, frozen=True):
    """Names of whole integrations, ``(integration, folder)`` pairs, and how many single memories.

    At most a hundred are named; ``more`` says how many are not.
    """

    integrations: list[str]
    folders: list[tuple[str, str]]
    single_count: int
    more: int


def describe_contents(memento: Memento) -> Contents:
    of_memento = MementoContent.memento_id == memento.id
    picks = (
        select(Integration.name, MementoContent.folder)
        .join_from(MementoContent, Integration, Integration.id == MementoContent.integration_id)
        .where(of_memento)
    )
    rows = db.session.execute(
        picks.order_by(MementoContent.folder.is_not(None), Integration.name, MementoContent.folder).limit(_MOST_SHOWN)
    ).all()
    count = db.session.scalar(select(func.count()).select_from(picks.subquery())) or 0
    singles = select(func.count()).select_from(MementoContent).where(of_memento, MementoContent.memory_id.is_not(None))
    return Contents(
        integrations=[name for name, folder in rows if folder is None],
        folders=[(name, folder) for name, folder in rows if folder is not None],
        single_count=db.session.scalar(singles) or 0,
        more=count - len(rows),
    )
