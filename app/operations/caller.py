"""Who calls an operation: an app, for a person or an organization, and what it reaches at this moment."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy.orm import Session

from app.consents.details import EVERYTHING
from app.consents.reach import token_reach
from app.consents.receipts.log import AccessLog
from app.consents.receipts.writing import Written, count_by_memento, write_receipts
from app.consents.undo.recording import Journal
from app.memories.reach import Reach
from app.notes import Notes
from app.oauth.tokens.snapshot import TokenSnapshot
from app.scopes import parse_scope


class Seen(Struct, frozen=True):
    """Memories that were read, each once; and what was asked, where they were found by a question."""

    memory_ids: Sequence[str]
    question: str | None


class Caller(Struct, kw_only=True):
    """An app with a live token. Without ``user_id``, and then without ``grant_id``, it speaks for its organization."""

    session: Session
    issuer: str
    client_key: str
    organization_id: str | None
    user_id: str | None
    grant_id: str | None
    selection: str | None
    saved_memento_id: str | None
    #: Which version of the consent, and of what the person never shares, the rest was read from.
    consent_updated_at: datetime | None
    never_shares_at: datetime | None
    memory_setting: str | None
    scopes: frozenset[str]
    reach: Reach
    #: What is to be noted once the call has succeeded.
    seen: list[Seen] = field(default_factory=list)
    #: What was written, to be written down with it.
    written: list[Written] = field(default_factory=list)

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

    @property
    def journal(self) -> Journal | None:
        """What keeps what was there before a write; None for an organization's own memories, which nobody undoes."""
        if self.user_id is None or self.grant_id is None:
            return None
        return Journal(self.session, self.user_id, self.grant_id)

    def note_read(self, memory_ids: Sequence[str], question: str | None = None) -> None:
        """Have it noted, once the call has succeeded, that these memories were read, or found by this question."""
        self.seen.append(Seen(memory_ids, question))

    def note_written(self, kind: str, memory_ids: Sequence[str], memento_ids: Sequence[str] | None = None) -> None:
        """Have it written down that these were written; in which mementos they lay, if that cannot be looked up."""
        self.written.append(Written(kind, memory_ids, memento_ids))


def find_mementos_of(caller: Caller, memory_ids: Sequence[str]) -> list[str]:
    """Returns the consent's mementos in which these memories lie, one for each memory in it."""
    if caller.grant_id is None:
        return []
    connection = caller.session.connection()
    return list(count_by_memento(connection, caller.grant_id, caller.mementos, Counter(memory_ids)).elements())


def write_down(caller: Caller) -> None:
    """Write receipts of what the call wrote, in its transaction."""
    if caller.grant_id is not None and caller.written:
        write_receipts(caller.session, caller.grant_id, caller.written, caller.mementos)


def note_seen(caller: Caller, notes: Notes) -> None:
    """Have receipts written of what the call read. To be called once it has succeeded and is committed."""
    if caller.grant_id is not None:
        log = notes.of(AccessLog)
        for seen in caller.seen:
            log.note(caller.grant_id, seen.memory_ids, caller.mementos, seen.question)


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
        never_shares_at=token.never_shares_at,
        memory_setting=token.memory_setting,
        scopes=parse_scope(token.get_scope()),
        reach=token_reach(token),
    )
