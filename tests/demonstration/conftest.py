"""Acme Pocket beside the server that it asks, both in the test's own process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.accounts.users import find_user_by_email
from app.demonstration.pocket import wire
from app.extensions import db
from app.memories.mementos import list_mementos
from tests.actors import Browser
from tests.databases import find_filled
from tests.protocol import let_time_pass
from tests.seeded import SeedOnce

__all__ = ["let_time_pass"]


@pytest.fixture(scope="session")
def seed_once() -> Callable[[], dict]:
    """Seed the empty database of ``app`` and return what that said. Later times have the rows of the first."""
    seed = SeedOnce()

    def seed_once() -> dict:
        with db.engine.begin() as connection:
            assert not find_filled(connection, db.metadata)
        return seed()

    return seed_once


@pytest.fixture
def people(app, seed_once) -> dict[str, str]:
    """The passwords of the demonstration's people, by e-mail."""
    with app.app_context():
        told = seed_once()
    return {user["email"]: user["password"] for user in told["users"]}


@pytest.fixture
def by_wire(app, monkeypatch):
    """Let Acme Pocket's calls come to the app, each as a request of its own, and not over a socket."""

    def exchange(issuer, method, path, headers, body):
        client = app.test_client()
        answer = client.open(path, method=method, base_url=issuer, headers=headers, data=body)
        return answer.status_code, answer.status.partition(" ")[2], dict(answer.headers), answer.text

    with ThreadPoolExecutor(1) as thread:
        monkeypatch.setattr(wire, "_exchange", lambda *call: thread.submit(exchange, *call).result())
        yield


@pytest.fixture
def connect(app, people, by_wire):
    """Alice connects Acme Pocket by the real screens; her browser, which is then back at the app."""

    def connect(*, selection: str = "selected", names: tuple[str, ...] = ("Recipes",), **consent) -> Browser:
        browser = Browser(app)
        browser.sign_in("alice@example.com", people["alice@example.com"])
        screen = browser.follow(browser.submit(browser.get("/demonstration/"), press="Connect your memories"))
        ids = [id for id, name in _mementos(app) if name in names]
        screen = browser.follow(browser.submit(screen, press="Continue", selection=selection, memento_ids=ids))
        back = browser.submit(screen, press="Authorize", **consent)
        assert browser.follow(back).request.path == "/demonstration/"
        return browser

    return connect


def _mementos(app) -> list[tuple[str, str]]:
    with app.app_context():
        return [(one.id, one.name) for one in list_mementos(find_user_by_email("alice@example.com").id)]
