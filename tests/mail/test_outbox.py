"""The outbox: a letter goes out when its transaction was committed, once, and whatever happens it is said why not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.database.unavailable import DatabaseUnavailable
from app.extensions import db
from app.mail import sending
from app.mail.carrier import NoWay
from app.mail.carriers import choose_carrier
from app.mail.models import OutgoingMail
from app.mail.outbox import put_mail, something_waits
from app.mail.thread import MailThread
from tests.tables import each


def _put(app, to: str = "ada@example.com", kind: str = "trial", **facts) -> None:
    with app.app_context():
        put_mail(db.session, kind, to=to, **facts)
        db.session.commit()


def _rows(app) -> list[OutgoingMail]:
    with app.app_context():
        return list(db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))


def test_a_letter_goes_out_once_and_after_the_commit(app, sent_mail):
    with app.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        assert sent_mail() == []
        something_waits.clear()
        db.session.commit()
    assert something_waits.is_set()
    [letter] = sent_mail()
    assert (letter.kind, letter.to) == ("trial", "ada@example.com")
    assert "Whoever runs Reliquary sent this letter" in letter.text
    assert letter.links == ["http://127.0.0.1:8000"]
    assert sent_mail() == []


def test_a_letter_never_goes_out_without_its_commit(app, sent_mail):
    with app.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        db.session.flush()
        db.session.rollback()
    assert sent_mail() == []


def test_a_letter_that_was_put_by_a_clock_ahead_goes_out_when_that_is_put_right(app, sent_mail, monkeypatch):
    now = clock.now
    with monkeypatch.context() as ahead:
        ahead.setattr("app.clock.now", lambda: now() + timedelta(days=365))
        _put(app)
        _put(app, "ben@example.com")
    assert sorted(letter.to for letter in sent_mail()) == ["ada@example.com", "ben@example.com"]
    assert sent_mail() == []


@each("kind", ["full", None])
def test_a_full_database_is_a_line_of_the_log_and_a_mistake_of_ours_a_traceback(app, kind, monkeypatch, caplog):
    def fail(*_args: object) -> None:
        raise DatabaseUnavailable(kind, "No room.") if kind else ZeroDivisionError

    _put(app)
    caplog.clear()
    monkeypatch.setattr(sending, "render_letter", fail)
    with app.app_context():
        sending.send_due(app, choose_carrier(app.extensions["services"].settings, db.engine))
    [line] = [record for record in caplog.records if record.name == sending.__name__]
    assert ("as the database is full" in line.getMessage(), line.exc_info is None) == (kind == "full", kind == "full")
    assert all(letter.says.startswith("It could not be written: ") for letter in _rows(app))


def test_a_mail_server_that_cannot_be_used_is_not_asked_by_each_new_letter(app, monkeypatch):
    """One that says that it is busy would be kept so, and each letter would be a line of the log."""

    class Away:
        asked = 0

        def open(self) -> None:
            self.asked += 1
            raise NoWay("421 too busy")

        def close(self) -> None:
            """There is nothing to close."""

    away, at = Away(), 1_000.0
    monkeypatch.setattr("app.mail.thread.choose_carrier", lambda *_: away)
    monkeypatch.setattr("app.mail.thread.time.monotonic", lambda: at)
    thread = MailThread(app)
    for _ in range(3):
        _put(app)
        thread._look()
    assert away.asked == 1
    at += 60
    thread._look()
    assert away.asked == 2


@each("to", ["", "ada", "a@\n", "ada@example.com\r\nBcc: eve@example.com", "a b@example.com", "@" * 321])
def test_what_is_no_address_is_not_put(app, to):
    with app.app_context(), pytest.raises(ValueError, match="no address"):
        put_mail(db.session, "trial", to=to)
