"""What the tests of a person's pages share: Alice signed in, what she keeps, and an app she has connected."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.consents.saved import SavedMemento
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from tests.actors import Browser
from tests.integrator import Integrator

SCOPE = "memories:read memories:write integrations:read profile"


@dataclass(frozen=True)
class Shelf:
    """What somebody keeps: ids by name."""

    integrations: dict[str, str]
    memories: dict[str, str]
    mementos: dict[str, str]


@dataclass(frozen=True)
class Connected:
    """An app that Alice has connected, and its tokens."""

    integrator: Integrator
    grant_id: str
    access_token: str
    refresh_token: str

    @property
    def path(self) -> str:
        return f"/account/apps/{self.grant_id}/"

    def is_alive(self) -> bool:
        return self.integrator.is_alive(self.access_token)

    def sees(self) -> set[str]:
        """The ids of the mementos that the API says the app looks through, at this very moment."""
        details = self.integrator.me(self.access_token).json["consent"]["authorization_details"]
        return {detail["identifier"] for detail in details}

    def writes(self) -> set[str]:
        """Those of them in which it may also write."""
        details = self.integrator.me(self.access_token).json["consent"]["authorization_details"]
        return {detail["identifier"] for detail in details if "write" in detail["actions"]}


def token_of(browser: Browser) -> str:
    """The token against forgery in the pages of whoever is signed in."""
    return browser.make_token()


def post(browser: Browser, path: str, data=None, token: str | None = None) -> TestResponse:
    """Post what no page offers, with the browser's own token."""
    data = MultiDict(data or {})
    data["csrf_token"] = token or token_of(browser)
    return browser.client.post(path, data=data, base_url="http://127.0.0.1:8000")


def stock(app: Flask, user_id: str) -> Shelf:
    """Give somebody seven memories in two sources, and two mementos."""
    with app.app_context():
        drive = Integration(user_id=user_id, kind="google_drive", name="Drive")
        slack = Integration(user_id=user_id, kind="slack", name="Slack")
        db.session.add_all([drive, slack])
        db.session.flush()
        memories = [
            Memory(user_id=user_id, integration_id=integration.id, folder=folder, title=title, text=f"About {title}.")
            for integration, folder, title in [
                (drive, "Recipes", "Soup"),
                (drive, "Recipes/Baking", "Bread"),
                (drive, "Trips/Lisbon", "Tiles"),
                (drive, "", "Loose leaf"),
                (slack, "general", "Hello"),
                (slack, "general", "Good morning"),
                (slack, "heron", "Retrospective"),
            ]
        ]
        db.session.add_all(memories)
        db.session.flush()
        recipes = Memento(
            user_id=user_id, name="Recipes", contents=[MementoContent(integration_id=drive.id, folder="Recipes")]
        )
        diary = Memento(user_id=user_id, name="Diary", contents=[MementoContent(memory_id=memories[3].id)])
        db.session.add_all([recipes, diary])
        db.session.commit()
        return Shelf(
            {"Drive": drive.id, "Slack": slack.id},
            {memory.title: memory.id for memory in memories},
            {"Recipes": recipes.id, "Diary": diary.id},
        )


@pytest.fixture
def shelf(app, alice) -> Shelf:
    """What Alice keeps."""
    return stock(app, alice.id)


@pytest.fixture
def signed_in(browser, alice) -> Browser:
    """Alice's browser, with her signed in."""
    browser.enter(alice)
    return browser


@pytest.fixture
def stranger(app, carol) -> Browser:
    """Carol's browser, with her signed in."""
    browser = Browser(app)
    browser.enter(carol)
    return browser


@pytest.fixture
def connect(signed_in) -> Callable[..., Connected]:
    """Have Alice connect an app, through the screens."""

    def connect(integrator: Integrator, *memento_ids: str, scope: str = SCOPE, **choice) -> Connected:
        integrator = replace(integrator, scope=scope)
        choice = choice or {"selection": "selected", "memento_ids": list(memento_ids)}
        tokens = integrator.tokens(signed_in, choose=choice)
        return Connected(integrator, tokens["grant_id"], tokens["access_token"], tokens["refresh_token"])

    return connect


@pytest.fixture
def connected(connect, notebook, shelf) -> Connected:
    """Acme Notebook, which looks through Alice's recipes."""
    return connect(notebook, shelf.mementos["Recipes"])


@pytest.fixture
def saved(app, alice, connected) -> Shelf:
    """What Acme Notebook has added for Alice, as its first writes leave it."""
    with app.app_context():
        source = Integration(user_id=alice.id, kind="memory", name="Saved by Acme Notebook")
        db.session.add(source)
        db.session.flush()
        memories = [
            Memory(user_id=alice.id, integration_id=source.id, title=title, text="Written by an app.")
            for title in ("Draft one", "Draft two")
        ]
        memento = Memento(
            user_id=alice.id, name="Saved by Acme Notebook", contents=[MementoContent(integration_id=source.id)]
        )
        db.session.add_all([*memories, memento])
        db.session.flush()
        db.session.add(
            SavedMemento(
                user_id=alice.id,
                client_key=connected.integrator.client_id,
                memento_id=memento.id,
                integration_id=source.id,
            )
        )
        db.session.commit()
        return Shelf({source.name: source.id}, {one.title: one.id for one in memories}, {memento.name: memento.id})


@pytest.fixture
def record(app, connected) -> Callable[..., None]:
    """Write down that the app did something so many minutes ago."""

    def record(minutes_ago: int, action: str, count: int, **mementos: int) -> None:
        minute = (clock.now() - timedelta(minutes=minutes_ago)).replace(second=0, microsecond=0)
        with app.app_context():
            user_id = db.session.get_one(Consent, connected.grant_id).user_id
            fields = {"grant_id": connected.grant_id, "minute": minute, "action": action}
            db.session.add(AccessRecord(count=count, **fields))
            for name, part in mementos.items():
                id = db.session.scalar(select(Memento.id).where(Memento.name == name, Memento.user_id == user_id))
                db.session.add(AccessRecord(count=part, memento_key=id, memento_id=id, **fields))
            db.session.commit()

    return record


@pytest.fixture
def in_database(app) -> Callable:
    """Ask the database something, in a context of its own."""

    def ask(question: Callable):
        with app.app_context():
            return question(db.session)

    return ask


@pytest.fixture
def let_time_pass(monkeypatch) -> Callable[..., None]:
    """Move the clock on."""

    def move(**time) -> None:
        later = clock.now() + timedelta(**time)
        monkeypatch.setattr("app.clock.now", lambda: later)

    return move
