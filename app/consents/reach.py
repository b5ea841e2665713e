"""From a consent, as one SELECT saw it, to what it reaches."""

from dataclasses import replace
from typing import Protocol

from app.consents.choice import Choice
from app.memories.reach import Reach
from app.scopes import parse_scope, reaches_memories


class Chosen(Protocol):
    """A code or a token of a person's, with what its consent says."""

    @property
    def user_id(self) -> str | None: ...
    @property
    def choice(self) -> Choice | None: ...
    @property
    def saved_memento_id(self) -> str | None: ...


class Held(Chosen, Protocol):
    """A token, which may also be an organization's own."""

    @property
    def organization_id(self) -> str | None: ...
    @property
    def consent_scope(self) -> str | None: ...


def consent_reach(consent: Chosen) -> Reach:
    """Returns what a consent reaches now."""
    choice = consent.choice or Choice("none")
    can_write = choice.can_write
    if consent.saved_memento_id is not None:
        # An app's own memento is always both, also when it was chosen besides.
        can_write = {**can_write, consent.saved_memento_id: True}
    return Reach(user_id=consent.user_id, everything=choice.selection == "all", can_write=can_write)


def token_reach(token: Held) -> Reach:
    """Returns what a live token reaches: its consent's mementos, or the memories of the client's own organization."""
    if token.user_id is None:
        return Reach(organization_id=token.organization_id)
    reach = consent_reach(token)
    is_none = token.choice is None or token.choice.selection == "none"
    if is_none and not reaches_memories(parse_scope(token.consent_scope or "")):
        # No picker was shown for these scopes, so there is no choice that integrations could be filtered by.
        return replace(reach, every_integration=True)
    return reach
