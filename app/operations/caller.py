"""Who calls an operation: an app, for a person or an organization, and what it reaches at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.consents.details import EVERYTHING
from app.consents.reach import token_reach
from app.consents.receipt_log import AccessLog
from app.memories.reach import Reach
from app.notes import Notes
from app.oauth.tokens.snapshot import TokenSnapshot
from app.scopes import parse_scope


@dataclass(frozen=True, slots=True)
class Seen:
    """Memories that were read or written, each once; ``memento_ids`` where nobody can find out later where they lay."""

    action: str
    memory_ids: Sequence[str]
    memento_ids: Sequence[str] | None


@dataclass(slots=True, kw_only=True)
class Caller:
    """An app with a live token. Without ``user_id``, and then without ``grant_id``, it speaks for its organization."""

    session: Session
    issuer: str
    client_key: str
    organization_id: str | None
    user_id: str | None
    grant_id: str | None
    selection: str | None
    saved_memento_id: str | None
    #: Which version of the consent the rest was read from.
    consent_updated_at: datetime | None
    scopes: frozenset[str]
    reach: Reach
    #: What is to be noted once the call has succeeded.
    seen: list[Seen] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """The id of the person or the organization it speaks for."""
        subject = self.user_id or self.organization_id
        assert subject is not None
        return subject

    @property
    def mementos(self) -> list[str]:
        """The ids of the mementos that the consent covers, the built-in one among them."""
        return [EVERYTHING, *self.reach.readable] if self.reach.everything else list(self.reach.readable)

    def note_read(self, memory_ids: Sequence[str]) -> None:
        """Have it noted, once the call has succeeded, that these memories were read."""
        self.seen.append(Seen("read", memory_ids, None))

    def note_written(self, memory_ids: Sequence[str], memento_ids: Sequence[str] | None = None) -> None:
        """Have it noted that these were written; in which mementos they lay, if nobody can find that out later."""
        self.seen.append(Seen("write", memory_ids, memento_ids))


def note_seen(caller: Caller, notes: Notes) -> None:
    """Have the call's receipts written down. To be called once it has succeeded and is committed."""
    if caller.grant_id is not None:
        log = notes.of(AccessLog)
        for seen in caller.seen:
            log.note(caller.grant_id, seen.action, seen.memory_ids, caller.mementos, seen.memento_ids)


def caller_of(token: TokenSnapshot, session: Session, issuer: str) -> Caller:
    """Returns the caller that a live access token stands for."""
    return Caller(
        session=session,
        issuer=issuer,
        client_key=token.client_key,
        organization_id=token.organization_id,
        user_id=token.user_id,
        grant_id=token.grant_id,
        selection=None if token.choice is None else token.choice.selection,
        saved_memento_id=token.saved_memento_id,
        consent_updated_at=token.consent_updated_at,
        scopes=parse_scope(token.get_scope()),
        reach=token_reach(token),
    )
