"""Where the answer to an authorization request may go: to a redirect URI that was checked, and to no other.

The answer to a device's request goes nowhere: the device asks for it. Its way back has no address.
"""

from app.clients.models import ClientSnapshot, find_client
from app.oauth.playground.callback import find_return_problem
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.wire_request import WireRequest

_SEAL = object()


class UncheckedWayBack(RuntimeError):
    """A caller forgot the checks. That is our mistake: the answer is an error, and no code."""


class WayBack:
    """A redirect URI to which an answer to this client may go, or none for a device. The checks alone make one.

    ``person_id`` is who was signed in then: None settles nothing for whoever signs in later. ``door`` says at which
    door the checks ran.
    """

    __slots__ = ("client_id", "door", "person_id", "uri")

    def __init__(self, seal: object, client_id: str, uri: str, person_id: str | None, door: str) -> None:
        if seal is not _SEAL:
            raise UncheckedWayBack("Only the checks say where an answer may go.")
        self.client_id, self.uri, self.person_id, self.door = client_id, uri, person_id, door


def demand_known_client(request: WireRequest) -> None:
    """Without a client nobody could say whose address it is. Raises a refusal."""
    client_id, client = request.payload.client_id, request.client_seen
    if client is None and client_id is not None:
        client = find_client(request.connection, client_id)
    if client is None:
        raise refuse(Reason.CLIENT_UNKNOWN)
    request.client = client


def demand_working_client(request: WireRequest) -> None:
    """A client that is suspended, or still a draft, gets no answer. Raises a refusal."""
    client = request.known_client
    if client.suspended_at is not None:
        raise refuse(Reason.CLIENT_SUSPENDED, client=client)


def demand_own_redirect_uri(request: WireRequest) -> None:
    """The redirect URI must be one of the client's, or its open playground's. Raises a refusal."""
    client, redirect_uri = request.known_client, request.payload.redirect_uri
    if redirect_uri is None:
        raise _refuse_without(request, client)
    issuer = request.services.settings.issuer
    problem = find_return_problem(request.connection, client, redirect_uri, request.person_id, issuer)
    if problem is not None:
        raise refuse(problem, client=client)


def _refuse_without(request: WireRequest, client: ClientSnapshot) -> Refused:
    """Returns why there is no redirect URI: it stands somewhere else, or nobody can tell which one is meant."""
    defect = request.defects.get("redirect_uri") or request.defects.get("request_uri")
    if defect:
        return refuse(Reason.PARAMETER_DEFECTIVE, client=client, detail=defect)
    is_elsewhere = "request_uri" in request.payload.data
    return refuse(Reason.REQUEST_URI_ELSEWHERE if is_elsewhere else Reason.REDIRECT_URI_MISSING, client=client)


def demand_device_client(request: WireRequest) -> None:
    """The client must be one whose devices people connect by a code. Raises a refusal."""
    if not request.known_client.device_flow:
        raise refuse(Reason.DEVICE_NOT_ALLOWED, client=request.known_client)


def make_way_back(request: WireRequest, door: str) -> WayBack:
    """Returns the way back of a request that has just passed the checks above that are its own."""
    return WayBack(_SEAL, request.payload.client_id, request.payload.redirect_uri or "", request.person_id, door)


def demand_checked_for(way_back: WayBack, person_id: str) -> None:
    """Raises :class:`UncheckedWayBack` when the way back was not checked for the one whose answer goes there."""
    if not isinstance(way_back, WayBack) or way_back.person_id != person_id:
        raise UncheckedWayBack("No code goes to an address that was not checked for its person.")


def demand_checked(way_back: WayBack | None, request: WireRequest) -> WayBack:
    """Returns the way back, if it was checked for this client and this address.

    Raises :class:`UncheckedWayBack` otherwise.
    """
    asked = (request.payload.client_id, request.payload.redirect_uri or "")
    if not isinstance(way_back, WayBack) or (way_back.client_id, way_back.uri) != asked:
        raise UncheckedWayBack("No answer goes to an address that nobody checked.")
    return way_back
