"""Which mementos an app may look through. It has one shape, from the form to the bearer check: :class:`Choice`."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Dialect, Text, bindparam, case, literal_column, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator
from werkzeug.datastructures import MultiDict

from app.consents.models import SELECTIONS, Consent, ConsentMemento
from app.consents.saved import find_saved_memento_id, select_saved
from app.credentials import digest, is_id
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.database.statements.lines import Lines
from app.memories.built_in import ALL, NONE
from app.memories.mementos import MOST_OF_PERSON, owned_memento_ids
from app.sentences import _


class Choice(Struct, frozen=True):
    """``selection`` is one of :data:`SELECTIONS`, or None while nothing was chosen.

    ``can_write`` has the ids of the chosen mementos, each with whether the app may also change what lies in it.
    """

    selection: str | None = None
    can_write: Mapping[str, bool] = field(default_factory=dict)

    @property
    def memento_ids(self) -> tuple[str, ...]:
        return tuple(self.can_write)

    @property
    def writable_ids(self) -> tuple[str, ...]:
        return tuple([id for id, writable in self.can_write.items() if writable])

    @property
    def fingerprint(self) -> str:
        """Equal for equal choices, whatever their order. It keeps nothing secret."""
        lines = [str(self.selection), *sorted(self.memento_ids), "", *sorted(self.writable_ids)]
        return digest("\n".join(lines))

    def without(self, memento_id: str | None) -> "Choice":
        """Returns the choice but for one memento: the app's own, which it reaches in any case."""
        if memento_id not in self.can_write:
            return self
        return replace(self, can_write={id: writable for id, writable in self.can_write.items() if id != memento_id})

    def among(self, memento_ids: Collection[str]) -> "Choice":
        """Returns the choice, of these mementos alone."""
        return replace(self, can_write={id: can for id, can in self.can_write.items() if id in memento_ids})

    def including(self, memento_id: str) -> "Choice":
        """Returns the choice and one more memento, to read. Who has chosen nothing yet means "only what I tick"."""
        return Choice(self.selection or "selected", {**self.can_write, memento_id: False})

    def find_problem(self) -> str | None:
        """Returns why it cannot be applied, as a sentence."""
        if self.selection is None:
            return _(
                "Choose what the app may look through: some mementos, everything, or %(nothing)s.",
                nothing=NONE.name.lower(),
            )
        if self.selection == "selected" and not self.can_write:
            return _("Tick at least one memento, or choose “%(nothing)s”.", nothing=NONE.name)
        if self.selection != "selected" and self.can_write:
            # Never guess between more and less.
            chosen = ALL.name if self.selection == "all" else NONE.name
            return _("You ticked mementos and also chose “%(chosen)s”. Choose one or the other.", chosen=chosen)
        return None


# -- from a form ---------------------------------------------------------------------------------


def read_choice(
    session: Session,
    sent: MultiDict[str, str],
    *,
    user_id: str,
    client_key: str,
    installation: str | None,
    may_write: bool,
) -> Choice:
    """Returns what a page sent. A ticked memento without a choice of how much means "only what I tick".

    The app's own memento is nothing to choose: the app reaches that in any case.
    """
    # Another person's memento, or one deleted meanwhile, is as if it had not been ticked.
    ticked = set(sent.getlist("writable_ids")) if may_write else set()
    # All of them, as many as a form holds: one that was left out would be taken for one that was not ticked.
    own = owned_memento_ids(user_id, sent.getlist("memento_ids"))
    choice = Choice(sent.get("selection"), {id: id in ticked for id in own})
    choice = choice.without(find_saved_memento_id(session, user_id, client_key, installation))
    if choice.selection in SELECTIONS:
        return choice
    return replace(choice, selection="selected" if choice.can_write else None)


def read_ticks(sent: MultiDict[str, str]) -> Choice:
    """Returns what a page sent, whether its mementos are there and the person's or not: to tick again what then is."""
    ticked = set(sent.getlist("writable_ids"))
    asked = [id for id in sent.getlist("memento_ids")[:MOST_OF_PERSON] if is_id(id)]
    choice = Choice(sent.get("selection"), {id: id in ticked for id in asked})
    return choice if choice.selection in SELECTIONS else replace(choice, selection="selected" if asked else None)


# -- from the database ---------------------------------------------------------------------------


class _ChoiceColumn(TypeDecorator[Choice]):
    """The text of :func:`select_choice`, read as a :class:`Choice`."""

    impl = Text
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[str | None], Choice | None]:
        return _read_column


def _read_column(value: str | None) -> Choice | None:
    if value is None:
        return None
    selection, *chosen = value.split("\n")
    # What was ticked counts for this selection alone. Where nothing was, there may be an empty line.
    return Choice(selection, {one[1:]: one[0] == "+" for one in chosen if one} if selection == "selected" else {})


def select_choice() -> ColumnElement[Choice]:
    """Returns a column that reads as a consent's choice, for a SELECT that has the consent; None where there is none.

    One statement reads both that way, however many mementos there are.
    """
    one = (
        case((ConsentMemento.can_write, literal_column("'+'")), else_=literal_column("'-'")) + ConsentMemento.memento_id
    )
    chosen = select(one).where(ConsentMemento.grant_id == Consent.grant_id).correlate(Consent)
    return type_coerce(Consent.selection.concat(Lines(chosen)), _ChoiceColumn)


def find_choice(session: Session, consent: Consent) -> Choice:
    """Returns what was chosen in a consent, but for the app's own memento."""
    row = SessionConnection(session).first(_FIND_CHOICE, grant=consent.grant_id)
    chosen: Choice = row.choice.without(row.saved_memento_id)
    return chosen


_FIND_CHOICE = Statement(
    select(select_choice().label("choice"), select_saved(Consent).label("saved_memento_id")).where(
        Consent.grant_id == bindparam("grant")
    )
)
