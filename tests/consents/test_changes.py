"""The one writer of consents: each change holds at once, and is an event with a time, an actor and what changed."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.accounts.models import User
from app.clients.models import Client
from app.consents import changes
from app.consents.choice import Choice, find_choice
from app.consents.events import ADMIN, APP, OPERATOR, Event
from app.consents.models import Consent, ConsentMemento
from app.consents.snapshot import ConsentSnapshot, find_live_consent
from app.database.connections import Connection
from app.database.session_connection import SessionConnection
from app.extensions import db
from app.memories.models import Memento
from tests.actors import Person
from tests.consents.events import list_events
from tests.integrator import Integrator

SCOPE = "integrations:read memories:read"


class Pair:
    """Alice and Acme Notebook, as the writer knows them."""

    def __init__(self, person: Person, client: Integrator):
        self.person, self.client = person, client
        self.connection: Connection = SessionConnection(db.session)

    def give(self, choice: Choice | None = None, **more) -> ConsentSnapshot:
        fields = {"scope": SCOPE, "choice": choice or Choice("none")} | more
        return changes.give_consent(self.connection, user_id=self.person.id, client_key=self.client.client_id, **fields)

    def change(self, change: Callable[..., bool], grant_id: str, *to) -> bool:
        return change(self.connection, self.person.id, grant_id, *to)

    @property
    def events(self) -> list[Event]:
        """The oldest first."""
        return list_events(db.session, self.person.id)[::-1]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.kind, event.actor) for event in self.events]


@pytest.fixture
def pair(app: Flask, alice: Person, bob: Person, carol: Person, notebook: Integrator) -> Iterator[Pair]:
    with app.app_context():
        yield Pair(alice, notebook)
        db.session.rollback()


@pytest.fixture
def mementos(pair: Pair) -> list[str]:
    """The ids of three mementos of Alice's."""
    made = [Memento(user_id=pair.person.id, name=name) for name in ("Recipes", "Diary", "Trips")]
    db.session.add_all(made)
    db.session.flush()
    return [memento.id for memento in made]


def selected(*ids: str, writing: tuple[str, ...] = ()) -> Choice:
    return Choice("selected", {id: id in writing for id in ids})


# -- giving --------------------------------------------------------------------------------------


def test_what_is_given_is_told_with_its_time_its_actor_and_all_that_was_given(pair, mementos):
    until = clock.now() + timedelta(days=1)
    before = clock.now()
    given = pair.give(selected(*mementos[:2], writing=mementos[:1]), expires_at=until)
    (event,) = pair.events
    assert (event.kind, event.actor, event.grant_id, event.client_name) == (
        "given",
        "person",
        given.grant_id,
        "Acme Notebook",
    )
    assert before <= event.at <= clock.now()
    assert event.changed == {
        "scopes": ["integrations:read", "memories:read"],
        "selection": "selected",
        "mementos": sorted(mementos[:2]),
        "writing": mementos[:1],
        "resources": ["api"],
        "until": until.isoformat(),
    }


def test_the_same_again_is_no_event(pair, mementos):
    assert pair.give(selected(mementos[0])).grant_id == pair.give(selected(mementos[0])).grant_id
    assert pair.told == [("given", "person")]


def test_more_is_a_widening_that_names_what_came(pair, mementos):
    pair.give(selected(mementos[0]))
    pair.give(selected(*mementos[:2], writing=mementos[:1]), scope=f"{SCOPE} memories:write")
    assert pair.told[1:] == [("widened", "person")]
    assert pair.events[1].changed == {
        "scopes": ["memories:write"],
        "mementos": [mementos[1]],
        "writing": [mementos[0]],
    }


def test_a_swap_is_a_widening_and_a_narrowing(pair, mementos):
    pair.give(selected(mementos[0]))
    pair.give(selected(mementos[1]), declined=["integrations:read"], scope="memories:read")
    assert pair.told[1:] == [("widened", "person"), ("narrowed", "person")]
    assert pair.events[1].changed == {"mementos": [mementos[1]]}
    assert pair.events[2].changed == {"scopes": ["integrations:read"], "mementos": [mementos[0]]}


