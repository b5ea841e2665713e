"""The requests of the endpoints: from what came in to what the protocol knows, and its answer to what is sent."""

from collections.abc import Callable

from flask import request as http_request
from flask_login import current_user

from app.database.connections import Connection
from app.database.side_by_side.connection import connect_beside
from app.http.direct.call import Call
from app.http.direct.written import Written, write_json
from app.http.incoming import IncomingRequest
from app.http.services import services
from app.http.wire import request_id
from app.oauth.exchange import Answer
from app.oauth.parameters import Parameters
from app.oauth.wire_request import WireRequest, read_form


def form_endpoint(handle: Callable[[WireRequest], Answer]) -> Callable[[Call], Written]:
    """Returns the endpoint of programs that send a form, which ``handle`` answers. It needs no Flask."""

    def answer(call: Call) -> Written:
        with connect_beside(call.services.engine) as connection:
            request = read_form(
                connection,
                call.services,
                method=call.method,
                path=call.path,
                headers=call.headers,
                read_body=call.read_body,
                request_id=call.request_id,
                address=call.address,
            )
            try:
                answered = handle(request)
            finally:
                call.caller = request.caller
        assert isinstance(answered.body, dict)
        return write_json(answered.body, answered.status, answered.headers, request.request_id)

    return answer


def authorization_request(connection: Connection, parameters: Parameters) -> WireRequest:
    """Returns the authorization request with these parameters, of whoever is signed in now."""
    http = _http()
    return WireRequest(
        parameters.values,
        connection,
        services(),
        method=http.method,
        path=http.path,
        headers=http.headers,
        request_id=request_id(),
        defects=parameters.defects,
        person_id=current_user.id if current_user.is_authenticated else None,
    )


def _http() -> IncomingRequest:
    # Flask's proxy is asked once: each look through it costs as much as several attributes.
    http: IncomingRequest = http_request._get_current_object()  # type: ignore[attr-defined]
    return http
