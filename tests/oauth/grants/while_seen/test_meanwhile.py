"""What somebody does just before the decision is felt by it, and of two who come at once one is first."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.disabling import disable_account
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client
from app.clients.secrets import rotate_client_secret
from app.consents.changes import end, pause
from app.consents.models import Consent
from app.database.connections import connect
from app.extensions import db
from app.oauth.tokens.family import TokenFamily, revoke_family
from tests.integrator import Integrator
from tests.oauth.grants.while_seen.conftest import CODE, REFRESH_TOKEN
from tests.tables import each

pytestmark = pytest.mark.database

UNKNOWN = (401, "invalid_client")

#: What somebody does -> what becomes of a refresh that comes then.
ACTS: dict[str, tuple[Callable[[Integrator, str], Any], tuple]] = {
    "suspends the client": (lambda client, _: on_client(suspend_client, client), UNKNOWN),
    "rotates the secret": (lambda client, _: on_client(rotate_client_secret, client), UNKNOWN),
    "deletes the client": (lambda client, _: on_client(delete_client, client), UNKNOWN),
    "ends the consent": (lambda _, grant_id: on_consent(end, grant_id), (400, "invalid_grant")),
    "pauses the consent": (lambda _, grant_id: on_consent(pause, grant_id), (400, "invalid_grant")),
    "disables the account": (lambda _, grant_id: disable(grant_id), (400, "invalid_grant")),
    "ends the family": (lambda _, grant_id: end_families(grant_id), (400, "invalid_grant")),
    "suspends and resumes the client": (
        lambda client, _: (on_client(suspend_client, client), on_client(resume_client, client)),
        (200, None),
    ),
}


def on_client(act: Callable[..., Any], client: Integrator) -> None:
    act(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None)
    db.session.flush()


def on_consent(act: Callable[..., Any], grant_id: str) -> None:
    user_id = db.session.get_one(Consent, grant_id).user_id
    db.session.rollback()
    with connect(db.engine) as connection, connection.transaction():
        assert act(connection, user_id, grant_id)


def disable(grant_id: str) -> None:
    assert disable_account(db.session(), db.session.get_one(Consent, grant_id).user_id, actor_user_id=None)


def end_families(grant_id: str) -> None:
    families = db.session.scalars(select(TokenFamily.id).where(TokenFamily.grant_id == grant_id)).all()
    db.session.rollback()
    with connect(db.engine) as connection:
        assert any([revoke_family(connection, family) for family in families])


@each("act", ACTS)
def test_what_is_done_elsewhere_just_before_the_decision_is_felt_by_it(
    presented, client, ways, there, just_before, act
):
    do, (status, error) = ACTS[act]
    (one,) = presented.new(1)
    assert client.client_credentials().status_code == 200
    with client.app.app_context():
        grant_id = db.session.scalars(select(Consent.grant_id)).one()
    ways.clear()
    just_before(lambda: there(lambda: do(client, grant_id)))
    answer = presented.use(one)
    assert (answer.status_code, answer.json.get("error")) == (status, error)
    assert ways == [status == 200]


@pytest.mark.parametrize("presented", [REFRESH_TOKEN], indirect=True)
def test_who_comes_second_gets_what_the_first_one_got(presented, ways, just_before):
    (one,) = presented.new(1)
    first: list[str] = []
    just_before(lambda: first.append(presented.use(one).json["refresh_token"]))
    ways.clear()
    assert presented.use(one).json["refresh_token"] == first[0]
    assert ways == [True, False]


@pytest.mark.parametrize("presented", [CODE], indirect=True)
def test_who_comes_second_with_a_code_ends_its_family(presented, client, ways, just_before):
    (one,) = presented.new(1)
    first: list[str] = []
    just_before(lambda: first.append(presented.use(one).json["access_token"]))
    assert presented.use(one).json["error"] == "invalid_grant"
    assert ways == [True, False]
    assert not client.is_alive(first[0])