def test_everything_and_back_says_what_holds_since(pair, mementos):
    pair.give(selected(mementos[0]))
    pair.give(Choice("all"))
    pair.give(selected(mementos[1]))
    pair.give(Choice("none"))
    assert [(event.kind, event.changed) for event in pair.events[1:]] == [
        ("widened", {"selection": "all"}),
        ("narrowed", {"selection": "selected", "remaining": [mementos[1]]}),
        ("narrowed", {"selection": "none", "mementos": [mementos[1]]}),
    ]


def test_a_request_without_mementos_leaves_the_choice_as_it_is(pair, mementos):
    pair.give(selected(mementos[0]))
    given = changes.give_consent(
        pair.connection, user_id=pair.person.id, client_key=pair.client.client_id, scope="profile", choice=None
    )
    assert given.choice == selected(mementos[0])
    assert pair.events[1].changed == {"scopes": ["profile"]}


def test_a_pause_ends_only_by_the_button_that_says_so(pair):
    given = pair.give()
    assert pair.change(changes.pause, given.grant_id)
    assert pair.give().paused_at is not None
    assert pair.give(resumes=True).paused_at is None
    assert pair.told == [("given", "person"), ("paused", "person"), ("resumed", "person")]


def test_what_has_run_out_is_closed_and_told_and_never_prolonged(pair, let_time_pass):
    until = clock.now() + timedelta(days=1)
    first = pair.give(expires_at=until)
    let_time_pass(days=2)
    second = pair.give()
    assert second.grant_id != first.grant_id
    assert pair.told == [("given", "person"), ("ended", "person"), ("given", "person")]
    assert pair.events[1].at == until


def test_another_persons_memento_is_not_written_and_not_told(pair, mementos, carol):
    """Whoever calls: the owner is asked in the statement that inserts."""
    theirs = Memento(user_id=carol.id, name="Hers")
    db.session.add(theirs)
    db.session.flush()
    given = pair.give(selected(mementos[0], theirs.id))
    assert list(db.session.scalars(select(ConsentMemento.memento_id))) == [mementos[0]]
    assert given.choice == selected(mementos[0])
    assert pair.events[0].changed["mementos"] == [mementos[0]]
    assert pair.change(changes.change_choice, given.grant_id, selected(theirs.id))
    assert list(db.session.scalars(select(ConsentMemento.memento_id))) == []


def test_a_memento_that_is_gone_is_left_out(pair, mementos):
    assert pair.give(selected(mementos[0], "mem_gone")).choice == selected(mementos[0])


# -- one of each pair and installation -------------------------------------------------------------


def test_a_pair_has_one_open_consent_an_installation(pair):
    first = pair.give()
    assert pair.give(Choice("all")).grant_id == first.grant_id
    fields = {"user_id": pair.person.id, "client_key": pair.client.client_id, "scope": SCOPE, "selection": "none"}
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.add(Consent(**fields))
    assert pair.change(changes.end, first.grant_id)
    assert pair.give().grant_id != first.grant_id


def test_a_consent_of_an_installation_is_not_found_for_another(pair):
    given = pair.give(installation="phone")
    found = (pair.connection, pair.person.id, pair.client.client_id)
    assert find_live_consent(*found, "phone").grant_id == given.grant_id
    assert find_live_consent(*found) is None


# -- changing and ending ---------------------------------------------------------------------------


def test_a_new_choice_is_told_by_what_it_changes(pair, mementos):
    given = pair.give(selected(mementos[0], writing=mementos[:1]))
    assert pair.change(changes.change_choice, given.grant_id, selected(*mementos[:2]))
    assert find_choice(db.session, db.session.get_one(Consent, given.grant_id)) == selected(*mementos[:2])
    assert [(event.kind, event.changed) for event in pair.events[1:]] == [
        ("widened", {"mementos": [mementos[1]]}),
        ("narrowed", {"writing": [mementos[0]]}),
    ]


def test_an_end_that_comes_sooner_narrows_and_one_that_comes_later_widens(pair):
    given = pair.give()
    sooner, later = clock.now() + timedelta(days=1), clock.now() + timedelta(days=30)
    for end in (later, sooner, later, None, None):
        assert pair.change(changes.change_end, given.grant_id, end)
    assert [(event.kind, event.changed) for event in pair.events[1:]] == [
        ("narrowed", {"until": later.isoformat()}),
        ("narrowed", {"until": sooner.isoformat()}),
        ("widened", {"until": later.isoformat()}),
        ("widened", {"until": None}),
    ]


