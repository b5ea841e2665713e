"""A person's mementos: what each contains, in numbers and samples, and making one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Select, String, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import text
from app.accounts.lock import lock_person
from app.credentials import is_id
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.extensions import db
from app.memories.built_in import ALL, RESERVED_NAMES
from app.memories.built_once import BuiltOnce, Limits
from app.memories.contents import (
    is_own,
    memories_of_mementos,
    select_counts,
    select_counts_together,
    select_newest_titles,
    select_sample_titles,
)
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.sources import IntegrationSummary, Source
from app.sentences import _

__all__ = [
    "IntegrationSummary",
    "MementoError",
    "MementoNameInvalid",
    "MementoNameTaken",
    "MementoSummary",
    "NoIntegrationChosen",
    "Source",
    "UnknownIntegration",
    "count_chosen",
    "count_together",
    "create_memento",
    "find_memento",
    "list_integrations",
    "list_mementos",
    "memories_of_mementos",
    "owned_memento_ids",
    "summarize_everything",
    "summarize_memento",
]

NAME_LENGTH = 100
#: How many a person has at most, those that apps make among them.
MOST_OF_PERSON = 2000


class MementoError(ValueError):
    """Why a memento cannot be made; the message is a sentence for the person who tried."""


class MementoNameInvalid(MementoError):
    """The name is empty, too long, or holds what nobody can read."""


class MementoNameTaken(MementoError):
    """The person has a memento that reads the same, or the name is a built-in one's."""


class TooManyMementos(MementoError):
    """The person has as many as one keeps."""


class NoIntegrationChosen(MementoError):
    """There is nothing to make the memento of."""


class UnknownIntegration(MementoError):
    """An integration that does not exist, or is another person's."""


class MementoSummary(Struct, frozen=True):
    """What a person sees of a memento: each memory counts once, sources are largest first, sample titles newest first."""

    id: str
    name: str
    count: int
    sources: list[Source]
    sample_titles: list[str]


def list_mementos(user_id: str, limits: Limits = ()) -> list[MementoSummary]:
    """Returns the person's own mementos by name, in three queries however many there are."""
    session = db.session()
    names = SessionConnection(session).all(_LIST_NAMES, user=user_id)
    sources, titles = defaultdict(list), defaultdict(list)
    for memento_id, kind, name, count in select_counts.read(session, user_id, limits):
        sources[memento_id].append(Source(kind, name, int(count)))
    for memento_id, title in select_sample_titles.read(session, user_id, limits):
        titles[memento_id].append(title)
    return [
        _summary(id, name, sources[id], titles[id])
        for id, name in sorted(names, key=lambda row: (row.name.casefold(), row.name))
    ]


def find_memento(user_id: str, memento_id: str) -> Memento | None:
    """Returns the person's memento of that id; another person's is None, as if it did not exist."""
    if not is_id(memento_id):
        return None
    return db.session.scalar(_FIND_MEMENTO, {"memento": memento_id, "user": user_id})


def summarize_memento(memento: Memento) -> MementoSummary:
    """Returns one memento's count and sources, without sample titles."""
    return _summary(memento.id, memento.name, count_together(memento.user_id, [memento.id]), [])


def summarize_everything(
    user_id: str, limits: Limits = (), integrations: Sequence[IntegrationSummary] | None = None
) -> MementoSummary:
    """Returns the built-in memento that contains all of the person's memories, those that ``limits`` leave out aside.

    ``integrations`` are all of theirs, where they have been listed already.
    """
    counted = list_integrations(user_id, limits) if limits or integrations is None else integrations
    counted = sorted(counted, key=lambda one: (-one.count, one.name))
    sources = [Source(one.kind, one.name, one.count) for one in counted if one.count]
    newest = select_newest_titles.read(db.session(), user_id, limits)
    return _summary(ALL.id, ALL.name, sources, [title for (title,) in newest])


def list_integrations(user_id: str, limits: Limits = ()) -> list[IntegrationSummary]:
    """Returns the person's integrations by name, also those that hold nothing yet."""
    rows = _select_integrations.read(db.session(), user_id, limits)
    return sorted((IntegrationSummary(*row) for row in rows), key=lambda one: (one.name.casefold(), one.id))


def count_chosen(user_id: str, memento_ids: Iterable[str], limits: Limits = ()) -> int:
    """Returns how many memories these mementos of the person contain together; one that is in two counts once."""
    return sum(source.count for source in count_together(user_id, owned_memento_ids(user_id, memento_ids), limits))


