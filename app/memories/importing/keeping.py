"""An upload while it waits: received piece by piece, asked for, confirmed, let go. Nothing here commits."""

from collections.abc import Iterable
from datetime import timedelta
from typing import IO

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts.lock import lock_person
from app.credentials import new_id
from app.database.locks import to_change, to_refer_to
from app.database.rows import changed_rows
from app.memories.importing.models import DONE, READING, READY, RECEIVING, WRITING, Import, ImportPiece, ImportSkip
from app.memories.importing.words import as_line

#: How long an upload waits for somebody's word, and how long what became of it can be read.
WAITS_FOR = timedelta(hours=1)
TOLD_FOR = timedelta(days=1)
#: Bytes of a piece, and of all uploads that wait: no more are taken then.
PIECE = 512 * 1024
MOST_WAITING = 2 * 1024 * 1024 * 1024


def has_room(session: Session, size: int) -> bool:
    """Returns whether another upload can wait beside those that do."""
    waiting = select(func.coalesce(func.sum(Import.size), 0)).where(Import.state != DONE)
    return int(session.scalar(waiting) or 0) + size <= MOST_WAITING


def begin_import(session: Session, user_id: str, name: str, size: int) -> Import:
    """Make room for a person's upload. Returns its record. One that waited for their word until now is let go."""
    lock_person(session, user_id)
    others = select(Import.id).where(Import.user_id == user_id, Import.state.not_in((WRITING, DONE)))
    let_go(session, session.scalars(others).all())
    made = Import(
        id=new_id("imp"),
        user_id=user_id,
        state=RECEIVING,
        name=as_line(name.rpartition("/")[2], 300) or "?",
        size=size,
        expires_at=clock.now() + WAITS_FOR,
    )
    session.add(made)
    session.flush()
    return made


def add_piece(session: Session, import_id: str, number: int, data: bytes) -> bool:
    """Keep some bytes more. Returns False when the upload is gone: its person has begun another meanwhile."""
    if session.scalar(to_refer_to(select(Import.id).where(Import.id == import_id))) is None:
        return False
    piece = {"id": new_id("pce"), "import_id": import_id, "number": number, "data": data}
    session.execute(insert(ImportPiece), piece | {"expires_at": clock.now() + WAITS_FOR})
    return True


def find_import(session: Session, user_id: str, import_id: str) -> Import | None:
    """Returns the person's upload of that id; another person's is None, as if it did not exist."""
    mine = (Import.id == import_id, Import.user_id == user_id, Import.expires_at > clock.now())
    return session.scalar(select(Import).where(*mine).execution_options(populate_existing=True))


def find_latest(session: Session, user_id: str) -> Import | None:
    """Returns what the person has brought last, as long as there is anything to say of it."""
    mine = (Import.user_id == user_id, Import.expires_at > clock.now(), Import.state != RECEIVING)
    return session.scalar(select(Import).where(*mine).order_by(Import.created_at.desc()).limit(1))


def go_on(session: Session, import_id: str, state: str) -> bool:
    """Begin to look through what is received, or to bring in what was looked through. Returns whether it was due."""
    before = {READING: RECEIVING, WRITING: READY}[state]
    expires_at = clock.now() + (WAITS_FOR if state == READING else TOLD_FOR)
    moved = session.execute(
        update(Import)
        .where(Import.id == import_id, Import.state == before)
        .values(state=state, progress=0, held_until=0, expires_at=expires_at)
    )
    session.execute(update(ImportPiece).where(ImportPiece.import_id == import_id).values(expires_at=expires_at))
    return changed_rows(moved) == 1


def discard(session: Session, import_id: str) -> bool:
    """Let go of an upload that nobody is bringing in. Returns whether it was so."""
    found = session.scalar(to_change(select(Import.state).where(Import.id == import_id)))
    if found is None or found == WRITING:
        return False
    let_go(session, [import_id])
    return True


def let_go(session: Session, import_ids: Iterable[str]) -> None:
    """Forget uploads, with their pieces and with what was said of them."""
    ids = list(import_ids)
    if ids:
        session.execute(to_change(select(Import.id).where(Import.id.in_(ids)).order_by(Import.id)))
        session.execute(delete(Import).where(Import.id.in_(ids)))


def list_skips(session: Session, import_id: str, *, page: int, size: int) -> list[ImportSkip]:
    """Returns a page of what does not come in, and one more if there is a next page."""
    found = select(ImportSkip).where(ImportSkip.import_id == import_id).order_by(ImportSkip.number)
    return list(session.scalars(found.offset((page - 1) * size).limit(size + 1)))


def load(connection: Connection, import_id: str, into: IO[bytes]) -> None:
    """Write the bytes of an upload to a file, one piece in memory at a time."""
    of_it = ImportPiece.import_id == import_id
    numbers = connection.scalars(select(ImportPiece.number).where(of_it).order_by(ImportPiece.number)).all()
    for number in numbers:
        into.write(connection.scalar(select(ImportPiece.data).where(of_it, ImportPiece.number == number)) or b"")
    into.seek(0)
