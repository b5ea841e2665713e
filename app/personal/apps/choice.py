"""What a new choice of mementos would change for an app, to be read before it is applied."""

import json
from collections.abc import Collection, Mapping

from msgspec import Struct
from sqlalchemy import select

from app.consents.choice import Choice, find_choice
from app.consents.models import Consent
from app.consents.saved import find_saved_memento_id
from app.credentials import digest
from app.extensions import db
from app.memories.built_once import Limits
from app.memories.keeping_back import shared_only
from app.memories.mementos import count_chosen, summarize_everything
from app.memories.models import Memento


class Difference(Struct, frozen=True):
    """What a new choice would change. Mementos by name; counts of memories are of this moment.

    ``before`` and ``after`` are selections. ``writable_gained`` are those the app could also change.
    """

    before: str | None
    after: str | None
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


def compare(consent: Consent, new: Choice) -> Difference:
    """Returns what would change for the consent's app."""
    old = find_choice(db.session(), consent)
    rows = db.session.execute(select(Memento.id, Memento.name).where(Memento.user_id == consent.user_id))
    names = dict(sorted(rows, key=lambda row: row[1].casefold()))
    limits = shared_only(db.session(), consent.user_id)
    count_before, count_after, count_both = (
        _count(consent, limits, *choices) for choices in ((old,), (new,), (old, new))
    )
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


def _names(names: Mapping[str, str], ids: Collection[str], *, but: tuple[str, ...]) -> list[str]:
    return [name for id, name in names.items() if id in ids and id not in but]


def _count(consent: Consent, limits: Limits, *choices: Choice) -> int:
    """How many memories one of the choices reaches, together with what the app has added itself."""
    if any(choice.selection == "all" for choice in choices):
        return summarize_everything(consent.user_id, limits).count
    saved = find_saved_memento_id(db.session(), consent.user_id, consent.client_key, consent.installation)
    ids = [id for choice in choices for id in choice.memento_ids]
    return count_chosen(consent.user_id, ids if saved is None else [saved, *ids], limits)
