"""The requests of the endpoints: from Flask's to one that the protocol knows, and its answer to Flask's."""

from collections.abc import Callable

from flask import Response
from flask import request as http_request
from flask_login import current_user

from app.database.connections import Connection, connect
from app.http.incoming import IncomingRequest
from app.http.services import services
from app.http.wire import json_answer, request_id
from app.oauth.cross_origin import note_caller
from app.oauth.exchange import Answer
from app.oauth.parameters import Parameters
from app.oauth.wire_request import WireRequest, read_form


def answer_form(handle: Callable[[WireRequest], Answer]) -> Response:
    """Answer a program that sends a form, as ``handle`` says."""
    http, of_app = _http(), services()
    with connect(of_app.engine) as connection:
        request = read_form(
            connection,
            of_app,
            method=http.method,
            path=http.path,
            headers=http.headers,
            read_body=http.read_body,
            request_id=request_id(),
            address=http.remote_addr or "",
        )
        try:
            answer = handle(request)
        finally:
            note_caller(request.caller)
    assert isinstance(answer.body, dict)
    return json_answer(answer.body, answer.status, answer.headers)


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
