"""The people tab: counts alone, and none that points at somebody."""

import pytest

from app import clock
from app.accounts.models import User
from app.consents.models import Consent
from app.extensions import db
from app.org.people import count_people


@pytest.fixture
def connect_people(app, notebook):
    """Let so many people connect Notebook, each with this consent."""

    def connect(number: int, **consent) -> None:
        consent = {"scope": "memories:read", "selection": "all"} | consent
        with app.app_context():
            for _ in range(number):
                user = User(email=f"{clock.now().timestamp()}@example.org", name="Petra Person", password_hash="")
                db.session.add(user)
                db.session.flush()
                db.session.add(Consent(user_id=user.id, client_key=notebook.client_id, **consent))
            db.session.commit()

    return connect


@pytest.fixture
def people(app, notebook):
    def count():
        with app.app_context():
            return count_people(notebook.client_id)

    return count


def test_few_people_are_counted_but_not_told_apart(admin, notebook, connect_people, people):
    connect_people(4)

    assert (people().connected, people().scopes, people().selections) == (4, None, None)
    page = admin.get(f"/org/oauth/{notebook.client_id}/people").text
    assert "<strong>4</strong> people have" in page
    assert "memories:read" not in page


def test_many_people_are_counted_by_scope_and_selection(admin, notebook, connect_people, people):
    connect_people(6)
    connect_people(5, scope="memories:read integrations:read", selection="selected")

    counted = people()

    assert counted.scopes["memories:read"] == "11"
    assert counted.scopes["integrations:read"] == "5"
    assert counted.scopes["memories:write"] == "0"
    assert counted.selections == {"all": "6", "selected": "5", "none": "0"}
    page = admin.get(f"/org/oauth/{notebook.client_id}/people").text
    assert "Petra" not in page
    assert "usr_" not in page


def test_small_group_cannot_be_told_nor_worked_out_from_the_rest(connect_people, people):
    connect_people(9)
    connect_people(1, scope="memories:read memories:write", selection="none", paused_at=clock.now())

    counted = people()

    assert counted.scopes["memories:write"] == "fewer than 5"
    assert counted.selections == {"all": "all but fewer than 5", "selected": "0", "none": "fewer than 5"}
    assert counted.paused is None


def test_whoever_ended_it_is_not_counted(connect_people, people):
    at = clock.now()
    connect_people(7)
    connect_people(3, revoked_at=at)
    connect_people(3, expires_at=at)

    assert people().connected == 7
