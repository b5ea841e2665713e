"""What becomes of a waiting request: each step is one statement, whose row count decides."""

import json
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Text, bindparam, or_, select, update
from sqlalchemy.orm import Session

from app import clock, credentials
from app.config import settings
from app.consents.choice import Choice
from app.database.connections import Connection
from app.database.statements import Statement
from app.database.types import Lines
from app.oauth.authorization_request.bounds import DROP_OLDEST
from app.oauth.authorization_request.record import SCREENS, AuthorizationRequest, WaitingRequest

_IS_WAITING = (
    AuthorizationRequest.digest == bindparam("handle_digest"),
    AuthorizationRequest.consumed_at.is_(None),
    AuthorizationRequest.expires_at > bindparam("at"),
)

_FIND_REQUEST = Statement(
    select(
        AuthorizationRequest.digest,
        AuthorizationRequest.browser_digest,
        AuthorizationRequest.client_key,
        AuthorizationRequest.user_id,
        AuthorizationRequest.parameters.label("stored_parameters"),
        AuthorizationRequest.defect,
        AuthorizationRequest.selection,
        AuthorizationRequest.memento_ids,
        AuthorizationRequest.writable_ids,
        AuthorizationRequest.picker_shown,
        AuthorizationRequest.consent_shown,
        AuthorizationRequest.account_chosen_at,
        AuthorizationRequest.device_digest,
        AuthorizationRequest.user_code,
        AuthorizationRequest.asked_from,
        AuthorizationRequest.issued_at,
        AuthorizationRequest.expires_at,
        AuthorizationRequest.consumed_at,
    ).where(AuthorizationRequest.digest == bindparam("handle_digest")),
    row=WaitingRequest,
)

_BIND_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.browser_digest.is_(None))
    .values(
        browser_digest=bindparam("nonce_digest"),
        parameters=bindparam("opened_parameters"),
        issued_at=bindparam("at"),
        expires_at=bindparam("until"),
    )
)

_RENEW_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, or_(AuthorizationRequest.user_id.is_(None), AuthorizationRequest.user_id == bindparam("user")))
    .values(user_id=bindparam("user"), network=None, expires_at=bindparam("until"))
)

_SAVE_CHOICE = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(
        selection=bindparam("chosen"),
        memento_ids=bindparam("chosen_ids", type_=Lines()),
        writable_ids=bindparam("chosen_writable_ids", type_=Lines()),
    )
)

_REMEMBER_SHOWN = {
    screen: Statement(
        update(AuthorizationRequest)
        .where(AuthorizationRequest.digest == bindparam("handle_digest"))
        .values({f"{screen}_shown": bindparam("seal", type_=Text())})
    )
    for screen in SCREENS
}

_CHOOSE_ACCOUNT = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(account_chosen_at=bindparam("at"))
)

_CONSUME_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING, AuthorizationRequest.user_id == bindparam("user"))
    .values(consumed_at=bindparam("at"))
)

# Nor does it count any longer among those that wait for the network.
_ABANDON_REQUEST = Statement(
    update(AuthorizationRequest).where(*_IS_WAITING).values(consumed_at=bindparam("at"), network=None)
)

_RELEASE_REQUEST = Statement(
    update(AuthorizationRequest)
    .where(*_IS_WAITING)
    .values(
        user_id=None,
        network=bindparam("from_network"),
        selection=None,
        account_chosen_at=None,
        memento_ids=bindparam("no_ids", type_=Lines()),
        writable_ids=bindparam("no_ids", type_=Lines()),
    )
)


def find_authorization_request(connection: Connection, handle: str) -> WaitingRequest | None:
    """Returns the request, in whatever state it is."""
    waiting: WaitingRequest | None = connection.first(_FIND_REQUEST, handle_digest=credentials.digest(handle))
    return waiting


