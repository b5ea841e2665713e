"""Deleting one's account: typed, closed at once, a week to come back, and then nothing is left of it."""

import re

import pytest
from sqlalchemy import String, Text, cast, select, update

from app import clock
from app.accounts.models import Membership, Organization, User
from app.accounts.notices.models import Notice
from app.accounts.passwords import hash_password
from app.accounts.users import found_organization
from app.credentials import new_id
from app.extensions import db
from app.mail.models import LocalMail, OutgoingMail
from app.memories.models import Memory
from app.memories.own import add_note
from app.purge.accounts import purge_accounts
from app.purge.batches import Pace
from tests.actors import Browser
from tests.purging import purge
from tests.tables import each
from tests.totals import demand_counted

PAGE = "/account/settings/delete/"
#: What tells of a person who is gone, and why: only their id, or a letter on its way.
TELLS = {("audit_events", "actor_user_id"), ("audit_events", "details"), ("outgoing_mail", "recipient")}


@pytest.fixture
def ask(signed_in, alice):
    """Have Alice ask for it."""

    def ask(email: str = alice.email):
        return signed_in.submit(signed_in.get(PAGE), press="Delete my account", email=email)

    return ask


@pytest.fixture
def own(in_database, alice):
    """Let Alice own an organization, with nobody else in it."""

    def add(session):
        organization = found_organization("Solo", session.get_one(User, alice.id))
        session.commit()
        return organization.id

    return lambda: in_database(add)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account/apps/").status_code == 200


def find_user(session, person) -> User | None:
    return session.get(User, person.id)


def test_the_page_says_what_goes_and_when(signed_in, connected, alice):
    page = signed_in.get(PAGE)
    assert "the app that is connected ends" in page.text and "7 memories" in page.text
    assert alice.email in page.text


@each("typed", ["", "alice", "bob@acme.example", "x\x00y@acme.example", "a" * 5000])
def test_nothing_happens_unless_the_address_is_typed(ask, signed_in, in_database, alice, typed):
    assert ask(typed).status_code == 400
    assert is_signed_in(signed_in)
    assert in_database(lambda session: find_user(session, alice).deletes_at) is None


def test_the_address_may_be_typed_in_capitals(ask, signed_in, alice):
    assert ask(f" {alice.email.upper()} ").status_code == 200
    assert not is_signed_in(signed_in)


def test_sessions_apps_and_invitations_end_at_once(app, ask, signed_in, connected, alice):
    elsewhere = Browser(app)
    elsewhere.enter(alice)
    page = ask()
    assert page.status_code == 200 and "Your account is closed" in page.text
    assert not is_signed_in(signed_in) and not is_signed_in(elsewhere)
    assert not connected.is_alive()
    assert connected.integrator.refresh(connected.refresh_token).json["error"] == "invalid_grant"
    assert connected.integrator.introspect(connected.access_token).json == {"active": False}


def test_who_signs_in_within_the_week_is_asked_and_keeps_everything(app, ask, signed_in, connected, alice, in_database):
    ask()
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password, next="/account/memories/"))
    assert "Keep your account?" in page.text and not is_signed_in(signed_in)
    answer = signed_in.submit(page, press="Keep my account and sign in")
    assert (answer.status_code, answer.location) == (303, "/account/memories/")
    assert is_signed_in(signed_in)
    assert in_database(lambda session: session.query(Memory).filter_by(user_id=alice.id).count()) == 7
    # As the page said: what let others in stays ended.
    assert not connected.is_alive()
    assert purge(app)["accounts"] == 0


def test_the_question_is_in_the_time_zone_of_the_account(ask, signed_in, alice, in_database):
    ask()
    in_database(lambda session: session.execute(update(User).values(time_zone="Asia/Kathmandu")) and session.commit())
    assert "UTC+5:45" in signed_in.follow(signed_in.sign_in(alice.email, alice.password)).text


