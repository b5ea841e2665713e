"""The device authorization grant at the token endpoint (:rfc:`8628#section-3.4`).

Once a person has allowed it, the device's code is an authorization code that went no way through a browser: it is kept
with those, is good once, and ends its whole family when it comes again.
"""

from typing import NoReturn

from authlib.oauth2 import rfc8628

from app import credentials
from app.clients.models import ClientSnapshot
from app.oauth.authorization_request.device import (
    INTERVAL,
    SLOWER_BY,
    DeviceRequest,
    find_device_request,
    note_poll,
)
from app.oauth.grants.bearer import TokenAnswer
from app.oauth.grants.mistaken_kind import find_mistaken_kind
from app.oauth.grants.redeeming import demand_allowed, redeem_code
from app.oauth.grants.replay import end_replayed_family
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.resources import Resource, choose_resource
from app.oauth.tokens.code import (
    FIND_CODE_WITH_CLIENT,
    CodeSnapshot,
    find_authorization_code,
)
from app.oauth.tokens.replay import CODE
from app.oauth.tokens.with_client import Presented


class DeviceCodeGrant(rfc8628.DeviceCodeGrant):
    """Answers a device that asks what became of its request. ``audience`` is the resource that the tokens are to be for.

    Authlib's own has no single use, and says ``invalid_request`` of a code that is no good.
    """

    audience: Resource

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]

    def validate_token_request(self) -> None:
        """Authenticate the client, and find what became of the request. Raises :class:`Refused` until it was allowed."""
        request = self.request
        presented = request.form.get("device_code")
        if presented is not None:
            request.presented = Presented(FIND_CODE_WITH_CLIENT, code_digest=credentials.digest(presented))
        client: ClientSnapshot = self.authenticate_token_endpoint_client()
        request.client = client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise refuse(Reason.DEVICE_NOT_ALLOWED)
        if presented is None:
            raise refuse(Reason.DEVICE_CODE_MISSING)
        request.authorization_code = self.query_device_credential(presented)
        self.audience = choose_resource(
            request.authorization_code.audience,
            request.form.get("resource"),
            request.services.settings.issuer,
            request.connection,
        )

    def query_device_credential(self, device_code: str) -> CodeSnapshot:
        """Returns the code, if the person has allowed it and this client may redeem it now. Raises :class:`Refused`."""
        mistaken = find_mistaken_kind(device_code, credentials.DEVICE_CODE)
        if mistaken:
            raise refuse(Reason.DEVICE_CODE_MISTAKEN, kind=mistaken)
        client, code_digest = self.request.known_client, credentials.digest(device_code)
        known = self.request.take_presented()
        allowed: CodeSnapshot | None = (
            find_authorization_code(self.request.connection, code_digest) if known is None else known.found
        )
        found = allowed or self._find_allowed(code_digest, client)
        if found.client_key != client.key:
            raise refuse(Reason.DEVICE_CODE_OF_ANOTHER_CLIENT)
        if found.redeemed_at is not None:
            self._end_family(found)
        if found.is_expired():
            raise refuse(Reason.DEVICE_EXPIRED)
        demand_allowed(found)
        return found

    def _find_allowed(self, code_digest: str, client: ClientSnapshot) -> CodeSnapshot:
        """Returns the code of a request that was allowed since one looked. Raises :class:`Refused` for any other."""
        connection = self.request.connection
        asked = find_device_request(connection, code_digest)
        if asked is None:
            raise refuse(Reason.DEVICE_CODE_UNKNOWN)
        if asked.client_key != client.key:
            raise refuse(Reason.DEVICE_CODE_OF_ANOTHER_CLIENT)
        if asked.consumed_at is not None:
            found = find_authorization_code(connection, code_digest)
            if found is None:
                raise refuse(Reason.DEVICE_DENIED)
            return found
        if asked.is_expired():
            raise refuse(Reason.DEVICE_EXPIRED)
        raise self._let_wait(code_digest, asked)

    def _let_wait(self, code_digest: str, asked: DeviceRequest) -> Refused:
        seconds = note_poll(self.request.connection, code_digest, asked)
        refused = (
            refuse(Reason.DEVICE_PENDING, seconds=asked.poll_interval)
            if seconds is None
            else refuse(Reason.DEVICE_SLOW_DOWN, seconds=seconds)
        )
        # Of a device that goes on asking too soon its people read once.
        refused.noted = seconds == INTERVAL + SLOWER_BY
        return refused

    def create_token_response(self) -> TokenAnswer:
        """Redeem the code and issue its tokens, in one decision that exactly one request can win. Raises a refusal."""
        request, code = self.request, self.request.authorization_code
        asked_offline = credentials.asked_offline(request.form["device_code"])
        body = redeem_code(request, code, self.audience, asked_offline=asked_offline)
        if body is None:
            self._end_family(code)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _end_family(self, code: CodeSnapshot) -> NoReturn:
        # Two hold the device's code, and one of them is not the device.
        end_replayed_family(self.request, code, CODE)
        raise refuse(Reason.DEVICE_CODE_USED)
