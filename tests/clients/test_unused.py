"""Clients that no organization registered live as long as somebody uses them, however they came to be known."""

import pytest
from sqlalchemy import func, select, text, update

from app import clock
from app.clients.documents.kept import keep_document
from app.clients.documents.reading import read_document
from app.clients.life import EndedBy, end_client
from app.clients.models import DOCUMENT, DYNAMIC, Client, SelfRegistration, find_record
from app.consents.changes import end
from app.consents.events import ENDED
from app.consents.models import Consent
from app.database.connections import connect
from app.extensions import db
from app.last_uses import LastUses
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.family import TokenFamily
from app.purge import unused_clients
from app.purge.backlog import find_backlog
from tests.consents.events import list_events
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403
from tests.purging import purge
from tests.robustness.locking import administrator
from tests.tables import each

ISSUER = "http://127.0.0.1:8000"
URI = "http://localhost:3118/callback"
ADDRESS = "https://agent.example/client.json"


@pytest.fixture(autouse=True)
def host(document_hosts) -> None:
    """The document lies where it should."""
    document_hosts.serve(ADDRESS, {"client_id": ADDRESS, "client_name": "Claude Code", "redirect_uris": [URI]})


@pytest.fixture(params=[DYNAMIC, DOCUMENT])
def agent(request, app) -> Integrator:
    """An agent that registered itself, and one that a document describes."""
    return _join(app, request.param)


def _join(app, origin: str = DYNAMIC) -> Integrator:
    if origin == DYNAMIC:
        told = app.test_client().post("/oauth/register", json={"client_name": "Claude Code", "redirect_uris": [URI]})
        return Integrator(app, told.json["client_id"], None, URI, "memories:read memories:write")
    with app.app_context():
        scope = "memories:read memories:write"
        db.session.add(
            Client(
                client_id=ADDRESS, origin=DOCUMENT, name="Claude Code", type="public", redirect_uris=[URI], scope=scope
            )
        )
        db.session.commit()
    return Integrator(app, ADDRESS, None, URI, scope)


@pytest.fixture
def purge_after(app, let_time_pass):
    """Let time pass, then purge. How many vanished, and how many ended."""

    def wait_and_purge(**time) -> tuple[int, int]:
        let_time_pass(**time)
        app.extensions["services"].notes.of(LastUses).flush()
        purged = purge(app)
        return purged["unused_clients"], purged["idle_clients"]

    return wait_and_purge


def known(app, client_id: str) -> Client | None:
    with app.app_context():
        return db.session.scalar(select(Client).where(Client.client_id == client_id))


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


# -- nobody ever allowed it anything ---------------------------------------------------------------


def test_what_nobody_allowed_anything_vanishes_after_a_week(app, agent, signed_in, purge_after):
    # It has asked, wrongly too, and nobody has answered.
    agent.start(signed_in)
    agent.start(signed_in, scope="nothing:known")
    assert purge_after(days=6, hours=23) == (0, 0)
    assert known(app, agent.client_id) is not None
    assert purge_after(hours=2) == (1, 0)
    assert known(app, agent.client_id) is None
    assert [count(app, model) for model in (SelfRegistration, RequestRecord)] == [0, 0]


def test_an_organizations_app_that_nobody_uses_stays(app, notebook, purge_after):
    assert purge_after(days=400) == (0, 0)
    assert known(app, notebook.client_id) is not None


def test_what_a_person_decides_about_at_this_moment_stays(app, agent, alice, signed_in, purge_after, let_time_pass):
    let_time_pass(days=6, hours=23, minutes=55)
    signed_in.enter(alice)
    page = agent.start(signed_in)
    assert purge_after(minutes=8) == (0, 0)
    page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    tokens = agent.exchange(agent.answer(signed_in.submit(page, press="Authorize"))["code"]).json
    assert purge_after(minutes=30) == (0, 0)
    assert agent.refresh(tokens["refresh_token"]).status_code == 200


def test_who_decides_for_longer_than_a_day_finds_it_gone(agent, alice, signed_in, purge_after, let_time_pass):
    """Nor does whoever begins anew again and again keep one that nobody allows anything."""
    let_time_pass(days=7, hours=23, minutes=55)
    signed_in.enter(alice)
    page = agent.start(signed_in)
    assert purge_after(minutes=6) == (1, 0)
    page = signed_in.submit(page, press="Continue", selection="all")
    assert page.status_code in (400, 404, 410) and "<h1>" in page.text


def test_what_the_version_before_registers_is_looked_at_too(app, agent, notebook, purge_after):
    """It knows no review: the database says "long ago" for it, also for an organization's app."""
    with app.app_context():
        db.session.execute(text("UPDATE clients SET review_at = '1970-01-01 00:00:00.000000+00:00'"))
        db.session.commit()
    assert purge_after(days=6) == (0, 0)
    assert known(app, notebook.client_id).review_at is None
    assert known(app, agent.client_id).review_at is not None
    assert purge_after(days=1, minutes=1) == (1, 0)


