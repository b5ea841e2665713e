"""Where an app's new memories go: its own memento "Saved by {App}", and the source behind it.

For an organization's own app there is no memento, as no one has to choose: a source of that name is enough.
"""

from sqlalchemy import and_, select

from app.clients.models import Client
from app.consents.models import Consent
from app.consents.saved import SavedMemento
from app.extensions import db
from app.memories.mementos import NAME_LENGTH, MementoError, create_memento
from app.memories.models import Integration, Memento, MementoContent
from app.memories.records import add_integration
from app.oauth.tokens.token import TokenSnapshot

KIND = "memory"


def ensure_source(token: TokenSnapshot) -> Integration:
    """The integration that the app's new memories go into, made on its first write."""
    if token.user_id is None:
        return _ensure_source_of_organization(token)
    return db.session.get_one(Integration, _ensure_saved(token).integration_id)


def keep_in_own_memento(token: TokenSnapshot, integration: Integration) -> None:
    """Let the app's own memento with the person contain an integration, so that the app reaches what it made."""
    if token.user_id is not None:
        saved = _ensure_saved(token)
        db.session.add(MementoContent(memento_id=saved.memento_id, integration_id=integration.id))
        db.session.flush()


def find_own_integration(token: TokenSnapshot, integration_id: str) -> Integration | None:
    """An integration the app may add memories to: its own memento has it as a whole, or it is the organization's."""
    if token.user_id is None:
        owned = Integration.organization_id == token.organization_id
    else:
        own = select(MementoContent.integration_id).where(
            MementoContent.memento_id == token.saved_memento_id, MementoContent.folder.is_(None)
        )
        owned = and_(Integration.user_id == token.user_id, Integration.id.in_(own))
    return db.session.scalar(select(Integration).where(Integration.id == integration_id, owned))


def _ensure_saved(token: TokenSnapshot) -> SavedMemento:
    saved = _find_saved(token)
    if saved is not None:
        return saved
    # Two first writes at once wait for each other here, where both depend on the same row.
    db.session.execute(select(Consent.grant_id).where(Consent.grant_id == token.grant_id).with_for_update())
    return _find_saved(token) or _make_saved(token)


def _find_saved(token: TokenSnapshot) -> SavedMemento | None:
    own = (SavedMemento.user_id == token.user_id, SavedMemento.client_id == token.client_id)
    return db.session.scalar(select(SavedMemento).where(*own))


def _make_saved(token: TokenSnapshot) -> SavedMemento:
    name = _name(token)
    integration = add_integration(user_id=token.user_id, kind=KIND, name=name)
    memento = _make_memento(token.user_id, name, integration.id)
    saved = SavedMemento(
        user_id=token.user_id, client_id=token.client_id, memento_id=memento.id, integration_id=integration.id
    )
    db.session.add(saved)
    db.session.flush()
    return saved


def _make_memento(user_id: str, name: str, integration_id: str) -> Memento:
    # The person may have a memento of that name, perhaps an earlier one of this app's.
    for place in range(1, 100):
        ending = f" ({place})" if place > 1 else ""
        try:
            return create_memento(user_id, name[: NAME_LENGTH - len(ending)].rstrip() + ending, [integration_id])
        except MementoError:
            continue
    return create_memento(user_id, f"Saved in {integration_id}", [integration_id])


def _ensure_source_of_organization(token: TokenSnapshot) -> Integration:
    db.session.execute(select(Client.client_id).where(Client.client_id == token.client_id).with_for_update())
    name = _name(token)
    same = (
        Integration.organization_id == token.organization_id,
        Integration.kind == KIND,
        Integration.name == name,
    )
    known = db.session.scalar(select(Integration).where(*same).order_by(Integration.created_at).limit(1))
    return known or add_integration(organization_id=token.organization_id, kind=KIND, name=name)


def _name(token: TokenSnapshot) -> str:
    client_name = db.session.scalar(select(Client.name).where(Client.client_id == token.client_id))
    return f"Saved by {client_name}"[:NAME_LENGTH].rstrip()
