"""From a consent, as one SELECT saw it, to what it reaches."""

from datetime import datetime
from typing import Any, Protocol

from msgspec.structs import replace
from sqlalchemy import Select

from app.consents.choice import Choice
from app.consents.memory_setting import (
    MemorySetting,
    parse_setting,
    select_own_sources,
    select_sources_of_others,
)
from app.memories.reach import Reach, Reached
from app.scopes import parse_scope, reaches_memories

_NOTHING = Choice("none")


class Told(Protocol):
    """What tells the mementos of a consent."""

    @property
    def choice(self) -> Choice | None: ...
    @property
    def saved_memento_id(self) -> str | None: ...
    @property
    def memory_setting(self) -> str | None: ...


class Chosen(Told, Protocol):
    """A code or a token of a person's, with what its consent says."""

    @property
    def user_id(self) -> str | None: ...
    @property
    def never_shares_at(self) -> datetime | None: ...


class Held(Chosen, Protocol):
    """A token, which may also be an organization's own."""

    @property
    def organization_id(self) -> str | None: ...
    @property
    def consent_scope(self) -> str | None: ...


def reached_mementos(consent: Told) -> Reached:
    """Returns the mementos that a consent reaches now, for whoever only tells them."""
    choice = consent.choice or _NOTHING
    can_write, saved_id = choice.can_write, consent.saved_memento_id
    if consent.memory_setting is not None:
        setting = parse_setting(consent.memory_setting)
        can_write = {id: writable for id, writable in can_write.items() if id != saved_id}
        if saved_id is not None and setting.reads_own:
            can_write[saved_id] = setting.adds
    elif saved_id is not None:
        # An app's own memento is always both, also when it was chosen besides.
        can_write = {**can_write, saved_id: True}
    return Reached(choice.selection == "all", can_write)


def consent_reach(consent: Chosen) -> Reach:
    """Returns what a consent reaches now, as far as the person's memory setting lets it."""
    everything, can_write = reached_mementos(consent)
    own, of_others = (
        ([], [])
        if consent.memory_setting is None
        else select_closed(consent.user_id, parse_setting(consent.memory_setting), consent.saved_memento_id)
    )
    return Reach(
        user_id=consent.user_id,
        everything=everything,
        can_write=can_write,
        keeps_back=consent.never_shares_at is not None,
        closed=[*own, *of_others],
        # An app that may add goes on telling how its own sync went.
        hidden=of_others,
    )


def select_closed(
    user_id: str | None, setting: MemorySetting, saved_memento_id: str | None
) -> tuple[list[Select[Any]], list[Select[Any]]]:
    """Returns SELECTs of the sources that the setting closes: that of what the app added, and those of other apps."""
    own = [] if setting.reads_own or saved_memento_id is None else [select_own_sources(saved_memento_id)]
    return own, [] if setting.reads_apps else [select_sources_of_others(user_id, saved_memento_id)]


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
