"""The fixtures of the resource API's tests, shared with the protocol's: callers with tokens, and Alice's shelves."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, insert
from werkzeug.test import TestResponse

from app.consents.models import Consent, ConsentMemento
from app.credentials import new_id
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory, MemoryTag
from app.scopes import SCOPES
from tests.protocol import *  # noqa: F403
from tests.stock.rows import register_row_marker as pytest_configure  # noqa: F401

if os.environ.get("TEST_TARGET") == "stock":
    from tests.stock.fixtures import *  # noqa: F403

ALL_SCOPES = " ".join(SCOPES)
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Caller:
    """An app that calls the resource API with one token. Paths are those below ``/api/v1/``."""

    app: Flask
    access_token: str
    grant_id: str | None = None
    refresh_token: str | None = None

    def get(self, path: str, **query) -> TestResponse:
        return self.open("GET", path, query_string={name.rstrip("_"): value for name, value in query.items()})

    def post(self, path: str, json=None, **kwargs) -> TestResponse:
        return self.open("POST", path, json=json, **kwargs)

    def patch(self, path: str, json=None, **kwargs) -> TestResponse:
        return self.open("PATCH", path, json=json, **kwargs)

    def delete(self, path: str) -> TestResponse:
        return self.open("DELETE", path)

    def open(self, method: str, path: str, *, headers=(), **kwargs) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.access_token}", **dict(headers)}
        kwargs = {name: value for name, value in kwargs.items() if value is not None}
        return self.app.test_client().open(f"/api/v1/{path}", method=method, headers=headers, **kwargs)

    def titles(self, **query) -> list[str]:
        """The titles of a page of memories."""
        response = self.get("memories/", **query)
        assert response.status_code == 200, response.text
        return [memory["title"] for memory in response.json["data"]]


@dataclass
class Shelf:
    """Somebody's memories, put there behind the API's back. Each is a minute newer than the last."""

    app: Flask
    user_id: str | None = None
    organization_id: str | None = None
    minutes: int = 0

    def connect(self, kind: str = "google_drive", name: str | None = None) -> str:
        return self._add(Integration(**self._owner(), kind=kind, name=name or f"my {kind}"))

    def keep(self, title: str, integration_id: str, *, folder: str = "", text: str | None = None, tags=()) -> str:
        self.minutes += 1
        at = _START + timedelta(minutes=self.minutes)
        return self._add(
            Memory(
                **self._owner(),
                integration_id=integration_id,
                folder=folder,
                title=title,
                text=text or f"About {title}.",
                tags=[MemoryTag(tag=tag) for tag in tags],
                created_at=at,
                updated_at=at,
            )
        )

    def keep_many(self, titles: Iterable[str], integration_id: str, *, tags: Callable[[str], list[str]]) -> list[str]:
        """Keep one of each title, all at once."""
        rows, tagged = [], []
        for title in titles:
            self.minutes += 1
            at, id = _START + timedelta(minutes=self.minutes), new_id("mry")
            rows.append(
                self._owner()
                | {"id": id, "integration_id": integration_id, "folder": "", "title": title}
                | {"text": f"About {title}.", "created_at": at, "updated_at": at}
            )
            tagged += [{"memory_id": id, "tag": tag} for tag in tags(title)]
        with self.app.app_context():
            db.session.execute(insert(Memory), rows)
            db.session.execute(insert(MemoryTag), tagged)
            db.session.commit()
        return [row["id"] for row in rows]

    def memento(self, name: str, *picks: str | tuple[str, str]) -> str:
        """A memento of integrations, memories, and folders as ``(integration, folder)``, by id."""
        return self._add(Memento(user_id=self.user_id, name=name, contents=[_content(pick) for pick in picks]))

    def _owner(self) -> dict[str, str]:
        return {"user_id": self.user_id} if self.user_id else {"organization_id": self.organization_id}

    def _add(self, record) -> str:
        with self.app.app_context():
            db.session.add(record)
            db.session.commit()
            return record.id


def _content(pick: str | tuple[str, str]) -> MementoContent:
    if isinstance(pick, tuple):
        return MementoContent(integration_id=pick[0], folder=pick[1])
    return MementoContent(integration_id=pick) if pick.startswith("int_") else MementoContent(memory_id=pick)


@pytest.fixture
def shelf(app, alice) -> Shelf:
    """Alice's memories: none yet."""
    return Shelf(app, user_id=alice.id)


@pytest.fixture
def connect(app, notebook, signed_in) -> Callable[..., Caller]:
    """Have Alice allow Acme Notebook everything, or the mementos named, or nothing."""

    def connect(*memento_ids: str, selection: str | None = None, scope: str = ALL_SCOPES) -> Caller:
        selection = selection or ("selected" if memento_ids else "all")
        choice = {"selection": selection} | ({"memento_ids": list(memento_ids)} if memento_ids else {})
        tokens = notebook.tokens(signed_in, scope=scope, choose=choice)
        return Caller(app, tokens["access_token"], tokens["grant_id"], tokens["refresh_token"])

    return connect


@pytest.fixture
def organization(app, notebook) -> Caller:
    """Acme Notebook speaking for Acme itself."""
    return Caller(app, notebook.client_credentials(scope=ALL_SCOPES).json["access_token"])


@pytest.fixture
def choose(app) -> Callable[..., None]:
    """Change what a consent covers: ids of mementos, those in ``writable`` with the write tick."""

    def choose(caller: Caller, *memento_ids: str, writable=(), selection: str = "selected") -> None:
        with app.app_context():
            db.session.get_one(Consent, caller.grant_id).selection = selection
            db.session.execute(delete(ConsentMemento).where(ConsentMemento.grant_id == caller.grant_id))
            for id in {*memento_ids, *writable}:
                row = ConsentMemento(grant_id=caller.grant_id, memento_id=id, can_write=id in writable)
                db.session.add(row)
            db.session.commit()

    return choose


@pytest.fixture
def caller(connect) -> Caller:
    """An app that Alice has connected and let see nothing."""
    return connect(selection="none")


@pytest.fixture
def sees_all(connect) -> Caller:
    """An app that Alice has connected and let see everything; made once for the lines of a table."""
    return connect()


@pytest.fixture
def other(app, register, signed_in):
    """Have Alice allow another app something: the whole choice of its consent."""

    def other(**choice) -> Caller:
        choice = choice or {"selection": "none"}
        tokens = register(name="Other App").tokens(signed_in, scope=ALL_SCOPES, choose=choice)
        return Caller(app, tokens["access_token"], tokens["grant_id"])

    return other
