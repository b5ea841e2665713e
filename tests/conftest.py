"""What every test shares: an app on a migrated database of its own, emptied after each test."""

import os
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Table, bindparam, insert, select

from app import clock, create_app
from app.accounts.models import Membership, Organization, User
from app.accounts.organizations import find_organization
from app.accounts.passwords import hash_password
from app.audit.models import AuditEvent
from app.clients.models import Client, ClientSecret
from app.clients.registration import register_client
from app.config import Settings
from app.credentials import CLIENT_SECRET, digest, hint, new_credential, new_id
from app.database.connections import Connection, connect
from app.database.statements import Statement
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import Browser, Person
from tests.client import QuickClient
from tests.integrator import Integrator
from tests.migrated import bring_up_to_date

pytest_plugins = [
    *("tests.resources", "tests.letters", "tests.chosen", "tests.order", "tests.seeded"),
    "tests.forked.workers",
]
_FIND_ORGANIZATION = Statement(select(Organization.id).where(Organization.slug == bindparam("slug")))
# What takes long, or needs packages of other languages, is asked for: by `make test-fleet` and `make test-clients`.
_ASKED_FOR = {"TEST_FLEET": "fleet", "TEST_CLIENTS": "elsewhere"}
_CLIENTS, _SECRETS, _EVENTS = Client.__table__, ClientSecret.__table__, AuditEvent.__table__
collect_ignore = [folder for name, folder in _ASKED_FOR.items() if not os.environ.get(name)]


@pytest.fixture(scope="session")
def settings(database_url) -> Settings:
    return Settings(
        database_url=database_url,
        secret_key="only-for-tests-" + "0" * 32,
        issuer="http://127.0.0.1:8000",
        # The cheapest argon2id, so that signing in does not dominate the suite.
        password_time_cost=1,
        password_memory_kib=8,
    )


@pytest.fixture(scope="session")
def app(settings, apps_in_use):
    app = create_app(settings)
    app.testing, app.test_client_class = True, QuickClient
    app.extensions["services"].notes.have_threads = False
    bring_up_to_date(app)
    apps_in_use.append(app)
    return app


@pytest.fixture
def browser(app) -> Browser:
    """A person's browser that nobody is signed in with."""
    return Browser(app)


@pytest.fixture
def alice(app) -> Person:
    """A member of Acme, who keeps memories."""
    return _register(app, "Alice Archer", "alice@acme.example", "Acme", "member")


@pytest.fixture
def signed_in(browser, alice) -> Browser:
    """Alice's browser, with her signed in."""
    browser.enter(alice)
    return browser


@pytest.fixture
def bob(app) -> Person:
    """An admin of Acme, who registers its apps."""
    return _register(app, "Bob Baker", "bob@acme.example", "Acme", "admin")


@pytest.fixture
def carol(app) -> Person:
    """The owner of Globex, who must never see anything of Acme's."""
    return _register(app, "Carol Chen", "carol@globex.example", "Globex", "owner")


def _register(app, name: str, email: str, organization_name: str | None = None, role: str | None = None) -> Person:
    """What ``register_user`` and ``add_member`` write, without the session they need: most tests begin with it."""
    password, user_id = f"the password of {name}", new_id("usr")
    with app.app_context(), connect(db.engine) as connection, connection.transaction():
        person = {"id": user_id, "email": email, "name": name, "password_hash": _hash_once(password)}
        _write(connection, User.__table__, person | {"email_verified_at": clock.now()})
        if organization_name is not None:
            organization_id = _find_organization(connection, organization_name)
            membership = {"user_id": user_id, "organization_id": organization_id, "role": role}
            _write(connection, Membership.__table__, membership)
    return Person(user_id, email, name, password)


def _find_organization(connection: Connection, name: str) -> str:
    """Returns the id of the organization, which is made where there is none."""
    found = connection.scalar(_FIND_ORGANIZATION, slug=name.lower())
    if found is not None:
        return found
    organization = {"id": new_id("org"), "slug": name.lower(), "name": name}
    _write(connection, Organization.__table__, organization)
    return organization["id"]


def _write(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Add a row, with what it has by default."""
    defaults = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in table.columns
        if column.name not in row and column.default is not None
    }
    connection.run(_insertion(table), **dict.fromkeys(table.columns.keys()) | defaults | row)


@cache
def _insertion(table: Table) -> Statement:
    return Statement(insert(table).values({column.name: bindparam(column.name) for column in table.columns}))


@cache
def _hash_once(password: str) -> str:
    return hash_password(password)


@pytest.fixture
def notebook(app, bob) -> Integrator:
    """Acme's confidential client, with all scopes."""
    return _register_integrator(app, "Acme Notebook", "confidential", "https://notebook.acme.example/callback")


@pytest.fixture
def pocket(app, bob) -> Integrator:
    """Acme's public client: it has no secret."""
    return _register_integrator(app, "Acme Pocket", "public", "http://127.0.0.1:8400/callback")


def _register_integrator(app, name: str, type: str, redirect_uri: str) -> Integrator:
    """What ``register_client`` writes. It does so itself once; then the same rows are written with ids of their own."""
    with app.app_context():
        rows = _find_rows(app, name, type, redirect_uri)
        now, key, secret = clock.now(), new_id("client"), new_credential(CLIENT_SECRET) if rows[_SECRETS] else None
        own_secret = {"client_id": key, "created_at": now}
        if secret:
            own_secret |= {"id": new_id("sec"), "digest": digest(secret), "hint": hint(secret)}
        with connect(db.engine) as connection, connection.transaction():
            organization_id = connection.scalar(_FIND_ORGANIZATION, slug="acme")
            own = {"client_id": key, "organization_id": organization_id}
            for table, own_values in (
                (_CLIENTS, own | {"key": key, "created_at": now, "updated_at": now}),
                (_SECRETS, own_secret),
                (_EVENTS, own | {"id": new_id("evt"), "occurred_at": now}),
            ):
                if rows[table]:
                    _write(connection, table, rows[table] | own_values)
    return Integrator(app, key, secret, redirect_uri, "memories:read integrations:read")


@cache
def _find_rows(app, name: str, type: str, redirect_uri: str) -> dict[Table, dict[str, Any]]:
    """Returns the row that registering such a client writes into each table. Afterwards there is none."""
    session = db.session()
    client, _ = register_client(
        session,
        app.extensions["services"].settings,
        organization=find_organization("acme"),
        name=name,
        type=type,
        redirect_uris=[redirect_uri],
        scopes=list(SCOPES),
    )
    session.flush()
    rows = {}
    for table in (_CLIENTS, _SECRETS, _EVENTS):
        found = session.execute(select(table).where(table.c.client_id == client.client_id)).mappings().one_or_none()
        rows[table] = dict(found or {})
    session.rollback()
    return rows
