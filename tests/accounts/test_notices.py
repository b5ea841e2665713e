"""A notice: told in the transaction of what happened, as the person chose, and never with other facts than it says."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts.notices import WrongFacts, notify
from app.accounts.notices.kinds import BY_WHAT, KINDS
from app.accounts.notices.models import Notice, NoticeChoice
from app.database.connections import connect
from app.extensions import db
from tests.tables import each

_ROOT = Path(__file__).resolve().parents[2]
_APP = {"app": "Acme Notebook", "grant_id": "grant_1"}


def _told(app) -> list[Notice]:
    with app.app_context():
        return list(db.session.scalars(select(Notice).order_by(Notice.at, Notice.id)))


def _choose(app, person, kind: str, way: str) -> None:
    with app.app_context():
        db.session.add(NoticeChoice(user_id=person.id, kind=kind, way=way))
        db.session.commit()


def test_a_notice_is_written_with_what_happened_or_not_at_all(app, alice):
    with app.app_context():
        assert notify(db.session, alice.id, "password_changed", address="192.0.2.7")
        db.session.rollback()
        assert notify(db.session(), alice.id, "new_app", **_APP)
        db.session.commit()
    (told,) = _told(app)
    assert (told.user_id, told.kind, json.loads(told.facts), told.seen_at) == (alice.id, "new_app", _APP, None)


def test_it_can_be_told_on_a_driver_connection(app, alice):
    with app.app_context(), connect(db.engine) as connection, connection.transaction():
        assert notify(connection, alice.id, "replay", **_APP)
    assert [one.kind for one in _told(app)] == ["replay"]


def test_the_same_thing_is_told_once_to_each_person(app, alice, bob):
    with app.app_context():
        told = [notify(db.session, person.id, "new_app", once="x", **_APP) for person in (alice, alice, bob, alice)]
        told += [notify(db.session, alice.id, "new_app", **_APP) for _ in range(2)]
        db.session.commit()
    assert told == [True, False, True, False, True, True]
    assert len(_told(app)) == 4


def test_what_was_turned_off_is_not_told(app, alice, bob):
    _choose(app, alice, "new_app", "off")
    with app.app_context():
        assert not notify(db.session, alice.id, "new_app", **_APP)
        assert notify(db.session, bob.id, "new_app", **_APP)
        assert notify(db.session, alice.id, "replay", **_APP)
        db.session.commit()


def test_security_cannot_be_turned_off(app, alice):
    _choose(app, alice, "replay", "off")
    with app.app_context():
        assert notify(db.session, alice.id, "replay", **_APP)


def test_nobody_is_told_who_is_not_there(app):
    with app.app_context():
        assert not notify(db.session, "usr_nobody", "password_changed")


@each("facts", [{}, {"app": "A"}, _APP | {"token": "rlq_at_1"}, _APP | {"title": "My diary"}])
def test_other_facts_are_refused(app, alice, facts):
    with app.app_context(), pytest.raises(WrongFacts):
        notify(db.session, alice.id, "new_app", **facts)


def test_every_sentence_is_filled_by_the_facts_of_its_kind():
    for name, kind in KINDS.items():
        for sentence in (kind.title, kind.told, kind.way, kind.advice):
            assert set(re.findall(r"%\((\w+)\)s", sentence)) <= set(kind.facts), name
        assert not set(kind.facts) & set(BY_WHAT), name


def test_every_kind_is_told_by_something():
    kinds = _ROOT / "app" / "accounts" / "notices" / "kinds.py"
    code = "\n".join(path.read_text() for path in (_ROOT / "app").rglob("*.py") if path != kinds)
    assert [name for name in KINDS if f'"{name}"' not in code] == []


def test_what_a_kind_leads_to_is_a_page(app):
    for name, kind in KINDS.items():
        path = kind.way % dict.fromkeys(kind.facts, "x")
        assert app.url_map.bind("").match(path, "GET"), name
