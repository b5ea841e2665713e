"""The memory setting: for all apps and for one, it takes away what they may do with what apps added, and gives nothing."""

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.consents.changes import end
from app.consents.memory_setting import MemorySetting
from app.consents.memory_setting.changes import set_for_all, set_for_one
from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.models import MementoContent
from tests.api.made import said
from tests.consents.events import list_events


@pytest.fixture
def let(app, alice):
    """Have Alice let all apps, or the one of a caller, do this much."""

    def let(caller=None, **what) -> None:
        with app.app_context():
            connection, setting = SessionConnection(db.session()), MemorySetting(**what)
            if caller is None:
                set_for_all(connection, alice.id, setting)
            else:
                assert set_for_one(connection, alice.id, caller.grant_id, setting)
            db.session.commit()

    return let


def add(caller, title: str) -> dict:
    response = caller.post("memories/", {"title": title, "text": f"About {title}."})
    assert response.status_code == 201, response.text
    return response.json


def test_an_app_that_may_not_read_what_it_added_still_adds(connect, shelf, let):
    shelf.keep("Bread", shelf.connect())
    caller = connect()
    mine = add(caller, "Mine")
    let(reads_own=False)
    assert caller.titles() == ["Bread"]
    assert caller.titles(q="mine") == []
    assert said(caller.get(f"memories/{mine['id']}/")) == (404, "not_found")
    assert said(caller.delete(f"memories/{mine['id']}/")) == (404, "not_found")
    add(caller, "More")
    mementos = {one["name"]: one for one in caller.get("mementos/").json["data"]}
    assert {name: one["memory_count"] for name, one in mementos.items()} == {"Everything": 1}
    sources = {one["id"]: one["memory_count"] for one in caller.get("integrations/").json["data"]}
    assert sources[mine["integration_id"]] == 0
    assert said(caller.delete(f"integrations/{mine['integration_id']}/")) == (403, "not_writable")


def test_an_app_that_may_not_read_what_apps_added_sees_only_its_own_of_it(connect, shelf, other, let):
    shelf.keep("Bread", shelf.connect())
    caller, rival = connect(), other(selection="all")
    theirs, own = add(rival, "Theirs"), add(caller, "Own")
    made = rival.post("integrations/", {"kind": "gmail", "name": "Rival's mail"}).json["id"]
    rival.post("memories/", {"title": "Mail", "text": "x", "integration_id": made})
    let(caller, reads_apps=False)
    assert caller.titles() == ["Own", "Bread"]
    assert rival.titles() == ["Mail", "Own", "Theirs", "Bread"]
    assert said(caller.get(f"memories/{theirs['id']}/")) == (404, "not_found")
    listed = [one["id"] for one in caller.get("integrations/").json["data"]]
    assert own["integration_id"] in listed
    assert theirs["integration_id"] not in listed
    assert made not in listed
    assert caller.get("documents/").json["count"] == 2


def test_it_gives_nothing_that_was_not_chosen(connect, other, let):
    caller = connect(selection="none")
    add(other(), "Theirs")
    let()
    let(caller)
    assert caller.titles() == []


def test_an_app_that_may_not_add_is_told_so_and_changes_nothing(caller, let):
    mine = add(caller, "Mine")
    let(caller, adds=False)
    for answer in (
        caller.post("memories/", {"title": "x", "text": "x"}),
        caller.post("memories/bulk/", {"memories": [{"title": "x", "text": "x"}]}),
        caller.post("documents/memorize/", {"name": "x", "content": "x"}),
        caller.post("integrations/", {"kind": "gmail", "name": "x"}),
        caller.patch(f"memories/{mine['id']}/", {"title": "x"}),
        caller.delete(f"memories/{mine['id']}/"),
    ):
        assert said(answer) == (403, "not_writable")
    assert caller.titles() == ["Mine"]
    [covered] = caller.get("mementos/").json["data"]
    assert covered["actions"] == ["read"]


def test_what_is_set_for_one_app_holds_whatever_is_set_for_all(connect, other, let):
    caller, rival = connect(), other(selection="none")
    add(caller, "A")
    add(rival, "B")
    let(reads_own=False)
    let(rival)
    assert caller.titles() == ["B"]
    assert rival.titles() == ["B"]


def test_it_holds_on_when_the_app_is_connected_again(app, connect, alice, let):
    caller = connect()
    let(caller, adds=False)
    with app.app_context():
        assert end(SessionConnection(db.session()), alice.id, caller.grant_id)
        db.session.commit()
    assert said(connect().post("memories/", {"title": "x", "text": "x"})) == (403, "not_writable")


def test_a_memory_picked_for_its_own_memento_opens_it_no_others(app, connect, shelf, other, let):
    bread = shelf.keep("Bread", shelf.connect())
    caller, rival = connect(), other(selection="all")
    add(rival, "Theirs"), add(caller, "Own")
    with app.app_context():
        saved = select(SavedMemento.memento_id).join(Consent, Consent.client_key == SavedMemento.client_key)
        id = db.session.scalar(saved.where(Consent.grant_id == caller.grant_id))
        db.session.add(MementoContent(memento_id=id, memory_id=bread))
        db.session.commit()
    let(caller, reads_apps=False)
    assert caller.titles() == ["Own", "Bread"]


def test_each_app_that_loses_or_gains_something_has_an_event(app, notebook, connect, other, alice, bob, let):
    caller, rival = connect(), other()
    notebook.allow(bob, "memories:read", {"selection": "all"})
    let(rival, reads_apps=False)
    let(adds=False)
    with app.app_context():
        assert dict(db.session.execute(select(User.id, User.memory_setting)).all())[bob.id] is None
    let()
    with app.app_context():
        told = [(one.grant_id, one.kind, one.changed["memory"]) for one in list_events(db.session(), alice.id)
                if "memory" in one.changed]  # fmt: skip
    assert told == [
        (caller.grant_id, "widened", ["add"]),
        (caller.grant_id, "narrowed", ["add"]),
        (rival.grant_id, "narrowed", ["apps"]),
    ]
    with app.app_context():
        assert [one.kind for one in list_events(db.session(), bob.id)] == ["given"], "He set nothing."


def test_nobody_sets_it_for_another_persons_app(app, caller, bob):
    with app.app_context():
        assert not set_for_one(SessionConnection(db.session()), bob.id, caller.grant_id, None)
