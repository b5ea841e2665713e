"""What must come back, by a model that knows nothing of SQL, HTTP or OAuth: who keeps what, and whom they let see it.

The order of it is DESIGN's: never shared, deleted, paused or ended, the chosen mementos, what the app itself has saved;
the first that says no wins.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

READ, WRITE, SOURCES = "memories:read", "memories:write", "integrations:read"
#: Words of the memory setting: may read what it added itself, may read what other apps added, may add.
ALL_OF_IT = frozenset({"own", "apps", "add"})

#: An installation of an app with a person: (person, app).
Slot = tuple[str, str]
#: One pick of a memento, or one thing that is never shared: (source, folder or None, memory or None).
Pick = tuple[str | None, str | None, str | None]


@dataclass
class Kept:
    """A memory. ``number`` says how late it was added."""

    owner: str
    source: str
    folder: str
    tags: frozenset[str]
    number: int


@dataclass
class Allowed:
    """A consent: what a person allows one installation."""

    grant_id: str
    slot: Slot
    scopes: frozenset[str]
    selection: str = "none"
    #: The chosen mementos, each with whether the app may also change what lies in it.
    chosen: dict[str, bool] = field(default_factory=dict)
    is_paused: bool = False
    is_ended: bool = False
    until: datetime | None = None
    setting: frozenset[str] | None = None


@dataclass
class Saved:
    """An app's own memento with a person, and the sources in it, which hold what the app has added."""

    memento: str
    sources: list[str]


@dataclass
class Written:
    """What an app did to a memory, and what was there before. ``named_by`` are the mementos that named a deleted one."""

    person: str
    grant_id: str
    before: Kept | None
    is_deletion: bool = False
    named_by: frozenset[str] = frozenset()


