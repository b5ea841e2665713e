"""Saying what is never shared, and taking it back; and how much of a choice that keeps back. Nothing here commits."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app import clock, text
from app.accounts.lock import lock_person
from app.accounts.models import User
from app.database.session_connection import SessionConnection
from app.database.statements import Statement
from app.memories.built_once import SHARED_ONLY, Limits
from app.memories.contents import is_own, memories_of_mementos
from app.memories.models import Integration, Memory, MemoryTag
from app.memories.never_shared import NeverShared, is_kept_back
from app.memories.picks import Pick, containers_of_memory
from app.same_letters import InSmallLetters, in_small_letters
from app.sentences import _

_FIND_NEVER_SHARES_AT = Statement(select(User.never_shares_at).where(User.id == bindparam("user")))

#: How many things a person may name. What is searched goes through them all.
MOST_RULES = 500
_LONGEST_TAG = 60


class CannotKeepBack(ValueError):
    """Why it cannot be said; the message is a sentence for the person."""


class NothingToKeepBack(CannotKeepBack):
    """It does not exist, or is another person's."""


class Rule(Struct, frozen=True):
    """One thing that is never shared: a pick, or a tag. ``count`` is how many memories that are now."""

    id: int
    pick: Pick | None
    tag: str | None
    integration_name: str | None
    memory_title: str | None
    count: int


def keep_back(session: Session, user_id: str, what: Pick | str) -> None:
    """Never share a memory, a folder, a whole integration (a :class:`Pick`) or a tag, from now on.

    What is so already stays so. Raises :class:`CannotKeepBack`. To whoever asks about a thing of somebody else's it
    does not exist.
    """
    lock_person(session, user_id)
    values = _values_of_tag(what) if isinstance(what, str) else _values_of_pick(session, user_id, what)
    own = NeverShared.user_id == user_id
    if session.scalar(select(exists().where(own, *_is(values)))):
        return
    if count_rules(session, user_id) >= MOST_RULES:
        raise CannotKeepBack(
            _("You have named %(most)s things that are never shared; take one back first.", most=MOST_RULES)
        )
    session.add(NeverShared(user_id=user_id, **values))
    session.flush()
    _note_change(session, user_id)


def stop_keeping_back(session: Session, user_id: str, rule_id: int) -> bool:
    """Let one thing be shared again, where it was chosen. Returns False when it is not the person's, or gone."""
    lock_person(session, user_id)
    ended = session.execute(delete(NeverShared).where(NeverShared.id == rule_id, NeverShared.user_id == user_id))
    _note_change(session, user_id)
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def list_rules(session: Session, user_id: str, page: int = 1, size: int = MOST_RULES) -> list[Rule]:
    """Returns a page of what the person never shares, the latest first, each with how many memories that is now."""
    rows = session.execute(_select_rules(user_id).offset((page - 1) * size).limit(size)).all()
    own = select(func.count()).select_from(Memory).where(Memory.user_id == user_id)
    return [_describe(row, session.scalar(own.where(_is_of(row.NeverShared))) or 0) for row in rows]


def count_rules(session: Session, user_id: str) -> int:
    """Returns how many things the person has named."""
    return session.scalar(select(func.count()).select_from(NeverShared).where(NeverShared.user_id == user_id)) or 0


def find_rules_over(session: Session, user_id: str, memory: Memory) -> list[Rule]:
    """Returns what keeps back one memory of the person's; empty when it may be shared."""
    if not find_kept_back(session, user_id, [memory.id]):
        return []
    tags = {in_small_letters(tag.tag) for tag in memory.tags}
    places = [Pick(memory_id=memory.id), *containers_of_memory(memory.integration_id, memory.folder)]
    rows = session.execute(_select_rules(user_id)).all()
    return [
        _describe(row, 1) for row in rows if _pick_of(row.NeverShared) in places or _tag_of(row.NeverShared) in tags
    ]


def list_kept_back_picks(session: Session, user_id: str) -> set[Pick]:
    """Returns the memories, folders and integrations that the person named themselves."""
    named = select(NeverShared).where(NeverShared.user_id == user_id, NeverShared.tag.is_(None))
    return {pick for rule in session.scalars(named) if (pick := _pick_of(rule)) is not None}


