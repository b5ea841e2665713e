"""From a consent, as one SELECT saw it, to what it reaches."""

from dataclasses import replace

from app.consents.models import WRITE_TICK
from app.memories.reach import Reach
from app.scopes import parse_scope, reaches_memories


def consent_reach(consent) -> Reach:
    """What a consent reaches now.

    ``consent`` is anything with ``user_id``, ``selection``, ``mementos`` (as :func:`chosen_mementos`
    reads) and ``saved_memento_id``: a code's or a token's snapshot.
    """
    # An app's own memento is always both, also when it was chosen besides; a dict keeps each once, in order.
    own = {} if consent.saved_memento_id is None else {consent.saved_memento_id: True}
    can_write: dict[str, bool] = {}
    if consent.selection == "selected" and consent.mementos:
        for line in consent.mementos:
            memento_id, tick, _ = line.partition(WRITE_TICK)
            can_write[memento_id] = bool(tick)
    can_write |= own
    return Reach(
        user_id=consent.user_id,
        everything=consent.selection == "all",
        readable=tuple(can_write),
        writable=tuple([memento_id for memento_id, ticked in can_write.items() if ticked]),
    )


def token_reach(token) -> Reach:
    """What a live token reaches: its consent's mementos, or the memories of the client's own organization."""
    if token.user_id is None:
        return Reach(organization_id=token.organization_id)
    reach = consent_reach(token)
    if token.selection == "none" and not reaches_memories(parse_scope(token.consent_scope)):
        # Nobody was asked to choose, so there is no choice that integrations could be held against.
        return replace(reach, every_integration=True)
    return reach
