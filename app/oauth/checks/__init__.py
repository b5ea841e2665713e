"""The checks of an authorization request, in their order, with a column for each door that runs them.

A request comes in at the authorize endpoint, and is replayed from what was kept of it each time that the person goes a
step further. What is wrong with the client or its redirect URI is told to the person by a page: nobody could say where
else (:rfc:`6749#section-4.1.2.1`). All the rest is told to the client by a redirect, and only once the person has
signed in: else we would bounce anybody to any registered address (:rfc:`9700#section-4.11.2`).
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
from app.oauth.checks.way_back import (
    UncheckedWayBack,
    WayBack,
    demand_checked,
    demand_known_client,
    demand_own_redirect_uri,
    demand_working_client,
    make_way_back,
)
from app.oauth.journal.log import note_refusal
from app.oauth.journal.record import AUTHORIZE, ERROR_PAGE
from app.oauth.refusals import Refused
from app.oauth.wire_request import WireRequest


class Told(Enum):
    """How a door tells what is wrong: the person on a page, or the client by a redirect."""

    PAGE = "page"
    REDIRECT = "redirect"


class Door(StrEnum):
    """Where an authorization request comes in. Each is a column of the table."""

    AUTHORIZE = "authorize"
    REPLAY = "replay"


class Check(NamedTuple):
    """A row of the table: what is checked, and how each door tells what is wrong. None where a door leaves it out."""

    run: Callable[[WireRequest], None]
    authorize: Told | None
    replay: Told | None


CHECKS = (
    #     what is checked            at authorize   at the replay       refused with
    Check(demand_known_client,       Told.PAGE,     Told.PAGE),
    Check(demand_working_client,     Told.PAGE,     Told.PAGE),
    Check(demand_own_redirect_uri,   Told.PAGE,     Told.PAGE),
    Check(refuse_defects,            Told.REDIRECT, Told.REDIRECT),   # invalid_request
    Check(demand_response_type_code, Told.REDIRECT, Told.REDIRECT),   # invalid_request, unsupported_response_type
    Check(demand_response_in_query,  Told.REDIRECT, Told.REDIRECT),   # invalid_request
    Check(demand_state,              Told.REDIRECT, Told.REDIRECT),   # invalid_request
    Check(resolve_resources,         Told.REDIRECT, Told.REDIRECT),   # invalid_target
    Check(resolve_scope,             Told.REDIRECT, Told.REDIRECT),   # invalid_scope
    Check(demand_known_prompt,       Told.REDIRECT, Told.REDIRECT),   # invalid_request
    Check(demand_sound_details,      Told.REDIRECT, Told.REDIRECT),   # invalid_authorization_details
    Check(demand_code_challenge,     Told.REDIRECT, Told.REDIRECT),   # invalid_request
)  # fmt: skip

_RUNS = {
    (door, told): [check.run for check in CHECKS if getattr(check, door) is told] for door in Door for told in Told
}

__all__ = ["CHECKS", "Door", "UncheckedWayBack", "WayBack", "check_request", "check_way_back", "find_way_back"]


def check_way_back(request: WireRequest, door: Door) -> WayBack:
    """Find the client, and returns where the answer to its request may go.

    Raises :class:`Refused`, for a page; why, is noted for the client's people.
    """
    try:
        for run in _RUNS[door, Told.PAGE]:
            run(request)
    except Refused as refused:
        metrics.REFUSED.inc(AUTHORIZE, refused.reason)
        if refused.client is not None:
            present.note_client(refused.client.key)
        note_refusal(request, AUTHORIZE, refused.client, refused, error=ERROR_PAGE)
        raise
    present.note_client(request.known_client.key)
    return make_way_back(request, door)


def find_way_back(request: WireRequest, door: Door) -> WayBack | None:
    """As :func:`check_way_back`, and notes nothing: None for what is refused, which another door then tells."""
    try:
        for run in _RUNS[door, Told.PAGE]:
            run(request)
    except Refused:
        return None
    return make_way_back(request, door)


def check_request(request: WireRequest, way_back: WayBack | None) -> WayBack:
    """Run all the other checks of the door that found the ``way_back``, and returns that.

    Raises :class:`Refused`, for a redirect, and :class:`UncheckedWayBack` when nobody called :func:`check_way_back`.
    """
    checked = demand_checked(way_back, request)
    try:
        for run in _RUNS[Door(checked.door), Told.REDIRECT]:
            run(request)
    except Refused as refused:
        refused.redirect_uri = checked.uri
        raise
    return checked
