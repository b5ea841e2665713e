"""The authorize endpoint for a person whose live consent makes every screen needless: the fast door's row of it.

It answers what Flask's view (:mod:`app.oauth.endpoints.authorization`) answers, by the same checks and the same write.
Everything else is the view's: whoever is not signed in, what is refused, what a screen is needed for, and what was changed
between the look and the write.
"""

from functools import cache

from app.accounts.sessions import is_idle, note_visit
from app.credentials import digest
from app.database.side_by_side.connection import connect_beside
from app.http.direct.call import Call
from app.http.direct.signed_cookie import read_credential
from app.http.direct.written import Written
from app.http.doors import STEP
from app.http.form_action import STAY_HERE
from app.http.navigation import is_navigation
from app.logs import present
from app.oauth.by_consent import answer_by_consent
from app.oauth.checks import Door, find_way_back
from app.oauth.parameters import parse_parameters
from app.oauth.redirect import Redirect
from app.oauth.refusals import Refused
from app.oauth.server import server
from app.oauth.standing import Visit, find_visit
from app.oauth.wire_request import WireRequest

_HTML = "text/html; charset=utf-8"


def answer(call: Call) -> Written | None:
    """Answer an authorization request that is plainly covered."""
    environ, services = call.environ, call.services
    cookies = environ.get("HTTP_COOKIE")
    if not cookies or not is_navigation(environ):
        return None
    parameters = parse_parameters(environ.get("QUERY_STRING", "").encode("latin-1"))
    client_id = parameters.values.get("client_id")
    credential = read_credential(cookies, services.settings) if client_id and not parameters.defects else None
    if client_id is None or credential is None:
        return None
    session_digest = digest(credential)
    with connect_beside(services.engine) as connection:
        visit = find_visit(connection, session_digest, client_id)
        if visit is None or is_idle(services, session_digest, visit.last_used_at):
            return None
        request = WireRequest(
            parameters.values,
            connection,
            services,
            method=call.method,
            path=call.path,
            headers=call.headers,
            request_id=call.request_id,
            person_id=visit.person_id,
        )
        redirect = _answer(request, visit, session_digest)
    if redirect is None:
        return None
    note_visit(services, session_digest, visit.last_used_at)
    return _write(redirect, services.settings.is_https, call.request_id)


def _answer(request: WireRequest, visit: Visit, session_digest: str) -> Redirect | None:
    request.client_seen = visit.standing.client
    way_back = find_way_back(request, Door.AUTHORIZE)
    if way_back is None:
        return None
    # As the view does from here on, whatever becomes of it.
    present.note_client(visit.standing.client.key)
    grant = server.authorization_grant(request, way_back)
    try:
        return answer_by_consent(request, grant, visit.standing.consent, session_digest)
    except Refused:
        # The view finds the same, and tells it.
        return None


def _write(redirect: Redirect, is_https: bool, request_id: str) -> Written:
    """Returns the redirect with what Flask and the page's door say beside it, in their order."""
    status, body, told = redirect
    (location,) = [value for name, value in told if name == "Location"]
    headers = [one for one in told if one[0] != "Location"]
    return Written(
        status,
        [*headers, *_beside(is_https), ("X-Request-ID", request_id), ("Location", location)],
        body.encode(),
    )


@cache
def _beside(is_https: bool) -> list[tuple[str, str]]:
    of_door = STEP.headers
    own = {"Cache-Control"}
    return [
        ("Content-Type", _HTML),
        ("Content-Length", "0"),
        ("Vary", "Cookie"),
        *(one for one in of_door.fixed if one[0] not in own),
        ("Content-Security-Policy", of_door.policy + STAY_HERE),
        *(of_door.over_https if is_https else ()),
    ]
