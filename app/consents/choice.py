"""Which mementos an app may look through, as a person's page sends the choice. Both pickers read it here."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from app.consents.models import SELECTIONS
from app.consents.saved import find_saved_memento_id
from app.credentials import digest
from app.memories.built_in import ALL
from app.memories.mementos import MementoSummary, owned_memento_ids

_MOST_MEMENTOS = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """``selection`` is one of :data:`SELECTIONS`, or None while nothing was chosen; what is writable is chosen too."""

    selection: str | None
    memento_ids: tuple[str, ...] = ()
    writable_ids: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Equal for equal choices, whatever their order. It keeps nothing secret."""
        lines = [str(self.selection), *sorted(self.memento_ids), "", *sorted(self.writable_ids)]
        return digest("\n".join(lines))

    def find_problem(self, *, nothing: str) -> str | None:
        """Why it cannot be applied, as a sentence. ``nothing`` is what the page calls the choice of no memento."""
        if self.selection is None:
            return f"Choose what the app may look through: some mementos, everything, or {nothing.lower()}."
        if self.selection == "selected" and not self.memento_ids:
            return f"Tick at least one memento, or choose “{nothing}”."
        if self.selection != "selected" and self.memento_ids:
            # Never guess between more and less.
            chosen = ALL.name if self.selection == "all" else nothing
            return f"You ticked mementos and also chose “{chosen}”. Choose one or the other."
        return None


def read_choice(sent: MultiDict, *, user_id: str, client_id: str, may_write: bool) -> Choice:
    """What a page sent. A ticked memento without a choice of how much means "only what I tick"."""
    # Another person's memento, or one deleted meanwhile, is as if it had not been ticked.
    memento_ids = owned_memento_ids(user_id, sent.getlist("memento_ids")[:_MOST_MEMENTOS])
    ticked = set(sent.getlist("writable_ids")) if may_write else set()
    can_write = {id: id in ticked for id in memento_ids}
    choice = choose(sent.get("selection"), can_write, but=find_saved_memento_id(user_id, client_id))
    if choice.selection in SELECTIONS:
        return choice
    return replace(choice, selection="selected" if choice.memento_ids else None)


def choose(selection: str | None, can_write: dict[str, bool], *, but: str | None) -> Choice:
    """A choice of mementos, each with whether the app may also write in it.

    ``but`` is the app's own memento: it reaches that in any case, so there is nothing to choose.
    """
    memento_ids = tuple(id for id in can_write if id != but)
    return Choice(selection, memento_ids, tuple(id for id in memento_ids if can_write[id]))


def separate_saved(
    mementos: Iterable[MementoSummary], *, user_id: str, client_id: str
) -> tuple[list[MementoSummary], MementoSummary | None]:
    """The mementos to choose from, and the app's own, which it reaches in any case; None if it has none."""
    saved_id = find_saved_memento_id(user_id, client_id)
    others, saved = [], None
    for memento in mementos:
        if memento.id == saved_id:
            saved = memento
        else:
            others.append(memento)
    return others, saved
