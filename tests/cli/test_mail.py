"""``flask mail``: what did not go out is said with why, and can be sent again or let go of."""

import json
from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import select, update

from app import clock, create_app
from app.audit.models import AuditEvent
from app.extensions import db
from app.mail.models import OutgoingMail, State
from tests.tables import each


@pytest.fixture
def run(app):
    def run(*arguments: str):
        return app.test_cli_runner().invoke(args=["mail", *arguments])

    return run


def _put(app, recipient: str, state: str = State.WAITING, says: str = "", **fields) -> str:
    with app.app_context():
        over = {"next_at" if state == State.WAITING else "over_at": clock.now()}
        letter = OutgoingMail(kind="trial", recipient=recipient, state=state, says=says, facts={}, **over, **fields)
        db.session.add(letter)
        db.session.commit()
        return letter.id


def _events(app) -> list[tuple[str, str]]:
    with app.app_context():
        events = db.session.scalars(select(AuditEvent).where(AuditEvent.kind.like("mail.%"))).all()
        return [(event.kind, event.details["letter_id"]) for event in events]


def test_what_did_not_go_out_is_listed_with_why(app, run):
    _put(app, "sent@example.com", State.SENT)
    _put(app, "dropped@example.com", State.DROPPED)
    failed = _put(app, "bad@example.com", State.FAILED, "550 no such person")
    text = run("list").stdout
    assert failed in text and "550 no such person" in text and "sent@" not in text and "dropped@" not in text
    told = json.loads(run("list", "--json").stdout)
    assert [(one["id"], one["state"], one["says"]) for one in told["letters"]] == [
        (failed, "failed", "550 no such person")
    ]
    assert told["total"] == 1


def test_letters_are_sent_again(app, run, sent_mail):
    unsure, failed = _put(app, "ada@example.com", State.UNCERTAIN), _put(app, "bo@example.com", State.FAILED, tries=3)
    assert json.loads(run("retry", unsure, failed, "--json").stdout) == {"retried": [unsure, failed]}
    assert {letter.to for letter in sent_mail()} == {"ada@example.com", "bo@example.com"}
    with app.app_context():
        editions = {row.id: (row.edition, row.tries) for row in db.session.scalars(select(OutgoingMail))}
    # What may have arrived is another letter: a mailbox that knows it by its Message-ID would hide the second.
    assert editions == {unsure: (2, 1), failed: (1, 1)}
    assert _events(app) == [("mail.sent_again", unsure), ("mail.sent_again", failed)]
    assert run("retry", "--all").stdout == "Letters that go out now: 0.\n"


def test_a_letter_that_waits_need_not_wait(app, run, sent_mail):
    letter = _put(app, "ada@example.com")
    with app.app_context():
        db.session.execute(update(OutgoingMail).values(next_at=clock.now() + timedelta(hours=1)))
        db.session.commit()
    assert sent_mail() == []
    assert run("retry", "--all", "--json").exit_code == 0
    assert [one.to for one in sent_mail()] == ["ada@example.com"]
    assert run("drop", letter).exit_code == 1


def test_a_letter_that_is_let_go_of_is_not_sent(app, run, sent_mail):
    letter = _put(app, "ada@example.com")
    assert json.loads(run("drop", letter, "--json").stdout) == {"dropped": [letter]}
    assert sent_mail() == []
    assert _events(app) == [("mail.dropped", letter)]


def test_a_letter_on_its_way_is_left_alone(app, run):
    """Sent again beside the one that has it, it would arrive twice."""
    letter = _put(app, "ada@example.com", claim="clm_another")
    for command in ("retry", "drop"):
        refused = run(command, letter)
        assert refused.exit_code == 1 and f"No letter '{letter}' waits" in refused.stderr
    assert _events(app) == []


@each(
    ("arguments", "says"),
    [
        (("retry",), "Name the letters"),
        (("retry", "let_1", "--all"), "Name the letters"),
        (("retry", "let_none"), "No letter 'let_none'"),
        (("drop", "let_none"), "No letter 'let_none'"),
        (("try", "nobody"), "no address"),
        (("try", "a@b.c\nBcc: d@e.f"), "no address"),
    ],
)
def test_what_cannot_be_is_one_sentence(run, arguments, says):
    refused = run(*arguments)
    assert refused.exit_code == 1 and says in refused.stderr and refused.stderr.count("\n") == 1


def test_a_letter_to_try_it_goes_out(run):
    assert run("try", "ada@example.com").exit_code == 0
    assert run("send").stdout == "Letters sent: 1.\n"
    assert json.loads(run("send", "--json").stdout) == {"sent": 0}


def test_without_a_mail_server_nothing_is_tried(settings):
    house = create_app(structs.replace(settings, issuer="https://id.example.com"))
    for command in (("try", "ada@example.com"), ("send",)):
        refused = house.test_cli_runner().invoke(args=["mail", *command])
        assert refused.exit_code == 1 and "SMTP_URL is not set" in refused.stderr
    with house.app_context():
        db.engine.dispose()
