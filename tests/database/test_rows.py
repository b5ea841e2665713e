"""Each rule that the database refuses something by is told for what it is, on both databases alike."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.accounts.models import Invitation, Membership, Organization, User
from app.clients.models import Client, ClientSecret
from app.config import Settings
from app.database.rows import is_taken, refers_to_nothing
from app.extensions import db
from app.memories.models import Memento
from tests.migrated import bring_up_to_date

PERSON = {"id": "usr_1", "email": "a@example.com", "name": "A", "password_hash": "x"}
ACME = {"id": "org_1", "slug": "acme", "name": "Acme"}
JOINED = {"user_id": "usr_1", "organization_id": "org_1", "role": "owner"}
MEMENTO = {"id": "mem_1", "user_id": "usr_1", "name": "Recipes"}
#: Rows that stand there, what is added to them, and the columns that are taken by it.
TAKEN = [
    (User, PERSON | {"id": "usr_2"}, (User.email,)),
    (User, PERSON | {"email": "b@example.com"}, (User.id,)),
    (Organization, ACME | {"id": "org_2"}, (Organization.slug,)),
    (Membership, JOINED, (Membership.user_id, Membership.organization_id)),
    (Memento, MEMENTO | {"id": "mem_2"}, (Memento.user_id, Memento.name)),
]
ALL = {column for *_, columns in TAKEN for column in columns} | {Client.client_id, ClientSecret.id, Invitation.id}


@pytest.fixture
def refuse(each_database_url):
    """The error for a row that is added to those that are there."""
    app = create_app(Settings(database_url=each_database_url, secret_key="0" * 32, issuer="http://localhost"))
    bring_up_to_date(app)
    with app.app_context():
        with db.engine.begin() as connection:
            for model, row in ((User, PERSON), (Organization, ACME), (Membership, JOINED), (Memento, MEMENTO)):
                connection.execute(insert(model), row)

        def refuse(model, row) -> IntegrityError:
            with pytest.raises(IntegrityError) as refused, db.engine.begin() as connection:
                connection.execute(insert(model), row)
            return refused.value

        yield refuse
        db.engine.dispose()


def test_what_is_taken_is_told_by_its_columns(refuse):
    for model, row, columns in TAKEN:
        error = refuse(model, row)
        assert is_taken(error, *columns), (model, columns)
        assert not any(is_taken(error, other) for other in ALL - set(columns)), (model, columns)
        assert not refers_to_nothing(error)


def test_what_is_not_there_any_more_is_not_taken(refuse):
    error = refuse(Membership, JOINED | {"organization_id": "org_gone"})
    assert refers_to_nothing(error) and not is_taken(error, Membership.user_id, Membership.organization_id)


def test_a_mistake_of_ours_is_neither(refuse):
    for row in (PERSON | {"id": "usr_3", "email": "c@example.com", "name": None}, PERSON | {"id": None, "email": None}):
        error = refuse(User, row)
        assert not refers_to_nothing(error) and not any(is_taken(error, column) for column in ALL)
    wrong = refuse(Membership, JOINED | {"user_id": "usr_1", "role": "king"})
    assert not is_taken(wrong, Membership.role)