def test_who_lets_it_go_is_not_signed_in(ask, signed_in, alice, in_database):
    ask()
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password))
    signed_in.submit(page, press="Let it go")
    assert not is_signed_in(signed_in)
    assert in_database(lambda session: find_user(session, alice).deletes_at) is not None
    assert signed_in.get("/sign-in/come-back").status_code == 303


def test_the_question_is_for_who_has_just_shown_who_they_are(app, ask, signed_in, alice, let_time_pass):
    ask()
    stranger = Browser(app)
    assert stranger.get("/sign-in/come-back").status_code == 303
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password))
    let_time_pass(minutes=11)
    answer = signed_in.submit(page, press="Keep my account and sign in")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert not is_signed_in(signed_in)


def test_the_password_alone_brings_nobody_back_who_has_a_second_factor(ask, signed_in, alice, monkeypatch):
    """Else whoever knows it undoes what the person has asked for."""
    ask()
    monkeypatch.setattr("app.accounts.signing_in.find_factors", lambda *_given: {"totp"})
    answer = signed_in.sign_in(alice.email, alice.password)
    assert (answer.status_code, answer.location) == (303, "/sign-in/second")
    assert signed_in.get("/sign-in/come-back").location == "/sign-in"


def test_what_was_shown_once_is_of_no_use_for_the_next_time(ask, signed_in, alice, in_database):
    """The signed cookie of a browser that came back signs nobody in when the account is to go once more."""
    ask()
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password))
    kept = signed_in.client.get_cookie("session") or signed_in.client.get_cookie("reliquary")
    cookies = dict(signed_in.client._cookies)
    signed_in.submit(page, press="Keep my account and sign in")
    ask()
    signed_in.client._cookies = cookies
    assert kept is not None or cookies
    answer = signed_in.submit(page, press="Keep my account and sign in")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert in_database(lambda session: find_user(session, alice).deletes_at) is not None


def test_who_is_asked_while_the_password_changes_is_not_let_in(app, ask, signed_in, alice, in_database):
    """Whoever takes the account back, as by a letter of ours, shuts out who knew the password and waits at the question."""
    ask()
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password))

    def change(session):
        find_user(session, alice).password_hash = hash_password("seven herons by the lock")
        session.commit()

    in_database(change)
    answer = signed_in.submit(page, press="Keep my account and sign in")
    assert (answer.status_code, answer.location) == (303, "/sign-in") and not is_signed_in(signed_in)
    assert in_database(lambda session: find_user(session, alice).deletes_at) is not None
    owner = Browser(app)
    page = owner.follow(owner.sign_in(alice.email, "seven herons by the lock"))
    assert owner.submit(page, press="Keep my account and sign in").status_code == 303 and is_signed_in(owner)


def test_also_where_it_changes_after_the_first_look(ask, signed_in, alice, in_database, monkeypatch):
    ask()
    page = signed_in.follow(signed_in.sign_in(alice.email, alice.password))

    def change(session, user_id):
        session.execute(update(User).where(User.id == user_id).values(password_hash=hash_password("by the lock seven")))

    monkeypatch.setattr("app.leaving.asking.lock_person", change)
    answer = signed_in.submit(page, press="Keep my account and sign in")
    assert (answer.status_code, answer.location) == (303, "/sign-in") and not is_signed_in(signed_in)
    assert in_database(lambda session: find_user(session, alice).deletes_at) is not None


def test_a_wrong_password_does_not_tell_that_an_account_is_to_go(ask, app, alice):
    before = Browser(app).sign_in(alice.email, "a wrong password")
    ask()
    after = Browser(app).sign_in(alice.email, "a wrong password")
    assert (before.status_code, _without_token(before)) == (after.status_code, _without_token(after))


def test_after_the_week_it_is_too_late_also_before_the_purge_came(ask, signed_in, alice, let_time_pass):
    ask()
    let_time_pass(days=7)
    page = signed_in.sign_in(alice.email, alice.password)
    assert (page.status_code, "This account is deleted" in page.text) == (403, True)
    assert not is_signed_in(signed_in)


