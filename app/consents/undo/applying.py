"""Undoing: what an app added goes, what it changed is again what it was, what it deleted is there again."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import clock
from app.consents.undo.models import AppChange
from app.consents.undo.plan import Step
from app.database.locks import to_change
from app.database.patience import take_time
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.memories.records import change_memory, delete_memory, restore_memory

#: So many are undone at once, in one transaction.
MOST_AT_ONCE = 1000


def apply_steps(session: Session, user_id: str, steps: Sequence[Step]) -> int:
    """Undo these, in the caller's transaction, who holds the person and has planned them in it. Returns how many were.

    One that is not as it was planned, because somebody changes it at this moment, is left alone.
    """
    take_time()
    ids = sorted(step.memory_id for step in steps if step.memory_id is not None)
    # In the order of their keys, as everybody who changes several.
    held = select(Memory).where(Memory.id.in_(ids), Memory.user_id == user_id).order_by(Memory.id)
    present = {memory.id: memory for memory in session.scalars(to_change(held, Memory))}
    done = 0
    # What goes makes room for what comes back.
    for step in sorted(steps, key=lambda step: step.act != "delete"):
        now = present.get(step.memory_id or "")
        if step.memory_id is not None and ("" if now is None else now.updated_at.isoformat()) != step.is_now:
            continue
        _undo(session, user_id, step, now)
        _mark(session, step)
        done += 1
    return done


def _undo(session: Session, user_id: str, step: Step, now: Memory | None) -> None:
    change = session.get_one(AppChange, step.change_id)
    if change.memory_id is None:
        _undo_source(session, user_id, change, step)
    elif now is None:
        _restore(session, user_id, change)
    elif step.act == "delete":
        delete_memory(session, now)
    else:
        change_memory(session, now, _fields_of(change))


def _fields_of(change: AppChange) -> dict[str, object]:
    return {
        "title": change.title,
        "text": change.text,
        "folder": change.folder,
        "source_url": change.source_url,
        "tags": list(change.tags or ()),
    }


def _restore(session: Session, user_id: str, change: AppChange) -> None:
    source = _ensure_source(session, user_id, change)
    restore_memory(session, source, change.memory_id or "", _fields_of(change), change.created_at or change.at)
    # Which mementos named it was kept when it was deleted, which may be later than what comes back.
    deleted = AppChange.memory_id == change.memory_id, AppChange.kind == "deleted", AppChange.undone_at.is_(None)
    latest = select(AppChange).where(*deleted).order_by(AppChange.id.desc()).limit(1)
    _pick_again(session, user_id, session.scalar(latest) or change)


def _undo_source(session: Session, user_id: str, change: AppChange, step: Step) -> None:
    source = _ensure_source(session, user_id, change)
    if step.act == "revert":
        source.name = change.integration_name
        return
    source.name = step.title
    _pick_again(session, user_id, change)


def _ensure_source(session: Session, user_id: str, change: AppChange) -> Integration:
    """Returns the source that it lay in; it is made again where it is gone, under the id that it had."""
    known = session.scalar(
        select(Integration).where(Integration.id == change.integration_id, Integration.user_id == user_id)
    )
    if known is not None:
        return known
    source = Integration(
        id=change.integration_id, user_id=user_id, kind=change.integration_kind, name=change.integration_name
    )
    session.add(source)
    session.flush()
    return source


def _pick_again(session: Session, user_id: str, change: AppChange) -> None:
    """Put it back into the mementos that named it, as far as the person still has them."""
    picks = [pick.partition("/") for pick in change.picks or ()]
    own = select(Memento.id).where(Memento.id.in_([one[0] for one in picks]), Memento.user_id == user_id)
    kept = set(session.scalars(own)) if picks else set()
    for memento_id, is_folder, folder in sorted(picks):
        if memento_id not in kept:
            continue
        if change.memory_id is not None:
            session.add(MementoContent(memento_id=memento_id, memory_id=change.memory_id))
        else:
            place = {"integration_id": change.integration_id, "folder": folder if is_folder else None}
            session.add(MementoContent(memento_id=memento_id, **place))
    session.flush()


def _mark(session: Session, step: Step) -> None:
    undone: Sequence[int] = step.change_ids
    if step.act == "delete":
        # The person has deleted it by this, and what they deleted is gone; that it was undone is told.
        session.execute(delete(AppChange).where(AppChange.memory_id == step.memory_id, AppChange.id != step.change_id))
        undone = [step.change_id]
    session.execute(update(AppChange).where(AppChange.id.in_(undone)).values(undone_at=clock.now()))
