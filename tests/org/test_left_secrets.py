"""Whoever leaves an organization has seen secrets: its admins are told which, until each is dealt with."""

import pytest
from sqlalchemy import select

from app.accounts.models import Membership, User
from app.audit.models import AuditEvent
from app.clients.models import ClientSecret
from app.extensions import db
from tests.actors import Browser
from tests.org.conftest import send, signed_in

ROOT = "/org/oauth"
HEADING = "Secrets that somebody who left has seen"


@pytest.fixture
def made(app, olive, bob, notebook) -> list[ClientSecret]:
    """The two secrets of Acme Notebook that Bob has made, beside the first, which nobody has seen."""
    browser = signed_in(app, bob)
    for label in ("laptop", "server"):
        browser.submit(browser.get(f"{ROOT}/{notebook.client_id}/secrets/new"), press="Make the secret", label=label)
    with app.app_context():
        return list(
            db.session.scalars(
                select(ClientSecret).where(ClientSecret.created_by_user_id == bob.id).order_by(ClientSecret.label)
            )
        )


def remove(owner: Browser, person):
    page = owner.get(f"{ROOT}/members/{person.id}/remove")
    return page, owner.submit(page, press=f"Remove {person.name}")


def test_the_question_before_somebody_is_removed_names_what_they_have_seen(owner, bob, made):
    page = owner.get(f"{ROOT}/members/{bob.id}/remove")
    assert "They have seen 2 secrets that keep working" in page.text
    assert all(f"…{secret.hint}" in page.text for secret in made)


def test_so_does_the_question_before_one_leaves(app, bob, made):
    page = signed_in(app, bob).get(f"{ROOT}/members/leave")
    assert "You have seen 2 secrets that keep working" in page.text


def test_of_who_has_seen_none_that_is_said(owner, alice, made):
    assert "They have seen no secret that works now." in owner.get(f"{ROOT}/members/{alice.id}/remove").text


def test_a_secret_that_is_made_after_the_question_is_asked_about_again(app, owner, bob, notebook, made):
    question = owner.get(f"{ROOT}/members/{bob.id}/remove")
    browser = signed_in(app, bob)
    browser.submit(browser.get(f"{ROOT}/{notebook.client_id}/secrets/new"), press="Make the secret", label="third")
    assert owner.submit(question, press=f"Remove {bob.name}").status_code == 409


def test_who_belongs_to_another_organization_has_left_this_one(app, owner, bob, carol, made):
    remove(owner, bob)
    with app.app_context():
        globex = db.session.scalar(select(Membership.organization_id).where(Membership.user_id == carol.id))
        db.session.add(Membership(user_id=bob.id, organization_id=globex, role="member"))
        db.session.commit()
    assert HEADING in owner.get(f"{ROOT}/members").text


def test_the_members_page_says_it_until_each_is_retired_or_let_pass(app, owner, bob, notebook, made):
    assert HEADING not in owner.get(f"{ROOT}/members").text
    remove(owner, bob)
    page = owner.get(f"{ROOT}/members")
    assert HEADING in page.text and bob.name in page.text
    assert f'href="{ROOT}/{notebook.client_id}/secrets/new"' in page.text
    path = f"{ROOT}/{notebook.client_id}/secrets/"
    owner.submit(owner.get(f"{path}{made[0].id}/retire"), press="Retire the secret")
    page = owner.get(f"{ROOT}/members")
    assert f"…{made[0].hint}" not in page.text and f"…{made[1].hint}" in page.text
    page = owner.follow(owner.submit(page, action=f"{path}{made[1].id}/let-pass"))
    assert "stays as it is" in page.text and HEADING not in page.text
    with app.app_context():
        event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "client.secret_let_pass")).one()
        assert event.details == {"secret_id": made[1].id, "hint": made[1].hint, "label": "server"}
    assert "let a secret stay that somebody who left has seen" in owner.get(f"{ROOT}/audit").text


def test_who_left_by_themselves_and_whose_account_is_gone_are_told_of_too(app, owner, bob, made):
    browser = signed_in(app, bob)
    browser.submit(browser.get(f"{ROOT}/members/leave"), press="Leave Acme")
    assert HEADING in owner.get(f"{ROOT}/members").text
    with app.app_context():
        db.session.delete(db.session.get_one(User, bob.id))
        db.session.commit()
    assert "Somebody whose account is gone" in owner.get(f"{ROOT}/members").text


def test_what_somebody_made_who_is_still_there_is_not_told(owner, made):
    assert HEADING not in owner.get(f"{ROOT}/members").text


def test_members_and_other_organizations_learn_and_change_nothing(app, owner, alice, bob, carol, notebook, made):
    remove(owner, bob)
    assert HEADING not in signed_in(app, alice).get(f"{ROOT}/members").text
    stranger = signed_in(app, carol)
    assert HEADING not in stranger.get(f"{ROOT}/members").text
    path = f"{ROOT}/{notebook.client_id}/secrets/{made[0].id}/let-pass"
    assert send(stranger, path).status_code == 404
    assert send(signed_in(app, alice), path).status_code == 403
    assert HEADING in owner.get(f"{ROOT}/members").text


def test_of_many_five_are_named(app, owner, bob, notebook, made):
    with app.app_context():
        for number in range(6):
            secret = ClientSecret(digest=f"{number:064}", hint="zzzz", client_key=notebook.client_id)
            secret.created_by_user_id = bob.id
            db.session.add(secret)
        db.session.commit()
    page, _answer = remove(owner, bob)
    assert "and 3 more" in page.text
    assert "3 more follow." in owner.get(f"{ROOT}/members").text
