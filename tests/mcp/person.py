"""The person whom an agent sends to us: Alice, in a browser, who signs what it asks for and changes her mind later."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.consents.models import Consent
from app.database.types import Base
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent, Memory
from app.oauth.tokens.access import AccessToken
from tests.actors import Browser, find_form
from tests.conftest import _register


@dataclass
class AgentsPerson:
    """Alice, with one memory in one memento, which she opens to the agent.

    ``unticks`` names the scopes that she leaves out when she is asked, ``asked`` counts how often that was.
    """

    app: Flask
    browser: Browser
    memento_id: str
    agent_name: str = "Pocket Agent"
    unticks: frozenset[str] = frozenset()
    asked: int = 0
    _last_address: str = ""

    def decide(self, address: str) -> str:
        """Walk through the screens that an agent opens. Returns the address at which its browser ends."""
        self.asked += 1
        self._last_address = address
        return self._walk(address)

    def untick(self, *scopes: str) -> None:
        """Take back what she ticked, on the screens of the agent's last request; what comes of that goes nowhere."""
        self.unticks = frozenset(scopes)
        self._walk(self._last_address)

    def _walk(self, address: str) -> str:
        page = self.browser.follow(self.browser.get(address))
        for _ in range(4):
            if page.status_code == 200:
                answer = self._choose if "/mementos" in page.request.path else self._agree
                page = self.browser.follow(answer(page))
        assert page.status_code in (302, 303), page.text
        return page.location

    def _choose(self, page: TestResponse) -> TestResponse:
        choice = {"selection": "selected", "memento_ids": [self.memento_id]}
        return self.browser.submit(page, press="Continue", **choice)

    def _agree(self, page: TestResponse) -> TestResponse:
        assert self.agent_name in page.text, page.text
        offered = find_form(page, press="Authorize").choices
        ticked = {}
        if "scopes" in offered:
            ticked["scopes"] = [name for name in offered["scopes"] if name not in self.unticks]
        if "same" in offered:
            # Of a document nobody else knows whether it is the same program on the same computer.
            ticked["same"] = max(offered["same"])
        return self.browser.submit(page, press="Authorize", **ticked)

    def untick_memento(self) -> None:
        """Take the memento back, on the page of the connected app."""
        page = self.browser.get(f"/account/apps/{self._find_grant_id()}/mementos")
        page = self.browser.submit(page, press="See what changes", selection="none", memento_ids=[])
        assert "Changed." in self.browser.follow(self.browser.submit(page, press="Apply")).text

    def let_tokens_run_out(self) -> None:
        """Let the access tokens that the agent has be past their hour; their refresh tokens are not."""
        with self.app.app_context():
            at = select(AccessToken.issued_at).limit(1).scalar_subquery()
            db.session.execute(update(AccessToken).values(expires_at=at))
            db.session.commit()

    def _find_grant_id(self) -> str:
        with self.app.app_context():
            return db.session.scalars(select(Consent.grant_id).where(Consent.revoked_at.is_(None))).one()


def bring_person(app: Flask) -> AgentsPerson:
    """Returns Alice, signed in; what she keeps is in the app's database."""
    alice = _register(app, "Alice Archer", "alice@acme.example", "Acme", "member")
    browser = Browser(app)
    browser.enter(alice)
    with app.app_context():
        notes = _add(Integration(user_id=alice.id, kind="google_drive", name="Notes"))
        _add(Memory(user_id=alice.id, integration_id=notes, title="Lisbon", text="Take the tram."))
        memento_id = _add(Memento(user_id=alice.id, name="Trips", contents=[MementoContent(integration_id=notes)]))
    return AgentsPerson(app, browser, memento_id)


def _add(record: Base) -> str:
    db.session.add(record)
    db.session.commit()
    return record.id
