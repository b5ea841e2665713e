"""The revocation endpoint (:rfc:`7009`)."""

from functools import partial

from flask import Response

from app.http.doors import WIRE
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import answer_form
from app.oauth.exchange import exchange
from app.oauth.revocation import Revocation


@blueprint.post("/oauth/revoke", door=WIRE)
def revoke() -> Response:
    """End a token. A refresh token takes its family with it, an access token ends alone (:rfc:`7009#section-2.1`)."""
    return answer_form(partial(exchange.create_endpoint_response, Revocation.ENDPOINT_NAME))
