"""The introspection endpoint (:rfc:`7662`)."""

from functools import partial

from flask import Response

from app.http.direct.call import Row, both_spellings
from app.http.doors import BACK
from app.oauth.calling import answer_by
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import form_endpoint
from app.oauth.exchange import exchange
from app.oauth.introspection import Introspection

_PATH = "/oauth/introspect"
_answer = form_endpoint(partial(exchange.create_endpoint_response, Introspection.ENDPOINT_NAME))

DIRECT = (Row("POST", both_spellings(_PATH), _PATH, BACK, _answer),)


@blueprint.post(_PATH, door=BACK)
def introspect() -> Response:
    """Whether one of the client's own tokens is alive, and what it may do now; any other is ``{"active": false}``."""
    return answer_by(_answer)
