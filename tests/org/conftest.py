"""The dashboard's tests: who works there, and what the database holds of it."""

import re

import pytest

from app.accounts.models import Invitation, Membership, Organization
from app.accounts.organizations import find_organization
from app.audit.models import AuditEvent
from app.clients.models import Client, ClientLogo, ClientOrigin, ClientSecret
from app.extensions import db
from app.oauth.playground.callback import PlaygroundCallback
from tests.actors import Browser, Person
from tests.conftest import _register

#: Where the people of an organization are looked after.
MEMBERS = "/org/oauth/members"
#: Where an app is registered.
REGISTER = "/org/oauth/register"

#: What a form of the register page is filled in with.
HONEST = {
    "name": "Acme Planner",
    "description": "Plans the week from what you noted.",
    "homepage_url": "https://planner.acme.example",
    "type": "confidential",
    "redirect_uris": "https://planner.acme.example/callback",
    "scopes": ["memories:read"],
}


_DASHBOARDS = (Client, ClientSecret, ClientLogo, ClientOrigin, AuditEvent, Organization, Membership, Invitation,
               PlaygroundCallback)  # fmt: skip


@pytest.fixture
def olive(app, bob) -> Person:
    """The owner of Acme."""
    return _register(app, "Olive Owens", "olive@acme.example", "Acme", "owner")


@pytest.fixture
def leon(app) -> Person:
    """Somebody who belongs to no organization."""
    return _register(app, "Leon Lund", "leon@example.org")


@pytest.fixture
def admin(app, bob) -> Browser:
    """The browser of Bob, who is signed in."""
    return signed_in(app, bob)


@pytest.fixture
def owner(app, olive) -> Browser:
    """The browser of Olive, who owns Acme."""
    return signed_in(app, olive)


@pytest.fixture
def stored(app):
    """Every row of the dashboard's tables as text, to see what changed; ``stored(everything=True)`` of all tables."""

    def stored(everything: bool = False) -> str:
        tables = db.metadata.sorted_tables if everything else [model.__table__ for model in _DASHBOARDS]
        with app.app_context(), db.engine.connect() as connection:
            rows = (row for table in tables for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'))
            return "\n".join(sorted(str(tuple(row)) for row in rows))

    return stored


def signed_in(app, person: Person) -> Browser:
    browser = Browser(app)
    browser.enter(person)
    return browser


def send(browser: Browser, path: str, **data):
    """POST these fields, with a CSRF token that is good unless another is given."""
    data = {"csrf_token": csrf_token(browser)} | data
    return browser._open(path, method="POST", data=data, headers={"Referer": browser._base_url + path})


def in_acme(app) -> str:
    """Acme's id, as its forms send it."""
    with app.app_context():
        return find_organization("acme").id


def csrf_token(browser: Browser) -> str:
    """A token that is good for any form of this browser's session."""
    return browser.make_token()


def invite(browser: Browser, **fields):
    fields = {"label": "Dora", "role": "member"} | fields
    return browser.submit(browser.get(MEMBERS), press="Make an invitation link", **fields)


def role_of(app, person) -> str | None:
    with app.app_context():
        membership = db.session.get(Membership, (person.id, in_acme(app)))
        return membership and membership.role


def give_role(browser: Browser, person, role: str):
    """Choose the role from the list, and say yes if asked."""
    path = f"{MEMBERS}/{person.id}/role"
    answer = browser.submit(browser.get(MEMBERS), action=path, press="Change", role=role)
    return browser.submit(answer, action=path) if answer.status_code == 200 else answer


def kinds(app) -> list[str]:
    with app.app_context():
        return [event.kind for event in db.session.query(AuditEvent).order_by(AuditEvent.occurred_at)]


def register(browser: Browser, **changes):
    return browser.submit(browser.get(REGISTER), press="Register the app", **{**HONEST, **changes})


def count_clients(app) -> int:
    with app.app_context():
        return db.session.query(Client).filter_by(ended_at=None).count()


def secret_in(page) -> str:
    (secret,) = set(re.findall(r"rlq_cs_[0-9a-f]{64}", page.text))
    return secret
