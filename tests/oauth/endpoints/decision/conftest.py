"""Apps that nobody registered, as the screens of the decision meet them."""

from collections.abc import Callable
from itertools import count

import pytest

from app.clients.models import DOCUMENT, DYNAMIC, Client
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import Browser
from tests.api.conftest import Caller, shelf  # noqa: F401
from tests.integrator import Integrator

#: What an ordinary agent asks for.
SCOPE = "memories:read memories:write integrations:read"


@pytest.fixture
def agent(app) -> Callable[..., Integrator]:
    """Another client of this name: one that registered itself, or one that a document describes."""
    numbers = count()

    def agent(name: str = "Claude Code", origin: str = DYNAMIC, **changes) -> Integrator:
        number = next(numbers)
        client_id = f"client_{number:024}" if origin == DYNAMIC else f"https://app{number}.example.net/client.json"
        uri = "https://app.example.net/callback"
        fields = {"client_id": client_id, "origin": origin, "name": name, "type": "public", "redirect_uris": [uri]}
        with app.app_context():
            db.session.add(Client(**fields | {"scope": " ".join(SCOPES)} | changes))
            db.session.commit()
        return Integrator(app, client_id, None, uri, SCOPE)

    return agent


@pytest.fixture
def document(agent) -> Integrator:
    """One client that a document describes."""
    return agent(origin=DOCUMENT)


@pytest.fixture
def here(browser, alice) -> Browser:
    """Alice's browser, in which she has signed in by the form, so that it is known."""
    browser.sign_in(alice.email, alice.password)
    return browser


@pytest.fixture
def connect_agent(app, here) -> Callable[..., Caller]:
    """Have Alice connect a client as another one, or with ``same`` as the one of that grant id."""

    def connect_agent(client: Integrator, same: str | None = None, browser: Browser | None = None, **choice) -> Caller:
        browser = browser or here
        if same is None:
            code = client.code(browser, choose=choice or {"selection": "none"})
        else:
            page = client.start(browser)
            code = client.answer(browser.submit(page, press="Authorize", same=same))["code"]
        tokens = client.exchange(code).json
        return Caller(app, tokens["access_token"], tokens["grant_id"], tokens["refresh_token"])

    return connect_agent
