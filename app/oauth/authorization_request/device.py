"""A device's request (:rfc:`8628`): what the device is told of it, and how it comes into a person's browser."""

import json
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, exists, or_, select, update

from app import clock, credentials
from app.clients.rows import insert_for_client
from app.config import Settings
from app.database.connections import Connection, RowGone
from app.database.rows import is_duplicate
from app.database.statements import Statement
from app.oauth.authorization_request.bounds import DROP_OLDEST
from app.oauth.authorization_request.record import AuthorizationRequest
from app.oauth.authorization_request.user_codes import new_user_code

#: Seconds between two questions of a device, and how many more they are each time that it asks too soon.
INTERVAL = SLOWER_BY = 5
# Nobody meets so many that are taken.
_MOST_TRIES = 10
_MOST_LOOKS = 5

_ADDED = (
    *("digest", "client_key", "network", "parameters", "memento_ids", "writable_ids", "device_digest", "code_digest"),
    *("asked_from", "poll_interval", "issued_at", "expires_at"),
)
_TAKEN = exists().where(AuthorizationRequest.code_digest == bindparam("code_digest"))
_INSERT = Statement(insert_for_client(AuthorizationRequest, _ADDED, ~_TAKEN))


class AskedByDevice(Struct, frozen=True):
    """What a device is told: its own code, and the one that it shows. Both are plain for the only time."""

    # Shows none of its values.
    __repr__ = object.__repr__

    device_code: str
    user_code: str


def add_device_request(
    connection: Connection,
    settings: Settings,
    *,
    client_key: str,
    parameters: dict[str, str],
    network: str,
    asked_from: str | None,
    ending: str,
) -> AskedByDevice:
    """Keep a request until somebody enters its code. Returns what the device is told.

    ``network`` stands for where it came from while nobody has. ``asked_from`` is what the person is told of that, and
    ``ending`` what the device's code ends with. Raises :class:`RowGone` when the client has ended since it was looked up.
    """
    device_code = credentials.new_credential(credentials.DEVICE_CODE) + ending
    issued_at = clock.now()
    for _try in range(_MOST_TRIES):
        user_code = new_user_code()
        row: dict[str, Any] = {
            # Nobody holds a handle until the request is in somebody's browser.
            "digest": credentials.digest(credentials.new_credential(credentials.AUTHORIZATION_REQUEST)),
            "client_key": client_key,
            "network": network,
            "parameters": json.dumps(parameters),
            "memento_ids": [],
            "writable_ids": [],
            "device_digest": credentials.digest(device_code),
            "code_digest": credentials.digest(user_code),
            "asked_from": asked_from,
            "poll_interval": INTERVAL,
            "issued_at": issued_at,
            "expires_at": issued_at + timedelta(seconds=settings.authorization_request_lifetime),
        }
        try:
            is_kept = connection.run(_INSERT, **row)
        except Exception as error:
            if not is_duplicate(error):
                raise
            is_kept = 0
        if is_kept:
            return AskedByDevice(device_code, user_code)
    raise RowGone


# -- what the device is told ---------------------------------------------------------------------


class DeviceRequest(Struct):
    """A device's request, as one SELECT saw it for the device."""

    client_key: str
    poll_interval: int
    next_poll_at: datetime | None
    expires_at: datetime
    consumed_at: datetime | None

    def is_expired(self) -> bool:
        """Returns whether its time is over."""
        return self.expires_at <= clock.now()


