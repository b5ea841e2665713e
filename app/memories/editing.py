"""Changing a memento: its name and its picks, a copy of it, and its end.

Nothing here commits. An app that looks through the memento sees the change on its next call.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct, field
from sqlalchemy import delete, func, insert, literal, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.accounts.lock import lock_person
from app.database.locks import to_change
from app.extensions import db
from app.memories.contents import select_counts_of_draft
from app.memories.mementos import (
    NAME_LENGTH,
    MementoError,
    Source,
    check_name,
    count_together,
    demand_room,
    find_memento,
    read_name,
)
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.picks import Pick, containers_of_memory
from app.sentences import _, translated

#: How many changes one draft may hold.
MOST_CHANGES = 500
#: Who makes the same memento again so soon has sent one form twice, as by a second click.
_A_MOMENT = timedelta(minutes=1)


class NothingPicked(MementoError):
    """The memento would hold nothing."""


class PickGone(MementoError):
    """A pick of something that does not exist any more, or is another person's."""


class TooManyChanges(MementoError):
    """More changes at once than a form carries."""


class Draft(Struct):
    """What is to change in a memento, or in a new one (``memento_id`` None). Dictionaries for their order."""

    memento_id: str | None = None
    added: dict[Pick, None] = field(default_factory=dict)
    removed: dict[Pick, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.added) + len(self.removed)

    def set(self, pick: Pick, *, ticked: bool, saved: bool) -> None:
        """Note that a pick is ticked now or is not; ``saved`` is whether the memento has it."""
        self.added.pop(pick, None)
        self.removed.pop(pick, None)
        if ticked != saved:
            (self.added if ticked else self.removed)[pick] = None


def find_saved(memento_id: str | None, picks: Iterable[Pick]) -> set[Pick]:
    """Returns those of the picks that the memento has."""
    return {_pick_of(content) for content in _contents_of(memento_id, set(picks))}


def count_draft(user_id: str, draft: Draft) -> list[Source]:
    """Returns how many memories of each integration the memento would contain, the largest first. Nothing is written."""
    if not draft:
        # As it is saved: a statement that is built already.
        return count_together(user_id, [draft.memento_id] if draft.memento_id else [])
    dropped = [content.id for content in _contents_of(draft.memento_id, set(draft.removed))]
    added = [(pick.integration_id, pick.folder, pick.memory_id) for pick in draft.added]
    rows = db.session.execute(select_counts_of_draft(user_id, draft.memento_id, dropped, added))
    return [Source(kind, name, int(count)) for _, kind, name, count in rows]


def count_inside(draft: Draft) -> Counter[Pick]:
    """Returns how many folders and single memories the memento would have inside of each integration and folder."""
    of_memento = MementoContent.memento_id == draft.memento_id
    folders = select(MementoContent.integration_id, MementoContent.folder).where(
        of_memento, MementoContent.folder.is_not(None)
    )
    memories = select(Memory.integration_id, Memory.folder, func.count()).group_by(Memory.integration_id, Memory.folder)
    picked = memories.join(MementoContent, MementoContent.memory_id == Memory.id).where(of_memento)
    counts: Counter[Pick] = Counter()
    for integration_id, folder in db.session.execute(folders):
        counts.update(Pick(integration_id, folder).containers())
    for integration_id, folder, count in db.session.execute(picked):
        counts.update(dict.fromkeys(containers_of_memory(integration_id, folder), count))
    for picks, sign in ((draft.added, 1), (draft.removed, -1)):
        for pick in picks:
            counts.update(dict.fromkeys(pick.containers(), sign))
        ids = [pick.memory_id for pick in picks if pick.memory_id is not None]
        for integration_id, folder, count in db.session.execute(memories.where(Memory.id.in_(ids))) if ids else ():
            counts.update(dict.fromkeys(containers_of_memory(integration_id, folder), sign * count))
    return counts


def save_draft(user_id: str, memento: Memento | None, name: str, draft: Draft) -> Memento:
    """Name the memento and change its picks, or make it. Returns it. Raises :class:`MementoError`.

    What was made a moment ago, with the same name and the same picks, is not made again.
    """
    if len(draft) > MOST_CHANGES:
        raise TooManyChanges(
            _("That is more than %(most)s changes at once; save fewer, then go on.", most=MOST_CHANGES)
        )
    lock_person(db.session(), user_id)
    made = _find_just_made(user_id, read_name(name), set(draft.added)) if memento is None else None
    if made is not None:
        return made
    but_id = _lock(memento) if memento else None
    name = check_name(db.session(), user_id, name, but_id=but_id)
    _check_owner(user_id, draft.added)
    try:
        with db.session.begin_nested():
            if memento is None:
                memento = Memento(user_id=user_id)
                db.session.add(memento)
            memento.name = name
            db.session.flush()
            if draft or but_id is None:
                _change_contents(memento, draft)
    except IntegrityError:
        # The person did something else between our look and our write; look again to say what.
        check_name(db.session(), user_id, name, but_id=but_id)
        _check_owner(user_id, draft.added)
        raise
    return memento