def count_together(user_id: str, memento_ids: list[str], limits: Limits = ()) -> list[Source]:
    """Returns the same by integration, the largest first."""
    rows = db.session.execute(select_counts_together(limits), {"user_id": user_id, "memento_ids": memento_ids})
    return [Source(kind, name, int(count)) for _, kind, name, count in rows]


def owned_memento_ids(user_id: str, memento_ids: Iterable[str]) -> list[str]:
    """Returns those of the ids that are the person's mementos, in the order given, each once."""
    own = {id for id, _ in SessionConnection(db.session()).all(_LIST_NAMES, user=user_id)}
    return [id for id in dict.fromkeys(memento_ids) if id in own]


def create_memento(session: Session, user_id: str, name: str, integration_ids: Iterable[str]) -> Memento:
    """Returns a new memento of whole integrations, added to the session and flushed. Raises :class:`MementoError`."""
    lock_person(session, user_id)
    name = check_name(session, user_id, name)
    chosen = _check_integrations(session, user_id, list(dict.fromkeys(integration_ids)))
    memento = Memento(user_id=user_id, name=name, contents=[MementoContent(integration_id=id) for id in chosen])
    try:
        with session.begin_nested():
            session.add(memento)
    except IntegrityError:
        # The person did something else between our look and our insert; look again to say what.
        check_name(session, user_id, name)
        _check_integrations(session, user_id, chosen)
        raise
    return memento


def check_name(session: Session, user_id: str, name: str, *, but_id: str | None = None) -> str:
    """Returns the name as it is kept, free among the person's mementos (one of them aside). Raises :class:`MementoError`.

    Without ``but_id`` it is for one more, which the person must have room for. The caller holds the person.
    """
    name = read_name(name)
    others = select(Memento.name).where(Memento.user_id == user_id)
    taken = list(session.scalars(others if but_id is None else others.where(Memento.id != but_id)))
    if but_id is None:
        demand_room(len(taken))
    if name.casefold() in {known.casefold() for known in taken}:
        raise MementoNameTaken(_("You already have a memento called “%(name)s”; choose another name.", name=name))
    return name


def demand_room(count: int) -> None:
    """Raises :class:`TooManyMementos` where a person who has so many has no room for one more."""
    if count >= MOST_OF_PERSON:
        raise TooManyMementos(
            _("No more than %(most)s mementos are kept. Delete one first.", most=f"{MOST_OF_PERSON:,}")
        )


def read_name(name: str) -> str:
    """Returns the name as it is kept, whoever has another of that name. Raises :class:`MementoError`."""
    name = text.clean_line(name)
    if not name:
        raise MementoNameInvalid(_("Give the memento a name, such as “Recipes”."))
    if len(name) > NAME_LENGTH:
        raise MementoNameInvalid(
            _(
                "That name has %(length)s characters; shorten it to %(most)s or fewer.",
                length=len(name),
                most=NAME_LENGTH,
            )
        )
    problem = text.find_line_problem(name)
    if problem:
        raise MementoNameInvalid(_("That name %(problem)s", problem=problem))
    if name.casefold() in RESERVED_NAMES:
        raise MementoNameTaken(
            _("“%(name)s” is the name of a built-in choice; give your memento another name.", name=name)
        )
    return name


_LIST_NAMES = Statement(select(Memento.id, Memento.name).where(Memento.user_id == bindparam("user")))
_FIND_MEMENTO = select(Memento).where(Memento.id == bindparam("memento"), Memento.user_id == bindparam("user"))


@BuiltOnce
def _select_integrations(limits: Limits) -> Select:
    user_id = bindparam("user_id", type_=String)
    counts = (
        select(Memory.integration_id, func.count().label("count"))
        .where(is_own(user_id), *limits)
        .group_by(Memory.integration_id)
        .subquery()
    )
    return (
        select(Integration.id, Integration.kind, Integration.name, func.coalesce(counts.c.count, 0).label("count"))
        .outerjoin(counts, counts.c.integration_id == Integration.id)
        .where(Integration.user_id == user_id)
    )


def _summary(id: str, name: str, sources: list[Source], sample_titles: list[str]) -> MementoSummary:
    return MementoSummary(id, name, sum(source.count for source in sources), sources, sample_titles)


def _check_integrations(session: Session, user_id: str, asked: list[str]) -> list[str]:
    if not asked:
        raise NoIntegrationChosen(_("Tick at least one source for the memento to look into."))
    own = set(session.scalars(select(Integration.id).where(Integration.user_id == user_id)))
    if not own.issuperset(asked):
        raise UnknownIntegration(_("One of those sources is not connected to your account any more; choose again."))
    return asked