def test_after_a_week_everything_is_gone_and_nothing_names_the_person(
    app, ask, connected, saved, record, alice, bob, let_time_pass, in_database, caplog
):
    caplog.set_level("INFO", "app.purge")
    record(5, "read", 3, Recipes=3)
    ask()
    assert purge(app)["accounts"] == 0
    assert "deleted" not in caplog.text
    let_time_pass(days=7)
    assert purge(app)["accounts"] == 1
    # Whoever brings back an older database reads there which accounts are to go once more.
    assert f"Account {alice.id} was deleted for good." in caplog.text
    assert in_database(lambda session: find_user(session, alice)) is None
    assert in_database(lambda session: _find_traces(session, alice)) <= TELLS
    # What is the organization's is there, with who belongs to it.
    assert connected.integrator.client_credentials().status_code == 200
    assert in_database(lambda session: session.query(Membership).count()) == 1


def test_every_table_of_a_person_goes_with_them(app):
    """A new table that names a person says by its foreign key that it goes, or stands here with a reason."""
    kept = {
        "audit_events.actor_user_id": "It tells what was done, by an id that leads to nobody.",
        "client_secrets.created_by_user_id": "Which secret somebody made who left: an id that leads to nobody.",
    }
    loose = []
    for table in db.metadata.tables.values():
        for column in table.columns:
            to_person = [key for key in column.foreign_keys if key.column.table.name == "users"]
            if to_person and to_person[0].ondelete != "CASCADE":
                loose.append(f"{table.name}.{column.name}: its foreign key does not cascade")
            elif not to_person and column.name.endswith("user_id") and f"{table.name}.{column.name}" not in kept:
                loose.append(f"{table.name}.{column.name}: no foreign key says that it goes with its person")
    assert loose == []


def test_many_memories_go_in_batches_and_a_purge_that_stops_goes_on_later(
    app, ask, shelf, alice, let_time_pass, in_database
):
    ask()
    let_time_pass(days=7)
    turns = iter([True, False])
    with app.app_context():
        gone, is_done = purge_accounts(db.engine, Pace(lambda _seconds: next(turns), rows=2))
    assert (gone, is_done) == ({"accounts": 0}, False)
    assert in_database(lambda session: find_user(session, alice)) is not None
    assert purge(app)["accounts"] == 1


def test_a_person_who_came_back_while_the_purge_looked_stays(app, ask, shelf, alice, let_time_pass, in_database):
    ask()
    let_time_pass(days=7)

    def keep(_seconds: float) -> bool:
        with app.app_context():
            db.session.execute(update(User).where(User.id == alice.id).values(deletes_at=None))
            db.session.commit()
        return True

    with app.app_context():
        gone, _ = purge_accounts(db.engine, Pace(keep, rows=2))
    assert gone == {"accounts": 0}
    assert in_database(lambda session: find_user(session, alice)) is not None
    assert in_database(lambda session: session.query(Memory).filter_by(user_id=alice.id).count()) == 7


def test_what_a_person_keeps_who_came_back_at_the_last_moment_is_counted_anew(
    app, ask, shelf, alice, let_time_pass, in_database
):
    in_database(lambda session: (add_note(session, alice.id, {"title": "Note", "text": "x"}), session.commit()))
    assert demand_counted(app)[0] == 8
    ask()
    let_time_pass(days=7)

    def keep(_seconds: float) -> bool:
        with app.app_context():
            if db.session.query(Memory).filter_by(user_id=alice.id).count() < 8:
                db.session.execute(update(User).where(User.id == alice.id).values(deletes_at=None))
            db.session.commit()
        return True

    with app.app_context():
        gone, _ = purge_accounts(db.engine, Pace(keep, rows=2))
    assert gone == {"accounts": 0}
    in_database(lambda session: (add_note(session, alice.id, {"title": "Note", "text": "x"}), session.commit()))
    assert 1 < demand_counted(app)[0] < 9


