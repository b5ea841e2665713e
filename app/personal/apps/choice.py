"""Changing what an app may look through: what a new choice would change, and the change."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from app import clock
from app.consents.choice import Choice, choose
from app.consents.models import Consent, ConsentMemento
from app.consents.saved import find_saved_memento_id
from app.credentials import digest
from app.extensions import db
from app.memories.mementos import count_chosen, summarize_everything
from app.memories.models import Memento
from app.personal.mementos.use import is_live


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new choice would change. Mementos by name; counts of memories are of this moment.

    ``before`` and ``after`` are selections. ``writable_gained`` are those the app could also change.
    """

    before: str
    after: str
    gained: list[str]
    lost: list[str]
    kept: list[str]
    writable_gained: list[str]
    writable_lost: list[str]
    count_gained: int
    count_lost: int
    count_after: int

    @property
    def fingerprint(self) -> str:
        """Equal for what reads the same. Counts aside: an import that runs would make the page unanswerable."""
        told = [self.gained, self.lost, self.kept, self.writable_gained, self.writable_lost]
        return digest(json.dumps([self.before, self.after, *told]))


def present_choice(consent: Consent) -> Choice:
    """What holds now."""
    if consent.selection != "selected":
        return Choice(consent.selection)
    rows = db.session.execute(
        select(ConsentMemento.memento_id, ConsentMemento.can_write).where(ConsentMemento.grant_id == consent.grant_id)
    )
    can_write = {row.memento_id: row.can_write for row in rows}
    return choose(consent.selection, can_write, but=find_saved_memento_id(consent.user_id, consent.client_id))


def compare(consent: Consent, new: Choice) -> Difference:
    """What would change for the consent's app."""
    old = present_choice(consent)
    rows = db.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == consent.user_id))
    names = {id: name for id, name in sorted(rows, key=lambda row: row.name.casefold())}
    count_before, count_after, count_both = (_count(consent, *choices) for choices in ((old,), (new,), (old, new)))
    return Difference(
        before=old.selection,
        after=new.selection,
        gained=_names(names, new.memento_ids, but=old.memento_ids),
        lost=_names(names, old.memento_ids, but=new.memento_ids),
        kept=[name for id, name in names.items() if id in old.memento_ids and id in new.memento_ids],
        writable_gained=_names(names, new.writable_ids, but=old.writable_ids),
        # Of a memento that goes altogether nothing more needs to be said.
        writable_lost=_names(names, [id for id in old.writable_ids if id in new.memento_ids], but=new.writable_ids),
        count_gained=count_both - count_before,
        count_lost=count_both - count_after,
        count_after=count_after,
    )


def apply_choice(consent: Consent, new: Choice) -> bool:
    """Let the app look through these from its next call on; False when the consent has ended. The caller commits."""
    values = {"selection": new.selection, "updated_at": clock.now()}
    if not change_consent(consent, values):
        return False
    db.session.execute(delete(ConsentMemento).where(ConsentMemento.grant_id == consent.grant_id))
    # Locked, so that none is deleted between this look and the insert.
    ids = db.session.scalars(
        select(Memento.id)
        .where(Memento.id.in_(new.memento_ids), Memento.user_id == consent.user_id)
        .with_for_update(read=True, key_share=True)
    ).all()
    db.session.add_all(
        ConsentMemento(grant_id=consent.grant_id, memento_id=id, can_write=id in new.writable_ids) for id in ids
    )
    return True


def change_consent(consent: Consent, values: Mapping) -> bool:
    """Give a live consent other values; False when it has ended meanwhile. The caller commits."""
    changed = db.session.execute(
        update(Consent)
        .where(Consent.grant_id == consent.grant_id, is_live())
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1


def _names(names: Mapping[str, str], ids: Collection[str], *, but: tuple[str, ...]) -> list[str]:
    return [name for id, name in names.items() if id in ids and id not in but]


def _count(consent: Consent, *choices: Choice) -> int:
    """How many memories one of the choices reaches, together with what the app has added itself."""
    if any(choice.selection == "all" for choice in choices):
        return summarize_everything(consent.user_id).count
    saved = find_saved_memento_id(consent.user_id, consent.client_id)
    return count_chosen(consent.user_id, [saved, *(id for choice in choices for id in choice.memento_ids)])
