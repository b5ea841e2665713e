"""The pushed authorization request endpoint (:rfc:`9126#section-2`)."""

from flask import Response

from app.http.direct.call import Row, both_spellings
from app.http.doors import WIRE
from app.oauth.calling import answer_by
from app.oauth.endpoints import blueprint
from app.oauth.endpoints.requests import form_endpoint
from app.oauth.pushing import push

_PATH = "/oauth/par"
_answer = form_endpoint(push)

DIRECT = (Row("POST", both_spellings(_PATH), _PATH, WIRE, _answer),)


@blueprint.post(_PATH, door=WIRE)
def push_request() -> Response:
    """Keep a client's authorization request, and answer with the address to send a browser to authorize with."""
    return answer_by(_answer)