def test_a_review_is_no_change_of_the_client(app, agent, signed_in, purge_after):
    agent.tokens(signed_in, choose={"selection": "all"})
    before = known(app, agent.client_id)
    purge_after(days=8)
    after = known(app, agent.client_id)
    assert (after.updated_at, after.version) == (before.updated_at, before.version)
    assert after.review_at > before.review_at


def test_the_backlog_tells_of_those_that_wait(app, let_time_pass):
    _join(app)
    let_time_pass(days=8)
    services = app.extensions["services"]
    told = find_backlog(services.engine, services.settings)["unused_clients"]
    assert told.rows == 1 and 86_000 < told.seconds < 87_000
    purge(app)
    assert find_backlog(services.engine, services.settings)["unused_clients"].rows == 0


def test_a_purge_finds_them_by_an_index(app):
    query = "SELECT key FROM clients WHERE review_at <= '2026-01-01' ORDER BY review_at, key LIMIT 100"
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            plan = str(db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
        else:
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = str(db.session.execute(text(f"EXPLAIN {query}")).all())
    assert "ix_clients_review_at" in plan


# -- it was allowed something ----------------------------------------------------------------------


def test_what_was_used_ends_after_a_year_without_use(app, agent, signed_in, alice, purge_after):
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    used_at = clock.now()
    assert purge_after(days=364) == (0, 0)
    assert purge_after(days=1, seconds=5) == (0, 1)
    client = known(app, agent.client_id)
    assert client.ended_at is not None and client.review_at is None
    assert (client.name, client.origin, client.redirect_uris) == ("Claude Code", known(app, agent.client_id).origin, [])
    assert agent.refresh(tokens["refresh_token"]).json["error"] == "invalid_client"
    assert count(app, TokenFamily) == 0
    with app.app_context():
        event = list_events(db.session(), alice.id)[0]
    assert (event.kind, event.actor, event.client_name) == (ENDED, "operator", "Claude Code")
    assert event.changed["unused_since"][:16] == used_at.isoformat()[:16]


@pytest.mark.parametrize(
    ("use", "at"), [("call", {"minutes": 50}), ("refresh", {"days": 29}), ("decision", {"days": 200})]
)
def test_each_use_counts(app, signed_in, alice, purge_after, let_time_pass, use, at):
    agent = _join(app)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    let_time_pass(**at)
    if use == "call":
        assert agent.me(tokens["access_token"]).status_code == 200
    elif use == "refresh":
        assert agent.refresh(tokens["refresh_token"]).status_code == 200
    else:
        signed_in.enter(alice)
        agent.tokens(signed_in, choose={"selection": "all"})
    assert purge_after(days=364, hours=23, minutes=59) == (0, 0)
    assert purge_after(minutes=2) == (0, 1)


def test_what_only_refused_calls_came_for_is_not_used(app, signed_in, purge_after, let_time_pass):
    agent = _join(app)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    let_time_pass(days=100)
    assert agent.refresh(tokens["refresh_token"]).status_code == 400
    assert agent.me(tokens["access_token"]).status_code == 401
    assert purge_after(days=266) == (0, 1)


def test_all_people_of_one_that_ends_are_told_a_few_at_a_time(app, alice, bob, signed_in, purge_after, monkeypatch):
    monkeypatch.setattr("app.purge.unused_clients._MOST_CONSENTS", 1)
    agent = _join(app, DOCUMENT)
    for person in (alice, bob):
        signed_in.enter(person)
        agent.tokens(signed_in, choose={"selection": "all"})
    assert purge_after(days=366) == (0, 1)
    with app.app_context():
        for person in (alice, bob):
            assert [event.kind for event in list_events(db.session(), person.id)] == [ENDED, "given"]
        assert set(db.session.scalars(select(Consent.revoked_at))) != {None}


def test_the_history_of_one_that_ended_stays(app, signed_in, alice, purge_after):
    """Also when the purge comes again and again: who had it connected still reads what it was called, and did."""
    agent = _join(app)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    assert agent.me(tokens["access_token"]).status_code == 200
    purge_after(days=366)
    purge_after(days=10)
    signed_in.enter(alice)
    assert "Claude Code" in signed_in.get(f"/account/apps/{tokens['grant_id']}/activity").text
    with app.app_context():
        assert [event.client_name for event in list_events(db.session(), alice.id)] == ["Claude Code"] * 2
    assert count(app, Consent) == 1


def test_the_person_reads_why_it_ended(app, agent, signed_in, alice, purge_after):
    """Also where nothing is left of what it did, which was a year ago; and for as long as there is the account."""
    agent.tokens(signed_in, choose={"selection": "all"})
    purge_after(days=366)
    signed_in.enter(alice)
    page = signed_in.get("/account/apps/").text
    assert "Apps that were connected" in page and "Claude Code" in page
    assert "Nobody had used the app since" in page and "so this site ended it." in page
    purge_after(days=91)
    signed_in.enter(alice)
    assert "Claude Code" in signed_in.get("/account/apps/").text


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (EndedBy.APP, "The app ended it itself."),
        (EndedBy.OPERATOR, "This site deleted the app."),
        (EndedBy.ADMIN, "Its makers deleted the app."),
    ],
)
def test_the_person_reads_who_ended_it(app, signed_in, by, said):
    agent = _join(app)
    agent.tokens(signed_in, choose={"selection": "all"})
    with app.app_context():
        end_client(db.session(), find_record(db.session(), agent.client_id), by=by)
        db.session.commit()
    page = signed_in.get("/account/apps/").text
    assert said in page and page.count("ended it") == (by is EndedBy.APP)