@dataclass
class Model:
    memories: dict[str, Kept] = field(default_factory=dict)
    #: id -> owner, kind
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: id -> owner, picks
    mementos: dict[str, tuple[str, set[Pick]]] = field(default_factory=dict)
    #: The latest consent of each installation.
    consents: dict[Slot, Allowed] = field(default_factory=dict)
    saved: dict[Slot, Saved] = field(default_factory=dict)
    never_shared: dict[str, set[Pick]] = field(default_factory=dict)
    never_shared_tags: dict[str, set[str]] = field(default_factory=dict)
    settings: dict[str, frozenset[str]] = field(default_factory=dict)
    #: What can be undone, by memory, in its order.
    written: dict[str, list[Written]] = field(default_factory=dict)

    # -- what may be seen -----------------------------------------------------------------------

    def is_live(self, consent: Allowed, at: datetime) -> bool:
        return not consent.is_ended and (consent.until is None or consent.until > at)

    def reads(self, consent: Allowed, memory_id: str) -> bool:
        if not self.may_come_out(consent, memory_id):
            return False
        # Of another person it holds nothing, as that was looked at first.
        return consent.selection == "all" or any(self.holds(one, memory_id) for one in self.windows(consent))

    def changes(self, consent: Allowed, memory_id: str) -> bool:
        windows = self.windows(consent)
        return self.reads(consent, memory_id) and any(
            self.holds(one, memory_id) for one, may_change in windows.items() if may_change
        )

    def adds(self, consent: Allowed) -> bool:
        return "add" in self._setting(consent)

    def windows(self, consent: Allowed) -> dict[str, bool]:
        """The mementos that the app looks through, each with whether it may change what lies in it."""
        windows = {
            id: tick for id, tick in consent.chosen.items() if id in self.mementos and consent.selection == "selected"
        }
        saved, setting = self.saved.get(consent.slot), self._setting(consent)
        if saved is not None:
            windows.pop(saved.memento, None)
            if "own" in setting:
                windows[saved.memento] = "add" in setting
        return windows

    def list_readable(self, consent: Allowed) -> list[str]:
        """The newest first."""
        found = [id for id in self.memories if self.reads(consent, id)]
        return sorted(found, key=lambda id: -self.memories[id].number)

    # -- what is told in numbers ----------------------------------------------------------------

    def count_sources(self, consent: Allowed) -> dict[str, int]:
        """The sources that the app sees, each with how many memories it is told of."""
        person, has_all = consent.slot[0], consent.selection == "all" or self._sees_every_source(consent)
        hidden = set() if "apps" in self._setting(consent) else self._sources_of_others(consent)
        picked = {source for one in self.windows(consent) for source, _, _ in self.mementos[one][1]}
        told = {}
        for source, (owner, _kind) in self.sources.items():
            if owner != person or source in hidden or (source, None, None) in self.never_shared.get(person, ()):
                continue
            inside = [id for id, memory in self.memories.items() if memory.source == source]
            if has_all:
                told[source] = sum(self.may_come_out(consent, id) for id in inside)
            else:
                readable = sum(self.reads(consent, id) for id in inside)
                if readable or source in picked:
                    told[source] = readable
        return told

    def tell_mementos(self, consent: Allowed, scopes: frozenset[str]) -> dict[str, tuple[list[str], int]]:
        """The mementos that the app is told of: what it may do in each, and how many memories are in it."""
        windows = self.windows(consent)
        shown = {id: tick for id, tick in windows.items() if tick or consent.selection != "all"}
        if consent.selection == "all":
            shown["all"] = False
        told = {}
        for id, may_change in shown.items():
            actions = [READ.split(":")[1]] if READ in scopes else []
            actions += [WRITE.split(":")[1]] if WRITE in scopes and may_change else []
            if actions:
                mine = [one for one in self.memories if self.may_come_out(consent, one)]
                told[id] = actions, sum(id == "all" or self.holds(id, one) for one in mine)
        return told

    # -- what happens -----------------------------------------------------------------------------

    def delete_memory(self, memory_id: str) -> None:
        del self.memories[memory_id]
        for _, picks in self.mementos.values():
            picks.discard((None, None, memory_id))
        for picks in self.never_shared.values():
            picks.discard((None, None, memory_id))

    def write(self, consent: Allowed, memory_id: str, *, is_new: bool = False, is_deletion: bool = False) -> None:
        """An app is about to change or delete a memory, or has added it."""
        named_by = frozenset(id for id, (_, picks) in self.mementos.items() if (None, None, memory_id) in picks)
        before = None if is_new else replace(self.memories[memory_id])
        entry = Written(
            consent.slot[0], consent.grant_id, before, is_deletion, named_by if is_deletion else frozenset()
        )
        self.written.setdefault(memory_id, []).append(entry)

    def undo(self, memory_id: str, grant_id: str) -> None:
        """Undo all that one app did to a memory: what it was before the first of it comes back."""
        chain = [one for one in self.written[memory_id] if one.grant_id == grant_id]
        first = chain[0]
        if first.before is None and memory_id not in self.memories:
            # There is nothing to do, and it stays so.
            self.written[memory_id] = [one for one in self.written[memory_id] if one.grant_id != grant_id]
            return
        if first.before is None:
            # The person has deleted it by this, and what they deleted is gone.
            self.delete_memory(memory_id)
            del self.written[memory_id]
            return
        if memory_id not in self.memories:
            deletion = [one for one in self.written[memory_id] if one.is_deletion][-1]
            for memento in deletion.named_by & self.mementos.keys():
                self.mementos[memento][1].add((None, None, memory_id))
        self.memories[memory_id] = replace(first.before)
        self.written[memory_id] = [one for one in self.written[memory_id] if one.grant_id != grant_id]

    def delete_memento(self, memento_id: str) -> None:
        del self.mementos[memento_id]
        for consent in self.consents.values():
            consent.chosen.pop(memento_id, None)
        self.saved = {slot: saved for slot, saved in self.saved.items() if saved.memento != memento_id}

    def delete_added(self, slot: Slot) -> None:
        """What an app has added goes with it: its own memento, the sources in it, and what lies in them."""
        saved = self.saved[slot]
        for id in [id for id, memory in self.memories.items() if memory.source in saved.sources]:
            self.delete_memory(id)
            self.written.pop(id, None)
        self.delete_memento(saved.memento)
        self.written = {
            id: kept
            for id, kept in self.written.items()
            if not any(one.before and one.before.source in saved.sources for one in kept)
        }
        for source in saved.sources:
            del self.sources[source]
        for kept in [*(picks for _, picks in self.mementos.values()), *self.never_shared.values()]:
            kept -= {pick for pick in kept if pick[0] in saved.sources}

    # -- the rules --------------------------------------------------------------------------------

    def may_come_out(self, consent: Allowed, memory_id: str) -> bool:
        """Whether nothing keeps the memory back from the app, whatever mementos it is in."""
        memory, person = self.memories[memory_id], consent.slot[0]
        if memory.owner != person:
            return False
        if any(_is_in(pick, memory_id, memory) for pick in self.never_shared.get(person, ())):
            return False
        if {tag.lower() for tag in memory.tags} & {tag.lower() for tag in self.never_shared_tags.get(person, ())}:
            return False
        setting = self._setting(consent)
        if memory.source in self.own_sources(consent):
            return "own" in setting
        return "apps" in setting or memory.source not in self._sources_of_others(consent)

    def holds(self, memento_id: str, memory_id: str) -> bool:
        owner, picks = self.mementos[memento_id]
        memory = self.memories[memory_id]
        return memory.owner == owner and any(_is_in(pick, memory_id, memory) for pick in picks)

    def _setting(self, consent: Allowed) -> frozenset[str]:
        return consent.setting if consent.setting is not None else self.settings.get(consent.slot[0], ALL_OF_IT)

    def own_sources(self, consent: Allowed) -> set[str]:
        saved = self.saved.get(consent.slot)
        return set(saved.sources) if saved is not None else set()

    def _sources_of_others(self, consent: Allowed) -> set[str]:
        person = consent.slot[0]
        kept = {source for slot, saved in self.saved.items() if slot[0] == person for source in saved.sources}
        kept |= {id for id, (owner, kind) in self.sources.items() if owner == person and kind == "memory"}
        return kept - self.own_sources(consent)

    def _sees_every_source(self, consent: Allowed) -> bool:
        """No picker was shown for these scopes, so there is no choice to go by."""
        return consent.selection == "none" and not {READ, WRITE} & consent.scopes


def _is_in(pick: Pick, memory_id: str, memory: Kept) -> bool:
    source, folder, one = pick
    return one == memory_id or (
        source == memory.source and (folder is None or f"{memory.folder}/".startswith(f"{folder}/"))
    )
