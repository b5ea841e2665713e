"""The client credentials grant (:rfc:`6749#section-4.4`): for the organization that owns the client, never a person."""

from authlib.oauth2.rfc6749 import grants

from app.oauth.checks.parameters import refuse_scope
from app.oauth.grants.allowed_client import authenticate_for_grant
from app.oauth.grants.bearer import TokenAnswer, add_own_token, bearer_response, new_bearer_tokens
from app.oauth.resources import choose_resource


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """Confidential clients alone; no refresh token (:rfc:`6749#section-4.4.3`)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def validate_token_request(self) -> None:
        """Authenticate the client. Raises :class:`Refused` also for a public one."""
        self.request.client = authenticate_for_grant(self)

    def create_token_response(self) -> TokenAnswer:
        """Returns the answer with the tokens. Raises a refusal."""
        client, connection = self.request.client, self.request.connection
        settings = self.request.services.settings
        audience = choose_resource(None, self.request.form.get("resource"), settings.issuer, connection)
        scope = client.get_allowed_scope(self.request.payload.scope)
        if scope is None:
            raise refuse_scope(self.request.payload.scope)
        tokens = new_bearer_tokens(settings, scope=scope, client=client, audience=audience)
        add_own_token(connection, tokens)
        response = bearer_response(settings, tokens, asked_offline=self.request.asks_offline_access)
        return 200, response, self.TOKEN_RESPONSE_HEADER