def test_the_last_owner_is_told_to_hand_over_first(ask, own, signed_in, in_database, alice, bob):
    page = signed_in.get(PAGE)
    token = page.text
    organization_id = own()
    answer = signed_in.submit(page, press="Delete my account", email=alice.email)
    assert answer.status_code == 409 and "Solo" in answer.text
    assert is_signed_in(signed_in), token
    assert "Delete my account" not in signed_in.get(PAGE).text

    def hand_over(session):
        session.add(Membership(user_id=bob.id, organization_id=organization_id, role="owner"))
        session.commit()

    in_database(hand_over)
    assert ask().status_code == 200


@pytest.mark.parametrize("state", ["disabled_at", "deletes_at"])
def test_an_owner_who_cannot_sign_in_or_leaves_too_is_nobody_to_hand_over_to(own, signed_in, in_database, bob, state):
    organization_id = own()

    def add(session):
        session.add(Membership(user_id=bob.id, organization_id=organization_id, role="owner"))
        session.execute(update(User).where(User.id == bob.id).values({state: clock.now()}))
        session.commit()

    in_database(add)
    assert "Solo" in signed_in.get(PAGE).text and "Delete my account" not in signed_in.get(PAGE).text


def test_an_organization_keeps_an_owner_when_the_other_has_asked_to_leave(app, own, ask, in_database, alice, bob):
    organization_id = own()

    def add(session):
        session.add(Membership(user_id=bob.id, organization_id=organization_id, role="owner"))
        session.commit()
        return session.get_one(Organization, organization_id).slug

    in_database(add)
    ask()
    browser = Browser(app)
    browser.enter(bob)
    browser.get("/org/oauth/members")
    with app.test_request_context():
        from app.accounts.members import LastOwner, remove_member

        with pytest.raises(LastOwner):
            remove_member(organization_id, bob.id, actor_user_id=bob.id)


def test_letters_tell_of_the_beginning_and_of_the_end(app, ask, alice, let_time_pass, sent_mail, in_database):
    sent_mail()
    ask()
    assert in_database(lambda session: session.scalars(select(Notice.kind)).all()) == ["deletion_asked"]
    [asked] = sent_mail()
    assert (asked.to, "is to be deleted" in asked.subject) == (alice.email, True)
    let_time_pass(days=7)
    purge(app)
    [gone] = [letter for letter in sent_mail() if letter.kind == "account_deleted"]
    assert (gone.to, "is deleted" in gone.subject) == (alice.email, True)


def test_letters_to_others_stay(app, ask, alice, bob, let_time_pass, in_database):
    def put(session):
        for person in (alice, bob):
            session.add(
                OutgoingMail(kind="trial", recipient=person.email, facts={}, state="failed", over_at=clock.now())
            )
            session.add(
                LocalMail(id=new_id("let"), kind="trial", recipient=person.email, subject="A", text="a", html="a")
            )
        session.commit()

    ask()
    let_time_pass(days=7)
    in_database(put)
    assert purge(app)["accounts"] == 1
    for letters in (OutgoingMail, LocalMail):
        kept = select(letters.recipient).where(letters.kind == "trial")
        assert in_database(lambda session, kept=kept: session.scalars(kept).all()) == [bob.email]


def test_no_letter_goes_to_an_address_that_nobody_has_confirmed(app, ask, alice, let_time_pass, sent_mail, in_database):
    ask()
    in_database(
        lambda session: session.get_one(User, alice.id).__setattr__("email_verified_at", None) or session.commit()
    )
    let_time_pass(days=7)
    purge(app)
    assert [letter.kind for letter in sent_mail()] == []


def _find_traces(session, person) -> set[tuple[str, str]]:
    found = set()
    for table in db.metadata.tables.values():
        for column in table.columns:
            if not isinstance(column.type, String | Text) and column.name not in ("details", "facts"):
                continue
            words = cast(column, String)
            for trace in (person.id, person.email):
                if session.scalar(select(words).where(words.contains(trace, autoescape=True)).limit(1)) is not None:
                    found.add((table.name, column.name))
    return found


def _without_token(page) -> str:
    """The page without what is new each time: the token of its forms, and the challenge for a passkey."""
    return re.sub(r'"[^"]*"', "", page.text)
