"""Clients that no organization registered live as long as somebody uses them: one rule, however they came to be known.

One that nobody has allowed anything within a week vanishes. One that somebody has, and that was not used for a year,
ends, and those who had it connected are told. A use is a call, a token that is refreshed, or a person's decision.

A client's ``review_at`` is when there is something to decide at the earliest. Nothing of this is written while a client
is used: a review finds out when that was last, and puts itself off until a year after it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    Connection,
    Engine,
    ScalarSelect,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from app import clock
from app.clients.life import EndedBy, end_client
from app.clients.models import IDLE_FOR, REGISTERED, UNUSED_FOR, Client
from app.consents.changes import end_unused_consents_of_client
from app.consents.models import Consent
from app.database.access import expect_reads
from app.database.locks import to_change
from app.database.session_connection import SessionConnection
from app.oauth.authorization_request import AuthorizationRequest
from app.purge.batches import Pace, write_batch
from app.purge.rules import Rule

#: What the purge tells of: clients that vanished, and those that ended.
VANISHED, ENDED = "unused_clients", "idle_clients"
# So many people's consents end in one transaction.
_MOST_CONSENTS = 50
# For so long one stays that a signed-in person is deciding about at this moment, again and again.
_GRACE = timedelta(days=1)


class _Due(Struct, frozen=True):
    """A client whose review is due. ``last_used_at`` is None where nobody has ever allowed it anything."""

    key: str
    review_at: datetime
    created_at: datetime
    stays: bool
    last_used_at: datetime | None

    @property
    def ends_at(self) -> datetime | None:
        """When it goes, as things are now; None for one that never does."""
        if self.stays:
            return None
        # One that had ended, and was read about anew, is as new as any other.
        ends_at = self.created_at + UNUSED_FOR
        return ends_at if self.last_used_at is None else max(ends_at, self.last_used_at + IDLE_FOR)


def find_rule_of_reviews() -> Rule:
    """Returns what the backlog counts by: each review that is due."""
    return Rule(VANISHED, Client.review_at, clock.now())


def review_clients(engine: Engine, pace: Pace) -> tuple[dict[str, int], bool]:
    """Let go what nobody uses, in batches that each stand. Returns how many, and whether it came to the end."""
    gone = {VANISHED: 0, ENDED: 0}
    after: _Due | None = None
    while True:
        limit = pace.rows
        with expect_reads(), engine.connect() as connection:
            due = _find_due(connection, after, limit)
        if not due:
            return gone, True
        after = due[-1]
        goes_on = _review(engine, due, gone, pace)
        if not goes_on or len(due) < limit:
            return gone, goes_on


def _review(engine: Engine, due: Sequence[_Due], gone: dict[str, int], pace: Pace) -> bool:
    """Returns whether to go on."""
    now = clock.now()
    ends = {one.key: one.ends_at for one in due}
    is_over = {key for key, end in ends.items() if end is not None and end <= now}
    unused = [one.key for one in due if one.key in is_over and one.last_used_at is None]
    idle = [one.key for one in due if one.key in is_over and one.last_used_at is not None]
    put_off = [{"of": key, "next": ends[key]} for key in ends.keys() - is_over]
    took = 0.0
    if unused:
        count, took = write_batch(engine, lambda connection: _delete_unused(connection, unused))
        gone[VANISHED] += count
        pace.learn(len(unused), took)
    if put_off:
        took += write_batch(engine, lambda connection: _put_off(connection, put_off))[1]
    goes_on = pace.let_others(took)
    for key in idle:
        goes_on = goes_on and _end_idle(engine, key, gone, pace)
    return goes_on


def _find_due(connection: Connection, after: _Due | None, rows: int) -> Sequence[_Due]:
    """The next ones by the index, and when each was used last."""
    place = Client.review_at, Client.key
    query = select(*place, Client.origin, Client.ended_at, Client.created_at, _last_use().label("last_used_at")).where(
        Client.review_at <= clock.now()
    )
    if after is not None:
        last = tuple_(literal(after.review_at, Client.review_at.type), literal(after.key, Client.key.type))
        query = query.where(Client.review_at >= after.review_at, tuple_(*place) > last)
    return [
        _Due(
            row.key,
            row.review_at,
            row.created_at,
            # The version before knows nothing of reviews: neither what it registers nor what it ends is looked at.
            row.origin == REGISTERED or row.ended_at is not None,
            row.last_used_at,
        )
        for row in connection.execute(query.order_by(*place).limit(rows))
    ]


def _last_use() -> ScalarSelect[datetime | None]:
    """When anybody used the client, or decided about it; None where nobody ever allowed it anything."""
    latest = case((Consent.last_used_at > Consent.updated_at, Consent.last_used_at), else_=Consent.updated_at)
    return select(func.max(latest)).where(Consent.client_key == Client.key).scalar_subquery()


def _delete_unused(connection: Connection, keys: Sequence[str]) -> int:
    """Delete those that nobody uses, as it turns out once nobody can begin to."""
    if connection.dialect.name == "postgresql":
        free = select(Client.key).where(Client.key.in_(keys)).with_for_update(skip_locked=True)
        keys = connection.scalars(free).all()
    # A statement of its own: it sees what was allowed until the rows were locked.
    is_unused = ~exists().where(Consent.client_key == Client.key)
    is_decided_on = exists().where(
        AuthorizationRequest.client_key == Client.key,
        AuthorizationRequest.user_id.is_not(None),
        AuthorizationRequest.consumed_at.is_(None),
        AuthorizationRequest.expires_at > clock.now(),
    ) & (Client.created_at > clock.now() - UNUSED_FOR - _GRACE)
    chosen = Client.key.in_(keys) & Client.review_at.is_not(None) & is_unused & ~is_decided_on
    return connection.execute(delete(Client).where(chosen)).rowcount


def _put_off(connection: Connection, put_off: list[dict[str, Any]]) -> int:
    later = update(Client).where(Client.key == bindparam("of"), Client.review_at.is_not(None))
    # Nobody has changed the client.
    connection.execute(later.values(review_at=bindparam("next"), updated_at=Client.updated_at), put_off)
    return 0


def _end_idle(engine: Engine, key: str, gone: dict[str, int], pace: Pace) -> bool:
    """End a client that nobody has used for a year, a few people's consents at a time. Returns whether to go on."""
    ended = _MOST_CONSENTS
    while ended == _MOST_CONSENTS:
        ended, took = write_batch(engine, lambda connection: _end_some(connection, key, gone))
        if not pace.let_others(took):
            return False
    return True


def _end_some(connection: Connection, key: str, gone: dict[str, int]) -> int:
    """End some consents, and after the last of them the client. Returns how many consents."""
    with Session(connection) as session:
        client = session.scalar(to_change(select(Client).where(Client.key == key)))
        # A statement of its own: it sees what was used, or allowed, until the row was locked.
        last_used_at = session.scalar(select(_last_use()).where(Client.key == key))
        if client is None or client.ended_at or not last_used_at or last_used_at > clock.now() - IDLE_FOR:
            return 0
        ended = end_unused_consents_of_client(
            SessionConnection(session), key, unused_since=last_used_at, most=_MOST_CONSENTS
        )
        if ended < _MOST_CONSENTS:
            end_client(session, client, by=EndedBy.DISUSE)
            gone[ENDED] += 1
        session.flush()
        return ended
