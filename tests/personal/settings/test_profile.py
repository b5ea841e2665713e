"""``/account/settings/``: the profile, and signing out everywhere."""

from sqlalchemy import select

from app.accounts.models import Session, User
from app.accounts.sessions import end_sessions
from app.audit.models import AuditEvent
from tests.actors import Browser, find_form
from tests.tables import each


def kinds_of(session, user_id: str) -> list[str]:
    """What the audit log has of the person, oldest first."""
    events = select(AuditEvent.kind).where(AuditEvent.actor_user_id == user_id).order_by(AuditEvent.occurred_at)
    return list(session.scalars(events))


def test_the_last_tab_leads_to_the_settings(signed_in):
    page = signed_in.get("/account/settings/").text
    assert page.count('aria-current="page"') == 2
    ways = signed_in.get("/account/").text.split('<nav class="tabs"')[1].split("</nav>")[0]
    assert ways.rfind("/account/settings/") > ways.rfind("/account/sessions/")


def test_a_new_name_is_seen_by_apps_at_their_next_call(signed_in, connected, alice, in_database):
    notebook = connected.integrator
    assert notebook.me(connected.access_token).json["name"] == "Alice Archer"
    answer = signed_in.submit(signed_in.get("/account/settings/"), name="  Alice   Arrow ")
    page = signed_in.follow(answer)
    assert "Saved." in page.text
    assert dict(find_form(page, names=["name"]).values)["name"] == "Alice Arrow"
    assert notebook.me(connected.access_token).json["name"] == "Alice Arrow"
    assert in_database(lambda session: kinds_of(session, alice.id))[-1:] == ["user.renamed"]


def test_the_same_name_is_no_change(signed_in, alice, in_database):
    signed_in.submit(signed_in.get("/account/settings/"))
    assert in_database(lambda session: kinds_of(session, alice.id)) == []


@each("name", ["", "   ", "x" * 101, "a\x00b", "a\u202eb", "a\nb\x07"])
def test_what_is_no_name_is_said_beside_the_field_and_changes_nothing(signed_in, alice, in_database, name):
    page = signed_in.submit(signed_in.get("/account/settings/"), name=name)
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text
    assert in_database(lambda session: session.get(User, alice.id).name) == "Alice Archer"


def test_signing_out_everywhere_ends_every_session_and_no_app(app, signed_in, alice, connected, in_database):
    elsewhere = Browser(app)
    elsewhere.enter(alice)
    page = signed_in.get("/account/settings/")
    page = signed_in.follow(signed_in.submit(page, press="Sign out everywhere"))
    assert "You are signed out everywhere." in page.text
    for browser in (signed_in, elsewhere):
        assert browser.get("/account/").status_code == 303
    assert connected.is_alive()
    assert in_database(lambda session: kinds_of(session, alice.id))[-1:] == ["user.signed_out_everywhere"]


def test_sessions_are_ended_but_for_one_and_of_one_person(app, alice, carol, in_database):
    for person in (alice, alice, alice, carol):
        Browser(app).enter(person)

    def end(session):
        kept = session.scalars(select(Session.id).where(Session.user_id == alice.id)).first()
        assert end_sessions(session(), alice.id, but=kept) == 2
        assert list(session.scalars(select(Session.id).where(Session.user_id == alice.id))) == [kept]
        assert end_sessions(session(), alice.id) == 1
        return session.scalars(select(Session.user_id)).all()

    assert in_database(end) == [carol.id]
