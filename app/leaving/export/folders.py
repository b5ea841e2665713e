"""What an export holds of which there may be a hundred thousand rows: a folder of files each."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.notices.models import Notice
from app.consents.events import ConsentEvent
from app.consents.receipts import AccessRecord, ReceiptDetail, ReceiptMemory
from app.consents.undo.models import AppChange
from app.leaving.export.part import Part, open_columns

FOLDERS: Sequence[Part] = (
    Part(
        "history",
        select(
            ConsentEvent.id,
            ConsentEvent.at,
            ConsentEvent.grant_id,
            ConsentEvent.client_name.label("app"),
            ConsentEvent.kind,
            ConsentEvent.actor,
            ConsentEvent.changed,
        ),
        ConsentEvent.user_id,
        [ConsentEvent.grant_id, ConsentEvent.id],
        open_columns("changed"),
    ),
    Part(
        "receipts",
        select(
            AccessRecord.id,
            AccessRecord.minute,
            AccessRecord.grant_id,
            AccessRecord.action,
            AccessRecord.memento_key.label("memento_id"),
            AccessRecord.count,
        ),
        AccessRecord.grant_id,
        [AccessRecord.minute, AccessRecord.action, AccessRecord.memento_key],
        is_by_consent=True,
    ),
    Part(
        "receipts-in-detail",
        select(
            ReceiptDetail.id,
            ReceiptDetail.minute,
            ReceiptDetail.grant_id,
            ReceiptDetail.kind,
            ReceiptDetail.question,
            ReceiptDetail.calls,
            ReceiptDetail.count,
        ),
        ReceiptDetail.grant_id,
        [ReceiptDetail.minute, ReceiptDetail.kind, ReceiptDetail.question_key],
        is_by_consent=True,
    ),
    Part(
        "receipts-memories",
        select(ReceiptMemory.detail_id, ReceiptMemory.memory_id).join(
            ReceiptDetail, ReceiptDetail.id == ReceiptMemory.detail_id
        ),
        ReceiptDetail.grant_id,
        [ReceiptDetail.minute, ReceiptDetail.kind, ReceiptDetail.question_key, ReceiptMemory.memory_id],
        is_by_consent=True,
    ),
    Part(
        "changes-by-apps",
        select(
            AppChange.id,
            AppChange.grant_id,
            AppChange.kind,
            AppChange.at,
            AppChange.undone_at,
            AppChange.memory_id,
            AppChange.title,
            AppChange.text,
            AppChange.folder,
            AppChange.tags,
            AppChange.source_url,
        ),
        AppChange.grant_id,
        [AppChange.id],
        is_by_consent=True,
    ),
    Part(
        "notices",
        select(Notice.id, Notice.at, Notice.kind, Notice.facts, Notice.seen_at),
        Notice.user_id,
        [Notice.at, Notice.id],
        open_columns("facts"),
    ),
)
