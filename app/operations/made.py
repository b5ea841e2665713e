"""The mementos that an app makes: its connection made them, and they hold only memories that the app added itself.

So they show the app nothing that it does not reach anyway, in its own "Saved by {App}", and no consent has to cover
them. What somebody else has put in order stays as it is: once another app's consent names such a memento, or the
person has put other things into it, the app that made it may no longer change or delete it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, and_, delete, exists, false, or_, select
from sqlalchemy.exc import IntegrityError

from app.consents.changes import note_deleted_memento
from app.consents.events import APP
from app.consents.live import is_live
from app.consents.made import MadeMemento
from app.consents.models import Consent, ConsentMemento
from app.database.locks import to_change
from app.database.rows import is_taken, refers_to_nothing
from app.database.session_connection import SessionConnection
from app.memories.editing import delete_memento
from app.memories.mementos import (
    NAME_LENGTH,
    MementoError,
    MementoNameTaken,
    TooManyMementos,
    check_name,
    read_name,
)
from app.memories.models import Memento, MementoContent, Memory
from app.memories.reach import limits_of
from app.operations.caller import Caller
from app.operations.refusals import Refused, account_full, invalid_field, invalid_fields, not_found, not_writable

#: How many mementos one connection may make, and how many memories each may hold.
MOST_MADE = 100
MOST_IN_ONE = 1000


def list_made(caller: Caller) -> list[MadeMemento]:
    """Returns the mementos that the connection has made, by name."""
    statement = select(MadeMemento).where(MadeMemento.grant_id == caller.grant_id)
    return list(caller.session.scalars(statement.order_by(MadeMemento.name)))


def find_made(caller: Caller, memento_id: str) -> MadeMemento | None:
    """Returns the memento of that id, if the connection made it."""
    mine = (MadeMemento.memento_id == memento_id, MadeMemento.grant_id == caller.grant_id)
    return caller.session.scalar(select(MadeMemento).where(*mine))


def make(caller: Caller, name: str) -> MadeMemento:
    """Make a new, empty memento of the person's and return it, flushed. Raises ``validation_failed``."""
    try:
        name = read_name(name)
    except MementoError as error:
        raise _wrong_name("invalid", str(error)) from None
    names = {made.name.casefold() for made in list_made(caller)}
    if name.casefold() in names:
        raise _wrong_name("taken", "This app has made a memento of that name; choose another.")
    if len(names) >= MOST_MADE:
        raise _wrong_name("too_many", f"This app has made {MOST_MADE} mementos; delete one first.")
    made = MadeMemento(memento_id=_add_memento(caller, name).id, grant_id=caller.grant_id, name=name)
    caller.session.add(made)
    caller.session.flush()
    return made


def change_contents(caller: Caller, made: MadeMemento, add: Sequence[str], remove: Iterable[str]) -> list[str]:
    """Put memories in and take others out. Returns the ids of those that went in or out.

    Raises ``not_writable``, and ``validation_failed`` for a memory that the app did not add.
    """
    _demand_changeable(caller, made)
    # What is in it and out of reach is as if it did not exist: it is neither known nor counted nor taken out.
    held = set(caller.session.scalars(select_held(caller, made)))
    new = [id for id in add if id not in held]
    own = set(caller.session.scalars(select(Memory.id).where(Memory.id.in_(new), _within_reach(caller))))
    unknown = [id for id in new if id not in own]
    if unknown:
        raise _not_added(unknown)
    gone = [id for id in held if id in set(remove)]
    if len(held) - len(gone) + len(new) > MOST_IN_ONE:
        sentence = f"A memento that an app makes holds at most {MOST_IN_ONE} memories."
        raise invalid_field("add", "too_many", sentence)
    caller.session.execute(delete(MementoContent).where(*_in(made), MementoContent.memory_id.in_(gone)))
    try:
        with caller.session.begin_nested():
            caller.session.add_all(MementoContent(memento_id=made.memento_id, memory_id=id) for id in new)
    except IntegrityError as error:
        if not refers_to_nothing(error):
            raise
        # Somebody deleted one of them between our look and our insert.
        raise _not_added(new) from None
    return [*new, *gone]