def find_kept_back(session: Session, user_id: str, memory_ids: Iterable[str]) -> set[str]:
    """Returns those of the memories that are never shared."""
    if not keeps_anything_back(session, user_id):
        return set()
    return set(session.scalars(select(Memory.id).where(Memory.id.in_(list(memory_ids)), is_kept_back(user_id))))


def count_kept_back(session: Session, user_id: str, limits: Limits, memento_ids: Sequence[str] | None = None) -> int:
    """Returns how many of the memories of these mementos are never shared; with None, of everything.

    ``limits`` is what :func:`shared_only` says.
    """
    if not limits:
        return 0
    within = is_own(user_id)
    if memento_ids is not None:
        within = and_(Memory.user_id == user_id, memories_of_mementos(memento_ids))
    counted = select(func.count()).select_from(Memory).where(within, is_kept_back(user_id))
    return session.scalar(counted) or 0


def shared_only(session: Session, user_id: str) -> Limits:
    """Returns what leaves out what the person never shares; empty where there is nothing."""
    return SHARED_ONLY if keeps_anything_back(session, user_id) else ()


def keeps_anything_back(session: Session, user_id: str) -> bool:
    """Returns whether the person never shares something."""
    return SessionConnection(session).scalar(_FIND_NEVER_SHARES_AT, user=user_id) is not None


def _note_change(session: Session, user_id: str) -> None:
    """What an app is doing at this moment is looked at once more (see ``operations.holding``)."""
    any_left = session.scalar(select(exists().where(NeverShared.user_id == user_id)))
    session.execute(update(User).where(User.id == user_id).values(never_shares_at=clock.now() if any_left else None))


def _values_of_tag(tag: str) -> dict[str, str | None]:
    tag = text.clean_line(tag)
    if not tag:
        raise CannotKeepBack(_("Name a tag, such as “private”."))
    if len(tag) > _LONGEST_TAG:
        raise CannotKeepBack(_("A tag has at most %(most)s characters.", most=_LONGEST_TAG))
    problem = text.find_line_problem(tag)
    if problem:
        raise CannotKeepBack(_("That tag %(problem)s", problem=problem))
    return {"tag": tag}


def _values_of_pick(session: Session, user_id: str, pick: Pick) -> dict[str, str | None]:
    if pick.memory_id is not None:
        own = exists().where(Memory.id == pick.memory_id, Memory.user_id == user_id)
    else:
        own = exists().where(Integration.id == pick.integration_id, Integration.user_id == user_id)
    if not session.scalar(select(own)):
        raise NothingToKeepBack(_("That is not among your memories any more."))
    return {"memory_id": pick.memory_id, "integration_id": pick.integration_id, "folder": pick.folder}


def _is(values: dict[str, str | None]) -> list[ColumnElement[bool]]:
    if values.get("tag") is not None:
        return [InSmallLetters(NeverShared.tag) == in_small_letters(values["tag"])]
    return [getattr(NeverShared, name).is_not_distinct_from(value) for name, value in values.items()]


def _select_rules(user_id: str) -> Select:
    return (
        select(NeverShared, Integration.name, Memory.title)
        .outerjoin(Integration, Integration.id == NeverShared.integration_id)
        .outerjoin(Memory, Memory.id == NeverShared.memory_id)
        .where(NeverShared.user_id == user_id)
        .order_by(NeverShared.id.desc())
    )


def _describe(row: Any, count: int) -> Rule:
    rule = row.NeverShared
    return Rule(rule.id, _pick_of(rule), rule.tag, row.name, row.title, count)


def _tag_of(rule: NeverShared) -> str | None:
    return None if rule.tag is None else in_small_letters(rule.tag)


def _pick_of(rule: NeverShared) -> Pick | None:
    return None if rule.tag is not None else Pick(rule.integration_id, rule.folder, rule.memory_id)


def _is_of(rule: NeverShared) -> ColumnElement[bool]:
    """A condition on :class:`Memory`: this one rule keeps it back."""
    if rule.memory_id is not None:
        return Memory.id == rule.memory_id
    if rule.tag is not None:
        return exists().where(
            MemoryTag.memory_id == Memory.id, InSmallLetters(MemoryTag.tag) == in_small_letters(rule.tag)
        )
    whole = Memory.integration_id == rule.integration_id
    if rule.folder is None:
        return whole
    # The range of the folders below: "0" is the character after "/".
    below = and_(Memory.folder >= f"{rule.folder}/", Memory.folder < f"{rule.folder}0")
    return and_(whole, or_(Memory.folder == rule.folder, below))
