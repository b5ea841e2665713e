"""The authorization request: validated, waiting server-side for the person's decision."""

from app.oauth.authorization_request.bounds import (
    MOST_OF_NETWORK,
    MOST_OF_PERSON,
    MOST_PUSHED_OF_NETWORK,
    Asked,
    add_authorization_request,
    add_pushed_request,
    add_unsigned_request,
    find_wait,
)
from app.oauth.authorization_request.left import LeftTicks, find_left_ticks, keep_ticks
from app.oauth.authorization_request.locking import lock_decision
from app.oauth.authorization_request.record import SCREENS, AuthorizationRequest, WaitingRequest
from app.oauth.authorization_request.steps import (
    abandon_authorization_request,
    bind_pushed_request,
    choose_account,
    consume_authorization_request,
    find_authorization_request,
    hold_authorization_request,
    release_authorization_request,
    remember_shown,
    renew_authorization_request,
    save_choice,
)

__all__ = [
    "MOST_OF_NETWORK",
    "MOST_OF_PERSON",
    "MOST_PUSHED_OF_NETWORK",
    "SCREENS",
    "Asked",
    "AuthorizationRequest",
    "LeftTicks",
    "WaitingRequest",
    "abandon_authorization_request",
    "add_authorization_request",
    "add_pushed_request",
    "add_unsigned_request",
    "bind_pushed_request",
    "choose_account",
    "consume_authorization_request",
    "find_authorization_request",
    "find_left_ticks",
    "find_wait",
    "hold_authorization_request",
    "keep_ticks",
    "lock_decision",
    "release_authorization_request",
    "remember_shown",
    "renew_authorization_request",
    "save_choice",
]
