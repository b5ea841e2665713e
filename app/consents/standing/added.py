"""What one installation of an app has added, which its person may keep or delete when they end it.

That is what lies in the sources of its own memento now: the one behind it, and those that it made there itself. Nobody
else adds to them. What the person has changed since still lies there, and counts; what they moved to another source is
theirs and does not. What the app changed or deleted elsewhere is no addition.
"""

from msgspec import Struct
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.consents.changes import note_deleted_memento
from app.consents.events import PERSON
from app.consents.models import Consent
from app.consents.saved import SavedMemento, is_saved_under
from app.consents.undo.models import AppChange
from app.database.locks import to_change
from app.database.patience import take_time
from app.database.session_connection import SessionConnection
from app.memories.editing import delete_memento
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.records import delete_integrations


class Added(Struct, frozen=True):
    """The memento that holds it, its sources, and how many memories lie in them."""

    memento: Memento
    integration_ids: list[str]
    count: int


def find_added(session: Session, consent: Consent) -> Added | None:
    """Returns what the consent's installation has added, or None before it has added anything."""
    saved = session.scalar(
        select(SavedMemento)
        .join(Consent, is_saved_under(Consent))
        .where(Consent.grant_id == consent.grant_id, Consent.continued_by.is_(None))
    )
    if saved is None:
        return None
    whole = select(MementoContent.integration_id).where(
        MementoContent.memento_id == saved.memento_id,
        MementoContent.integration_id.is_not(None),
        MementoContent.folder.is_(None),
    )
    own = select(Integration.id).where(Integration.user_id == consent.user_id, Integration.id.in_(whole))
    ids = sorted({saved.integration_id, *session.scalars(own)})
    in_them = select(func.count()).select_from(Memory).where(Memory.integration_id.in_(ids))
    count = session.scalar(in_them.where(Memory.user_id == consent.user_id)) or 0
    return Added(session.get_one(Memento, saved.memento_id), ids, count)


def delete_added(session: Session, added: Added) -> None:
    """Delete it for good, with its sources and the memento that held it. The caller holds the person.

    What is kept so that an app's writes can be undone goes too, as far as it is of these sources: also of what the app
    had deleted there itself.
    """
    user_id = added.memento.user_id
    note_deleted_memento(SessionConnection(session), added.memento.id, actor=PERSON)
    take_time()
    delete_memento(session, added.memento)
    session.execute(
        to_change(select(Integration.id).where(Integration.id.in_(added.integration_ids)).order_by(Integration.id))
    )
    delete_integrations(session, added.integration_ids)
    of_person = AppChange.user_id == user_id
    session.execute(delete(AppChange).where(of_person, AppChange.integration_id.in_(added.integration_ids)))
