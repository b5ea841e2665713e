"""Removing what has expired, in small batches, so that nobody waits behind a long transaction."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, inspect, or_, select

from app import clock
from app.accounts.models import Invitation, Session
from app.clients.models import Client
from app.config import settings
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.consents.saved import SavedMemento
from app.database.rows import changed_rows
from app.database.types import Base
from app.extensions import db
from app.limits.models import RateLimitCounter
from app.oauth.authorization_request import AuthorizationRequest
from app.oauth.journal.log import KEPT_FOR as _REQUEST_RECORDS_LAST
from app.oauth.journal.record import RequestRecord
from app.oauth.playground.callback import PlaygroundCallback
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from app.oauth.tokens.replay import TokenReplay
from app.operations.models import IdempotencyKey

_BATCH = 500
# A code or a request that is over still answers "used before" or "already answered" for a day.
_AFTERLIFE = timedelta(days=1)
# What an app did, and what was done because of it, is shown for so long.
_ACCESS_RECORDS_LAST = timedelta(days=90)


def purge() -> dict[str, int]:
    """Delete every expired row; how many, by table. Commits after each batch."""
    return {table: _purge_table(model, condition) for table, model, condition in _expired()}


def _expired() -> list[tuple[str, type[Base], ColumnElement[bool]]]:
    """What is over, in an order in which nothing is deleted that something later still needs to see."""
    at = clock.now()
    idle_since = at - timedelta(seconds=settings().session_idle_lifetime)
    return [
        ("authorization_requests", AuthorizationRequest, AuthorizationRequest.expires_at <= at - _AFTERLIFE),
        ("authorization_codes", AuthorizationCode, AuthorizationCode.expires_at <= at - _AFTERLIFE),
        ("access_tokens", AccessToken, AccessToken.expires_at <= at),
        # Rotated ones too stay until their own end: their return is how theft is noticed.
        ("refresh_tokens", RefreshToken, RefreshToken.expires_at <= at),
        ("token_families", TokenFamily, _is_empty_family(at - _AFTERLIFE)),
        ("sessions", Session, or_(Session.expires_at <= at, Session.last_used_at <= idle_since)),
        ("invitations", Invitation, Invitation.expires_at <= at - _AFTERLIFE),
        ("rate_limit_counters", RateLimitCounter, RateLimitCounter.expires_at <= at),
        ("idempotency_keys", IdempotencyKey, IdempotencyKey.expires_at <= at),
        ("playground_callbacks", PlaygroundCallback, PlaygroundCallback.expires_at <= at),
        ("access_records", AccessRecord, AccessRecord.minute <= at - _ACCESS_RECORDS_LAST),
        ("token_replays", TokenReplay, TokenReplay.at <= at - _ACCESS_RECORDS_LAST),
        ("clients", Client, _is_forgotten(at - _AFTERLIFE)),
        ("request_records", RequestRecord, RequestRecord.at <= at - _REQUEST_RECORDS_LAST),
    ]


def _is_empty_family(issued_before: datetime) -> ColumnElement[bool]:
    members = (AuthorizationCode, AccessToken, RefreshToken)
    return (TokenFamily.issued_at <= issued_before) & ~or_(
        *(exists().where(member.family_id == TokenFamily.id) for member in members)
    )


def _is_forgotten(ended_before: datetime) -> ColumnElement[bool]:
    """Whether a client has ended and nobody has anything of it that would still name it."""
    return (Client.ended_at <= ended_before) & ~or_(
        exists().where(Consent.client_key == Client.key), exists().where(SavedMemento.client_key == Client.key)
    )


def _purge_table(model: type[Base], condition: ColumnElement[bool]) -> int:
    key = inspect(model).primary_key[0]
    deleted = 0
    while True:
        batch = db.session.execute(delete(model).where(key.in_(select(key).where(condition).limit(_BATCH))))
        db.session.commit()
        deleted += (count := changed_rows(batch))
        if count < _BATCH:
            return deleted
