"""An operation with a key is carried out once, however often it is sent, also at the same moment.

What is kept is what the server made of it, such as ids and times. What the client sent comes again with the repeated
request, so that no copy of a text outlives the memory it was for.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Integer, String, Text, bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from app import clock
from app.clients.life import EndedBy, when_client_ends
from app.database.types import UtcDateTime
from app.operations.caller import Caller
from app.operations.models import IdempotencyKey
from app.operations.refusals import idempotency_conflict

LIFETIME = timedelta(hours=24)

# Written out, because SQLAlchemy has this clause only per dialect. A second request with the key waits here until the
# first one has ended: on PostgreSQL for its row, on SQLite for its turn to write.
_CLAIM = text(
    """
    INSERT INTO idempotency_keys (digest, client_id, request_digest, status, body, expires_at)
    VALUES (:digest, :client_key, :request_digest, :status, :body, :expires_at)
    ON CONFLICT (digest) DO NOTHING
    """
).bindparams(
    bindparam("digest", type_=String),
    bindparam("client_key", type_=String),
    bindparam("request_digest", type_=String),
    bindparam("status", type_=Integer),
    bindparam("body", type_=Text),
    bindparam("expires_at", type_=UtcDateTime()),
)


class Once(Struct, frozen=True):
    """What the client calls its request, and a digest of all that makes two requests the same request."""

    key: str
    request_digest: str


class Idempotency(Struct, frozen=True):
    """What of a result is kept, which JSON must hold, and the result again from that and what was sent again."""

    keep: Callable[[Any], Any] = lambda result: result
    restore: Callable[[Any, Any], Any] = lambda kept, _taken: kept


def carry_out_once(caller: Caller, once: Once, idempotency: Idempotency, act: Callable[[], Any], taken: Any) -> Any:
    """Returns what ``act`` returns; for a request that was carried out already, what it returned then.

    The key is one client's for one person or organization. A refusal frees it again. Raises ``idempotency_conflict``
    when the key was used for another request.
    """
    session, digest, at = caller.session, _digest(caller, once.key), clock.now()
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.digest == digest, IdempotencyKey.expires_at <= at))
    claim = {
        "digest": digest,
        "client_key": caller.client_key,
        "request_digest": once.request_digest,
        "status": 0,
        "body": "",
        "expires_at": at + LIFETIME,
    }
    # SQLAlchemy types what execute() returns without the count.
    claimed: Any = session.execute(_CLAIM, claim)
    if claimed.rowcount == 1:
        made = act()
        body = json.dumps(idempotency.keep(made))
        session.execute(update(IdempotencyKey).where(IdempotencyKey.digest == digest).values(status=201, body=body))
        return made
    known = session.execute(
        select(IdempotencyKey.request_digest, IdempotencyKey.body).where(IdempotencyKey.digest == digest)
    ).one()
    if known.request_digest != once.request_digest:
        raise idempotency_conflict()
    return idempotency.restore(json.loads(known.body), taken)


@when_client_ends("idempotency_keys")
def forget_requests(session: Session, client_key: str, _by: EndedBy) -> None:
    """Delete what the client's repeated requests would be known by, and the answers that are kept with it."""
    session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.client_key == client_key),
        execution_options={"synchronize_session": False},
    )


def _digest(caller: Caller, key: str) -> str:
    # Of an app that nobody registered a person may have several, which must not learn of each other.
    caller_key = caller.client_key if caller.organization_id else caller.grant_id or caller.client_key
    return hashlib.sha256("\0".join((caller_key, caller.subject, key)).encode()).hexdigest()