def empty(caller: Caller, made: MadeMemento) -> list[str]:
    """Take everything out. Returns the ids of what was in it. Raises ``not_writable``."""
    _demand_changeable(caller, made)
    held = caller.session.scalars(select(MementoContent.memory_id).where(*_in(made))).all()
    caller.session.execute(delete(MementoContent).where(*_in(made)))
    # Whoever may change it has put nothing but memories in.
    return [id for id in held if id is not None]


def unmake(caller: Caller, made: MadeMemento) -> list[str]:
    """Delete the memento; the memories stay. Returns the ids of what was in it. Raises ``not_writable``."""
    held = empty(caller, made)
    note_deleted_memento(SessionConnection(caller.session), made.memento_id, actor=APP)
    delete_memento(caller.session, caller.session.get_one(Memento, made.memento_id))
    return held


def select_held(caller: Caller, made: MadeMemento) -> Select[str]:
    """Returns a ``SELECT`` of the ids of the memories in it that the app added and reaches, the newest first."""
    inside = select(MementoContent.memory_id).where(*_in(made))
    added = select(Memory.id).where(Memory.id.in_(inside), _within_reach(caller))
    return added.order_by(Memory.created_at.desc(), Memory.id.desc())


def _add_memento(caller: Caller, name: str) -> Memento:
    # The person may have a memento of that name. The app is not told.
    for place in range(1, MOST_MADE + 2):
        ending = f" ({place})" if place > 1 else ""
        memento = Memento(user_id=caller.subject, name=name[: NAME_LENGTH - len(ending)].rstrip() + ending)
        try:
            memento.name = check_name(caller.session, caller.subject, memento.name)
            with caller.session.begin_nested():
                caller.session.add(memento)
        except MementoNameTaken:
            continue
        except TooManyMementos as error:
            raise account_full(str(error)) from None
        except IntegrityError as error:
            if not is_taken(error, Memento.user_id, Memento.name):
                raise
            continue
        return memento
    raise _wrong_name("taken", "Choose another name.")


def _demand_changeable(caller: Caller, made: MadeMemento) -> None:
    """Keep the memento as it is until the transaction ends, if the app may change it."""
    locked = select(Memento.id).where(Memento.id == made.memento_id, Memento.user_id == caller.user_id)
    if caller.session.scalar(to_change(locked)) is None:
        raise not_found()
    if caller.session.scalar(select(exists().where(_is_named_by_another(caller, made)))):
        raise not_writable("Another app looks through this memento; only the person may change it now.")
    other = or_(MementoContent.memory_id.is_(None), MementoContent.memory_id.not_in(_select_added(caller)))
    if caller.session.scalar(select(exists().where(*_in(made), other))):
        raise not_writable("This memento holds what this app has not added; only the person may change it now.")


def _is_named_by_another(caller: Caller, made: MadeMemento) -> ColumnElement[bool]:
    """An app that sees everything goes on seeing what is in it; one whose choice names it would see something else."""
    return and_(
        ConsentMemento.memento_id == made.memento_id,
        ConsentMemento.grant_id == Consent.grant_id,
        Consent.grant_id != caller.grant_id,
        is_live(Consent),
    )


def _added_by(caller: Caller) -> ColumnElement[bool]:
    """A condition on :class:`Memory`: the app added it, which nobody else does in these integrations."""
    if caller.saved_memento_id is None:
        return false()
    own = select(MementoContent.integration_id).where(
        MementoContent.memento_id == caller.saved_memento_id,
        MementoContent.integration_id.is_not(None),
        MementoContent.folder.is_(None),
    )
    return and_(Memory.user_id == caller.user_id, Memory.integration_id.in_(own))


def _within_reach(caller: Caller) -> ColumnElement[bool]:
    """A condition on :class:`Memory`: the app added it, and nothing keeps it back from the app since."""
    return and_(_added_by(caller), *limits_of(caller.reach))


def _select_added(caller: Caller) -> Select[str]:
    return select(Memory.id).where(_added_by(caller))


def _in(made: MadeMemento) -> tuple[ColumnElement[bool]]:
    return (MementoContent.memento_id == made.memento_id,)


def _wrong_name(code: str, sentence: str) -> Refused:
    return invalid_field("name", code, sentence)


def _not_added(ids: Iterable[str]) -> Refused:
    sentence = "There is no such memory that this app has added."
    return invalid_fields([{"field": "add", "code": "unknown", "message": f"{id}: {sentence}"} for id in ids])