_FIND = Statement(
    select(
        AuthorizationRequest.client_key,
        AuthorizationRequest.poll_interval,
        AuthorizationRequest.next_poll_at,
        AuthorizationRequest.expires_at,
        AuthorizationRequest.consumed_at,
    ).where(AuthorizationRequest.device_digest == bindparam("device_digest_")),
    row=DeviceRequest,
)
# Further ahead than a whole interval it was put by a machine whose clock is ahead of this one.
_IS_DUE = or_(
    AuthorizationRequest.next_poll_at.is_(None),
    AuthorizationRequest.next_poll_at <= bindparam("at"),
    AuthorizationRequest.next_poll_at > bindparam("interval_on"),
)
_OF_DEVICE = (
    AuthorizationRequest.device_digest == bindparam("device_digest_"),
    AuthorizationRequest.poll_interval == bindparam("present"),
)
_POLL = Statement(update(AuthorizationRequest).where(*_OF_DEVICE, _IS_DUE).values(next_poll_at=bindparam("next_at")))
_SLOW_DOWN = Statement(
    update(AuthorizationRequest)
    .where(*_OF_DEVICE, AuthorizationRequest.next_poll_at > bindparam("at"))
    .values(next_poll_at=bindparam("next_at"), poll_interval=bindparam("slower"))
)


def find_device_request(connection: Connection, device_digest: str) -> DeviceRequest | None:
    """Returns the request that a device asks about, in whatever state it is."""
    found: DeviceRequest | None = connection.first(_FIND, device_digest_=device_digest)
    return found


def note_poll(connection: Connection, device_digest: str, found: DeviceRequest) -> int | None:
    """Write down that the device has asked. Of two questions at once one is in time: the row counts decide.

    Returns how many seconds lie between two questions from now on, where it has asked too soon; else None.
    """
    asked: DeviceRequest | None = found
    for _look in range(_MOST_LOOKS):
        if asked is None:
            return None
        at, present = clock.now(), asked.poll_interval
        of_device = {"device_digest_": device_digest, "present": present, "at": at}
        interval_on = at + timedelta(seconds=present)
        if connection.run(_POLL, **of_device, interval_on=interval_on, next_at=_next_poll(at, present)):
            return None
        slower = present + SLOWER_BY
        if connection.run(_SLOW_DOWN, **of_device, next_at=_next_poll(at, slower), slower=slower):
            return slower
        # Another question came between the two.
        asked = find_device_request(connection, device_digest)
    return None


def _next_poll(at: datetime, interval: int) -> datetime:
    """Returns when the next question is not too soon. It may come a little early: clocks and networks are not exact.

    After a slow_down it may come earlier still: else one of two machines whose clocks are seconds apart would be asked
    too soon each time, however slowly the device asks.
    """
    early = 1 if interval == INTERVAL else interval * 2 // 5
    return at + timedelta(seconds=interval - early)


# -- into a person's browser ---------------------------------------------------------------------

_CLAIM = Statement(
    update(AuthorizationRequest)
    .where(
        AuthorizationRequest.code_digest == bindparam("entered_digest"),
        AuthorizationRequest.consumed_at.is_(None),
        AuthorizationRequest.expires_at > bindparam("at"),
        or_(
            AuthorizationRequest.browser_digest.is_(None),
            (AuthorizationRequest.browser_digest == bindparam("nonce_digest"))
            & or_(AuthorizationRequest.user_id.is_(None), AuthorizationRequest.user_id == bindparam("person")),
        ),
    )
    .values(
        digest=bindparam("handle_digest"),
        browser_digest=bindparam("nonce_digest"),
        user_id=bindparam("person"),
        user_code=bindparam("entered"),
        network=None,
    )
)


def claim_device_request(connection: Connection, user_code: str, *, browser: str, user_id: str) -> str | None:
    """Bind the request of a code to the browser that holds ``browser`` and to the person. Returns its handle.

    None where no such request waits, or it is in another browser or another person's: the row count decides. Whoever
    enters the code once more in the same browser gets it once more.
    """
    # The same each time, so that a page which it has opened before goes on: a second click must not end the first one's.
    handle = credentials.AUTHORIZATION_REQUEST + credentials.digest(f"{browser}\n{user_code}")
    with connection.transaction():
        is_claimed = connection.run(
            _CLAIM,
            entered_digest=credentials.digest(user_code),
            at=clock.now(),
            nonce_digest=credentials.digest(browser),
            person=user_id,
            handle_digest=credentials.digest(handle),
            entered=user_code,
        )
        if is_claimed:
            connection.run(DROP_OLDEST, user=user_id)
    return handle if is_claimed else None
