"""What tests of full accounts share: other bounds, and what accounts keep by counting it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.memories import totals
from app.memories.models import Memory, MemoryTotal
from app.memories.totals import Bounds, bound_accounts, size_in


@pytest.fixture
def bound(app) -> Iterator[Callable[..., None]]:
    """Let an account keep no more than so many memories, or megabytes of text."""
    with app.app_context():
        engine = db.engine
    before = totals._bounds[engine]
    yield lambda **most: bound_accounts(engine, Bounds(**most))
    bound_accounts(engine, before)


def demand_counted(app: Flask) -> tuple[int, int]:
    """What is counted for the one account that has added something, which is what it keeps."""
    with app.app_context():
        total = db.session.scalars(select(MemoryTotal)).one()
        owner = Memory.organization_id if total.user_id is None else Memory.user_id
        kept = select(func.count(), func.coalesce(func.sum(size_in(db.session())), 0)).where(owner == total.owner_id)
        assert (total.memory_count, total.text_bytes) == tuple(db.session.execute(kept).one())
        return total.memory_count, total.text_bytes
