"""What the tests of the protocol and of the API share: clients of all kinds, time, two at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, local
from types import SimpleNamespace

import pytest
from flask import jsonify
from msgspec import structs
from sqlalchemy import update

from app import clock
from app.accounts.disabling import disable_account, enable_account
from app.accounts.organizations import find_organization
from app.clients.life import delete_client as end
from app.clients.models import Client
from app.clients.registration import register_client
from app.config import settings
from app.consents.models import Consent
from app.extensions import db
from app.memories.mementos import create_memento
from app.memories.models import Integration
from app.oauth.grants.authorization_code import AuthorizationCodeGrant
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.protect import protected
from app.recent import Recent
from app.scopes import SCOPES
from tests.actors import Person
from tests.integrator import Integrator

__all__ = ["at_once", "change_client", "change_consent", "change_settings", "delete_client", "disable", "grants", "guarded",
           "let_time_pass", "make_memento", "posting_notebook", "publish_issuer", "register", "strict",
           "strict_notebook", "tokens"]  # fmt: skip


# -- people and clients ----------------------------------------------------------------------------


@pytest.fixture
def tokens(notebook, signed_in) -> dict:
    """What Acme Notebook got when Alice allowed it everything."""
    return notebook.tokens(signed_in)


@pytest.fixture
def register(app, bob) -> Callable[..., Integrator]:
    """Register a client of Acme's, confidential and honest unless changed."""

    def register(redirect_uri: str = "https://app.acme.example/callback", **changes) -> Integrator:
        fields = {
            "name": "Acme App",
            "type": "confidential",
            "redirect_uris": [redirect_uri],
            "scopes": list(SCOPES),
        } | changes
        with app.app_context():
            client, client_secret = register_client(
                db.session(), settings(), organization=find_organization("acme"), **fields
            )
            db.session.commit()
            scope = "memories:read integrations:read"
            return Integrator(app, client.client_id, client_secret, redirect_uri, scope)

    return register


@pytest.fixture
def posting_notebook(notebook) -> Integrator:
    """Acme Notebook, sending its secret in the body."""
    return replace(notebook, auth_method="client_secret_post")


@pytest.fixture
def strict_notebook(register) -> Integrator:
    """A confidential client that must use PKCE."""
    return register("https://strict.acme.example/callback", require_pkce=True)


# -- changing what is stored, behind everybody's back ----------------------------------------------


@pytest.fixture
def change_client(app) -> Callable[..., None]:
    """Give a client's record other values."""

    def change(integrator: Integrator, **values) -> None:
        with app.app_context():
            client = db.session.get_one(Client, integrator.client_id)
            for name, value in values.items():
                setattr(client, name, value)
            db.session.commit()

    return change


@pytest.fixture
def delete_client(app) -> Callable[[Integrator], None]:
    def delete(integrator: Integrator) -> None:
        with app.app_context():
            end(db.session, db.session.get_one(Client, integrator.client_id), actor_user_id=None)
            db.session.commit()

    return delete


@pytest.fixture
def change_consent(app) -> Callable[..., None]:
    """Give the consents of a client other values."""

    def change(integrator: Integrator, **values) -> None:
        with app.app_context():
            if "scope" in values:
                values |= {"stored_scope": values.pop("scope"), "names_profile": True}
            db.session.execute(update(Consent).where(Consent.client_key == integrator.client_id).values(**values))
            db.session.commit()

    return change


@pytest.fixture
def disable(app) -> Callable[..., bool]:
    """Switch a person's account off, or ``on`` again. Returns whether that changed anything."""

    def act(person: Person, *, on: bool = False) -> bool:
        with app.app_context():
            did = (enable_account if on else disable_account)(db.session(), person.id, actor_user_id=None)
            db.session.commit()
            return did

    return act


@pytest.fixture
def make_memento(app, alice) -> Callable[[str], str]:
    """Make a memento of Alice's, over an integration of its own; its id."""

    def make(name: str) -> str:
        with app.app_context():
            integration = Integration(user_id=alice.id, kind="memory", name=f"Source of {name}")
            db.session.add(integration)
            db.session.flush()
            memento = create_memento(db.session(), alice.id, name, [integration.id])
            db.session.commit()
            return memento.id

    return make


@pytest.fixture
def change_settings(app, monkeypatch) -> Callable[..., None]:
    """Let an operator have chosen other settings."""

    def change(**changes) -> None:
        services = app.extensions["services"]
        changed = structs.replace(services, settings=structs.replace(services.settings, **changes))
        monkeypatch.setitem(app.extensions, "services", changed)

    return change


@pytest.fixture
def strict(change_settings) -> None:
    """The operator has set ``REFRESH_TOKEN_GRACE=0``: whatever comes twice is a replay, at once."""
    change_settings(refresh_token_grace=0)


@pytest.fixture
def publish_issuer(change_settings) -> Callable[[str], None]:
    """Tell the server the address by which people reach it."""
    return lambda issuer: change_settings(issuer=issuer)


# -- time ------------------------------------------------------------------------------------------


@pytest.fixture
def let_time_pass(monkeypatch) -> Callable[..., None]:
    """Move the clock on, by what ``timedelta`` takes."""
    real, passed = clock.now, [timedelta()]

    def wait(**duration) -> None:
        passed[0] += timedelta(**duration)
        monkeypatch.setattr("app.clock.now", lambda: real() + passed[0])

    return wait


@pytest.fixture
def at_once(monkeypatch) -> Callable[..., list]:
    """Make two calls in parallel, both held where they have read the record and neither has changed it."""

    def at_once(call: Callable, *, after: tuple[type, str]) -> list:
        grant, method = after
        original, both, seen = getattr(grant, method), Barrier(2), local()

        def read_and_wait(self, *args):
            found = original(self, *args)
            if not hasattr(seen, "once"):
                seen.once = True
                both.wait(timeout=10)
            return found

        with monkeypatch.context() as patch, ThreadPoolExecutor(2) as threads:
            patch.setattr(grant, method, read_and_wait)
            # Of a client that was just seen nothing would be read beforehand.
            patch.setattr(Recent, "find", lambda self, key: None)
            return [future.result() for future in [threads.submit(call), threads.submit(call)]]

    return at_once


@pytest.fixture
def grants() -> SimpleNamespace:
    """The grant classes, for :func:`at_once`."""
    return SimpleNamespace(authorization_code=AuthorizationCodeGrant, refresh_token=RefreshTokenGrant)


# -- the guard -------------------------------------------------------------------------------------


@pytest.fixture
def guarded(app) -> Callable:
    """Call, with an access token, a resource that demands these scopes."""

    def call(access_token: str, *scopes: str):
        with app.test_request_context("/api/guarded", headers={"Authorization": f"Bearer {access_token}"}):
            return app.make_response(protected(*scopes)(lambda token, connection: jsonify(reached=True))())

    return call