def bind_pushed_request(
    connection: Connection, waiting: WaitingRequest, *, browser: str, parameters: Mapping[str, str]
) -> bool:
    """Bind a request that was sent beforehand to the first browser that opens it.

    Returns False when that was another one, or the request is over. From now on it waits as one does that this browser
    has brought, with these ``parameters``.
    """
    at = clock.now()
    return (
        connection.run(
            _BIND_REQUEST,
            handle_digest=waiting.digest,
            at=at,
            nonce_digest=credentials.digest(browser),
            opened_parameters=json.dumps(parameters),
            until=at + timedelta(seconds=settings().authorization_request_lifetime),
        )
        == 1
    )


def renew_authorization_request(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Bind the request to the person, if to nobody yet, and renew its time. Returns False when it is another's or over.

    A device was told how long it may ask, so its request lasts no longer than that.
    """
    latest = waiting.issued_at + timedelta(seconds=settings().authorization_request_max_lifetime)
    renewed = min(clock.now() + timedelta(seconds=settings().authorization_request_lifetime), latest)
    until = waiting.expires_at if waiting.is_of_device else renewed
    is_renewed = (
        connection.run(_RENEW_REQUEST, handle_digest=waiting.digest, at=clock.now(), user=user_id, until=until) == 1
    )
    if is_renewed and waiting.user_id is None:
        connection.run(DROP_OLDEST, user=user_id)
    return is_renewed


def hold_authorization_request(session: Session, waiting: WaitingRequest) -> None:
    """Let the request of somebody who waits for a letter live as long as a request may. The caller commits."""
    until = waiting.issued_at + timedelta(seconds=settings().authorization_request_max_lifetime)
    session.execute(
        update(AuthorizationRequest)
        .where(
            AuthorizationRequest.digest == waiting.digest,
            AuthorizationRequest.device_digest.is_(None),
            AuthorizationRequest.user_id.is_(None),
            AuthorizationRequest.consumed_at.is_(None),
            AuthorizationRequest.expires_at > clock.now(),
        )
        .values(expires_at=until)
    )


def abandon_authorization_request(connection: Connection, waiting: WaitingRequest) -> bool:
    """End the request, whoever it waits for. Returns False when somebody was quicker."""
    return connection.run(_ABANDON_REQUEST, handle_digest=waiting.digest, at=clock.now()) == 1


def save_choice(
    connection: Connection,
    waiting: WaitingRequest,
    *,
    user_id: str,
    choice: Choice,
) -> bool:
    """Remember what was picked, until the consent is given. Returns False when the request is over."""
    return (
        connection.run(
            _SAVE_CHOICE,
            handle_digest=waiting.digest,
            at=clock.now(),
            user=user_id,
            chosen=choice.selection,
            chosen_ids=list(choice.memento_ids),
            chosen_writable_ids=list(choice.writable_ids),
        )
        == 1
    )


def remember_shown(connection: Connection, waiting: WaitingRequest, screen: str, seal: str) -> None:
    """Keep the seal of what ``screen`` (one of :data:`SCREENS`) shows now: an answer without one is held to it."""
    connection.run(_REMEMBER_SHOWN[screen], handle_digest=waiting.digest, seal=seal)


def choose_account(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Note that the person answers as this account. Returns False when the request is over, or is another person's."""
    return connection.run(_CHOOSE_ACCOUNT, handle_digest=waiting.digest, at=clock.now(), user=user_id) == 1


def consume_authorization_request(connection: Connection, waiting: WaitingRequest, user_id: str) -> bool:
    """Take the request for good; the row count decides. Returns False when it was taken, is over, or is another person's."""
    return connection.run(_CONSUME_REQUEST, handle_digest=waiting.digest, at=clock.now(), user=user_id) == 1


def release_authorization_request(connection: Connection, waiting: WaitingRequest, network: str) -> None:
    """Unbind the request from the person, who wants to sign in as somebody else."""
    connection.run(_RELEASE_REQUEST, handle_digest=waiting.digest, at=clock.now(), from_network=network, no_ids=[])
