"""The record of a waiting request: each change of it is for the person whom it is bound to, and for nobody else.

The screens look at that first; these say that the statements themselves ask once more, whoever calls them.
"""

import pytest
from sqlalchemy import select

from app.consents.choice import Choice
from app.database.connections import connect
from app.extensions import db
from app.oauth.authorization_request import (
    AuthorizationRequest,
    choose_account,
    consume_authorization_request,
    find_authorization_request,
    renew_authorization_request,
    save_choice,
)
from tests.tables import each

CHANGES = {
    "choice": lambda *who: save_choice(*who[:2], user_id=who[2], choice=Choice("all")),
    "account": choose_account,
    "answer": consume_authorization_request,
    "renewal": renew_authorization_request,
}


@pytest.fixture
def change(app, notebook, signed_in):
    """Make one of the changes of Alice's request for some person; whether it was made."""
    handle = dict(pair.split("=") for pair in notebook.start(signed_in).request.query_string.decode().split("&"))

    def change(what: str, person) -> bool:
        with app.app_context(), connect(db.engine) as connection:
            waiting = find_authorization_request(connection, handle["request"])
            return CHANGES[what](connection, waiting, person.id)

    return change


def read_row(app) -> tuple:
    with app.app_context():
        return tuple(db.session.execute(select(AuthorizationRequest.__table__)).one())


@each("what", CHANGES)
def test_another_person_changes_nothing_of_a_request(app, change, alice, carol, what):
    before = read_row(app)
    assert change(what, carol) is False
    assert read_row(app) == before
    # And it was no other reason that held them up.
    assert change(what, alice) is True
    assert read_row(app) != before


def test_a_request_is_consumed_once_whoever_has_read_it_before(app, change, alice):
    assert change("answer", alice) is True
    consumed = read_row(app)
    assert change("answer", alice) is False
    assert read_row(app) == consumed
