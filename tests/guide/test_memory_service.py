"""The guide's memory service stands elsewhere, with records of its own, and holds to what a person picked.

It runs as the page shows it, in a process of its own, and asks a real server. Alice allows Acme Reader what she picks,
and changes her mind on her own pages.
"""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from app.accounts.organizations import find_organization
from app.accounts.users import find_user_by_email
from app.clients.models import CONFIDENTIAL
from app.clients.registration import register_client
from app.config import settings
from app.extensions import db
from app.guide.libraries import MEMORY_SERVICE
from app.memories.mementos import create_memento
from app.memories.records import add_integration
from tests.actors import Browser
from tests.guide.stage import read
from tests.guide.test_snippets import same_shape
from tests.integrator import Integrator
from tests.journeys.conftest import callback, demonstration
from tests.journeys.walk import ALICE, BOB

__all__ = ["callback", "demonstration", "read"]

_PATIENCE = 30


@dataclass
class Service:
    """The running service: its address, and the client by which it asks."""

    address: str
    client: Integrator

    def get(self, path: str, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(self.address + path, headers=headers, timeout=10)

    def post(self, path: str, token: str, **sent: str) -> requests.Response:
        return requests.post(self.address + path, json=sent, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def texts(self, token: str) -> list[str]:
        answer = self.get("/records", token)
        assert answer.status_code == 200, answer.text
        return [one["text"] for one in answer.json()]


@dataclass
class House:
    """Alice's browser and mementos, the service, and the app that she allows something there."""

    alice: Browser
    trip: str
    recipes: str
    service: Service
    reader: Integrator

    def choose(self, grant_id: str, *memento_ids: str, **more) -> None:
        """Change what the app sees, on the page of the connected app."""
        selection = "selected" if memento_ids else "none"
        page = self.alice.get(f"/account/apps/{grant_id}/mementos")
        page = self.alice.submit(
            page, press="See what changes", selection=selection, memento_ids=list(memento_ids), **more
        )
        assert "Changed." in self.alice.follow(self.alice.submit(page, press="Apply")).text

    def press(self, grant_id: str, *buttons: str) -> None:
        page = self.alice.get(f"/account/apps/{grant_id}")
        for button in buttons:
            page = self.alice.follow(self.alice.submit(page, press=button))
            assert page.status_code == 200, page.text


def _register(server, name: str, **fields) -> Integrator:
    with server.app.app_context():
        client, secret = register_client(
            db.session(),
            settings(),
            organization=find_organization("acme"),
            name=name,
            type=CONFIDENTIAL,
            **fields,
        )
        db.session.commit()
        uris, scope = client.redirect_uris, client.scope
        return Integrator(server.app, client.client_id, secret, uris[0] if uris else "", scope)


def _free_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def house(server, demonstration, callback, read, tmp_path):
    with server.app.app_context():
        alice, bob = find_user_by_email(ALICE).id, find_user_by_email(BOB).id
        source = add_integration(db.session, user_id=alice, kind="memory", name="Shelf")
        db.session.flush()
        trip, recipes = (create_memento(db.session(), alice, name, [source.id]).id for name in ("Trip", "Baking"))
        db.session.commit()
    records = [
        {"owner": alice, "mementos": [trip], "text": "The ferry to Porto leaves at nine."},
        {"owner": alice, "mementos": [recipes], "text": "Rye needs more water."},
        {"owner": alice, "mementos": [trip, recipes], "text": "Custard tarts in Lisbon."},
        {"owner": alice, "mementos": [], "text": "Nobody is shown this, but who sees everything."},
        {"owner": bob, "mementos": [trip], "text": "What another person keeps under the same id."},
    ]
    address = _free_address()
    client = _register(server, "Acme Shelf", resources=[address])
    (tmp_path / "service.py").write_text(read(client.client_id).programs["memory-service"]["service.py"])
    environment = {"PATH": os.environ["PATH"], "ADDRESS": address, "RECORDS": json.dumps(records)}
    environment["CLIENT_SECRET"] = client.client_secret
    run = [sys.executable, "-m", "flask", "--app", "service", "run", "--port", address.rpartition(":")[2]]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(run, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"{address}/.well-known/oauth-protected-resource", process, tmp_path / "log")
        browser = Browser(server.app)
        browser.sign_in(ALICE, demonstration.passwords[ALICE])
        reader = _register(
            server, "Acme Reader", redirect_uris=[callback.url], scopes=["memories:read", "memories:write"]
        )
        yield House(browser, trip, recipes, Service(address, client), reader)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        else:
            return


def test_a_service_elsewhere_shows_the_chosen_mementos_records_and_no_others(house, read):
    service, reader = house.service, house.reader
    # An app finds out by itself where to go.
    challenge = service.get("/records")
    assert challenge.status_code == 401
    metadata = requests.get(
        challenge.headers["WWW-Authenticate"].split('resource_metadata="')[1].split('"')[0], timeout=10
    )
    assert metadata.json()["resource"] == service.address

    page = reader.start(house.alice, resource=service.address)
    assert "Acme Shelf" in page.text and service.address.partition("://")[2] in page.text
    page = house.alice.follow(
        house.alice.submit(page, press="Continue", selection="selected", memento_ids=[house.trip])
    )
    assert "Acme Shelf" in page.text
    code = reader.answer(house.alice.submit(page, press="Authorize"))["code"]
    tokens = reader.exchange(code, resource=service.address).json
    token, grant_id = tokens["access_token"], tokens["grant_id"]
    ferry, rye, tarts = "The ferry to Porto leaves at nine.", "Rye needs more water.", "Custard tarts in Lisbon."

    assert service.texts(token) == [ferry, tarts]
    assert [service.get(f"/records/{number}", token).status_code for number in range(6)] == [
        200,
        404,
        200,
        404,
        404,
        404,
    ]
    # Another memento, and the very next call.
    house.choose(grant_id, house.recipes)
    assert service.texts(token) == [rye, tarts]
    house.choose(grant_id)
    assert service.texts(token) == []
    house.choose(grant_id, house.trip, writable_ids=[house.trip])
    assert service.post("/records", token, memento=house.recipes, text="x").status_code == 404
    assert service.post("/records", token, memento=house.trip, text="The tram is 28.").status_code == 201
    assert service.texts(token) == [ferry, tarts, "The tram is 28."]
    less = reader.refresh(tokens["refresh_token"], resource=service.address, scope="memories:read").json
    told = service.client.introspect(less["access_token"]).text.replace(service.address, "https://shelf.acme.example")
    shown = read(service.client.client_id).answers["introspect-resource"]
    assert same_shape(shown, json.loads(told)), told

    house.press(grant_id, "Pause")
    assert service.get("/records", token).status_code == 401
    house.press(grant_id, "Resume")
    assert service.texts(token)[0] == ferry
    house.alice.end_app(grant_id)
    answer = service.get("/records", token)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_service_elsewhere_takes_no_token_that_is_not_for_it(house):
    service, reader = house.service, house.reader
    here = reader.tokens(house.alice)["access_token"]
    assert service.get("/records", here).status_code == 401
    token = reader.client_credentials(resource=service.address).json["access_token"]
    assert service.texts(token) == []
    less = reader.client_credentials(resource=service.address, scope="memories:write").json["access_token"]
    answer = service.get("/records", less)
    assert answer.status_code == 403 and 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert "memories:write memories:read" in answer.headers["WWW-Authenticate"]


def test_the_versions_that_are_told_are_those_that_run():
    told = dict(one.rsplit(" ", 1) for one in MEMORY_SERVICE.version.split(" and "))
    assert {name: version(name).rpartition(".")[0] for name in told} == told
