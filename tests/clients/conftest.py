"""What tests of apps that register themselves share."""

import pytest

from tests.integrator import Integrator

ISSUER = "http://127.0.0.1:8000"
AGENT = {
    "client_name": "Claude Code",
    "redirect_uris": ["http://localhost:3118/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "scope": "memories:read",
}


@pytest.fixture
def ask(app):
    """Register a client with this, which an agent would say of itself; None leaves a member out."""

    def ask(path: str = "/oauth/register", headers=None, **changes):
        said = {name: value for name, value in (AGENT | changes).items() if value is not None}
        return app.test_client().post(path, json=said, headers=headers)

    return ask


@pytest.fixture
def manage(app):
    """Call the address of a client's own registration, with its token unless another is given."""

    def manage(method: str, told: dict, json=None, token: str | None = None):
        token = told["registration_access_token"] if token is None else token
        path = told["registration_client_uri"].removeprefix(ISSUER)
        return app.test_client().open(path, method=method, json=json, headers={"Authorization": f"Bearer {token}"})

    return manage


def integrator_of(app, told: dict, scope: str = "memories:read memories:write") -> Integrator:
    return Integrator(app, told["client_id"], told.get("client_secret"), told["redirect_uris"][0], scope)
