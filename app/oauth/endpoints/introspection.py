"""The introspection endpoint (:rfc:`7662`)."""

from functools import partial

from flask import Response

from app.http.doors import BACK
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import answer_form
from app.oauth.exchange import exchange
from app.oauth.introspection import Introspection


@blueprint.post("/oauth/introspect", door=BACK)
def introspect() -> Response:
    """Whether one of the client's own tokens is alive, and what it may do now; any other is ``{"active": false}``."""
    return answer_form(partial(exchange.create_endpoint_response, Introspection.ENDPOINT_NAME))
