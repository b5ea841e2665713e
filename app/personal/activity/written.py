"""What apps wrote, by day, as a page lists it."""

from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from app.clients.models import Client
from app.consents.models import Consent
from app.consents.undo.models import AppChange
from app.extensions import db
from app.http.moments.zones import day_of
from app.memories.models import Memory

PAGE_SIZE = 20
_deleted, _other = aliased(AppChange), aliased(AppChange)


class Written(Struct, frozen=True):
    """One memory that an app wrote, or a source. ``title`` is that of now, or what it was when an app deleted it.

    One that the person has deleted since has none: ``is_gone``.
    """

    id: int
    at: datetime
    last_at: datetime
    grant_id: str
    app_name: str
    kind: str
    is_source: bool
    with_memories: int
    title: str
    is_gone: bool
    undone_at: datetime | None


def list_written(user_id: str, grant_id: str | None, page: int) -> tuple[list[tuple[date, list[Written]]], bool]:
    """Returns a page of what apps wrote, the latest day first, and whether there is more."""
    rows = _select(user_id)
    if grant_id is not None:
        rows = rows.where(AppChange.grant_id == grant_id)
    found = db.session.execute(rows.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    days: dict[date, list[Written]] = {}
    for row in found[:PAGE_SIZE]:
        is_gone = row.memory_id is not None and row.present is None and not row.was_deleted_by_an_app
        one = Written(
            id=row.id,
            at=row.at,
            last_at=row.last_at,
            grant_id=row.grant_id,
            app_name=row.name or row.client_name,
            kind=row.kind,
            is_source=row.memory_id is None,
            with_memories=row.with_memories,
            title=row.integration_name if row.memory_id is None else "" if is_gone else row.title,
            is_gone=is_gone,
            undone_at=row.undone_at,
        )
        days.setdefault(day_of(row.last_at), []).append(one)
    return list(days.items()), len(found) > PAGE_SIZE


def _select(user_id: str) -> Any:
    was_deleted_by_an_app = (
        select(_deleted.id)
        .where(_deleted.memory_id == AppChange.memory_id, _deleted.kind == "deleted", _deleted.undone_at.is_(None))
        .exists()
    )
    return (
        select(
            AppChange.id,
            AppChange.at,
            AppChange.last_at,
            AppChange.grant_id,
            AppChange.kind,
            AppChange.memory_id,
            AppChange.undone_at,
            AppChange.integration_name,
            func.coalesce(Memory.title, AppChange.title, "").label("title"),
            Memory.id.label("present"),
            Consent.name,
            Client.name.label("client_name"),
            was_deleted_by_an_app.label("was_deleted_by_an_app"),
            _count_deleted_with_it().label("with_memories"),
        )
        .join(Consent, Consent.grant_id == AppChange.grant_id)
        .join(Client, Client.key == Consent.client_key)
        .outerjoin(Memory, Memory.id == AppChange.memory_id)
        .where(AppChange.user_id == user_id, ~_was_deleted_with_its_source())
        .order_by(AppChange.last_at.desc(), AppChange.id.desc())
    )


def _was_deleted_with_its_source() -> ColumnElement[bool]:
    """Returns a condition: it is told by its source, which an app deleted and which has not come back."""
    of_source = _other.memory_id.is_(None), _other.kind == "deleted", _other.undone_at.is_(None)
    return AppChange.memory_id.is_not(None) & select(_other.id).where(*_is_together(), *of_source).exists()


def _count_deleted_with_it() -> ColumnElement[int]:
    counted = select(func.count()).where(*_is_together(), _other.memory_id.is_not(None)).scalar_subquery()
    is_deleted_source = AppChange.memory_id.is_(None) & (AppChange.kind == "deleted")
    return case((is_deleted_source, counted), else_=0)


def _is_together() -> tuple[ColumnElement[bool], ...]:
    """Of one deletion: by the same app, of the same source, at the same moment."""
    return (
        _other.user_id == AppChange.user_id,
        _other.grant_id == AppChange.grant_id,
        _other.integration_id == AppChange.integration_id,
        _other.last_at == AppChange.last_at,
        AppChange.kind == "deleted",
    )


def find_before(user_id: str, change_id: int) -> AppChange | None:
    """Returns what is kept of one thing that an app wrote."""
    return db.session.scalar(select(AppChange).where(AppChange.id == change_id, AppChange.user_id == user_id))
