"""Apps that nobody registered, as the screens of the decision meet them."""

from collections.abc import Callable
from itertools import count

import pytest

from app.clients.models import DOCUMENT, DYNAMIC
from tests.actors import Browser
from tests.api.conftest import Caller, shelf  # noqa: F401
from tests.integrator import Integrator
from tests.unregistered import add_unregistered


@pytest.fixture
def agent(app) -> Callable[..., Integrator]:
    """Another client of this name: one that registered itself, or one that a document describes."""
    numbers = count()

    def agent(name: str = "Claude Code", origin: str = DYNAMIC, **changes) -> Integrator:
        number = next(numbers)
        client_id = f"client_{number:024}" if origin == DYNAMIC else f"https://app{number}.example.net/client.json"
        return add_unregistered(app, client_id, name, origin, **changes)

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
