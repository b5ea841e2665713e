import base64

from social_core.backends.oauth import BaseOAuth2PKCE
from social_core.exceptions import AuthException

ISSUER = {{ quoted(issuer) }}


class Memories(BaseOAuth2PKCE):
    name = "memories"
    AUTHORIZATION_URL = f"{ISSUER}/oauth/authorize"
    ACCESS_TOKEN_URL = f"{ISSUER}/oauth/token"
    REVOKE_TOKEN_URL = f"{ISSUER}/oauth/revoke"
    # Otherwise it adds redirect_state to the redirect URI, which then is none that is registered.
    REDIRECT_STATE = False
    USE_BASIC_AUTH = True
    DEFAULT_SCOPE = {{ quoted(app.scope) }}.split()
    ID_KEY = "id"
    EXTRA_DATA = [("refresh_token", "refresh_token", True), ("expires_in", "expires")]

    def auth_complete(self, *args, **kwargs):
        # The library compares state and leaves this to you (RFC 9207).
        if self.data.get("iss") != ISSUER:
            raise AuthException(self, "This is no answer to our request.")
        return super().auth_complete(*args, **kwargs)

    def user_data(self, access_token, *args, **kwargs):
        return self.get_json(f"{ISSUER}/api/me/", headers={"Authorization": f"Bearer {access_token}"})

    def get_user_details(self, response):
        return {"username": response["id"], "fullname": response.get("name", ""), "email": response.get("email", "")}

    def revoke_token_params(self, token, uid):
        return {"token": token}

    def revoke_token_headers(self, token, uid):
        pair = ":".join(self.get_key_and_secret()).encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
