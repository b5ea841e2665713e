"""What the tests of a person's pages begin with is what the models write."""

from sqlalchemy import select

from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory


def test_what_is_stocked_is_what_the_models_write(app, alice, carol, shelf):
    kept: list[list[dict]] = []
    with app.app_context():
        session = db.session
        drive = Integration(user_id=carol.id, kind="google_drive", name="Drive")
        session.add(drive)
        session.flush()
        soup = Memory(user_id=carol.id, integration_id=drive.id, folder="Recipes", title="Soup", text="About Soup.")
        pick = MementoContent(integration_id=drive.id, folder="Recipes")
        memento = Memento(user_id=carol.id, name="Recipes", contents=[pick])
        session.add_all([soup, memento])
        session.commit()
        ids = shelf.integrations["Drive"], shelf.memories["Soup"], shelf.mementos["Recipes"]
        for integration, memory, own in ((drive.id, soup.id, memento.id), ids):
            asked = (
                select(Integration.__table__).where(Integration.id == integration),
                select(Memory.__table__).where(Memory.id == memory),
                select(Memento.__table__).where(Memento.id == own),
                select(MementoContent.__table__).where(MementoContent.memento_id == own),
            )
            kept.append([dict(session.execute(one).mappings().one()) for one in asked])
    for one, other in zip(*kept, strict=True):
        assert {name: value for name, value in one.items() if not name.endswith(("id", "_at"))} == {
            name: value for name, value in other.items() if not name.endswith(("id", "_at"))
        }
        # What has a moment has one, and what was folded is as new as what it was made of.
        assert [name for name in one if one[name] is None] == [name for name in other if other[name] is None]
    assert kept[1][1]["folded_at"] == kept[1][1]["updated_at"]
