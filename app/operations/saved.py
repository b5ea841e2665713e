"""Where an app's new memories go: its own memento "Saved by {App}", and the source behind it.

For an organization's own app there is no memento, as no one has to choose: a source of that name is enough.
"""

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.clients.models import Client
from app.consents.memory_setting import ADDED_BY_APPS, parse_setting
from app.consents.models import Consent
from app.consents.saved import SavedMemento, is_saved_under
from app.database.locks import to_refer_to
from app.memories.mementos import NAME_LENGTH, MementoError, TooManyMementos, create_memento
from app.memories.models import Integration, Memento, MementoContent
from app.memories.records import add_integration
from app.operations.caller import Caller
from app.operations.refusals import account_full, not_writable


def demand_may_add(caller: Caller) -> None:
    """Raises ``not_writable`` when the person lets the app add nothing."""
    if caller.user_id is not None and not parse_setting(caller.memory_setting).adds:
        raise not_writable("The person lets this app add no memories.")


def ensure_source(caller: Caller) -> Integration:
    """Returns the integration that the app's new memories go into; it is made on the first write."""
    if caller.user_id is None:
        return _ensure_source_of_organization(caller)
    return caller.session.get_one(Integration, _ensure_saved(caller).integration_id)


def keep_in_own_memento(caller: Caller, integration: Integration) -> None:
    """Let the app's own memento with the person contain an integration, so that the app reaches what it made."""
    if caller.user_id is not None:
        saved = _ensure_saved(caller)
        caller.session.add(MementoContent(memento_id=saved.memento_id, integration_id=integration.id))
        caller.session.flush()


def find_own_integration(caller: Caller, integration_id: str) -> Integration | None:
    """Returns an integration the app may add memories to: its own memento has it as a whole, or it is the organization's."""
    if caller.user_id is None:
        owned = Integration.organization_id == caller.organization_id
    else:
        own = select(MementoContent.integration_id).where(
            MementoContent.memento_id == caller.saved_memento_id, MementoContent.folder.is_(None)
        )
        owned = and_(Integration.user_id == caller.user_id, Integration.id.in_(own))
    # Another app of the organization may be about to delete it.
    return caller.session.scalar(to_refer_to(select(Integration).where(Integration.id == integration_id, owned)))


def _ensure_saved(caller: Caller) -> SavedMemento:
    # Two first writes at once come one after the other: each holds whom it is for.
    return _find_saved(caller) or _make_saved(caller)


def _find_saved(caller: Caller) -> SavedMemento | None:
    found = select(SavedMemento).join(Consent, is_saved_under(Consent)).where(Consent.grant_id == caller.grant_id)
    return caller.session.scalar(found)


def _make_saved(caller: Caller) -> SavedMemento:
    name = _name(caller)
    integration = add_integration(caller.session, user_id=caller.user_id, kind=ADDED_BY_APPS, name=name)
    memento = _make_memento(caller.session, caller.subject, name, integration.id)
    saved = SavedMemento(
        user_id=caller.user_id,
        client_key=caller.client_key,
        installation=caller.session.scalar(select(Consent.installation).where(Consent.grant_id == caller.grant_id)),
        memento_id=memento.id,
        integration_id=integration.id,
    )
    caller.session.add(saved)
    caller.session.flush()
    return saved


def _make_memento(session: Session, user_id: str, name: str, integration_id: str) -> Memento:
    # The person may have a memento of that name, perhaps an earlier one of this app's.
    for place in range(1, 100):
        ending = f" ({place})" if place > 1 else ""
        try:
            return create_memento(
                session, user_id, name[: NAME_LENGTH - len(ending)].rstrip() + ending, [integration_id]
            )
        except TooManyMementos as error:
            raise account_full(str(error)) from None
        except MementoError:
            continue
    return create_memento(session, user_id, f"Saved in {integration_id}", [integration_id])


def _ensure_source_of_organization(caller: Caller) -> Integration:
    name = _name(caller)
    same = (
        Integration.organization_id == caller.organization_id,
        Integration.kind == ADDED_BY_APPS,
        Integration.name == name,
    )
    oldest = select(Integration).where(*same).order_by(Integration.created_at).limit(1)
    return caller.session.scalar(to_refer_to(oldest)) or add_integration(
        caller.session, organization_id=caller.organization_id, kind=ADDED_BY_APPS, name=name
    )


def _name(caller: Caller) -> str:
    client_name = caller.session.scalar(select(Client.name).where(Client.key == caller.client_key))
    return f"Saved by {client_name}"[:NAME_LENGTH].rstrip()
