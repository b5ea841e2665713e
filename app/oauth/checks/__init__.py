"""The checks of an authorization request, in their order, with a column for each door that runs them.

A request comes in at the authorize endpoint, or is pushed by its client beforehand (:rfc:`9126`), and is replayed from
what was kept of it each time that the person goes a step further. What is wrong with the client or its redirect URI is told to the person by a page: nobody could say where
else (:rfc:`6749#section-4.1.2.1`). All the rest is told to the client by a redirect, and only once the person has
signed in: else we would bounce anybody to any registered address (:rfc:`9700#section-4.11.2`). A client that pushes its
request is told everything in the answer to that.

A device's request (:rfc:`8628#section-3.1`) comes in by itself, and its client is told at once. No answer goes to an
address, so what belongs to one is not asked for. When it is replayed, what has become wrong ends it: the device is told
so when it asks next, and the person by a page.
"""

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import NamedTuple

from app import metrics
from app.logs import present
from app.oauth.checks.parameters import (
    demand_known_prompt,
    demand_response_in_query,
    demand_response_type_code,
    demand_sound_details,
    demand_state,
    refuse_defects,
    resolve_resources,
    resolve_scope,
)
from app.oauth.checks.pkce import demand_code_challenge
from app.oauth.checks.pushed import (
    demand_push,
    demand_pushed,
    refuse_reference,
    refuse_request_object,
    refuse_request_uri,
)
from app.oauth.checks.way_back import (
    UncheckedWayBack,
    WayBack,
    demand_checked,
    demand_device_client,
    demand_known_client,
    demand_own_redirect_uri,
    demand_working_client,
    make_way_back,
)
from app.oauth.journal.log import note_refusal
from app.oauth.journal.record import AUTHORIZE, ERROR_PAGE
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.wire_request import WireRequest


class Told(Enum):
    """How a door tells what is wrong: the person on a page, or the client by a redirect, at once, or when it asks next."""

    PAGE = "page"
    REDIRECT = "redirect"
    JSON = "json"
    POLL = "poll"


class Door(StrEnum):
    """Where an authorization request comes in. Each is a column of the table."""

    AUTHORIZE = "authorize"
    REPLAY = "replay"
    PUSHED = "pushed"
    DEVICE = "device"
    DEVICE_REPLAY = "device_replay"


class Check(NamedTuple):
    """A row of the table: what is checked, and how each door tells what is wrong. None where a door leaves it out."""

    run: Callable[[WireRequest], None]
    authorize: Told | None
    replay: Told | None
    pushed: Told | None
    device: Told | None
    device_replay: Told | None


CHECKS = (
    #     what is checked            at authorize   at the replay  when pushed  of a device  its replay    refused with
    Check(demand_known_client,       Told.PAGE,     Told.PAGE,     Told.JSON,   Told.JSON,   Told.PAGE),
    Check(demand_working_client,     Told.PAGE,     Told.PAGE,     Told.JSON,   Told.JSON,   Told.PAGE),
    Check(refuse_reference,          None,          None,          Told.JSON,   None,        None),     # invalid_request
    Check(refuse_request_object,     None,          None,          Told.JSON,   None,        None),     # request_not_supported
    Check(demand_own_redirect_uri,   Told.PAGE,     Told.PAGE,     Told.JSON,   None,        None),     # invalid_request
    Check(demand_device_client,      None,          None,          None,        Told.JSON,   Told.PAGE),# unauthorized_client
    Check(refuse_request_uri,        Told.REDIRECT, Told.REDIRECT, None,        None,        None),     # request_uri_not_supported
    Check(refuse_defects,            Told.REDIRECT, Told.REDIRECT, Told.JSON,   Told.JSON,   Told.POLL),# invalid_request
    Check(demand_push,               Told.REDIRECT, None,          None,        None,        None),     # invalid_request
    Check(demand_pushed,             None,          Told.REDIRECT, None,        None,        None),     # invalid_request
    Check(demand_response_type_code, Told.REDIRECT, Told.REDIRECT, Told.JSON,   None,        None),     # invalid_request, unsupported_response_type
    Check(demand_response_in_query,  Told.REDIRECT, Told.REDIRECT, Told.JSON,   None,        None),     # invalid_request
    Check(demand_state,              Told.REDIRECT, Told.REDIRECT, Told.JSON,   None,        None),     # invalid_request
    Check(resolve_resources,         Told.REDIRECT, Told.REDIRECT, Told.JSON,   Told.JSON,   Told.POLL),# invalid_target
    Check(resolve_scope,             Told.REDIRECT, Told.REDIRECT, Told.JSON,   Told.JSON,   Told.POLL),# invalid_scope
    Check(demand_known_prompt,       Told.REDIRECT, Told.REDIRECT, Told.JSON,   None,        None),     # invalid_request
    Check(demand_sound_details,      Told.REDIRECT, Told.REDIRECT, Told.JSON,   Told.JSON,   Told.POLL),# invalid_authorization_details
    Check(demand_code_challenge,     Told.REDIRECT, Told.REDIRECT, Told.JSON,   None,        None),     # invalid_request
)  # fmt: skip

