"""How long a session lives, and what is kept of it."""

from unittest.mock import patch

import pytest
from itsdangerous import TimestampSigner
from msgspec import structs
from sqlalchemy import event, select

from app import clock
from app.accounts.models import Session, User
from app.accounts.sessions import MOST_OF_PERSON, end_session, find_signed_in, start_session
from app.credentials import digest
from app.database.connections import Connection
from app.extensions import db
from app.last_uses import LastUses

DAY = 24 * 60 * 60


@pytest.fixture
def credential(app, alice, clock) -> str:
    """Alice's, of a session that starts now."""
    with app.app_context():
        credential = start_session(db.session.get(User, alice.id), address="192.0.2.7", user_agent="A Browser/1.0")
        db.session.commit()
    return credential


def last_used_at(app, *, write: bool = True):
    if write:
        app.extensions["services"].notes.of(LastUses).flush()
    with app.app_context():
        return db.session.scalar(select(Session.last_used_at))


def test_credential_says_who_is_signed_in(app, alice, clock, credential):
    with app.app_context():
        signed_in = find_signed_in(credential)
    assert (signed_in.id, signed_in.name, signed_in.email) == (alice.id, alice.name, alice.email)
    assert signed_in.session_id.startswith("ses_")
    assert signed_in.issued_at == clock.now
    assert signed_in.is_authenticated and not signed_in.is_anonymous


def test_a_machine_whose_clock_is_behind_knows_who_signed_in_at_another(app, browser, alice):
    """Two clocks that are a millisecond apart disagree at the end of each second."""
    browser.enter(alice)
    lifetime = app.extensions["services"].settings.session_lifetime
    for passed, is_known in ((-1, True), (-DAY, True), (lifetime - 30, True), (lifetime + 2, False)):
        now = int(clock.now().timestamp()) + passed
        with patch.object(TimestampSigner, "get_timestamp", lambda _self, now=now: now):
            assert (browser.get("/account/settings/").status_code == 200) is is_known, passed


def test_what_flask_login_keeps_is_the_credential_and_not_the_person(app, alice, credential):
    with app.app_context():
        assert find_signed_in(credential).get_id() == credential
    assert credential.startswith("rlq_se_")
    assert alice.id not in credential


def test_only_the_digest_is_stored(app, credential):
    with app.app_context():
        row = db.session.execute(select(Session.__table__)).one()
    assert row.digest == digest(credential)
    assert not any(credential in str(value) for value in row)


def test_credential_is_not_in_what_a_log_would_show(app, credential):
    with app.app_context():
        assert credential not in repr(find_signed_in(credential))


def test_unknown_credential_is_nobody(app, credential):
    with app.app_context():
        for other in ("", credential[:-1], credential + "0", digest(credential), "\x00", "\ud800"):
            assert find_signed_in(other) is None


def test_ended_session_is_nobody(app, credential):
    with app.app_context():
        end_session(digest(credential))
        db.session.commit()
        assert find_signed_in(credential) is None


def test_ending_one_session_leaves_the_others(app, alice, credential):
    with app.app_context():
        other = start_session(db.session.get(User, alice.id), address="", user_agent="")
        db.session.commit()
        end_session(digest(other))
        db.session.commit()
        assert find_signed_in(credential)


def test_session_expires_although_it_is_used(app, clock, credential):
    with app.app_context():
        for _ in range(13):
            clock.advance(days=1)
            assert find_signed_in(credential)
        clock.advance(days=1, seconds=-1)
        assert find_signed_in(credential)
        clock.advance(seconds=1)
        assert find_signed_in(credential) is None


def test_idle_session_ends_sooner(app, clock, credential):
    with app.app_context():
        clock.advance(days=3, seconds=-1)
        assert find_signed_in(credential)
        clock.advance(days=3)
        assert find_signed_in(credential) is None


