"""``flask users reset-factors``: for who has lost every second factor."""

import json

from sqlalchemy import select

from app.accounts.notices.models import Notice
from app.audit.models import AuditEvent
from app.extensions import db
from tests.accounts.test_sign_in import is_signed_in
from tests.actors import Browser
from tests.factors import set_up_phone


def run(app, *words: str):
    return app.test_cli_runner().invoke(args=["users", "reset-factors", *words])


def test_the_password_alone_is_asked_afterwards(app, alice):
    set_up_phone(app, alice)
    waiting = Browser(app)
    waiting.sign_in(alice.email, alice.password)
    answer = run(app, alice.email, "--json")
    assert json.loads(answer.stdout) == {
        "id": alice.id, "email": alice.email, "passkeys": 0, "one_time_codes": 1, "recovery_codes": 10
    }  # fmt: skip
    browser = Browser(app)
    browser.sign_in(alice.email, alice.password)
    assert is_signed_in(browser)
    assert "/sign-in?" in waiting.get("/sign-in/second").location
    with app.app_context():
        assert db.session.scalars(select(Notice.kind)).all().count("factors_reset") == 1
        assert "user.factors_reset" in db.session.scalars(select(AuditEvent.kind)).all()


def test_codes_that_were_used_are_none_that_it_takes_away(app, alice):
    phone = set_up_phone(app, alice)
    browser = Browser(app)
    browser.submit(browser.follow_once(browser.sign_in(alice.email, alice.password)), code=phone.recovery_codes[0])
    assert is_signed_in(browser)
    assert json.loads(run(app, alice.email, "--json").stdout)["recovery_codes"] == 9


def test_nothing_is_told_where_there_was_nothing(app, alice):
    assert run(app, alice.email).exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(Notice.kind)).all() == []


def test_nobody_with_that_address(app):
    answer = run(app, "nobody@example.com")
    assert answer.exit_code == 1 and "Nobody has an account" in answer.output
