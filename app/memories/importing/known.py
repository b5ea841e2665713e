"""What of some drafts a person has already."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, select

from app.memories.importing.drafts import Draft
from app.memories.importing.models import MemoryOrigin
from app.memories.importing.skips import Reason
from app.memories.models import Memory


class Known(Struct, frozen=True):
    """The memory that a draft is already, and whether the person has changed it since."""

    memory_id: str
    reason: Reason


def find_known(connection: Connection, user_id: str, drafts: Sequence[Draft]) -> list[Known | None]:
    """Returns for each draft what the person has of it, or None."""
    digests = [draft.digest() for draft in drafts]
    of_person = (MemoryOrigin.user_id == user_id, MemoryOrigin.digest.in_(digests))
    brought = {
        row.digest: row.memory_id
        for row in connection.execute(select(MemoryOrigin.digest, MemoryOrigin.memory_id).where(*of_person))
    }
    own_ids = [draft.own_id for draft in drafts if draft.own_id]
    # What was taken out here, and is still here: by its id, whoever wrote it.
    columns = (Memory.id, Memory.title, Memory.text)
    mine = select(*columns).where(Memory.id.in_(own_ids), Memory.user_id == user_id)
    own = {row.id: (row.title, row.text) for row in connection.execute(mine)} if own_ids else {}
    return [_find(draft, digest, brought, own) for draft, digest in zip(drafts, digests, strict=True)]


def _find(draft: Draft, digest: bytes, brought: dict[bytes, str], own: dict[str, tuple[str, str]]) -> Known | None:
    if draft.own_id in own:
        is_same = own[draft.own_id] == (draft.title, draft.text)
        return Known(draft.own_id, Reason.KNOWN if is_same else Reason.CHANGED)
    return Known(brought[digest], Reason.KNOWN) if digest in brought else None
