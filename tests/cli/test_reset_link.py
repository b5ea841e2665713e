"""``flask users reset-link``: a link to hand over, where no letter can bring it."""

import json

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.passwords import verify_password
from app.audit.models import AuditEvent
from app.extensions import db
from tests.actors import Browser


def test_the_link_sets_a_new_password_and_confirms_no_address(app, alice, browser):
    ran = app.test_cli_runner().invoke(args=["users", "reset-link", "ALICE@acme.example", "--json"])
    assert ran.exit_code == 0, ran.output
    made = json.loads(ran.output)
    assert made["link"].startswith("http://127.0.0.1:8000/reset-password/")
    with app.app_context():
        confirmed_at = db.session.get_one(User, alice.id).email_verified_at
    page = browser.follow(browser.get(made["link"]))
    assert browser.submit(page, password="seven herons by the lock").status_code == 303
    with app.app_context():
        user = db.session.get_one(User, alice.id)
        assert verify_password(user.password_hash, "seven herons by the lock")
        assert user.email_verified_at == confirmed_at
        kinds = db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.occurred_at)).all()
    assert kinds == ["user.reset_link_made", "user.password_reset"]
    assert "reset-password" not in "".join(kinds)


def test_it_ends_the_link_of_an_earlier_letter(app, alice, browser, sent_mail):
    browser.submit(browser.get("/forgotten-password"), email=alice.email)
    [letter] = sent_mail()
    assert app.test_cli_runner().invoke(args=["users", "reset-link", alice.email]).exit_code == 0
    other = Browser(app)
    assert other.follow(other.get(letter.link("/reset-password/"))).status_code == 410


@pytest.mark.parametrize("email", ["nobody@acme.example", "no address", ""])
def test_for_nobody_there_is_no_link(app, email):
    ran = app.test_cli_runner().invoke(args=["users", "reset-link", email])
    assert ran.exit_code == 1 and ran.output.startswith("Error: Nobody has an account") and ran.output.count("\n") == 1
