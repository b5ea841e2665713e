"""Apps that nobody registered, as the screens of the decision meet them."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask

from app import clock
from app.clients.models import DOCUMENT, DYNAMIC, find_client
from app.clients.unregistered import note_first_use
from app.consents.changes import give_consent
from app.consents.choice import Choice
from app.consents.continuing import note_browser
from app.consents.installations import installation_of, mark_browser, new_installation
from app.consents.introductions import write_introduction
from app.consents.models import Consent
from app.credentials import AUTHORIZATION_CODE, KNOWN_BROWSER, digest, new_credential
from app.database.connections import connect
from app.extensions import db
from app.oauth.tokens.code import add_authorization_code
from tests.actors import Browser, Person
from tests.api.conftest import Caller, shelf  # noqa: F401
from tests.integrator import Integrator, s256
from tests.unregistered import add_unregistered


@pytest.fixture
def agent(app) -> Callable[..., Integrator]:
    """Another client of this name: one that registered itself, or one that a document describes."""
    numbers = count()

    def agent(name: str = "Claude Code", origin: str = DYNAMIC, **changes) -> Integrator:
        number = next(numbers)
        client_id = f"client_{number:024}" if origin == DYNAMIC else f"https://app{number}.example.net/client.json"
        return add_unregistered(app, client_id, name, origin, **changes)

    return agent


@pytest.fixture
def document(agent) -> Integrator:
    """One client that a document describes."""
    return agent(origin=DOCUMENT)


@pytest.fixture
def here(browser, alice) -> Browser:
    """Alice's browser, in which she has signed in by the form, so that it is known."""
    browser.sign_in(alice.email, alice.password)
    return browser


@pytest.fixture
def connect_agent(app, here, alice) -> Callable[..., Caller]:
    """Have Alice connect a client as another one, or with ``same`` as the one of that grant id.

    As another one it is written down what the screens would, unless they are to be walked through.
    """

    def connect_agent(
        client: Integrator,
        same: str | None = None,
        browser: Browser | None = None,
        walks: bool = False,
        **choice,
    ) -> Caller:
        choice = choice or {"selection": "none"}
        if same is not None:
            page = client.start(here)
            code = client.answer(here.submit(page, press="Authorize", same=same))["code"]
        elif walks or browser:
            code = client.code(browser or here, choose=choice)
        else:
            code = write_down(app, here, alice, client, choice)
        tokens = client.exchange(code).json
        return Caller(app, tokens["access_token"], tokens["grant_id"], tokens["refresh_token"])

    return connect_agent


def write_down(app: Flask, browser: Browser, person: Person, client: Integrator, choice: dict) -> str:
    """What the screens write down when somebody connects a client as another one. Returns the code."""
    named = next(one.value for one in browser.client._cookies.values() if one.value.startswith(KNOWN_BROWSER))
    writable, code, at = choice.get("writable_ids", ()), new_credential(AUTHORIZATION_CODE), clock.now()
    can_write = {id: id in writable for id in choice.get("memento_ids", ())}
    with app.app_context(), connect(db.engine) as connection, connection.transaction():
        found = find_client(connection, client.client_id)
        installation = installation_of(found)
        consent = give_consent(
            connection,
            user_id=person.id,
            client_key=found.key,
            installation=new_installation() if installation is None else installation,
            scope=client.scope,
            choice=Choice(choice["selection"], can_write),
            resumes=True,
        )
        write_introduction(connection, consent.grant_id, found, found.name, client.redirect_uri)
        note_browser(connection, consent.grant_id, mark_browser(named.partition(".")[0], consent.grant_id))
        note_first_use(connection, found)
        add_authorization_code(
            connection,
            grant_id=consent.grant_id,
            digest=digest(code),
            client_key=found.key,
            redirect_uri=client.redirect_uri,
            scope=consent.scope,
            code_challenge=s256(client.code_verifier),
            issued_at=at,
            keeps_first_end=found.keeps_first_refresh_end,
            expires_at=at + timedelta(seconds=app.extensions["services"].settings.authorization_code_lifetime),
        )
    return code


def sorted_titles(caller: Caller) -> list[str]:
    return sorted(caller.titles())


def read(app, statement) -> list:
    with app.app_context():
        return db.session.execute(statement).all()


def consent_of(app, caller) -> Consent:
    with app.app_context():
        return db.session.get_one(Consent, caller.grant_id)


def offered(page) -> list[str]:
    """The connections that the page names, by grant id, as they stand."""
    return [part.split('"', 1)[0] for part in page.text.split('name="same" value="')[1:]][1:]