def test_last_use_is_written_at_most_once_a_minute(app, clock, credential):
    start = clock.now
    for seconds, written in ((59, 0), (1, 60), (59, 60), (1, 120)):
        clock.advance(seconds=seconds)
        with app.app_context():
            assert find_signed_in(credential)
        assert (last_used_at(app) - start).total_seconds() == written


def test_a_use_of_a_clock_that_was_ahead_does_not_stay_the_last_one(app, clock, credential):
    """Else nothing would be written until then, and the session never be idle."""
    start = clock.now
    for days in (2, -2):
        clock.advance(days=days)
        with app.app_context():
            assert find_signed_in(credential)
        assert last_used_at(app) == clock.now
    assert clock.now == start


def test_use_within_the_minute_writes_nothing(app, credential, monkeypatch):
    monkeypatch.setattr(LastUses, "wake", lambda _self: pytest.fail("was noted"))
    with app.app_context():
        assert find_signed_in(credential)


def test_whoever_keeps_using_a_session_is_not_idle_while_the_database_cannot_be_written(app, clock, credential):
    """Nothing is written down here for four times as long as a session may lie idle."""
    uses = app.extensions["services"].notes.of(LastUses)
    start = last_used_at(app)
    with app.app_context():
        for _ in range(8):
            clock.advance(hours=36)
            assert find_signed_in(credential)
    assert last_used_at(app, write=False) == start
    uses.flush()
    assert last_used_at(app, write=False) > start


def test_a_short_idle_lifetime_is_extended_in_time(app, settings, clock, credential, monkeypatch):
    """A minute's lifetime, prolonged once a minute, would end a session that is in use."""
    monkeypatch.setattr("app.accounts.sessions.settings", lambda: structs.replace(settings, session_idle_lifetime=60))
    uses = app.extensions["services"].notes.of(LastUses)
    with app.app_context():
        for _ in range(10):
            clock.advance(seconds=30)
            assert find_signed_in(credential)
            # What another process knows of it.
            uses.flush()


def test_deleted_person_is_signed_in_nowhere(app, alice, credential):
    with app.app_context():
        db.session.delete(db.session.get(User, alice.id))
        db.session.commit()
        assert find_signed_in(credential) is None


def test_address_and_browser_are_cut_to_what_is_stored(app, alice):
    with app.app_context():
        start_session(db.session.get(User, alice.id), address="a" * 100, user_agent="b\x00" * 1000)
        db.session.commit()
        row = db.session.scalar(select(Session))
        assert (row.address, row.user_agent) == ("a" * 45, "b" * 300)


def test_finding_out_who_is_signed_in_is_one_statement(app, credential, monkeypatch):
    """It is on the measured path of the authorize endpoint: no ORM, no second look."""
    on_the_driver, through_sqlalchemy = [], []
    first = Connection.first

    def count_first(self, statement, **values):
        on_the_driver.append(statement)
        return first(self, statement, **values)

    def count_execution(_connection, _cursor, statement, *_):
        through_sqlalchemy.append(statement)

    monkeypatch.setattr(Connection, "first", count_first)
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count_execution)
        assert find_signed_in(credential)
        event.remove(db.engine, "before_cursor_execute", count_execution)
    assert (len(on_the_driver), through_sqlalchemy) == (1, [])


def test_of_one_person_the_sessions_used_last_are_kept(app, alice, bob):
    """A program that signs in for each call fills no table, and ends nobody else's session."""
    with app.app_context():
        others = start_session(db.session.get(User, bob.id), address="", user_agent="")
        credentials = []
        for _ in range(MOST_OF_PERSON + 5):
            credentials.append(start_session(db.session.get(User, alice.id), address="", user_agent=""))
            db.session.commit()
        assert db.session.query(Session).filter_by(user_id=alice.id).count() == MOST_OF_PERSON
        assert find_signed_in(credentials[-1]).id == alice.id
        assert find_signed_in(credentials[0]) is None
        assert find_signed_in(others).id == bob.id
