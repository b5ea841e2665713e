"""The last requests of one app, told to its people: what happened, why, and what to do."""

import re
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select

from app import clock
from app.clients.models import REGISTERED, Client
from app.clients.near_addresses import Nearness, find_nearness
from app.extensions import db
from app.oauth.journal.log import KEPT_FOR, USER_NAME
from app.oauth.journal.record import ERROR_PAGE, RequestRecord
from app.oauth.journal.sentences import TRY_AGAIN, tell
from app.oauth.journal.uri_difference import Difference, compare, find_nearest
from app.oauth.refusals import Reason
from app.paging import count_pages
from app.scopes import SCOPES, parse_scope
from app.sentences import _

PAGE_SIZE = 20
_RECORD_ID = re.compile(r"[0-9]{1,18}")
_REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")


class Entry(Struct, frozen=True):
    """One request as the page shows it. ``error`` is the error on the wire or, where only a page was seen, the reason.

    ``difference`` is between the redirect URI and the ``expected`` one, "Registered" or "Asked with". ``repair`` is
    what an admin may do about it at a click: "address", "scopes", or nothing.
    """

    id: int
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
    request_id: str
    repair: str = ""


class Page(Struct, frozen=True):
    """Some of the requests, the latest first. Pages count from 1; ``failures`` and ``successes`` are of all."""

    entries: list[Entry]
    failures: int
    successes: int
    page: int
    pages: int


def list_requests(client: Client, *, only_failed: bool, page: int, request_id: str = "") -> Page:
    """Returns a page of what the app asked in the last thirty days, or only the request of this ``X-Request-ID``."""
    recent = [RequestRecord.client_key == client.key, RequestRecord.at > clock.now() - KEPT_FOR]
    if request_id:
        # What is no id of ours is not sent to the database, and finds nothing: no record has none.
        recent.append(RequestRecord.request_id == (request_id if _REQUEST_ID.fullmatch(request_id) else "-"))
    total, successes = db.session.execute(
        select(func.count(), func.count().filter(RequestRecord.error.is_(None))).where(*recent)
    ).one()
    shown = total - successes if only_failed else total
    pages = count_pages(shown, PAGE_SIZE)
    page = max(1, min(page, pages))
    records = db.session.scalars(
        select(RequestRecord)
        .where(*recent, *([RequestRecord.error.is_not(None)] if only_failed else []))
        .order_by(RequestRecord.at.desc(), RequestRecord.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return Page([_entry(record, client) for record in records], total - successes, successes, page, pages)


def find_failure(client: Client, record_id: str) -> RequestRecord | None:
    """Returns a request of the app that failed in the last thirty days and is still kept."""
    if not _RECORD_ID.fullmatch(record_id):
        return None
    return db.session.scalar(
        select(RequestRecord).where(
            RequestRecord.id == int(record_id),
            RequestRecord.client_key == client.key,
            RequestRecord.at > clock.now() - KEPT_FOR,
            RequestRecord.error.is_not(None),
        )
    )


def find_address_nearness(record: RequestRecord, client: Client) -> Nearness | None:
    """Returns why the address that the request was refused for may be registered at a click; None when it may not."""
    if record.reason != Reason.REDIRECT_URI_MISMATCH or not _is_whole(record):
        return None
    return find_nearness(record.redirect_uri, client.usable_redirect_uris)


def list_missing_scopes(record: RequestRecord, client: Client) -> list[str]:
    """Returns the scopes that the request asked for, that exist, and that the app is not registered for."""
    if record.reason != Reason.SCOPE_NOT_REGISTERED:
        return []
    asked, registered = parse_scope(record.scope), parse_scope(client.scope)
    return [name for name in SCOPES if name in asked - registered]


def _entry(record: RequestRecord, client: Client) -> Entry:
    happened, fix = tell(record, parse_scope(client.scope))
    expected = _expected_uri(record, client)
    is_mismatch = record.reason == Reason.REDIRECT_URI_MISMATCH
    if is_mismatch and not _is_whole(record):
        detail = USER_NAME if record.detail == USER_NAME else record.detail
        happened = _("%(happened)s %(detail)s", happened=happened, detail=detail)
    is_registered = is_mismatch and _is_whole(record) and client.check_redirect_uri(record.redirect_uri)
    repair = _find_repair(record, client)
    if is_mismatch and record.redirect_uri and _is_whole(record) and not (is_registered or repair):
        fix = _("%(fix)s %(more)s", fix=fix, more=_ANOTHER_HOST)
    if record.reason == Reason.CLIENT_SUSPENDED and client.origin != REGISTERED:
        # No organization owns it, so no page of the dashboard resumes it.
        fix = _("Fix the cause, then resume the app with “flask clients resume”.")
    return Entry(
        id=record.id,
        at=record.at,
        endpoint=record.came_to.capitalize(),
        succeeded=record.error is None,
        error=record.reason if record.error == ERROR_PAGE else record.error,
        happened=happened,
        fix=TRY_AGAIN if is_registered else fix,
        grant_type=record.grant_type,
        scope=record.scope,
        redirect_uri=record.redirect_uri,
        difference=compare(record.redirect_uri, expected)
        if expected not in (None, record.redirect_uri) and not is_registered
        else None,
        expected=_("Registered") if is_mismatch else _("Asked with"),
        repair=repair,
        request_id=record.request_id,
    )


_ANOTHER_HOST = _(
    "The app has no address on this host, and anybody may have sent it: type it yourself, if it is yours."
)


def _find_repair(record: RequestRecord, client: Client) -> str:
    if find_address_nearness(record, client) and not client.check_redirect_uri(record.redirect_uri):
        return "address"
    return "scopes" if list_missing_scopes(record, client) else ""


def _is_whole(record: RequestRecord) -> bool:
    """Whether the address is kept as it was sent, so that it could be registered."""
    return record.detail != USER_NAME


def _expected_uri(record: RequestRecord, client: Client) -> str | None:
    """What the redirect URI should have been, for a record of one that was another."""
    if record.reason == Reason.REDIRECT_URI_MISMATCH:
        return find_nearest(record.redirect_uri, client.usable_redirect_uris)
    return record.expected_uri or None