def _find_just_made(user_id: str, name: str, picks: set[Pick]) -> Memento | None:
    since = clock.now() - _A_MOMENT
    is_it = (Memento.user_id == user_id, Memento.name == name, Memento.created_at > since)
    made = db.session.scalar(select(Memento).where(*is_it))
    return made if made is not None and {_pick_of(content) for content in made.contents} == picks else None


def duplicate_memento(memento: Memento, copy_id: str) -> Memento:
    """Returns a memento with the same picks, called “… (copy)”; the one that has this id, where it was made before.

    Raises :class:`PickGone` for one that was deleted meanwhile, and :class:`TooManyMementos`.
    """
    lock_person(db.session(), memento.user_id)
    _lock(memento)
    made = find_memento(memento.user_id, copy_id)
    if made is not None:
        return made
    copy = Memento(id=copy_id, user_id=memento.user_id, name=_name_of_copy(memento))
    db.session.add(copy)
    db.session.flush()
    columns = (MementoContent.integration_id, MementoContent.folder, MementoContent.memory_id)
    picks = select(literal(copy.id), *columns).where(MementoContent.memento_id == memento.id)
    db.session.execute(insert(MementoContent).from_select(["memento_id", *(one.key for one in columns)], picks))
    return copy


def delete_memento(session: Session, memento: Memento) -> None:
    """End the memento: whoever looks through it loses it. The memories in it stay. The caller holds the person."""
    session.execute(to_change(select(Memento.id).where(Memento.id == memento.id)))
    session.execute(delete(Memento).where(Memento.id == memento.id))


def _lock(memento: Memento) -> str:
    """Keep the memento from being changed or deleted until the transaction ends; its id."""
    id = db.session.scalar(to_change(select(Memento.id).where(Memento.id == memento.id)))
    if id is None:
        raise PickGone(_("This memento was deleted meanwhile."))
    return id


def _contents_of(memento_id: str | None, picks: set[Pick]) -> list[MementoContent]:
    """The memento's contents that are one of these picks."""
    if memento_id is None or not picks:
        return []
    integration_ids = {pick.integration_id for pick in picks if pick.integration_id is not None}
    memory_ids = {pick.memory_id for pick in picks if pick.memory_id is not None}
    found = db.session.scalars(
        select(MementoContent).where(
            MementoContent.memento_id == memento_id,
            or_(MementoContent.integration_id.in_(integration_ids), MementoContent.memory_id.in_(memory_ids)),
        )
    )
    return [content for content in found if _pick_of(content) in picks]


def _pick_of(content: MementoContent) -> Pick:
    return Pick(content.integration_id, content.folder, content.memory_id)


def _check_owner(user_id: str, picks: Iterable[Pick]) -> None:
    integrations = {pick.integration_id for pick in picks} - {None}
    memories = {pick.memory_id for pick in picks} - {None}
    for model, wanted in ((Integration, integrations), (Memory, memories)):
        own = set(db.session.scalars(select(model.id).where(model.id.in_(wanted), model.user_id == user_id)))
        if own != wanted:
            raise PickGone(_("Something you ticked is not there any more; look at your choice again."))


def _change_contents(memento: Memento, draft: Draft) -> None:
    for content in _contents_of(memento.id, set(draft.removed)):
        db.session.delete(content)
    have = find_saved(memento.id, draft.added)
    db.session.add_all(
        MementoContent(
            memento_id=memento.id, integration_id=pick.integration_id, folder=pick.folder, memory_id=pick.memory_id
        )
        for pick in draft.added
        if pick not in have
    )
    db.session.flush()
    if db.session.scalar(select(MementoContent.id).where(MementoContent.memento_id == memento.id).limit(1)) is None:
        raise NothingPicked(_("Tick at least one source, folder or memory for the memento to hold."))


def _name_of_copy(memento: Memento) -> str:
    taken = set(db.session.scalars(select(Memento.name).where(Memento.user_id == memento.user_id)))
    demand_room(len(taken))
    taken = {name.casefold() for name in taken}
    number = 1
    while True:
        # In the language of whoever copies it: it is kept as their own words.
        ending = " " + translated(_("(copy)") if number == 1 else _("(copy %(number)s)", number=number))
        name = memento.name[: NAME_LENGTH - len(ending)].rstrip() + ending
        if name.casefold() not in taken:
            return name
        number += 1