_RUNS = {
    (door, told): [check.run for check in CHECKS if getattr(check, door) is told] for door in Door for told in Told
}
#: How each door tells what is wrong with the rest of a request, once it is known where its answer goes.
_REST = {Door.AUTHORIZE: Told.REDIRECT, Door.REPLAY: Told.REDIRECT, Door.DEVICE_REPLAY: Told.POLL}

# These speak of a code, which nobody has yet who pushes a request.
_WITHOUT_CODE = {
    Reason.REDIRECT_URI_REFUSED: Reason.REDIRECT_URI_UNUSABLE,
    Reason.PLAYGROUND_CLOSED: Reason.REDIRECT_URI_MISMATCH,
}

__all__ = [
    "CHECKS",
    "Door",
    "UncheckedWayBack",
    "WayBack",
    "check_of_device",
    "check_pushed",
    "check_request",
    "check_way_back",
    "find_way_back",
    "note_page",
]


def check_way_back(request: WireRequest, door: Door) -> WayBack:
    """Find the client, and returns where the answer to its request may go.

    Raises :class:`Refused`, for a page; why, is noted for the client's people.
    """
    try:
        for run in _RUNS[door, Told.PAGE]:
            run(request)
    except Refused as refused:
        note_page(request, refused)
        raise
    present.note_client(request.known_client.key)
    return make_way_back(request, door)


def note_page(request: WireRequest, refused: Refused) -> None:
    """Note for the client's people why somebody saw a page, and the client got no answer."""
    metrics.REFUSED.inc(AUTHORIZE, refused.reason)
    if refused.client is not None:
        present.note_client(refused.client.key)
    note_refusal(request, AUTHORIZE, refused.client, refused, error=ERROR_PAGE)


def find_way_back(request: WireRequest, door: Door) -> WayBack | None:
    """Returns what :func:`check_way_back` does, and notes nothing; None for what is refused, which another door then tells."""
    try:
        for run in _RUNS[door, Told.PAGE]:
            run(request)
    except Refused:
        return None
    return make_way_back(request, door)


def check_request(request: WireRequest, way_back: WayBack | None) -> WayBack:
    """Run all the other checks of the door that found the ``way_back``, and returns that.

    Raises :class:`Refused`, for a redirect or for a device that asks, and :class:`UncheckedWayBack` when nobody called :func:`check_way_back`.
    """
    checked = demand_checked(way_back, request)
    door = Door(checked.door)
    try:
        for run in _RUNS[door, _REST[door]]:
            run(request)
    except Refused as refused:
        refused.redirect_uri = checked.uri or None
        raise
    return checked


def check_pushed(request: WireRequest) -> None:
    """Run every check on a request that its client sends beforehand. Raises :class:`Refused`."""
    try:
        for run in _RUNS[Door.PUSHED, Told.JSON]:
            run(request)
    except Refused as refused:
        if refused.reason in _WITHOUT_CODE:
            raise refuse(_WITHOUT_CODE[refused.reason], client=refused.client) from None
        raise


def check_of_device(request: WireRequest) -> None:
    """Run every check on a request that a device has made. Raises :class:`Refused`."""
    for run in _RUNS[Door.DEVICE, Told.JSON]:
        run(request)
