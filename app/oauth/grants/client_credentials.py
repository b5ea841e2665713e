"""The client credentials grant (:rfc:`6749#section-4.4`): for the organization that owns the client, never a person."""

from authlib.oauth2.rfc6749 import grants

from app.clients.models.seen import find_seen, forget_seen, remember_seen
from app.database.connections import RowGone
from app.oauth.checks.parameters import refuse_scope
from app.oauth.client_authentication import read_credentials
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.bearer import BearerTokens, TokenAnswer, add_own_token, bearer_response, new_bearer_tokens
from app.oauth.resources import choose_resource, find_own_resource
from app.oauth.wire_request import WireRequest

#: With anything else in it, a request is more than is answered from what is remembered of its client.
_PLAIN = frozenset(("grant_type", "scope", "resource", "client_id", "client_secret"))


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """Confidential clients alone; no refresh token (:rfc:`6749#section-4.4.3`)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]

    _added: BearerTokens | None = None

    def validate_token_request(self) -> None:
        """Authenticate the client. Raises :class:`Refused` also for a public one."""
        self._added = self._add_for_seen()
        if self._added is None:
            self.request.client = authenticate_for_grant(self)

    def create_token_response(self) -> TokenAnswer:
        """Returns the answer with the tokens. Raises a refusal."""
        settings = self.request.services.settings
        tokens = self._added or self._add()
        response = bearer_response(settings, tokens, asked_offline=self.request.asks_offline_access)
        return 200, response, self.TOKEN_RESPONSE_HEADER

    def _add(self) -> BearerTokens:
        request, client = self.request, self.request.client
        settings = request.services.settings
        audience = choose_resource(None, request.form.get("resource"), settings.issuer, request.connection)
        scope = client.get_allowed_scope(request.payload.scope)
        if scope is None:
            raise refuse_scope(request.payload.scope)
        tokens = new_bearer_tokens(settings, scope=scope, client=client, audience=audience)
        add_own_token(request.connection, tokens)
        remember_seen(request.services, client)
        return tokens

    def _add_for_seen(self) -> BearerTokens | None:
        """Returns tokens that are added for a client as it was seen a moment ago; None: nothing was done.

        So one statement does for looking and adding. Whatever could be refused is not for here.
        """
        request: WireRequest = self.request
        resource, issuer = request.form.get("resource"), request.services.settings.issuer
        if not request.form.keys() <= _PLAIN or (resource and find_own_resource(resource, issuer) is None):
            return None
        client_id, client_secret, method = read_credentials(request.headers.get("Authorization"), request.form)
        seen = find_seen(request.services, client_id, client_secret)
        scope = None if seen is None else seen.client.get_allowed_scope(request.payload.scope)
        if seen is None or scope is None:
            return None
        audience = choose_resource(None, resource, issuer, request.connection)
        tokens = new_bearer_tokens(request.services.settings, scope=scope, client=seen.client, audience=audience)
        try:
            add_own_token(request.connection, tokens, seen)
        except Exception as error:
            # Also what the database cannot say now, it is to be asked about from the beginning.
            forget_seen(request.services, seen)
            if isinstance(error, RowGone):
                return None
            raise
        self.server.accept_client(request, seen.client, method)
        return tokens
