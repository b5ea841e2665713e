"""``/operator/``: for who is an operator and signed in a moment ago; each act asks once, and is written down."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import clock
from app.accounts.models import Session, User
from app.accounts.people import STATES
from app.audit.models import AuditEvent
from app.clients.models import DYNAMIC, Client
from app.extensions import db
from app.mail.models import OutgoingMail, State
from tests.actors import Browser
from tests.tables import each
from tests.unregistered import add_unregistered

_PEOPLE, _APPS, _MAIL = "/operator/people", "/operator/apps", "/operator/mail"


@pytest.fixture
def operator(app, bob) -> Browser:
    """Bob's browser; he is an operator."""
    with app.app_context():
        db.session.execute(update(User).where(User.id == bob.id).values(is_operator=True))
        db.session.commit()
    browser = Browser(app)
    browser.enter(bob)
    return browser


@pytest.fixture
def robot(app, bob) -> str:
    """The key of an app that registered itself."""
    add_unregistered(app, "dyn_robot", "Robot", DYNAMIC, redirect_uris=["http://127.0.0.1/cb"])
    with app.app_context():
        return db.session.scalar(select(Client.key).where(Client.client_id == "dyn_robot"))


@pytest.fixture
def letter(app) -> str:
    """The id of a letter that may have arrived."""
    with app.app_context():
        row = OutgoingMail(kind="trial", recipient="ada@example.com", state=State.UNCERTAIN, says="It may.", facts={})
        db.session.add(row)
        db.session.commit()
        return row.id


