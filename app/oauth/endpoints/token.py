"""The token endpoint (:rfc:`6749#section-3.2`)."""

from flask import Response

from app.http.doors import WIRE
from app.oauth.endpoints import aliases, blueprint, documented
from app.oauth.endpoints.requests import answer_form
from app.oauth.exchange import Answer, exchange
from app.oauth.wire_request import WireRequest


@blueprint.post("/oauth/token", door=WIRE)
@aliases.post("/token")
def token() -> Response:
    """Exchange a code, a refresh token, or the client's own credentials for an access token."""
    return answer_form(exchange.create_token_response)


@documented.post("/token/", endpoint="token")
def documented_token() -> Response:
    """The same at the address of Rememberizer's documentation."""
    return answer_form(_exchange_as_documented)


def _exchange_as_documented(request: WireRequest) -> Answer:
    """The documentation knows no grant_type: what comes with a code is the exchange of that code."""
    if "code" in request.form:
        request.form.setdefault("grant_type", "authorization_code")
    answer: Answer = exchange.create_token_response(request)
    return answer
