"""The revocation endpoint (:rfc:`7009`)."""

from functools import partial

from flask import Response

from app.http.direct.call import Row, both_spellings
from app.http.doors import WIRE
from app.oauth.calling import answer_by
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import form_endpoint
from app.oauth.exchange import exchange
from app.oauth.revocation import Revocation

_PATH = "/oauth/revoke"
_answer = form_endpoint(partial(exchange.create_endpoint_response, Revocation.ENDPOINT_NAME))

DIRECT = (Row("POST", both_spellings(_PATH), _PATH, WIRE, _answer),)


@blueprint.post(_PATH, door=WIRE)
def revoke() -> Response:
    """End a token. A refresh token takes its family with it, an access token ends alone (:rfc:`7009#section-2.1`)."""
    return answer_by(_answer)