def _ways(app, **ids: str) -> list[tuple[str, str]]:
    """Each route, as it is called: its method and its path."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("operator.")]
    return [
        (method, re.sub(r"<(\w+)>", lambda name: ids.get(name[1], "x"), rule.rule))
        for rule in rules
        for method in sorted(rule.methods & {"GET", "POST"})
    ]


def _events(app, *kinds: str) -> list[tuple[str, str]]:
    with app.app_context():
        events = db.session.scalars(
            select(AuditEvent).where(AuditEvent.kind.in_(kinds)).order_by(AuditEvent.occurred_at)
        ).all()
        return [(event.kind, event.actor_user_id) for event in events]


def _all(app, alice, robot, letter) -> list[tuple[str, str]]:
    ways = _ways(app, user_id=alice.id, key=robot, letter_id=letter)
    assert len(ways) == 16
    return ways


def test_for_all_others_there_is_no_such_page(app, alice, robot, letter):
    stranger, member = Browser(app), Browser(app)
    member.sign_in(alice.email, alice.password)
    for method, path in _all(app, alice, robot, letter):
        for browser in (stranger, member):
            if method == "GET":
                assert browser.get(path).status_code == 404, path
            else:
                assert browser._open(path, method="POST", data={}).status_code in (400, 404), path
    assert 'href="/operator/"' not in member.get("/account/").text


def test_a_sign_in_of_eleven_minutes_ago_is_too_old(app, operator, alice, robot, letter):
    with app.app_context():
        db.session.execute(update(Session).values(issued_at=clock.now() - timedelta(minutes=11)))
        db.session.commit()
    for method, path in _all(app, alice, robot, letter):
        if method == "GET":
            answer = operator.get(path)
            assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in"), path


def test_the_way_there_and_what_there_is(operator, alice, robot, letter):
    assert 'href="/operator/"' in operator.get("/account/").text
    page = operator.get("/operator/").text
    assert "2 accounts, 0 disabled" in page and "0 wait, 1 did not go out" in page


def test_a_person_is_found_disabled_and_enabled(app, operator, bob, alice):
    hers = Browser(app)
    hers.sign_in(alice.email, alice.password)
    page = operator.get(f"{_PEOPLE}?q=ARCHER")
    assert alice.email in page.text and bob.email not in page.text
    question = operator.get(f"{_PEOPLE}/{alice.id}/disable")
    assert "Nobody can sign in to it" in question.text and alice.email in question.text
    assert hers.get("/account/").status_code == 200
    done = operator.follow(operator.submit(question, press="Disable the account"))
    assert "is disabled" in done.text and "Enable" in done.text
    assert hers.get("/account/").status_code == 303
    rows = {state: operator.get(f"{_PEOPLE}?state={state}").text.count('<th scope="row">') for state in STATES}
    assert rows == {"open": 1, "disabled": 1, "leaving": 0}
    operator.submit(operator.get(f"{_PEOPLE}/{alice.id}/enable"), press="Enable the account")
    assert hers.get("/account/").status_code == 200
    assert _events(app, "user.disabled", "user.enabled") == [
        ("user.disabled", bob.id),
        ("user.enabled", bob.id),
    ]


def test_an_operator_does_not_lock_herself_out(app, operator, bob):
    answer = operator.follow(operator.get(f"{_PEOPLE}/{bob.id}/disable"))
    assert "you would be locked out" in answer.text
    assert operator.get("/operator/").status_code == 200


def test_an_app_that_nobody_registered_is_suspended_and_resumed(app, operator, bob, robot, notebook):
    page = operator.get(_APPS)
    assert "dyn_robot" in page.text and "Acme Notebook" not in page.text
    assert "dyn_robot" in operator.get(f"{_APPS}?q=ROBO").text
    assert "No app matches." in operator.get(f"{_APPS}?q=human").text
    operator.submit(operator.get(f"{_APPS}/{robot}/suspend"), press="Suspend the app")
    with app.app_context():
        assert db.session.get_one(Client, robot).suspended_at is not None
    operator.submit(operator.get(f"{_APPS}/{robot}/resume"), press="Resume the app")
    with app.app_context():
        assert db.session.get_one(Client, robot).suspended_at is None
        of_acme = db.session.scalar(select(Client.key).where(Client.client_id == notebook.client_id))
    assert _events(app, "client.suspended", "client.resumed") == [
        ("client.suspended", bob.id),
        ("client.resumed", bob.id),
    ]
    assert operator.get(f"{_APPS}/{of_acme}/suspend").status_code == 404


def test_a_letter_is_sent_again_or_dropped(app, operator, bob, letter, sent_mail):
    page = operator.get(_MAIL)
    assert "May have arrived" in page.text and "It may." in page.text
    question = operator.get(f"{_MAIL}/{letter}/send")
    assert "then arrives twice" in question.text
    operator.submit(question, press="Send it now")
    question = operator.get(f"{_MAIL}/{letter}/drop")
    assert "There is no way back" in question.text
    assert [one.to for one in sent_mail()] == ["ada@example.com"]
    # It went out meanwhile, so there is nothing to drop.
    assert operator.submit(question, press="Drop the letter").status_code == 404
    assert _events(app, "mail.sent_again", "mail.dropped") == [("mail.sent_again", bob.id)]


def test_a_letter_that_is_dropped_is_not_sent(app, operator, bob, letter, sent_mail):
    operator.submit(operator.get(f"{_MAIL}/{letter}/drop"), press="Drop the letter")
    assert sent_mail() == []
    assert "No letter waits" in operator.get(_MAIL).text
    assert _events(app, "mail.dropped") == [("mail.dropped", bob.id)]


def test_nothing_is_done_without_the_page_that_asks(app, operator, alice, robot, letter):
    """A form that was made elsewhere, with a CSRF token of this session, is asked about and not carried out."""
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', operator.get(f"{_PEOPLE}/{alice.id}/disable").text)[1]
    for method, path in _all(app, alice, robot, letter):
        if method == "POST":
            for sure in ({}, {"sure": "yes"}, {"sure": "0" * 64}):
                answer = operator._open(path, method="POST", data={"csrf_token": token, **sure})
                assert answer.status_code in (200, 409), path
    with app.app_context():
        assert db.session.get_one(User, alice.id).disabled_at is None
        assert db.session.get_one(Client, robot).suspended_at is None
        assert db.session.get_one(OutgoingMail, letter).state == State.UNCERTAIN


@each("bad", ["%00", "x" * 300, "'", "%f0%9f%98%80", "..%2f", "-1", "9" * 40])
def test_what_makes_no_sense_is_no_error_of_ours(operator, robot, letter, bad):
    for path in (_PEOPLE, _APPS, _MAIL):
        for query in (f"q={bad}", f"page={bad}", f"state={bad}"):
            assert operator.get(f"{path}?{query}").status_code == 200
    for path in (f"{_PEOPLE}/{bad}/disable", f"{_APPS}/{bad}/suspend", f"{_MAIL}/{bad}/send"):
        assert operator.get(path).status_code == 404
