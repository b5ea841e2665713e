"""What honest clients send, in every state that their rows can be in: it is answered alike at both doors."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from app import clock
from tests.fast.two_doors import Make, form, read
from tests.integrator import Integrator, basic

TOKEN, DOCUMENTED = "/oauth/token", "/api/v1/auth/oauth2/token/"
#: What nobody needs to be known for.
DOCUMENTS = (
    *("/healthz", "/readyz", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"),
    *("/.well-known/oauth-protected-resource/api/v1", "/.well-known/oauth-protected-resource/mcp"),
)
ME = ("/api/me/", "/api/v1/me/", "/api/v1/account/")


def send(client: Integrator, path: str, **parameters: str) -> Make:
    """A form of this client's."""
    if client.client_secret is None:
        return form(path, urlencode({"client_id": client.client_id} | parameters))
    if client.auth_method == "client_secret_post":
        known = {"client_id": client.client_id, "client_secret": client.client_secret}
        return form(path, urlencode(known | parameters))
    return form(path, urlencode(parameters), basic(client.client_id, client.client_secret))


def honest_requests(client: Integrator, code: str, tokens: dict) -> dict[str, Make]:
    """Everything that a client sends, at every address."""
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": client.code_verifier,
    }
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    without_type = {name: value for name, value in exchange.items() if name != "grant_type"}
    requests = {
        **{
            f"exchange at {path}": send(client, path, **exchange) for path in (TOKEN, f"{TOKEN}/", "/token", DOCUMENTED)
        },
        **{f"exchange without a type at {path}": send(client, path, **without_type) for path in (TOKEN, DOCUMENTED)},
        "refresh": send(client, TOKEN, grant_type="refresh_token", refresh_token=refresh),
        "refresh for less": send(
            client, TOKEN, grant_type="refresh_token", refresh_token=refresh, scope="memories:read"
        ),
        "client credentials": send(client, TOKEN, grant_type="client_credentials"),
        "client credentials for a resource": send(
            client, TOKEN, grant_type="client_credentials", resource="http://127.0.0.1:8000/mcp"
        ),
    }
    requests |= {f"push at {path}": form(path, *_pushed(client)) for path in ("/oauth/par", "/oauth/par/")}
    for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/introspect/", "/oauth/revoke/"):
        requests |= {
            f"{path} of an access token": send(client, path, token=access),
            f"{path} of a refresh token": send(client, path, token=refresh, token_type_hint="refresh_token"),
            f"{path} of nothing known": send(client, path, token="rlq_at_" + "0" * 64),
        }
    for path in (*ME, *(path.rstrip("/") for path in ME)):
        requests |= {
            f"{path} with an access token": read(path, f"Bearer {access}"),
            f"{path} with a refresh token": read(path, f"Bearer {refresh}"),
            f"{path} without a token": read(path),
        }
    return requests | {path: read(path) for path in DOCUMENTS}


def _pushed(client: Integrator) -> tuple[str, str | None]:
    """The body and the header of an honest push."""
    query = client.authorize_url().partition("?")[2]
    if client.client_secret is None or client.auth_method == "client_secret_post":
        return (query if client.client_secret is None else f"{query}&client_secret={client.client_secret}"), None
    return query, basic(client.client_id, client.client_secret)


#: What may have happened before -> how it happens.
STATES = {
    "after a year": lambda it: it("let_time_pass")(days=366),
    "after two hours": lambda it: it("let_time_pass")(hours=2),
    "suspended": lambda it: it("change_client")(it.client, suspended_at=clock.now()),
    "ended": lambda it: it("delete_client")(it.client),
    "consent ended": lambda it: it("change_consent")(it.client, revoked_at=clock.now()),
    "consent paused": lambda it: it("change_consent")(it.client, paused_at=clock.now()),
    "consent about to run out": lambda it: it("change_consent")(
        it.client, expires_at=clock.now() + timedelta(minutes=5)
    ),
    "consent narrowed": lambda it: it("change_consent")(it.client, scope="integrations:read"),
    "account disabled": lambda it: it("disable")(it("alice")),
    "grace is none": lambda it: it("strict"),
    "calls are few": lambda it: it("change_settings")(api_calls_per_minute=1),
    "another issuer": lambda it: it("publish_issuer")("https://reliquary.example"),
}


class _It:
    """Gets the fixtures that a state needs."""

    def __init__(self, request: pytest.FixtureRequest, client: Integrator) -> None:
        self._request, self.client = request, client

    def __call__(self, name: str):
        return self._request.getfixturevalue(name)


def test_honest_requests_are_answered_alike(client, doors, signed_in):
    requests = honest_requests(client, client.code(signed_in), client.tokens(signed_in))
    assert not (found := doors.differences(requests)), "\n".join(found)
    assert doors.taken == requests.keys()
    fine = {name for name, status in doors.statuses.items() if status == "200 OK"}
    assert {"refresh", f"exchange at {DOCUMENTED}", "/api/me/ with an access token", "/readyz"} <= fine


@pytest.mark.parametrize("state", STATES)
def test_they_are_in_every_state_of_their_rows(state, notebook, doors, signed_in, request):
    tokens, code = notebook.tokens(signed_in), notebook.code(signed_in)
    STATES[state](_It(request, notebook))
    requests = honest_requests(notebook, code, tokens)
    assert not (found := doors.differences(requests)), "\n".join(found)
    assert doors.taken == requests.keys()


def test_token_that_speaks_for_an_organization(notebook, doors):
    token = notebook.client_credentials().json["access_token"]
    requests = {path: read(path, f"Bearer {token}") for path in ME}
    assert not (found := doors.differences(requests)), "\n".join(found)
    assert doors.taken == requests.keys()


def test_what_comes_twice_ends_everything_at_both_doors(client, doors, signed_in, strict):
    """A code and a refresh token that come again (:rfc:`6749#section-4.1.2`): the notes and the rows are compared too."""
    code = client.code(signed_in)
    tokens = client.exchange(code).json
    client.refresh(tokens["refresh_token"])
    requests = honest_requests(client, code, tokens)
    assert not (found := doors.differences(requests)), "\n".join(found)
    assert doors.statuses["refresh"].startswith("400")
