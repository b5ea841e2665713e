"""Two who act on an organization or an app at once take turns, on both databases; see ``test_meetings``."""

import pytest
from sqlalchemy import select

from app.accounts.invitations import InvitationOver, accept_invitation, invite
from app.accounts.members import change_role
from app.accounts.models import Membership
from app.accounts.organizations import find_organization
from app.accounts.roles import NotPermitted
from app.audit.models import AuditEvent
from app.clients.models import Client
from app.clients.registration import update_client
from app.clients.secrets import MOST_LIVE_SECRETS, add_another_secret, list_live_secrets
from app.extensions import db
from tests.actors import Browser
from tests.robustness.meeting import meet, within


@pytest.fixture(scope="session")
def app(each_app):
    return each_app


# -- memberships -----------------------------------------------------------------------------------


@pytest.fixture
def olive(app, bob, carol) -> str:
    """The owner of Acme, by id: somebody of another organization, too."""
    with app.app_context():
        acme = find_organization("acme")
        db.session.add(Membership(user_id=carol.id, organization_id=acme.id, role="owner"))
        db.session.commit()
        return carol.id


def test_an_invitation_is_not_accepted_while_who_made_it_loses_the_right_to(app, alice, bob, olive):
    with app.app_context():
        acme = find_organization("acme").id
        _, token = invite(acme, role="admin", label="", actor_user_id=bob.id)
        db.session.delete(db.session.get(Membership, (alice.id, acme)))
        db.session.commit()
    met = meet(
        app,
        within(app, lambda: change_role(acme, bob.id, "member", actor_user_id=olive)),
        within(app, lambda: accept_invitation(token, alice.id)),
        after="FROM memberships",
    )
    assert (met.first, met.second, met.second_waited) == (None, InvitationOver, True)


def test_an_admin_who_is_losing_the_role_invites_nobody(app, bob, olive):
    with app.app_context():
        acme = find_organization("acme").id
    met = meet(
        app,
        within(app, lambda: change_role(acme, bob.id, "member", actor_user_id=olive)),
        within(app, lambda: invite(acme, role="admin", label="", actor_user_id=bob.id)),
        after="FROM memberships",
    )
    assert (met.first, met.second, met.second_waited) == (None, NotPermitted, True)


def test_one_who_follows_two_links_at_once_joins_once(app, alice, bob):
    with app.app_context():
        acme = find_organization("acme").id
        tokens = [invite(acme, role="member", label="", actor_user_id=bob.id)[1] for _ in range(2)]
        db.session.delete(db.session.get(Membership, (alice.id, acme)))
        db.session.commit()
    joins = [within(app, lambda token=token: accept_invitation(token, alice.id).role) for token in tokens]
    met = meet(app, *joins, after="FROM memberships")
    assert (met.first, met.second.__name__, met.second_waited) == ("member", "AlreadyMember", True)


# -- clients ---------------------------------------------------------------------------------------


def test_no_client_gets_more_secrets_than_it_may_have(app, notebook):
    def add():
        client = db.session.get_one(Client, notebook.client_id)
        return add_another_secret(db.session(), client, actor_user_id=None)[0].id

    for _ in range(MOST_LIVE_SECRETS - 2):
        within(app, add)()
    met = meet(app, within(app, add), within(app, add), after="FROM client_secrets")
    assert (met.second.__name__, met.second_waited) == ("ClientError", True)
    with app.app_context():
        assert len(list_live_secrets(db.session(), notebook.client_id)) == MOST_LIVE_SECRETS


def test_a_secret_that_is_retired_twice_at_once_is_retired_once(app, bob, notebook):
    browser = Browser(app)
    browser.enter(bob)
    with app.app_context():
        secret_id = list_live_secrets(db.session(), notebook.client_id)[0].id
    path = f"/org/oauth/{notebook.client_id}/secrets/{secret_id}/retire"
    page = browser.get(path)
    retire = lambda: browser.submit(page, action=path)  # noqa: E731
    met = meet(app, retire, retire, after="FROM client_secrets")
    assert (met.first.status_code, met.second.status_code, met.second_waited) == (303, 404, True)
    with app.app_context():
        kinds = db.session.scalars(select(AuditEvent.kind)).all()
    assert kinds.count("client.secret_retired") == 1


def test_no_code_goes_to_an_address_that_is_being_taken_off_the_list(app, alice, signed_in, notebook):
    notebook.allow(alice, notebook.scope, {"selection": "all"})

    def remove():
        client = db.session.get_one(Client, notebook.client_id)
        settings = app.extensions["services"].settings
        update_client(
            db.session(),
            settings,
            client,
            actor_user_id=None,
            redirect_uris=["https://elsewhere.acme.example/callback"],
        )
        db.session.flush()
        # The statement after the change: the transaction is still open.
        db.session.scalar(select(AuditEvent.id).limit(1))

    met = meet(app, within(app, remove), lambda: signed_in.get(notebook.authorize_url()), after="FROM audit_events")
    assert (met.second.status_code, met.second_waited) == (400, True)
    assert "does not lead back" in met.second.text
