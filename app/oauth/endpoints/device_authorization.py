"""The device authorization endpoint (:rfc:`8628#section-3.1`)."""

from flask import Response

from app.http.direct.call import Row, both_spellings
from app.http.doors import WIRE
from app.oauth.calling import answer_by
from app.oauth.device_authorization import ask_for_device
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import form_endpoint

_PATH = "/oauth/device_authorization"


@blueprint.post(_PATH, door=WIRE)
def device_authorization() -> Response:
    """Give a device a code of its own, and one for a person to enter."""
    return answer_by(_answer)


_answer = form_endpoint(ask_for_device)

DIRECT = (Row("POST", both_spellings(_PATH), _PATH, WIRE, _answer),)
