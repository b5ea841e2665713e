"""The token endpoint (:rfc:`6749#section-3.2`)."""

from flask import Response

from app.http.direct.call import Row, both_spellings
from app.http.doors import WIRE
from app.oauth.calling import answer_by
from app.oauth.endpoints import aliases, blueprint, documented
from app.oauth.endpoints.requests import form_endpoint
from app.oauth.exchange import Answer, exchange
from app.oauth.wire_request import WireRequest


@blueprint.post("/oauth/token", door=WIRE)
@aliases.post("/token")
def token() -> Response:
    """Exchange a code, a refresh token, or the client's own credentials for an access token."""
    return answer_by(_answer)


@documented.post("/token/", endpoint="token")
def documented_token() -> Response:
    """The same at the address of Rememberizer's documentation."""
    return answer_by(_answer_as_documented)


def _exchange_as_documented(request: WireRequest) -> Answer:
    """The documentation knows no grant_type: what comes with a code is the exchange of that code."""
    if "code" in request.form:
        request.form.setdefault("grant_type", "authorization_code")
    answer: Answer = exchange.create_token_response(request)
    return answer


_answer = form_endpoint(exchange.create_token_response)
_answer_as_documented = form_endpoint(_exchange_as_documented)
_DOCUMENTED = "/api/v1/auth/oauth2/token/"

DIRECT = (
    Row("POST", both_spellings("/oauth/token"), "/oauth/token", WIRE, _answer),
    Row("POST", both_spellings("/token"), "/token", WIRE, _answer),
    Row("POST", both_spellings(_DOCUMENTED), _DOCUMENTED, WIRE, _answer_as_documented),
)
