"""A point in time comes back from either database as it went in, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, literal, select
from sqlalchemy.exc import StatementError

from app.database.connections import connect
from app.database.statements import Statement
from app.database.types import UtcDateTime, UtcMicroseconds
from app.extensions import db
from tests.databases import BACKEND

pytestmark = pytest.mark.database

MOMENTS = [
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1000, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, 123_456, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    None,
]


@pytest.mark.parametrize("kind", [UtcDateTime, UtcMicroseconds])
def test_what_goes_in_comes_back(app, kind):
    find = Statement(select(bindparam("at", type_=kind()).label("at")))
    with app.app_context(), connect(db.engine) as connection:
        # Often enough that it is prepared.
        for _ in range(3):
            for moment in MOMENTS:
                assert connection.first(find, at=moment).at == moment


@pytest.mark.parametrize("kind", [UtcDateTime, UtcMicroseconds])
def test_one_without_a_time_zone_is_refused(app, kind):
    find = Statement(select(bindparam("at", type_=kind()).label("at")))
    with app.app_context(), connect(db.engine) as connection, pytest.raises(ValueError, match="aware"):
        connection.first(find, at=datetime(2026, 1, 1))


@pytest.mark.skipif(BACKEND != "sqlite", reason="PostgreSQL knows what a point in time is")
def test_one_that_is_given_no_type_of_ours_is_refused(app):
    """SQLAlchemy's own would be written without its zone, and come before the same one of a column."""
    with app.app_context(), pytest.raises(StatementError, match="the type of its column"):
        db.session.scalar(select(literal(datetime(2026, 1, 1, tzinfo=UTC))))
