"""A POST with an ``Idempotency-Key`` is carried out once, however often it is sent, also at the same moment.

What is kept is what the server made of it, such as ids and times. What the client sent comes again with the repeated
request, so that no copy of a text outlives the memory it was for.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, String, Text, bindparam, delete, select, text, update

from app import clock
from app.api.errors import ApiError
from app.api.models import IdempotencyKey
from app.api.operation import Call
from app.database.types import UtcDateTime
from app.extensions import db

LIFETIME = timedelta(hours=24)

# Written out, because SQLAlchemy has this clause only per dialect. A second request with the key waits here until the
# first one has ended: on PostgreSQL for its row, on SQLite for its turn to write.
_CLAIM = text(
    """
    INSERT INTO idempotency_keys (digest, client_id, request_digest, status, body, expires_at)
    VALUES (:digest, :client_id, :request_digest, :status, :body, :expires_at)
    ON CONFLICT (digest) DO NOTHING
    """
).bindparams(
    bindparam("digest", type_=String),
    bindparam("client_id", type_=String),
    bindparam("request_digest", type_=String),
    bindparam("status", type_=Integer),
    bindparam("body", type_=Text),
    bindparam("expires_at", type_=UtcDateTime()),
)


def carry_out_once(call: Call, act: Callable[[], Any]) -> Any:
    """What ``act`` returns, which JSON can hold; for a request that was carried out already, what it returned then.

    The key is one client's for one person or organization. A refusal frees it again. Raises ``idempotency_conflict``
    when the key was used for another request.
    """
    key = call.idempotency_key
    if key is None:
        return act()
    digest = _digest(call, key)
    at = clock.now()
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.digest == digest, IdempotencyKey.expires_at <= at))
    claim = {
        "digest": digest,
        "client_id": call.token.client_id,
        "request_digest": call.request_digest,
        "status": 0,
        "body": "",
        "expires_at": at + LIFETIME,
    }
    if db.session.execute(_CLAIM, claim).rowcount == 1:
        made = act()
        db.session.execute(
            update(IdempotencyKey).where(IdempotencyKey.digest == digest).values(status=201, body=json.dumps(made))
        )
        return made
    known = db.session.execute(
        select(IdempotencyKey.request_digest, IdempotencyKey.body).where(IdempotencyKey.digest == digest)
    ).one()
    if known.request_digest != call.request_digest:
        raise ApiError(
            422, "idempotency_conflict", "This Idempotency-Key was used for another request; give each request its own."
        )
    return json.loads(known.body)


def _digest(call: Call, key: str) -> str:
    whom = call.token.user_id or call.token.organization_id
    return hashlib.sha256("\0".join((call.token.client_id, whom, key)).encode()).hexdigest()
