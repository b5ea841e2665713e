"""Whether a client has signed an assertion, and where its keys come from: its registration, or the host that it named."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import bindparam, exists, or_, select, update

from app import clock
from app.clients.keys import ALGORITHMS, keep_usable, read_keys
from app.clients.models import DYNAMIC, REGISTERED, Client, ClientKeys, ClientSnapshot, SelfRegistration
from app.database.connections import Connection
from app.database.side_by_side.aside import step_aside
from app.database.statements import Statement
from app.fetch import KEYS, STRANGERS_KEYS, FetchBusy, FetchFailed
from app.limits.errors import TooManyAttempts
from app.oauth.assertions.reading import Assertion, registry
from app.services import Services

if TYPE_CHECKING:
    from joserfc.jwk import Key

#: For so long a fetched set is used without asking, and for so long while its host is away. So long nobody asks anew
#: for a key that is not among them.
_FRESH, _GOOD, _BETWEEN = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


class KeysAway(Exception):
    """The host where the client's keys lie cannot be asked just now. ``seconds`` is when to come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


class KeysRow(Struct):
    """What is kept of a client's keys. ``may_fetch`` is whether anybody has allowed the client something."""

    jwks: str
    jwks_uri: str
    fetched_at: datetime | None
    tried_at: datetime | None
    may_fetch: bool

    def is_younger(self, than: timedelta) -> bool:
        """Returns whether the set was fetched no longer ago; a clock that was ahead makes none young for ever."""
        return self.fetched_at is not None and abs(clock.now() - self.fetched_at) < than


_is_unused = exists().where(SelfRegistration.client_key == Client.key, SelfRegistration.used_at.is_(None))
_FIND = Statement(
    select(
        ClientKeys.jwks,
        ClientKeys.jwks_uri,
        ClientKeys.fetched_at,
        ClientKeys.tried_at,
        # Nothing is asked of anybody for a client that a stranger has just registered.
        or_(Client.origin != DYNAMIC, ~_is_unused).label("may_fetch"),
    )
    .join(Client, Client.key == ClientKeys.client_key)
    .where(ClientKeys.client_key == bindparam("client_key")),
    row=KeysRow,
)
_of_same = (ClientKeys.client_key == bindparam("key"), ClientKeys.jwks_uri == bindparam("uri"))
_KEEP = Statement(
    update(ClientKeys)
    .where(*_of_same)
    .values(jwks=bindparam("jwks"), fetched_at=bindparam("at"), tried_at=bindparam("at"))
)
_NOTE_TRY = Statement(update(ClientKeys).where(*_of_same).values(tried_at=bindparam("at")))


def is_signed(connection: Connection, services: Services, client: ClientSnapshot, assertion: Assertion) -> bool:
    """Returns whether one of the client's keys has signed the assertion.

    Where none of those that are known has, the host is asked anew, for not every app names its keys. Raises
    :class:`KeysAway`.
    """
    row: KeysRow | None = connection.first(_FIND, client_key=client.key)
    if row is None:
        return False
    is_right = is_signed_by(_choose(row.jwks, assertion), assertion)
    if not row.jwks_uri or (is_right and row.is_younger(_FRESH)):
        return is_right
    seconds, has_just_tried = 60, row.tried_at is not None and abs(clock.now() - row.tried_at) < _BETWEEN
    has_failed = has_just_tried and row.tried_at != row.fetched_at
    if row.may_fetch and not has_just_tried:
        try:
            return is_signed_by(_choose(_fetch(connection, services, client, row), assertion), assertion)
        except FetchBusy as busy:
            has_failed, seconds = True, busy.retry_after
        except (FetchFailed, TooManyAttempts):
            has_failed = True
            connection.run(_NOTE_TRY, key=client.key, uri=row.jwks_uri, at=clock.now())
    if is_right and row.is_younger(_GOOD):
        return True
    if has_failed:
        raise KeysAway(seconds)
    # A key that is not among those of a moment ago is no key of the client's.
    return False


def is_signed_by(keys: Iterable["Key"], assertion: Assertion) -> bool:
    """Returns whether one of the keys has signed the assertion."""
    from joserfc.errors import JoseError
    from joserfc.jws import deserialize_compact

    for key in keys:
        try:
            deserialize_compact(assertion.text, key, registry=registry())
        except (JoseError, ValueError):
            continue
        return True
    return False


def _fetch(connection: Connection, services: Services, client: ClientSnapshot, row: KeysRow) -> str:
    """Returns the set that lies at the address now, and keeps it. Raises what the fetcher does."""
    # It may take seconds.
    step_aside()
    kind = KEYS if client.origin == REGISTERED else STRANGERS_KEYS
    jwks = keep_usable(services.fetcher.fetch_keys(row.jwks_uri, kind, client_key=client.key))
    connection.run(_KEEP, key=client.key, uri=row.jwks_uri, jwks=jwks, at=clock.now())
    return jwks


def _choose(jwks: str, assertion: Assertion) -> list["Key"]:
    """Returns those of the kind that the assertion's algorithm needs, for no other, and of its ``kid`` where both name one."""
    kind, curve = ALGORITHMS[assertion.algorithm]
    found = []
    for key in _read(jwks):
        is_of_kind = key.key_type == kind and (curve is None or getattr(key, "curve_name", None) == curve)
        is_named = assertion.key_id is None or key.kid in (None, assertion.key_id)
        if is_of_kind and is_named and key.alg in (None, assertion.algorithm):
            found.append(key)
    return found


@lru_cache(maxsize=256)
def _read(jwks: str) -> tuple["Key", ...]:
    return tuple(read_keys(jwks)) if jwks else ()
