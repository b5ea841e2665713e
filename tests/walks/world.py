"""The real thing beside the model: two people, their sources, three apps of four installations each, one clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app import credentials
from app.accounts.organizations import create_organization
from app.accounts.users import register_user
from app.clients.models import DOCUMENT, ClientDocument, find_client
from app.clients.registration import register_client
from app.config import settings
from app.consents import changes
from app.consents.choice import Choice
from app.consents.resources import API, MCP
from app.consents.saved import SavedMemento
from app.consents.undo.models import AppChange
from app.database.connections import connect
from app.extensions import db
from app.memories.models import Integration, Memento, MementoContent
from app.oauth.tokens.code import add_authorization_code
from app.scopes import SCOPES
from tests.actors import Browser, Person, find_form, find_forms
from tests.integrator import Integrator, s256
from tests.unregistered import add_unregistered
from tests.walks.credentials import CODE_LIVES, Access, Code, Credentials, Family, Refresh
from tests.walks.model import Allowed, Kept, Model, Pick, Saved, Slot, Written

#: Each app as a model knows it: its client, and which of its installations. Of a document a person has several.
APPS = {"x": ("x", ""), "y": ("y", ""), "d1": ("d", "one"), "d2": ("d", "two")}
SLOTS = [(person, app) for person in "ab" for app in APPS]
BASE = "http://127.0.0.1:8000"
_FOREVER = timedelta(days=10_000)


class Clock:
    """A clock that goes on a millisecond whenever somebody looks at it, and by leaps when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class World(RuleBasedStateMachine):
    """What a walk begins with, and what can be done in it: by people and apps in earnest, and in the model."""

    def __init__(self, app: Flask, clock: Clock):
        super().__init__()
        self.app, self.clock = app, clock
        self.model = Model()
        self.credentials = Credentials(self.model)
        self.count = 0

    def make_people_and_apps(self) -> None:
        self.people: dict[str, Person] = {}
        self.browsers: dict[str, tuple[Browser, str]] = {}
        self.own_sources: dict[str, list[str]] = {}
        with self.app.app_context():
            organization = create_organization("Acme")
            for name in "ab":
                user = register_user(email=f"{name}@example.com", name=name, password="not for signing in")
                # The last is what an app added that is not connected any more.
                kinds = ("google_drive", "slack", "memory")
                sources = [Integration(user_id=user.id, kind=kind, name=f"{kind} of {name}") for kind in kinds]
                db.session.add_all(sources)
                db.session.flush()
                self.people[name] = Person(user.id, user.email, name, "not for signing in")
                self.own_sources[name] = [one.id for one in sources]
                self.model.sources |= {one.id: (name, one.kind) for one in sources}
            self.integrators = {name: self._register(organization, name) for name in "xy"}
            db.session.commit()
        self.integrators["d"] = add_unregistered(self.app, "https://agent.example/client.json", "Agent", DOCUMENT)
        with self.app.app_context():
            # It is read again when it is old, which is no part of this.
            later = {"fresh_until": self.clock.now() + _FOREVER, "good_until": self.clock.now() + _FOREVER}
            db.session.execute(update(ClientDocument).values(**later))
            db.session.commit()
        for person in "ab":
            self.enter(person)

    def _register(self, organization: Any, name: str) -> Integrator:
        kind = {"x": "confidential", "y": "public"}[name]
        uri = f"https://{name}.example/callback"
        fields = {"type": kind, "redirect_uris": [uri], "scopes": list(SCOPES)}
        client, secret = register_client(
            db.session(), settings(), organization=organization, name=f"App {name}", **fields
        )
        return Integrator(self.app, client.client_id, secret, uri, " ".join(SCOPES))

    # -- people -----------------------------------------------------------------------------------

    def enter(self, person: str) -> None:
        browser = Browser(self.app)
        browser.enter(self.people[person])
        form = find_forms(browser.get("/account/sessions/").text)[0]
        self.browsers[person] = browser, dict(form.values)["csrf_token"]

    def post(self, person: str, path: str, data: dict[str, str]) -> TestResponse:
        """What a button of a person's page sends."""
        browser, token = self.browsers[person]
        answer = browser.client.post(path, data=data | {"csrf_token": token}, base_url=BASE)
        if answer.status_code == 303 and answer.location.startswith("/sign-in"):
            self.enter(person)
            return self.post(person, path, data)
        return answer

    def undo(self, memory_id: str, entry: Written) -> None:
        """Undo what one app did to a memory, by the page that asks about it first."""
        first = select(func.min(AppChange.id)).where(
            AppChange.memory_id == memory_id, AppChange.grant_id == entry.grant_id, AppChange.undone_at.is_(None)
        )
        path = f"/account/activity/undo/{self.in_database(lambda session: session.scalar(first))}"
        asked = self.browsers[entry.person][0].get(path)
        if asked.status_code == 200:
            answer = self.post(entry.person, path, dict(find_form(asked, action=path).values))
            assert answer.status_code == 303
        else:
            # What was added and is gone already.
            assert (asked.status_code, entry.before) == (303, None), asked.text
        self.model.undo(memory_id, entry.grant_id)

    def change(self, act, *arguments: Any, **more: Any) -> Any:
        """One change of a consent, by the one writer of consents, committed."""
        with self.app.app_context(), connect(db.engine) as connection, connection.transaction():
            return act(connection, *arguments, **more)

    def in_database(self, act) -> Any:
        with self.app.app_context():
            result = act(db.session())
            db.session.commit()
            return result

    def remember(self, memory_id: str, owner: str, source: str, folder: str, tags: frozenset[str]) -> None:
        self.count += 1
        self.model.memories[memory_id] = Kept(owner, source, folder, tags, self.count)

    def make_memento(self, person: str, picks: set[Pick]) -> str:
        contents = [MementoContent(integration_id=a, folder=b, memory_id=c) for a, b, c in picks]
        self.count += 1
        memento = Memento(user_id=self.people[person].id, name=f"m{self.count}", contents=contents)

        def add(session) -> str:
            session.add(memento)
            session.flush()
            return memento.id

        id = self.in_database(add)
        self.model.mementos[id] = (person, set(picks))
        return id

    def give(self, slot: Slot, scopes: frozenset[str], declined: frozenset[str], choice: Choice, resumes: bool) -> None:
        person, (name, installation) = slot[0], APPS[slot[1]]
        with self.app.app_context(), connect(db.engine) as connection, connection.transaction():
            client = find_client(connection, self.integrators[name].client_id)
            given = changes.give_consent(
                connection,
                user_id=self.people[person].id,
                client_key=client.key,
                installation=installation,
                scope=" ".join(sorted(scopes)),
                declined=declined,
                choice=choice,
                resources=(API, MCP),
                resumes=resumes,
            )
        before = self.model.consents.get(slot)
        if before is None or not self.model.is_live(before, self.clock.at):
            if before is not None:
                before.is_ended = True
            before = self.model.consents[slot] = Allowed(given.grant_id, slot, frozenset())
        assert given.grant_id == before.grant_id
        before.scopes = scopes | (before.scopes - declined)
        before.is_paused = before.is_paused and not resumes
        before.until = None
        self.note_choice(before, choice)

    def note_choice(self, consent: Allowed, choice: Choice) -> None:
        consent.selection = choice.selection
        consent.chosen = dict(choice.can_write) if choice.selection == "selected" else {}

    # -- apps ---------------------------------------------------------------------------------------

    def issue_code(self, slot: Slot, scopes: frozenset[str], resource: str) -> Code:
        """A code, as the consent screen's answer brings it to the app."""
        consent, integrator = self.model.consents[slot], self.integrator(slot)
        value, at = credentials.new_credential(credentials.AUTHORIZATION_CODE), self.clock.now()
        with self.app.app_context(), connect(db.engine) as connection, connection.transaction():
            add_authorization_code(
                connection,
                grant_id=consent.grant_id,
                digest=credentials.digest(value),
                client_key=find_client(connection, integrator.client_id).key,
                redirect_uri=integrator.redirect_uri,
                scope=" ".join(sorted(scopes)),
                code_challenge=s256(integrator.code_verifier),
                issued_at=at,
                expires_at=at + CODE_LIVES,
                audience=resource,
            )
        code = Code(value, Family(consent, slot[1], resource, scopes), at)
        self.credentials.codes.append(code)
        return code

    def integrator(self, slot: Slot) -> Integrator:
        return self.integrators[APPS[slot[1]][0]]

    def redeem(self, code: Code) -> None:
        """Present a code at the token endpoint; it works when the model says so, and never else."""
        answer = self.integrator(code.family.consent.slot).exchange(code.value)
        if self.credentials.redeem(code, self.clock.at):
            assert answer.status_code == 200, answer.text
            self.refreshed(code.family, answer.json)
        else:
            assert answer.status_code == 400 and "access_token" not in answer.text, answer.text

    def refresh(self, refresh: Refresh) -> None:
        """Present a refresh token, whatever became of it."""
        answer = self.integrator(refresh.family.consent.slot).refresh(refresh.value)
        expected = self.credentials.rotate(refresh, self.clock.at)
        if expected is None:
            assert answer.status_code == 400 and "access_token" not in answer.text, answer.text
            return
        assert answer.status_code == 200, answer.text
        if isinstance(expected, Refresh):
            assert answer.json["refresh_token"] == expected.value
            self.accessed(refresh.family, answer.json)
        else:
            refresh.successor = self.refreshed(refresh.family, answer.json)

    def refreshed(self, family: Family, answer: dict[str, Any]) -> Refresh:
        self.accessed(family, answer)
        refresh = Refresh(answer["refresh_token"], family, self.clock.at)
        self.credentials.refreshes.append(refresh)
        return refresh

    def accessed(self, family: Family, answer: dict[str, Any]) -> None:
        held = family.scopes & family.consent.scopes
        assert frozenset(answer["scope"].split()) == held
        assert answer["grant_id"] == family.consent.grant_id
        self.credentials.accesses.append(Access(answer["access_token"], family, held, self.clock.at))

    def call(self, access: Access, method: str, path: str, **sent: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {access.value}"}
        return self.app.test_client().open(f"/api/v1/{path}", method=method, headers=headers, base_url=BASE, **sent)

    def call_tool(self, access: Access, tool: str, **arguments: Any) -> TestResponse:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        headers = {"Authorization": f"Bearer {access.value}"}
        return self.app.test_client().post("/mcp", json=message, headers=headers, base_url=BASE)

    def learn_saved(self, slot: Slot, source: str) -> None:
        """After an app's first write there is a memento of its own, and a source."""
        name, installation = APPS[slot[1]]
        saved = self.model.saved.get(slot)
        if saved is not None:
            saved.sources += [source] if source not in saved.sources else []
            self.model.mementos[saved.memento][1].add((source, None, None))
        else:

            def look(session) -> tuple[str, str]:
                with connect(db.engine) as connection:
                    key = find_client(connection, self.integrators[name].client_id).key
                row = session.execute(
                    select(SavedMemento.memento_id, SavedMemento.integration_id).where(
                        SavedMemento.user_id == self.people[slot[0]].id,
                        SavedMemento.client_key == key,
                        SavedMemento.installation == installation,
                    )
                ).one()
                return row.memento_id, row.integration_id

            memento, first = self.in_database(look)
            self.model.saved[slot] = Saved(memento, list(dict.fromkeys([first, source])))
            self.model.mementos[memento] = (slot[0], {(first, None, None), (source, None, None)})
            self.model.sources.setdefault(first, (slot[0], "memory"))
