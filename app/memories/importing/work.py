"""An upload looked through, or brought in, by one process at a time; whoever comes after one that died goes on.

What came in is known by what it was made of, so doing it once more from the beginning adds nothing twice.
"""

import time
from collections.abc import Iterator
from itertools import count, islice
from tempfile import TemporaryFile
from typing import IO

from msgspec import Struct
from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from app import clock
from app.database.access import expect_reads, expect_writes
from app.database.leases import DatabaseNow, new_holder
from app.database.rows import changed_rows
from app.memories.importing.drafts import Draft
from app.memories.importing.keeping import load
from app.memories.importing.known import find_known
from app.memories.importing.models import AT_WORK, DONE, FAILED, READING, READY, Import, ImportPiece, ImportSkip
from app.memories.importing.own import MementoDraft
from app.memories.importing.reading import Found, Reader
from app.memories.importing.report import Report
from app.memories.importing.skips import UnusableUpload
from app.memories.importing.sorting import Sorting
from app.memories.importing.writing import Writer
from app.memories.models import Memento
from app.memories.totals import AccountFull

#: Seconds for which a process has an upload for itself, unless it says again that it is at it.
HELD_SECONDS = 60
#: How many drafts are looked at, or written, at once, and how many characters they have together at most.
_MOST_AT_ONCE, _MOST_CHARACTERS = 100, 500_000
_NAME_LENGTH = 600


class Lost(Exception):
    """Another process has the upload, or nobody wants it any more."""


class Hold(Struct):
    """The right of one process to work on one upload."""

    id: str
    user_id: str
    name: str
    size: int
    state: str
    holder: str
    report: Report
    #: How many memories this process has brought in.
    came_in: int = 0

    def renew(self, connection: Connection, progress: int) -> None:
        """Say that it goes on. Raises :class:`Lost`."""
        self._move(connection, progress=min(999, progress), held_until=_now() + HELD_SECONDS * 1_000_000)

    def end(self, connection: Connection, state: str) -> None:
        """Say that it is done. Raises :class:`Lost`."""
        self._move(connection, state=state, held_until=0, report=self.report.format())

    def _move(self, connection: Connection, **values: object) -> None:
        mine = (Import.id == self.id, Import.holder == self.holder, Import.state == self.state)
        if changed_rows(connection.execute(update(Import).where(*mine).values(**values))) != 1:
            raise Lost


def take_next(engine: Engine, left: str = "") -> Hold | None:
    """Take an upload that is to be worked on and that nobody has. Returns None when there is none.

    ``left`` is the holder under whose name this process has let go of one: nobody else needs to wait for it.
    """
    is_held_no_more = or_(Import.held_until < _now(), Import.holder == left) if left else Import.held_until < _now()
    is_free = (Import.state.in_(AT_WORK), is_held_no_more, Import.expires_at > clock.now())
    with expect_reads(), engine.connect() as connection:
        found = connection.execute(
            select(Import.__table__).where(*is_free).order_by(Import.created_at).limit(1)
        ).first()
    if found is None:
        return None
    hold = Hold(found.id, found.user_id, found.name, found.size, found.state, new_holder(), Report.parse(found.report))
    taken = {"holder": hold.holder, "held_until": _now() + HELD_SECONDS * 1_000_000}
    with expect_writes(), engine.begin() as connection:
        is_ours = changed_rows(connection.execute(update(Import).where(Import.id == hold.id, *is_free).values(taken)))
    return hold if is_ours == 1 else take_next(engine, left)


def work_on(engine: Engine, hold: Hold) -> None:
    """Look through an upload, or bring it in. Raises :class:`Lost`."""
    with TemporaryFile() as file:
        with expect_reads(), engine.connect() as connection:
            load(connection, hold.id, file)
        try:
            if hold.state == READING:
                _look_through(engine, hold, file)
            else:
                _bring_in(engine, hold, file)
        except UnusableUpload as error:
            hold.report = Report(problem=error.sentence, count=hold.came_in)
            _end(engine, hold, FAILED)


def _look_through(engine: Engine, hold: Hold, file: IO[bytes]) -> None:
    hold.report = Report()
    reader = Reader(file, hold.name, hold.size)
    with expect_reads(), engine.connect() as connection:
        names = connection.scalars(select(Memento.name).where(Memento.user_id == hold.user_id)).all()
    sorting = Sorting(hold.report, names)
    with expect_writes(), engine.begin() as connection:
        connection.execute(delete(ImportSkip).where(ImportSkip.import_id == hold.id))
    number = count(1)
    for batch in _batches(reader.read()):
        began = time.monotonic()
        drafts = [one for one in batch if isinstance(one, Draft)]
        with expect_reads(), engine.connect() as connection:
            known = find_known(connection, hold.user_id, drafts)
        rows = [
            {
                "import_id": hold.id,
                "number": next(number),
                "name": skip.name[:_NAME_LENGTH],
                "reason": skip.reason.value,
            }
            for skip in sorting.sort(batch, known)
        ]
        with expect_writes(), engine.begin() as connection:
            hold.renew(connection, 1000 * reader.done // reader.total)
            if rows:
                connection.execute(insert(ImportSkip), rows)
        _let_others(began)
    _end(engine, hold, READY)


def _bring_in(engine: Engine, hold: Hold, file: IO[bytes]) -> None:
    reader = Reader(file, hold.name, hold.size)
    writer = Writer(engine, hold.user_id)
    for batch in _batches(reader.read()):
        began = time.monotonic()
        # A memento is made when all its memories are there.
        writer.mementos += [one for one in batch if isinstance(one, MementoDraft)]
        drafts = [one for one in batch if isinstance(one, Draft)]
        try:
            writer.write(drafts, lambda connection: hold.renew(connection, 1000 * reader.done // reader.total))
        except AccountFull as error:
            raise UnusableUpload(str(error)) from None
        hold.came_in = writer.count
        _let_others(began)
    made = writer.make_mementos(lambda connection: hold.renew(connection, 999))
    hold.report.memento_count = made
    _end(engine, hold, DONE)


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    """A few at a time, fewer of long ones."""
    batch: list[Found] = []
    characters = 0
    for one in found:
        batch.append(one)
        characters += len(one.text) if isinstance(one, Draft) else 0
        if len(batch) >= _MOST_AT_ONCE or characters > _MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    yield batch


def _end(engine: Engine, hold: Hold, state: str) -> None:
    with expect_writes(), engine.begin() as connection:
        hold.end(connection, state)
    if state != READY:
        _forget_pieces(engine, hold.id)


def _forget_pieces(engine: Engine, import_id: str) -> None:
    """A few at a time: others write in between."""
    of_it = select(ImportPiece.id).where(ImportPiece.import_id == import_id).limit(10)
    while True:
        with expect_writes(), engine.begin() as connection:
            ids = list(islice(connection.scalars(of_it), 10))
            connection.execute(delete(ImportPiece).where(ImportPiece.id.in_(ids)))
        if not ids:
            return


def _let_others(began: float) -> None:
    """Wait for a part of the time that the work took: whoever asks meanwhile is answered."""
    time.sleep(min(0.1, (time.monotonic() - began) / 3))


def _now() -> DatabaseNow:
    return DatabaseNow()
