"""What the tests of a person's pages share: Alice signed in, what she keeps, and an app she has connected."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app import clock
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.consents.saved import SavedMemento
from app.credentials import new_id
from app.database.connections import connect as driver_connection
from app.database.statements import Statement
from app.extensions import db
from app.folding import index_words
from app.memories.models import Integration, Memento, MementoContent, Memory
from tests.actors import Browser
from tests.conftest import _write
from tests.integrator import Integrator
from tests.protocol import change_client  # noqa: F401

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


_SOURCES = {"Drive": "google_drive", "Slack": "slack"}
#: title -> where it lies.
_STOCK = {
    "Soup": ("Drive", "Recipes"),
    "Bread": ("Drive", "Recipes/Baking"),
    "Tiles": ("Drive", "Trips/Lisbon"),
    "Loose leaf": ("Drive", ""),
    "Hello": ("Slack", "general"),
    "Good morning": ("Slack", "general"),
    "Retrospective": ("Slack", "heron"),
}
_PICK = Statement(
    insert(MementoContent).values(
        {name: bindparam(name) for name in ("memento_id", "integration_id", "folder", "memory_id")}
    )
)


def stock(app: Flask, user_id: str) -> Shelf:
    """Give somebody seven memories in two sources, and two mementos: what the models write, in a fifth of the time."""
    sources = {name: new_id("int") for name in _SOURCES}
    memories = {title: new_id("mry") for title in _STOCK}
    recipes, diary = new_id("mem"), new_id("mem")
    with app.app_context(), driver_connection(db.engine) as connection, connection.transaction():

        def write(model: type, **row) -> None:
            _write(connection, model.__table__, {"user_id": user_id} | row)

        for name, kind in _SOURCES.items():
            write(Integration, id=sources[name], kind=kind, name=name)
        for title, (source, folder) in _STOCK.items():
            text, now = f"About {title}.", clock.now()
            words = {"title_words": index_words(title), "text_words": index_words(text), "folded_at": now}
            told = {"title": title, "text": text, "created_at": now, "updated_at": now}
            write(Memory, id=memories[title], integration_id=sources[source], folder=folder, **told, **words)
        write(Memento, id=recipes, name="Recipes")
        write(Memento, id=diary, name="Diary")
        nothing = dict.fromkeys(("integration_id", "folder", "memory_id"))
        for pick in (
            {"memento_id": recipes, "integration_id": sources["Drive"], "folder": "Recipes"},
            {"memento_id": diary, "memory_id": memories["Loose leaf"]},
        ):
            connection.run(_PICK, **nothing | pick)
    return Shelf(sources, memories, {"Recipes": recipes, "Diary": diary})


@pytest.fixture
def shelf(app, alice) -> Shelf:
    """What Alice keeps."""
    return stock(app, alice.id)


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
    began = clock.now()

    def record(minutes_ago: int, action: str, count: int, **mementos: int) -> None:
        # A minute that passes meanwhile makes no two of them one.
        now = clock.now() if clock.now() - began > timedelta(minutes=1) else began
        minute = (now - timedelta(minutes=minutes_ago)).replace(second=0, microsecond=0)
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
