"""The other actor of the tests: ``Integrator`` is an honest OAuth client. Change one parameter, and it is not."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clients.models import Client, find_client
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.models import Consent
from app.consents.resources import API, MCP
from app.database.connections import connect
from app.extensions import db
from tests.actors import Browser, Person
from tests.signing import SigningKey

AUTHORIZE, TOKEN, PUSH = "/oauth/authorize", "/oauth/token", "/oauth/par"


@dataclass
class Integrator:
    """A client that does everything right. ``None`` as a change leaves a parameter out, a list repeats it."""

    app: Flask
    client_id: str
    client_secret: str | None
    redirect_uri: str
    scope: str
    state: str = "af0ifjsldkj"
    code_verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    auth_method: str = "client_secret_basic"
    #: What it signs with, in place of a secret.
    signing_key: SigningKey | None = None

    # -- the authorize endpoint ----------------------------------------------------------------

    def authorize_url(self, path: str = AUTHORIZE, **changes) -> str:
        return f"{path}?{_encode(self._honest_request() | changes)}"

    def _honest_request(self) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "scope": self.scope,
            "code_challenge": s256(self.code_verifier),
            "code_challenge_method": "S256",
        }

    def push(self, **changes) -> TestResponse:
        """Send the request beforehand (RFC 9126)."""
        return self.post(PUSH, self._honest_request() | changes)

    def pushed_url(self, path: str = AUTHORIZE, **changes) -> str:
        """Where to send the browser with a request that was pushed."""
        response = self.push(**changes)
        assert response.status_code == 201, response.text
        return self.named_url(response.json["request_uri"], path)

    def named_url(self, request_uri: str, path: str = AUTHORIZE, **changes) -> str:
        return f"{path}?{_encode({'client_id': self.client_id, 'request_uri': request_uri} | changes)}"

    def start(self, browser: Browser, path: str = AUTHORIZE, **changes) -> TestResponse:
        """Send the browser to authorize and let it follow; a page of ours, or the redirect back to the client."""
        return browser.follow(browser.get(self.authorize_url(path, **changes)))

    def authorize(self, browser: Browser, *, choose: dict[str, Any] | None = None, **changes) -> dict[str, str]:
        """Have the signed-in person allow everything that is asked; the parameters that came back."""
        page = self.start(browser, **changes)
        if page.status_code == 200 and 'name="same"' in page.text:
            # It is another one than before, so what it may see is chosen anew.
            page = browser.follow(browser.submit(page, press="Authorize"))
        if page.status_code == 200 and "/mementos" in page.request.path:
            choice = choose or {"selection": "all"}
            page = browser.follow(browser.submit(page, press="Continue", **choice))
        if page.status_code == 200 and "/consent" in page.request.path:
            page = browser.submit(page, press="Authorize")
        return self.answer(page)

    def code(self, browser: Browser, **changes) -> str:
        """An authorization code, fresh from the redirect."""
        answer = self.authorize(browser, **changes)
        assert "code" in answer, answer
        return answer["code"]

    def code_by_consent(self, browser: Browser, **changes) -> str:
        """A code as somebody gets it who has entered and allowed the app everything before: there is no screen."""
        allowed = select(Consent.grant_id).join(Client, Client.key == Consent.client_key)
        its = Client.client_id == self.client_id, Consent.user_id == browser.person.id
        with self.app.app_context():
            is_first = db.session.scalar(allowed.where(*its).limit(1)) is None
        if is_first:
            self.allow(browser.person, changes.get("scope", self.scope), {"selection": "all"}, changes.get("resource"))
        return self.code(browser, **changes)

    def answer(self, response: TestResponse) -> dict[str, str]:
        """The parameters of a redirect to this client, after checking what every such redirect must hold."""
        assert response.status_code in (302, 303), (response.status, response.text)
        assert response.location.startswith(self.redirect_uri), response.location
        assert response.headers["Cache-Control"] == "no-store"
        parameters = parse_qs(urlsplit(response.location).query, strict_parsing=True, keep_blank_values=True)
        assert all(len(values) == 1 for values in parameters.values()), parameters
        answer = {name: values[0] for name, values in parameters.items()}
        assert answer["iss"] == self.app.extensions["services"].settings.issuer
        assert ("code" in answer) != ("error" in answer), answer
        return answer

    # -- the token endpoint and its siblings -----------------------------------------------------

    def exchange(self, code: str, path: str = TOKEN, **changes) -> TestResponse:
        honest = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.code_verifier,
        }
        return self.post(path, honest | changes)

    def tokens(self, browser: Browser, *, choose: dict[str, Any] | None = None, **changes) -> dict[str, Any]:
        """The token response of a whole honest flow.

        What the screens would write down of a person who has entered is written down without them: most tests only
        begin with tokens. :meth:`code` walks through the screens.
        """
        if changes.keys() <= {"scope", "resource"} and self._may_allow(browser, changes):
            scope = changes.get("scope", self.scope)
            self.allow(browser.person, scope, choose or {"selection": "all"}, changes.get("resource"))
            code = self.code(browser, **changes)
        else:
            code = self.code(browser, choose=choose, **changes)
        response = self.exchange(code)
        assert response.status_code == 200, response.text
        return response.json

    def _may_allow(self, browser: Browser, changes: dict[str, Any]) -> bool:
        """Whether all that the screens write down is what :meth:`allow` does."""
        return (
            browser.person is not None
            # Each connection of a client that a document describes is a new one.
            and "://" not in self.client_id
            and "memories:" in (changes.get("scope", self.scope) or "")
            and changes.get("resource") in (None, self.app.extensions["services"].settings.issuer + "/mcp")
        )

    def allow(self, person: Person, scope: str, choose: dict[str, Any], resource: str | None = None) -> None:
        """Write down that the person allowed this client the scope, with the choice as a form would send it."""
        writable = choose.get("writable_ids", ())
        can_write = {id: id in writable for id in choose.get("memento_ids", ())}
        with self.app.app_context(), connect(db.engine) as connection, connection.transaction():
            client = find_client(connection, self.client_id)
            choice = Choice(choose["selection"], can_write)
            allowed = {"scope": scope, "choice": choice, "resources": [MCP if resource else API]}
            give_consent(connection, user_id=person.id, client_key=client.key, **allowed)

    def refresh(self, refresh_token: str, **changes) -> TestResponse:
        return self.post(TOKEN, {"grant_type": "refresh_token", "refresh_token": refresh_token} | changes)

    def client_credentials(self, **changes) -> TestResponse:
        return self.post(TOKEN, {"grant_type": "client_credentials"} | changes)

    def revoke(self, token: str, **changes) -> TestResponse:
        return self.post("/oauth/revoke", {"token": token} | changes)

    def introspect(self, token: str, **changes) -> TestResponse:
        return self.post("/oauth/introspect", {"token": token} | changes)

    def post(self, path: str, parameters: dict[str, Any], headers: dict[str, str] | None = None) -> TestResponse:
        """POST a form, authenticated by this client's method unless ``headers`` or ``parameters`` say otherwise."""
        headers = dict(headers or {})
        if self.signing_key is not None:
            parameters = self.signing_key.parameters(self.client_id) | parameters
        elif self.client_secret is None:
            parameters = {"client_id": self.client_id} | parameters
        elif self.auth_method == "client_secret_post":
            parameters = {"client_id": self.client_id, "client_secret": self.client_secret} | parameters
        elif "Authorization" not in headers:
            headers["Authorization"] = basic(self.client_id, self.client_secret)
        body = parameters.pop("body", None) if "body" in parameters else _encode(parameters)
        return self.app.test_client().post(
            path, data=body, headers=headers, content_type="application/x-www-form-urlencoded"
        )

    def me(self, access_token: str, path: str = "/api/me/") -> TestResponse:
        return self.app.test_client().get(path, headers={"Authorization": f"Bearer {access_token}"})

    def is_alive(self, access_token: str) -> bool:
        """Whether the API still takes the access token."""
        return self.me(access_token).status_code == 200


def assert_invalid_client(response: TestResponse) -> None:
    """The one refusal of a client that is not authenticated (:rfc:`6749#section-5.2`)."""
    assert response.status_code == 401
    assert response.json["error"] == "invalid_client"
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def apart_from_its_id(response: TestResponse) -> tuple:
    """All that a client can tell of an answer, but for the id that every answer has of its own."""
    headers = [(name, value) for name, value in response.headers if name != "X-Request-ID"]
    return response.status_code, headers, response.text.replace(response.headers.get("X-Request-ID", "-"), "")


def s256(code_verifier: str) -> str:
    """BASE64URL(SHA256(code_verifier)), without padding (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str, client_secret: str) -> str:
    """An Authorization header, both halves form-encoded first (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _encode(parameters: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
