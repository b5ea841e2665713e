"""The picker: the mementos that a person may open to an app. Both pages that show it are made here."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict
from sqlalchemy.orm import Session

from app.consents.choice import Choice
from app.consents.memory_setting import ALL_OF_IT, MemorySetting, find_setting
from app.consents.reach import select_closed
from app.consents.saved import find_saved_memento_id, find_savings
from app.memories.built_once import Limits
from app.memories.keeping_back import count_kept_back, shared_only
from app.memories.mementos import (
    IntegrationSummary,
    MementoSummary,
    list_mementos,
    summarize_everything,
)
from app.memories.previews import preview, tells
from app.memories.reach import Reach

#: From how many mementos on the list gets a search box.
_MANY_MEMENTOS = 8


class Offer(Struct, frozen=True):
    """What there is to choose from, as one look at the database saw it.

    ``saved`` is the app's own memento, which it reaches in any case; None if it has none, or may not read it: ``setting``
    says what the app may do with what apps added. ``added_by`` has the name of the app for each memento that holds what
    another app has added. Of what is never shared nothing is counted or shown.
    """

    mementos: list[MementoSummary]
    saved: MementoSummary | None
    added_by: Mapping[str, str]
    setting: MemorySetting
    limits: Limits
    saved_id: str | None

    @property
    def owned(self) -> set[str]:
        """The ids of all of the person's mementos."""
        return {*(memento.id for memento in self.mementos), *([self.saved_id] if self.saved_id else ())}

    @property
    def facts(self) -> dict[str, list[Any]]:
        """What a page tells of each memento, by its id: it must be so still when the page is answered."""
        return {memento.id: describe_memento(memento) for memento in self.mementos}


def read_offer(session: Session, user_id: str, client_key: str, installation: str | None) -> Offer:
    """Returns what the person may choose from for this installation of an app, None for one that is new."""
    saved_id = find_saved_memento_id(session, user_id, client_key, installation)
    limits = shared_only(session, user_id)
    mementos = {memento.id: memento for memento in list_mementos(user_id, limits)}
    saved = mementos.pop(saved_id, None) if saved_id is not None else None
    setting = find_setting(session, user_id, client_key, installation)
    added_by = {memento_id: saving.app_name for memento_id, saving in find_savings(session, user_id).items()}
    saved = saved if setting.reads_own else None
    return Offer(list(mementos.values()), saved, added_by, setting, limits, saved_id)


def describe_memento(memento: MementoSummary) -> list[Any]:
    """Returns the facts of a memento: its name, and from where its memories come."""
    return [memento.id, memento.name, sorted([source.kind, source.name] for source in memento.sources)]


class OfferedMemento(Struct, frozen=True):
    """A memento of the picker, and how it is ticked."""

    id: str
    name: str
    count: int
    sources: list[Any]
    sample_titles: list[str]
    chosen: bool
    writable: bool
    added_by: str | None


class Picker(Struct, frozen=True):
    """What the template of the picker receives, under these names."""

    selection: str | None
    mementos: list[OfferedMemento]
    saved: MementoSummary | None
    everything: MementoSummary
    asks_to_write: bool
    adds: bool
    show_search: bool
    #: The words by which the mementos shown were found; what is ticked is shown in any case.
    sought: str
    has_mementos: bool
    summed: "Summed"
    setting: MemorySetting
    saved_id: str | None


class Summed(Struct, frozen=True):
    """What a choice comes to: how many mementos, how many memories in them together, and the newest titles.

    What is never shared is in neither; ``kept_back`` says how much that is.
    """

    selection: str | None
    memento_count: int = 0
    count: int = 0
    titles: list[str] = field(default_factory=list)
    kept_back: int = 0


def sum_up(
    session: Session,
    user_id: str,
    choice: Choice,
    limits: Limits,
    setting: MemorySetting = ALL_OF_IT,
    saved_memento_id: str | None = None,
) -> Summed:
    """Returns what the choice comes to now, as far as the memory setting lets it.

    All of its mementos are the person's. ``limits`` leave out what is never shared.
    """
    everything = choice.selection == "all"
    ids = list(choice.memento_ids) if choice.selection == "selected" else []
    if not ids and not everything:
        return Summed(choice.selection)
    own, of_others = select_closed(user_id, setting, saved_memento_id)
    reach = Reach(
        user_id,
        everything=everything,
        can_write=dict.fromkeys(ids, False),
        keeps_back=bool(limits),
        closed=[*own, *of_others],
    )
    seen = preview(session, reach)
    kept_back = count_kept_back(session, user_id, limits, None if everything else ids)
    return Summed(choice.selection, len(ids), seen.count, seen.titles, kept_back)


def prepare_picker(
    session: Session,
    offer: Offer,
    choice: Choice,
    integrations: Sequence[IntegrationSummary],
    *,
    user_id: str,
    may_write: bool,
    sought: str = "",
) -> Picker:
    """Returns the picker of this offer, ticked as ``choice`` says; with a second tick a memento if it ``may_write``.

    ``integrations`` are all of the person's.
    Of the mementos that are not ticked only those of which the page tells all the words that are ``sought``.
    """
    words, is_long = sought.split(), len(offer.mementos) >= _MANY_MEMENTOS
    # Of a long list the beginning is in sight, so there is what is ticked.
    mementos = sorted(offer.mementos, key=lambda one: is_long and one.id not in choice.can_write)
    return Picker(
        selection=choice.selection,
        mementos=[
            OfferedMemento(
                id=memento.id,
                name=memento.name,
                count=memento.count,
                sources=memento.sources,
                sample_titles=memento.sample_titles,
                chosen=memento.id in choice.can_write,
                writable=choice.can_write.get(memento.id, False),
                added_by=offer.added_by.get(memento.id),
            )
            for memento in mementos
            if memento.id in choice.can_write or tells(memento, words)
        ],
        saved=offer.saved,
        everything=summarize_everything(user_id, offer.limits, integrations),
        asks_to_write=may_write,
        adds=may_write and offer.setting.adds,
        show_search=is_long,
        sought=sought,
        has_mementos=bool(offer.mementos),
        summed=sum_up(session, user_id, choice.among(offer.owned), offer.limits, offer.setting, offer.saved_id),
        setting=offer.setting,
        saved_id=offer.saved_id,
    )


def fields_of(picker: Picker) -> dict[str, Any]:
    """Returns the picker's fields by name, for a template."""
    return asdict(picker)
