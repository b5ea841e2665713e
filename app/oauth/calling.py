"""The endpoints without Flask that the fast door calls too, as Flask's views call them."""

from flask import Response

from app.http.direct.call import Act
from app.http.wire import JsonAnswer, current_call
from app.oauth.cross_origin import note_caller


def answer_by(act: Act) -> Response:
    """Answer the present request by this function, which must not leave it to Flask."""
    call = current_call()
    try:
        written = act(call)
    finally:
        note_caller(call.caller)
    assert written is not None
    return JsonAnswer(written)
