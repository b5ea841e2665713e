"""Keeping one more authorization request, within bounds: anybody may begin one, for nothing."""

import json
from datetime import datetime, timedelta
from math import ceil
from typing import TypedDict, Unpack

from sqlalchemy import bindparam, delete, func, select

from app import clock, credentials
from app.clients.rows import insert_for_client
from app.database.connections import Connection, RowGone
from app.database.statements import Statement
from app.limits.counting import Limits
from app.limits.table import UNSIGNED_REQUESTS
from app.oauth.authorization_request.record import AuthorizationRequest

#: So many requests of one network wait at most while nobody has signed in for them. More are not kept.
MOST_OF_NETWORK = 20
#: So many pushed ones of public clients wait for a network, which may be a whole school: what is more is refused, as
#: nothing of it could travel along in an address.
MOST_PUSHED_OF_NETWORK = 100
#: So many requests of one person are kept, whatever has become of them. The oldest go.
MOST_OF_PERSON = 50

_ADDED = (
    "digest",
    "browser_digest",
    "client_key",
    "user_id",
    "network",
    "parameters",
    "defect",
    "memento_ids",
    "writable_ids",
    "issued_at",
    "expires_at",
)
_INSERT_REQUEST = Statement(insert_for_client(AuthorizationRequest, _ADDED))
_DROP_EXPIRED = Statement(
    delete(AuthorizationRequest).where(
        AuthorizationRequest.network == bindparam("network"), AuthorizationRequest.expires_at <= bindparam("at")
    )
)
_DROP = Statement(delete(AuthorizationRequest).where(AuthorizationRequest.digest == bindparam("digest_")))
_COUNT_UNSIGNED = Statement(
    select(func.count().label("count")).where(AuthorizationRequest.network == bindparam("network"))
)
_FIND_FIRST_END = Statement(
    select(func.min(AuthorizationRequest.expires_at).label("ends_at")).where(
        AuthorizationRequest.network == bindparam("network")
    )
)
#: Cuts off what is too much of one ``user``.
DROP_OLDEST = Statement(
    delete(AuthorizationRequest).where(
        AuthorizationRequest.digest.in_(
            select(AuthorizationRequest.digest)
            .where(AuthorizationRequest.user_id == bindparam("user"))
            .order_by(AuthorizationRequest.issued_at.desc())
            .offset(MOST_OF_PERSON)
        )
    )
)


class Asked(TypedDict):
    """What is kept of a request, and for how many seconds.

    That is the nonce of its browser, None while none has opened it; its client; and what was wrong with its parameters.
    """

    lifetime: int

    browser: str | None
    client_key: str
    parameters: dict[str, str]
    defect: str | None


def add_authorization_request(connection: Connection, *, user_id: str, **row: Unpack[Asked]) -> str:
    """Keep a signed-in person's request waiting, bound to the browser that holds ``browser``. Returns its handle.

    Of each person the last :data:`MOST_OF_PERSON` are kept.
    """
    handle = _insert_request(connection, user_id=user_id, network=None, **row)
    connection.run(DROP_OLDEST, user=user_id)
    return handle


def add_pushed_request(connection: Connection, **row: Unpack[Asked]) -> str:
    """Keep a request that its client has sent beforehand (:rfc:`9126#section-2.2`). Returns its handle.

    How many a client sends, is counted before.
    """
    return _insert_request(connection, user_id=None, network=None, **row)


def add_unsigned_request(
    connection: Connection, limits: Limits, *, network: str, most: int = MOST_OF_NETWORK, **row: Unpack[Asked]
) -> str | None:
    """Do the same while nobody has signed in. Returns None when ``most`` of them wait for the network already.

    So it does when of all networks too many have begun to wait in the last minutes (``UNSIGNED_REQUESTS``).
    """
    # Whoever comes back to one of these reads that it has expired, whether it is there or not.
    connection.run(_DROP_EXPIRED, network=network, at=clock.now())
    if _count_unsigned(connection, network) >= most or limits.fail(UNSIGNED_REQUESTS) is not None:
        return None
    handle = _insert_request(connection, user_id=None, network=network, **row)
    # Others may have counted at the same moment. Each that now sees too many takes its own away.
    if _count_unsigned(connection, network) > most:
        connection.run(_DROP, digest_=credentials.digest(handle))
        return None
    return handle


def find_wait(connection: Connection, network: str) -> int:
    """Returns the seconds until the first of those that wait for a network makes room for another."""
    first: datetime | None = connection.first(_FIND_FIRST_END, network=network).ends_at
    return 1 if first is None else max(1, ceil((first - clock.now()).total_seconds()))


def _count_unsigned(connection: Connection, network: str) -> int:
    count: int = connection.first(_COUNT_UNSIGNED, network=network).count
    return count


def _insert_request(
    connection: Connection,
    *,
    lifetime: int,
    browser: str | None,
    client_key: str,
    user_id: str | None,
    network: str | None,
    parameters: dict[str, str],
    defect: str | None,
) -> str:
    prefix = credentials.PUSHED_REQUEST if browser is None else credentials.AUTHORIZATION_REQUEST
    handle = credentials.new_credential(prefix)
    issued_at = clock.now()
    is_kept = connection.run(
        _INSERT_REQUEST,
        digest=credentials.digest(handle),
        browser_digest=None if browser is None else credentials.digest(browser),
        client_key=client_key,
        user_id=user_id,
        network=network,
        parameters=json.dumps(parameters),
        defect=defect,
        memento_ids=[],
        writable_ids=[],
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=lifetime),
    )
    if not is_kept:
        # The client was deleted since it was looked up.
        raise RowGone
    return handle
