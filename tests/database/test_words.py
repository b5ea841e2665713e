"""Whether the words of one text are among those of another is the same in Python and on either database."""

import pytest
from sqlalchemy import String, bindparam, func, select

from app.database.connections import connect
from app.database.statements import Statement
from app.database.statements.words import lies_within
from app.extensions import db

pytestmark = pytest.mark.database

_FIND = Statement(
    select(func.lies_within(bindparam("words", type_=String()), bindparam("bound", type_=String())).label("is_within"))
)
TEXTS = ["", " ", "a", "b", "A", "a b", "b a", "a a", "a  b", " a", "ab", "a b c", "a*", "%", "é", "a\u00a0b"]


@pytest.mark.parametrize("words", TEXTS)
def test_both_say_the_same(app, words):
    with app.app_context(), connect(db.engine) as connection:
        found = [bool(connection.first(_FIND, words=words, bound=bound).is_within) for bound in TEXTS]
    assert found == [lies_within(words, bound) for bound in TEXTS]


def test_each_word_is_to_be_there():
    assert lies_within("b a", "a c b")
    assert not lies_within("a d", "a c b")
