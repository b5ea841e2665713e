"""Another door than Flask's: what a program sends goes to the exchange, and there is no app context anywhere."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import has_app_context, has_request_context

from app.database.connections import connect
from app.oauth.exchange import Answer, exchange
from app.oauth.wire_request import WireRequest, read_form
from app.services import Services
from tests.integrator import Integrator, basic


@dataclass
class BareDoor:
    """Sends an integrator's forms to the exchange."""

    services: Services
    client: Integrator

    def token(self, parameters: dict[str, str], **more: Any) -> Answer:
        """The answer of the token endpoint."""
        return self._send("/oauth/token", parameters, exchange.create_token_response, **more)

    def revoke(self, token: str) -> Answer:
        return self._send(
            "/oauth/revoke", {"token": token}, lambda it: exchange.create_endpoint_response("revocation", it)
        )

    def introspect(self, token: str) -> Answer:
        return self._send(
            "/oauth/introspect", {"token": token}, lambda it: exchange.create_endpoint_response("introspection", it)
        )

    def _send(self, path: str, parameters: dict[str, str], handle: Any, **more: Any) -> Answer:
        assert not has_app_context() and not has_request_context()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | more.pop("headers", {})
        if self.client.client_secret is None:
            parameters = {"client_id": self.client.client_id} | parameters
        else:
            headers = {"Authorization": basic(self.client.client_id, self.client.client_secret)} | headers
        with connect(self.services.engine) as connection:
            request: WireRequest = read_form(
                connection,
                self.services,
                method="POST",
                path=path,
                headers=headers,
                read_body=urlencode(parameters).encode,
                request_id="req_" + "0" * 24,
            )
            return handle(request)
