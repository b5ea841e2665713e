"""Memories that come in, a few in a transaction: each with what it was made of, so that it is known later."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.lock import lock_person
from app.credentials import new_id
from app.database.access import expect_writes
from app.database.locks import to_refer_to
from app.memories.importing.drafts import Draft, Source
from app.memories.importing.known import find_known
from app.memories.importing.models import MemoryOrigin
from app.memories.importing.own import MementoDraft
from app.memories.mementos import MementoError, check_name
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.memories.own import NOTES, notes_id
from app.memories.records import add_integration
from app.memories.totals import AccountFull, count_added, demand_room_for_source


class Writer:
    """Writes the drafts of one upload for one person."""

    def __init__(self, engine: Engine, user_id: str) -> None:
        self._engine = engine
        self._user_id = user_id
        self._places: dict[Source, str] = {}
        #: By the id that a memory had where it was taken out, its id here.
        self._ids: dict[str, str] = {}
        self.mementos: list[MementoDraft] = []
        #: How many were written.
        self.count = 0

    def write(self, drafts: Sequence[Draft], renew: Callable[[Connection], None]) -> None:
        """Write those that the person does not have, all of them or none. ``renew`` has a say in the transaction.

        Raises :class:`AccountFull`.
        """
        with expect_writes(), Session(self._engine) as session, session.begin():
            connection = session.connection()
            # Another upload of theirs may hold the same: one of both looks after the other has written.
            lock_person(session, self._user_id)
            self._find_places(session, [draft.source for draft in drafts])
            renew(connection)
            new: dict[bytes, Draft] = {}
            for draft, known in zip(drafts, find_known(connection, self._user_id, drafts), strict=True):
                if known is None:
                    new.setdefault(draft.digest(), draft)
                elif draft.own_id:
                    self._ids[draft.own_id] = known.memory_id
            memories = {digest: self._add(session, draft, place) for place, (digest, draft) in enumerate(new.items())}
            session.flush()
            count_added(session, memories.values())
            origins = [
                {"memory_id": memory.id, "user_id": self._user_id, "digest": digest}
                for digest, memory in memories.items()
            ]
            if origins:
                session.execute(insert(MemoryOrigin), origins)
        self.count += len(new)

    def make_mementos(self, renew: Callable[[Connection], None]) -> int:
        """Make the mementos of the upload that the person has no other of the same name of. Returns how many."""
        made = 0
        for draft in self.mementos:
            with expect_writes(), Session(self._engine) as session, session.begin():
                lock_person(session, self._user_id)
                renew(session.connection())
                made += self._make_memento(session, draft)
        return made

    def _add(self, session: Session, draft: Draft, place: int) -> Memory:
        now = clock.now() + timedelta(microseconds=place)
        created_at = _not_after(draft.created_at or draft.updated_at or draft.file_time, now)
        memory = Memory(
            id=new_id("mry"),
            user_id=self._user_id,
            integration_id=self._places[draft.source],
            folder=draft.folder,
            title=draft.title,
            text=draft.text,
            source_url=draft.source_url,
            created_at=created_at,
            updated_at=_not_after(draft.updated_at or draft.file_time or created_at, now),
            tags=[MemoryTag(tag=tag) for tag in draft.tags],
        )
        session.add(memory)
        if draft.own_id:
            self._ids[draft.own_id] = memory.id
        return memory

    def _find_places(self, session: Session, sources: Iterable[Source]) -> None:
        """Find the integrations that hold what comes from these sources, and make those that are not there.

        The caller holds the person.
        """
        wanted = dict.fromkeys(sources)
        ids = [self._places[source] for source in wanted if source in self._places]
        there = set(session.scalars(to_refer_to(select(Integration.id).where(Integration.id.in_(ids))))) if ids else ()
        for source in [source for source in wanted if self._places.get(source) not in there]:
            self._places[source] = self._ensure_place(session, source)

    def _ensure_place(self, session: Session, source: Source) -> str:
        # The id follows from the person and the source, so that no integration of an app is ever taken for it: nothing
        # that a person brings comes to lie where an app may read and write without being asked.
        called = f"{self._user_id} {source.kind} {source.name}"
        id = notes_id(self._user_id) if source.kind == NOTES else f"int_in_{sha256(called.encode()).hexdigest()[:24]}"
        if session.get(Integration, id) is None:
            demand_room_for_source(session, user_id=self._user_id, organization_id=None)
            add_integration(session, id=id, user_id=self._user_id, kind=source.kind, name=source.name)
        return id

    def _make_memento(self, session: Session, draft: MementoDraft) -> int:
        try:
            name = check_name(session, self._user_id, draft.name)
        except MementoError:
            return 0
        wanted = [self._ids[id] for id in draft.memory_ids if id in self._ids]
        there = set(session.scalars(select(Memory.id).where(Memory.id.in_(wanted), Memory.user_id == self._user_id)))
        try:
            self._find_places(session, [*draft.sources, *(source for source, _ in draft.folders)])
        except AccountFull:
            return 0
        contents = [MementoContent(integration_id=self._places[source]) for source in dict.fromkeys(draft.sources)]
        contents += [
            MementoContent(integration_id=self._places[source], folder=folder)
            for source, folder in dict.fromkeys(draft.folders)
        ]
        contents += [MementoContent(memory_id=id) for id in dict.fromkeys(wanted) if id in there]
        if contents:
            session.add(Memento(user_id=self._user_id, name=name, contents=contents))
        return bool(contents)


def _not_after(instant: datetime | None, now: datetime) -> datetime:
    """The instant, or now for none; nothing was made later than that."""
    return now if instant is None else min(instant, now)
