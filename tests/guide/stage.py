"""The stage on which the guide's programs are run: an app of Acme's, the guide that shows it, and Alice, who allows it."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from app.accounts.organizations import find_organization
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from app.scopes import SCOPES
from tests.actors import Browser, find_form
from tests.guide.conftest import Guide, read_guide
from tests.journeys.conftest import callback, demonstration
from tests.journeys.walk import ALICE, BOB

__all__ = ["callback", "demonstration"]


@pytest.fixture
def register(server, demonstration, callback, monkeypatch) -> Callable[..., str]:
    """Register an app of Acme's with all scopes; its secret gets into the environment, as the guide wants it."""

    def register(type: str, *, redirect_uri: str = callback.url, **fields: bool) -> str:
        with server.app.app_context():
            client, secret = register_client(
                db.session(),
                settings(),
                organization=find_organization("acme"),
                name="Acme Reader",
                type=type,
                redirect_uris=[redirect_uri],
                scopes=list(SCOPES),
                request_origins=["{0.scheme}://{0.netloc}".format(urlsplit(redirect_uri))],
                **({"device_flow": True} | fields),
            )
            db.session.commit()
            if secret:
                monkeypatch.setenv("CLIENT_SECRET", secret)
            return client.client_id

    return register


@pytest.fixture
def read(server, demonstration) -> Callable[[str], Guide]:
    """The guide as Bob sees it for one of Acme's apps."""

    def read(client_id: str) -> Guide:
        browser = Browser(server.app)
        browser.sign_in(BOB, demonstration.passwords[BOB])
        return read_guide(browser.get, client_id=client_id)

    return read


@pytest.fixture
def connect(server, demonstration) -> Callable[[str], None]:
    """Have Alice open the page that a device names, enter its code, and allow what it asks for."""

    def connect(told: str) -> None:
        person = Browser(server.app)
        shown = person.follow(person.get(re.search(r"open (\S+)", told)[1]))
        shown = person.follow(person.submit(shown, email=ALICE, password=demonstration.passwords[ALICE]))
        shown = person.follow(person.submit(shown, action="/device", user_code=re.search(r"enter (\S+)", told)[1]))
        if "/mementos" in shown.request.path:
            shown = person.follow(person.submit(shown, press="Continue"))
        assert "go back to your device" in person.follow(person.submit(shown, press="Authorize")).text

    return connect


@pytest.fixture
def allow(server, demonstration) -> Callable[[str], str]:
    """Have Alice allow what an address asks for, mementos one by one; the whole address she comes back to."""

    def allow(address: str) -> str:
        person = Browser(server.app)
        shown = person.follow(person.get(address.strip()))
        shown = person.submit(shown, email=ALICE, password=demonstration.passwords[ALICE])
        shown = person.follow(shown)
        if shown.location:
            # Nothing is left to ask.
            return shown.location
        if shown.request.path.endswith("/consent"):
            # They have chosen before.
            return person.submit(shown, press="Authorize").location
        ids = find_form(shown, names=["memento_ids"]).choices["memento_ids"]
        shown = person.submit(shown, press="Continue", selection="selected", memento_ids=ids[:2])
        return person.submit(person.follow(shown), press="Authorize").location

    return allow