def test_a_second_pause_keeps_the_first_ones_time_and_is_no_event(pair):
    given = pair.give()
    for change in (changes.resume, changes.pause, changes.pause, changes.resume):
        assert pair.change(change, given.grant_id)
    assert [kind for kind, _ in pair.told] == ["given", "paused", "resumed"]


def test_an_end_is_told_once(pair):
    given = pair.give()
    assert pair.change(changes.end, given.grant_id)
    assert not pair.change(changes.end, given.grant_id)
    assert pair.told == [("given", "person"), ("ended", "person")]


def test_what_has_ended_cannot_be_changed(pair, mementos):
    given = pair.give()
    pair.change(changes.end, given.grant_id)
    attempts = [(changes.change_choice, selected(mementos[0])), (changes.change_end, None)]
    for change, *to in [*attempts, (changes.pause,), (changes.resume,)]:
        assert not pair.change(change, given.grant_id, *to)
    assert [kind for kind, _ in pair.told] == ["given", "ended"]


def test_nobody_changes_what_another_person_has_allowed(pair, carol, mementos):
    """The grant's id is no secret: the app knows it."""
    given = pair.give(selected(mementos[0]))
    attempts = [(changes.change_choice, Choice("all")), (changes.change_end, None)]
    for change, *to in [*attempts, (changes.pause,), (changes.resume,), (changes.end,)]:
        assert not change(pair.connection, carol.id, given.grant_id, *to)
    assert pair.told == [("given", "person")]
    assert find_live_consent(pair.connection, pair.person.id, pair.client.client_id).choice == selected(mementos[0])


@pytest.mark.parametrize("actor", [ADMIN, OPERATOR])
def test_an_app_that_is_deleted_ends_what_everybody_allowed_it(pair, bob, actor):
    given = pair.give()
    theirs = Pair(bob, pair.client)
    theirs.change(changes.end, theirs.give().grant_id)
    theirs.give()
    assert changes.end_consents_of_client(pair.connection, pair.client.client_id, actor=actor) == 2
    assert pair.told == [("given", "person"), ("ended", actor)]
    assert [kind for kind, _ in theirs.told] == ["given", "ended", "given", "ended"]
    assert changes.end_consents_of_client(pair.connection, pair.client.client_id, actor=actor) == 0
    assert not db.session.get_one(Consent, given.grant_id).is_live()


def test_a_memento_that_is_deleted_narrows_every_live_consent_that_names_it(pair, bob, mementos):
    pair.give(selected(*mementos[:2], writing=mementos[:1]))
    changes.note_deleted_memento(pair.connection, mementos[0], actor=APP)
    changes.note_deleted_memento(pair.connection, mementos[2], actor=APP)
    assert pair.told[1:] == [("narrowed", "app")]
    assert pair.events[1].changed == {"mementos": [mementos[0]], "writing": [mementos[0]]}


# -- how long events stay --------------------------------------------------------------------------


def test_events_outlive_the_app_and_the_consent(pair):
    given = pair.give()
    pair.change(changes.end, given.grant_id)
    db.session.execute(delete(Client).where(Client.client_id == pair.client.client_id))
    assert [(event.kind, event.client_name) for event in list_events(db.session, pair.person.id, given.grant_id)] == [
        ("ended", "Acme Notebook"),
        ("given", "Acme Notebook"),
    ]


def test_events_go_with_the_account(pair):
    pair.give()
    db.session.execute(delete(User).where(User.id == pair.person.id))
    assert pair.events == []


def test_a_person_reads_their_own_events_alone(pair, bob):
    mine, theirs = pair.give(), Pair(bob, pair.client).give()
    assert [event.grant_id for event in pair.events] == [mine.grant_id]
    assert list_events(db.session, pair.person.id, theirs.grant_id) == []


def test_what_was_written_for_an_app_is_kept_when_it_is_renamed(pair):
    pair.give()
    db.session.execute(update(Client).values(name="Acme Notes"))
    assert pair.events[0].client_name == "Acme Notebook"
