"""What tests of the log share: what is written down of a client's requests."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord


@pytest.fixture
def records(app):
    """What is written down of the requests of a client, the latest last."""
    with app.app_context():
        # Of other tests, whose clients are gone.
        app.extensions["services"].notes.of(RequestLog).flush()

    def records(client) -> list[RequestRecord]:
        with app.app_context():
            app.extensions["services"].notes.of(RequestLog).flush()
            return db.session.scalars(
                select(RequestRecord).where(RequestRecord.client_key == client.client_id).order_by(RequestRecord.id)
            ).all()

    return records


@pytest.fixture
def reason(records):
    """The one reason that a client's last request failed for."""

    def reason(client) -> tuple[str, str, str]:
        last = records(client)[-1]
        return last.endpoint, last.error, last.reason

    return reason