def test_what_the_person_ended_says_nothing_more(app, signed_in, alice):
    agent = _join(app)
    tokens = agent.tokens(signed_in, choose={"selection": "all"})
    with app.app_context(), connect(db.engine) as connection:
        assert end(connection, alice.id, tokens["grant_id"])
    page = signed_in.get("/account/apps/").text
    assert "Apps that were connected" in page and "ended it" not in page


def test_the_organizations_see_nothing_of_it(app, agent, signed_in, notebook, purge_after):
    kept = notebook.tokens(signed_in)
    agent.tokens(signed_in, choose={"selection": "all"})
    assert purge_after(days=366) == (0, 1)
    assert known(app, notebook.client_id).ended_at is None
    with app.app_context():
        assert db.session.get_one(Consent, kept["grant_id"]).revoked_at is None


def test_one_that_a_document_describes_anew_is_as_new_as_any_other(app, signed_in, alice, purge_after):
    """It had ended for want of use; a person came with it again, and left it at that."""
    agent = _join(app, DOCUMENT)
    agent.tokens(signed_in, choose={"selection": "all"})
    assert purge_after(days=366) == (0, 1)
    said = {"client_id": ADDRESS, "client_name": "Claude Code", "redirect_uris": [URI]}
    with app.app_context():
        reading = read_document(app.extensions["services"].settings, ADDRESS, said)
        keep_document(db.session, ADDRESS, reading, read_at=clock.now(), fresh_seconds=300, logo=None)
        # However soon it is looked at.
        db.session.execute(update(Client).values(review_at=clock.now()))
        db.session.commit()
    assert purge_after(days=6) == (0, 0)
    assert known(app, ADDRESS).ended_at is None
    assert purge_after(days=2) == (0, 1)
    assert known(app, ADDRESS).ended_at is not None


# -- two at once -----------------------------------------------------------------------------------


@pytest.fixture
def look_and(monkeypatch):
    """Have something done once the purge has looked, and before it acts."""

    def look_and(act) -> None:
        review, done = unused_clients._review, []

        def act_and_review(*given):
            if not done:
                done.append(act())
            return review(*given)

        monkeypatch.setattr(unused_clients, "_review", act_and_review)

    return look_and


def test_what_is_allowed_something_while_the_purge_looks_stays(app, agent, alice, signed_in, let_time_pass, look_and):
    """The delete looks once more, when nobody can begin to."""
    let_time_pass(days=7, minutes=1)
    signed_in.enter(alice)
    given = []
    look_and(lambda: given.append(agent.tokens(signed_in, choose={"selection": "all"})))
    assert purge(app)["unused_clients"] == 0
    assert agent.refresh(given[0]["refresh_token"]).status_code == 200


@pytest.mark.database
def test_the_purge_waits_for_nobody_who_decides(app, let_time_pass):
    """A person's decision holds the client: it is left alone, and the others go."""
    if app.extensions["services"].engine.dialect.name != "postgresql":
        pytest.skip("On SQLite whoever writes has the whole database.")
    agent, _other = _join(app), _join(app)
    let_time_pass(days=8)
    with app.app_context(), administrator(app) as deciding, deciding.transaction():
        deciding.execute("SELECT key FROM clients WHERE client_id = %s FOR SHARE", [agent.client_id])
        assert purge(app)["unused_clients"] == 1
    assert known(app, agent.client_id) is not None
    assert purge(app)["unused_clients"] == 1


def test_what_is_used_while_the_purge_looks_goes_on(app, agent, signed_in, alice, let_time_pass, look_and):
    agent.tokens(signed_in, choose={"selection": "all"})
    let_time_pass(days=366)
    signed_in.enter(alice)
    given = []
    look_and(lambda: given.append(agent.tokens(signed_in, choose={"selection": "all"})))
    assert purge(app)["idle_clients"] == 0
    assert agent.refresh(given[0]["refresh_token"]).status_code == 200


@each("step", ["choose", "authorize"])
def test_a_person_whose_app_vanishes_under_the_button_reads_why(app, agent, signed_in, step):
    page = agent.start(signed_in)
    if step == "authorize":
        page = signed_in.follow(signed_in.submit(page, press="Continue", selection="all"))
    with app.app_context():
        db.session.execute(text("DELETE FROM clients WHERE client_id = :id"), {"id": agent.client_id})
        db.session.commit()
    answer = signed_in.submit(
        page,
        press="Continue" if step == "choose" else "Authorize",
        **({"selection": "all"} if step == "choose" else {}),
    )
    assert 400 <= answer.status_code < 500 and "<h1>" in answer.text
    assert count(app, Consent) == 0
