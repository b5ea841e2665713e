"""The rows of a SELECT come as one text in the row of another, on either database."""

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.database.connections import connect
from app.database.statements import Statement
from app.database.statements.lines import Lines
from app.extensions import db
from app.memories.models import Memento

pytestmark = pytest.mark.database

_NAMES = select(Memento.name).where(Memento.user_id == User.id).correlate(User)
_FIND = Statement(select(User.id, Lines(_NAMES).label("names")))


def test_each_row_is_a_line_and_no_row_is_at_most_an_empty_one(app, alice, bob):
    with app.app_context():
        db.session.add_all(Memento(user_id=alice.id, name=name) for name in ("Work", "a, b", "été"))
        db.session.commit()
        with connect(db.engine) as connection:
            found = {row.id: row.names for row in connection.all(_FIND)}
    assert sorted(found[alice.id].split("\n")) == ["", "Work", "a, b", "été"]
    assert found[alice.id].startswith("\n") and found[bob.id].strip("\n") == ""
