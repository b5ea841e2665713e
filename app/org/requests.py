"""The last requests of one app, told to its people: what happened, why, and what to do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.oauth.models.client import Client
from app.oauth.models.request_record import ERROR_PAGE, RequestRecord
from app.oauth.reasons import Reason
from app.oauth.request_log import KEPT_FOR
from app.oauth.scopes import parse_scope
from app.org.request_sentences import tell
from app.org.uri_difference import Difference, compare, find_nearest

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as the page shows it. ``error`` is the error on the wire or, where only a page was seen, the reason.

    ``difference`` is between the redirect URI and the ``expected`` one, "Registered" or "Asked with".
    """

    at: datetime
    endpoint: str
    succeeded: bool
    error: str | None
    happened: str
    fix: str
    grant_type: str
    scope: str
    redirect_uri: str
    difference: Difference | None
    expected: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the requests, the latest first. Pages count from 1; ``failures`` and ``successes`` are of all."""

    entries: list[Entry]
    failures: int
    successes: int
    page: int
    pages: int


def list_requests(client: Client, *, only_failed: bool, page: int) -> Page:
    """A page of what the app asked in the last thirty days."""
    recent = (RequestRecord.client_id == client.client_id, RequestRecord.at > clock.now() - KEPT_FOR)
    total, successes = db.session.execute(
        select(func.count(), func.count().filter(RequestRecord.error.is_(None))).where(*recent)
    ).one()
    shown = total - successes if only_failed else total
    pages = max(1, -(-shown // PAGE_SIZE))
    page = max(1, min(page, pages))
    records = db.session.scalars(
        select(RequestRecord)
        .where(*recent, *([RequestRecord.error.is_not(None)] if only_failed else []))
        .order_by(RequestRecord.at.desc(), RequestRecord.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return Page([_entry(record, client) for record in records], total - successes, successes, page, pages)


def _entry(record: RequestRecord, client: Client) -> Entry:
    happened, fix = tell(record, parse_scope(client.scope))
    expected = _expected_uri(record, client)
    is_registered = record.reason == Reason.REDIRECT_URI_MISMATCH and client.check_redirect_uri(record.redirect_uri)
    return Entry(
        at=record.at,
        endpoint=record.endpoint.capitalize(),
        succeeded=record.error is None,
        error=record.reason if record.error == ERROR_PAGE else record.error,
        happened=happened,
        fix="It is registered by now: try again." if is_registered else fix,
        grant_type=record.grant_type,
        scope=record.scope,
        redirect_uri=record.redirect_uri,
        difference=compare(record.redirect_uri, expected) if expected and not is_registered else None,
        expected="Registered" if record.reason == Reason.REDIRECT_URI_MISMATCH else "Asked with",
    )


def _expected_uri(record: RequestRecord, client: Client) -> str | None:
    """What the redirect URI should have been, for a record of one that was another."""
    if record.reason == Reason.REDIRECT_URI_MISMATCH:
        return find_nearest(record.redirect_uri, client.redirect_uris)
    return record.expected_uri or None
