"""Requests that a client sends beforehand (:rfc:`9126`), and requests by reference (:rfc:`9101`)."""

from collections.abc import Mapping

from app.oauth.parameters import PUSHED
from app.oauth.playground.callback import callback_uri
from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest

#: What stands before our references: they are URNs (:rfc:`9126#section-2.2`).
URI_PREFIX = "urn:ietf:params:oauth:request_uri:"


def find_reference(parameters: Mapping[str, str]) -> str | None:
    """Returns the handle that the address of a pushed request holds; None for a request that names none."""
    uri = parameters.get("request_uri")
    return None if uri is None or not uri.startswith(URI_PREFIX) else uri.removeprefix(URI_PREFIX)


def refuse_request_uri(request: WireRequest) -> None:
    """Beside the request itself: we fetch none from anywhere (:rfc:`9101#section-5.2`). Raises a refusal."""
    if "request_uri" in request.payload.data:
        raise refuse(Reason.REQUEST_URI_ELSEWHERE)


def refuse_reference(request: WireRequest) -> None:
    """At the pushed request endpoint, which makes the references (:rfc:`9126#section-2.1`). Raises a refusal."""
    if "request_uri" in request.payload.data:
        raise refuse(Reason.REQUEST_URI_PUSHED)


def refuse_request_object(request: WireRequest) -> None:
    """At the pushed request endpoint: signed requests (:rfc:`9126#section-3`) are not read. Raises a refusal."""
    if "request" in request.payload.data:
        raise refuse(Reason.REQUEST_OBJECT)


def demand_push(request: WireRequest) -> None:
    """At the authorize endpoint, for a client that pushes each request (:rfc:`9126#section-4`). Raises a refusal."""
    if request.known_client.require_pushed:
        _refuse_unless_tried(request)


def demand_pushed(request: WireRequest) -> None:
    """The same of a request that waits: it may have been brought before its client said so. Raises a refusal."""
    if request.known_client.require_pushed and PUSHED not in request.payload.data:
        _refuse_unless_tried(request)


def _refuse_unless_tried(request: WireRequest) -> None:
    # The playground's page has no secret to push with, and is open for the client's own people alone.
    issuer, client_id = request.services.settings.issuer, request.known_client.client_id
    if request.payload.redirect_uri != callback_uri(issuer, client_id):
        raise refuse(Reason.PUSH_DEMANDED)
