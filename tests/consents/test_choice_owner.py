"""A consent covers mementos of the person who gives it, whatever ids it is told."""

import pytest

from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.snapshot import find_live_consent
from app.database.connections import connect
from app.extensions import db
from app.memories.mementos import create_memento
from app.memories.models import Integration


@pytest.fixture
def carols_memento(app, carol) -> str:
    """The id of a memento that is another person's."""
    with app.app_context():
        integration = Integration(user_id=carol.id, kind="memory", name="Carol's notes")
        db.session.add(integration)
        db.session.flush()
        memento_id = create_memento(db.session(), carol.id, "Carol's own", [integration.id]).id
        db.session.commit()
        return memento_id


def test_another_persons_memento_is_not_recorded(app, notebook, alice, make_memento, carols_memento):
    hers = make_memento("Recipes")
    with app.app_context(), connect(db.engine) as connection, connection.transaction():
        give_consent(
            connection,
            user_id=alice.id,
            client_key=notebook.client_id,
            scope="memories:read",
            choice=Choice("selected", {hers: False, carols_memento: True}),
        )
        found = find_live_consent(connection, alice.id, notebook.client_id)
        assert found is not None and found.choice == Choice("selected", {hers: False})
