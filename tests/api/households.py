"""Two people and two apps, beside the model of what each app may see."""

from hypothesis.stateful import RuleBasedStateMachine, initialize

from app.accounts.organizations import create_organization
from app.accounts.users import register_user
from app.clients.registration import register_client
from app.config import settings
from app.consents.models import Consent
from app.extensions import db
from app.memories.models import Integration
from app.scopes import SCOPES
from tests.api.conftest import Caller
from tests.api.model import Model
from tests.api.tokens import issue_token


class Households(RuleBasedStateMachine):
    """What the random walk begins with, and how it compares the app with the model."""

    def __init__(self, app):
        super().__init__()
        self.app = app
        self.model = Model()

    @initialize()
    def two_of_everything(self):
        self.people, self.sources, self.callers, self.organizations = {}, {}, {}, {}
        with self.app.app_context():
            clients = {}
            for name, app in zip("ab", "xy", strict=True):
                user = register_user(email=f"{name}@example.com", name=name, password="not for signing in")
                organization = create_organization(f"Organization {app}")
                db.session.flush()
                self.people[name] = user.id
                sources = [Integration(user_id=user.id, kind="memory", name=kind) for kind in ("one", "two")]
                db.session.add_all(sources)
                fields = {"type": "confidential", "redirect_uris": ["https://a.example/"], "scopes": list(SCOPES)}
                clients[app] = register_client(
                    db.session(), settings(), organization=organization, name=f"App {app}", **fields
                )[0]
                db.session.flush()
                self.sources[name] = [source.id for source in sources]
                self.organizations[app] = Caller(self.app, issue_token(clients[app].client_id))
            for app in "xy":
                for person in "ab":
                    self._connect(clients[app].client_id, app, person)
            db.session.commit()
        self.saved_by_organization = {"x": set(), "y": set()}
        # Nobody starts with empty shelves: most of the steps would find nothing to do.
        for person in "ab":
            for folder in ("", "t", "t/u", "t-"):
                self.keep(person, 0, folder)
            self.make_memento(person, [(0, "folder", "t")])
            for app in "xy":
                self.choose(app, person, "selected", [0], [False])

    def _connect(self, client_id, app, person):
        consent = Consent(user_id=self.people[person], client_key=client_id, scope=" ".join(SCOPES), selection="none")
        db.session.add(consent)
        db.session.flush()
        self.callers[app, person] = Caller(self.app, issue_token(client_id, consent.grant_id), consent.grant_id)
        self.model.consents[app, person] = {"selection": "none", "read": set(), "write": set(), "own": set()}

    def _compare(self, app, person, q):
        response = self.callers[app, person].get("memories/", limit=100, **({"q": q} if q else {}))
        if (app, person) in self.model.dead:
            assert response.status_code == 401
        else:
            expected = {id for id in self.model.memories if self.model.may("read", app, person, id)}
            assert ids(response) == expected

    def _add(self, record) -> str:
        with self.app.app_context():
            db.session.add(record)
            db.session.commit()
            return record.id

    def _delete(self, model, id):
        with self.app.app_context():
            db.session.execute(db.delete(model).where(model.id == id))
            db.session.commit()

    def _picks(self, person, picks):
        own = [id for id, (owner, *_) in self.model.memories.items() if owner == person]
        made = []
        for number, kind, folder in picks:
            source = self.sources[person][number % 2]
            if kind == "memory" and own:
                made.append((None, None, own[number % len(own)]))
            elif kind != "memory":
                made.append((source, folder if kind == "folder" and folder else None, None))
        return made

    def _one_of(self, among, number):
        among = list(among)
        return among[number % len(among)] if among else None


def ids(response) -> set[str]:
    assert response.status_code == 200, response.text
    ids = [memory["id"] for memory in response.json["data"]]
    assert len(ids) == len(set(ids))
    return set(ids)
