"""The endpoints without Flask that the fast door calls too, as Flask's views call them."""

from flask import Response
from flask import request as http_request

from app.http.direct.call import Act, Call
from app.http.incoming import IncomingRequest
from app.http.services import services
from app.http.wire import JsonAnswer
from app.oauth.cross_origin import note_caller


def answer_by(act: Act) -> Response:
    """Answer the present request by this function, which must not leave it to Flask."""
    # Flask's proxy is asked once: each look through it costs as much as several attributes.
    http: IncomingRequest = http_request._get_current_object()  # type: ignore[attr-defined]
    call = Call(http.environ, services(), http.method, http.path, http.read_body)
    try:
        written = act(call)
    finally:
        note_caller(call.caller)
    assert written is not None
    return JsonAnswer(written)
