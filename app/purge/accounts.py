"""Accounts whose person asked to delete them, and did not come back within a week: all that is theirs goes.

A person may have a hundred thousand memories, and years of what apps did. What there may be much of goes first, in batches
that others write between, and each batch asks once more whether the account is still about to go. What is left goes
with the account itself, in one transaction with the letter that says so.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Engine, delete, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import Session as SignedInSession
from app.accounts.models import User
from app.accounts.notices.models import Notice
from app.audit.models import AuditEvent
from app.consents.events import ConsentEvent
from app.consents.models import Consent
from app.consents.receipts import AccessRecord, ReceiptDetail
from app.consents.undo.models import AppChange
from app.database.access import expect_reads
from app.database.locks import to_change
from app.leaving.letters import ACCOUNT_DELETED
from app.mail.models import LocalMail, OutgoingMail
from app.mail.outbox import put_mail
from app.memories.importing.models import Import, ImportPiece
from app.memories.models import Integration, Memento, Memory, MemoryTotal
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.tokens.family import TokenFamily
from app.purge.batches import Pace, write_batch
from app.purge.rules import Rule

_log = logging.getLogger(__name__)

#: What the purge tells of: accounts that went.
DELETED = "accounts"


class _Part(Struct, frozen=True):
    """Rows of one table that are one person's, and of which there may be many."""

    model: Any
    key: Any
    is_of: Any

    def of(self, user_id: str) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = self.is_of(user_id)
        return condition


def _by_grant(column: Any) -> Any:
    return lambda user_id: column.in_(select(Consent.grant_id).where(Consent.user_id == user_id))


def _by_person(column: Any) -> Any:
    return lambda user_id: column == user_id


#: In the order in which locks are taken, but for what nobody else changes; what refers to others comes before them.
_PARTS = (
    _Part(SignedInSession, SignedInSession.digest, _by_person(SignedInSession.user_id)),
    _Part(AuthorizationRequest, AuthorizationRequest.digest, _by_person(AuthorizationRequest.user_id)),
    # With its codes and tokens.
    _Part(TokenFamily, TokenFamily.id, _by_grant(TokenFamily.grant_id)),
    _Part(AccessRecord, AccessRecord.id, _by_grant(AccessRecord.grant_id)),
    _Part(ReceiptDetail, ReceiptDetail.id, _by_grant(ReceiptDetail.grant_id)),
    _Part(AppChange, AppChange.id, _by_person(AppChange.user_id)),
    _Part(ConsentEvent, ConsentEvent.id, _by_person(ConsentEvent.user_id)),
    _Part(Notice, Notice.id, _by_person(Notice.user_id)),
    _Part(
        ImportPiece, ImportPiece.id, lambda of: ImportPiece.import_id.in_(select(Import.id).where(Import.user_id == of))
    ),
    # Should the account stay after all, what it keeps is counted anew.
    _Part(MemoryTotal, MemoryTotal.owner_id, _by_person(MemoryTotal.user_id)),
    _Part(Memory, Memory.id, _by_person(Memory.user_id)),
    _Part(Memento, Memento.id, _by_person(Memento.user_id)),
    _Part(Integration, Integration.id, _by_person(Integration.user_id)),
    _Part(Consent, Consent.grant_id, _by_person(Consent.user_id)),
)


def find_rule_of_leaving() -> Rule:
    """Returns what the backlog counts by: each account that should be gone."""
    return Rule(DELETED, User.deletes_at, clock.now())


def purge_accounts(engine: Engine, pace: Pace) -> tuple[dict[str, int], bool]:
    """Delete the accounts whose week is over, in an app context. Returns how many, and whether it came to the end."""
    gone = {DELETED: 0}
    after = ""
    while True:
        due = select(User.id).where(User.deletes_at <= clock.now(), User.id > after).order_by(User.id).limit(1)
        with expect_reads(), engine.connect() as connection:
            user_id = connection.scalar(due)
        if user_id is None:
            return gone, True
        before = gone[DELETED]
        goes_on = _delete_account(engine, user_id, pace, gone)
        if gone[DELETED] > before:
            # For who brings back an older database: nothing in it says that this one is to go once more.
            _log.info("Account %s was deleted for good.", user_id)
        if not goes_on:
            return gone, False
        after = user_id


def delete_account_for_good(engine: Engine, user_id: str, pace: Pace) -> bool:
    """Delete what is due already, whoever asked for it. Returns whether it is gone."""
    gone = {DELETED: 0}
    _delete_account(engine, user_id, pace, gone)
    return gone[DELETED] == 1


def _delete_account(engine: Engine, user_id: str, pace: Pace, gone: dict[str, int]) -> bool:
    """Returns whether to go on with others."""
    for part in _PARTS:
        while True:
            with expect_reads(), engine.connect() as connection:
                keys = connection.scalars(select(part.key).where(part.of(user_id)).limit(pace.rows)).all()
            if not keys:
                break
            count, took = write_batch(engine, partial(_delete_some, user_id, part, keys))
            pace.learn(len(keys), took)
            if not pace.let_others(took):
                return False
            if not count:
                # Somebody holds them, or the account stays after all: the next purge comes again.
                return True
    count, took = write_batch(engine, partial(_delete_rest, user_id))
    gone[DELETED] += count
    return pace.let_others(took)


def _delete_some(user_id: str, part: _Part, keys: Sequence[Any], connection: Connection) -> int:
    if not _is_due(connection, user_id):
        return 0
    count: int = connection.execute(delete(part.model).where(part.key.in_(keys))).rowcount
    return count


def _delete_rest(user_id: str, connection: Connection) -> int:
    """Delete the account with what hangs on it, and put the last letter. What an organization owns does not hang on it."""
    with Session(connection) as session:
        user = session.scalar(to_change(select(User).where(User.id == user_id, User.deletes_at <= clock.now())))
        if user is None:
            return 0
        email, is_confirmed = user.email, user.email_verified_at is not None
        session.execute(delete(OutgoingMail).where(OutgoingMail.recipient == email))
        session.execute(delete(LocalMail).where(LocalMail.recipient == email))
        session.execute(delete(User).where(User.id == user_id))
        session.add(AuditEvent(kind="user.deleted", details={"user_id": user_id}))
        if is_confirmed:
            # Nobody knows whose mailbox the other is.
            put_mail(session, ACCOUNT_DELETED, to=email)
        session.flush()
        return 1


def _is_due(connection: Connection, user_id: str) -> bool:
    due: datetime | None = connection.scalar(to_change(select(User.deletes_at).where(User.id == user_id)))
    return due is not None and due <= clock.now()
