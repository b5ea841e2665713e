"""A robot registers clients without end, from fifty addresses: nobody else notices, and nothing of it stays."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from app.clients.models import Client, ClientOrigin, SelfRegistration
from app.clients.self_registration import MOST_UNUSED
from app.extensions import db
from app.limits.table import REGISTRATIONS
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from tests.actors import Browser
from tests.cli.test_commands import run_in
from tests.consents.events import list_events
from tests.databases import new_database
from tests.fleet.callers import Ask, ask
from tests.integrator import Integrator
from tests.protocol import *  # noqa: F403
from tests.purging import purge
from tests.resources import _BOTH_BACKENDS, _cluster
from tests.robustness.remote import RemoteApp
from tests.server import _ROOT, running_server

_ADDRESSES = [f"203.0.113.{number}" for number in range(50)]
_HOURS, _TRIES = 8, 50
_URI = "http://localhost:3118/callback"
_SAID = {"client_name": "Robot", "redirect_uris": [_URI]}


def _count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def _state(app) -> list:
    """What an organization has: its apps, with everything about them, and what its dashboard lists."""
    with app.app_context():
        return (
            db.session.execute(text("SELECT * FROM clients WHERE origin = 'registered' ORDER BY client_id")).all()
            + db.session.execute(text("SELECT id, slug, name FROM organizations ORDER BY id")).all()
        )


def test_twenty_thousand_registrations_from_fifty_addresses(
    app, notebook, bob, alice, signed_in, let_time_pass, capsys
):
    tokens = notebook.tokens(signed_in)
    before, admin = _state(app), Browser(app)
    admin.enter(bob)
    dashboard = admin.get("/org/oauth/").text
    robot = app.test_client()
    answers: Counter = Counter()
    last = None
    began = time.monotonic()
    for _hour in range(_HOURS):
        for _ in range(_TRIES):
            for address in _ADDRESSES:
                answer = robot.post("/oauth/register", json=_SAID, environ_overrides={"REMOTE_ADDR": address})
                answers[answer.status_code] += 1
                if answer.status_code == 429:
                    assert int(answer.headers["Retry-After"]) > 0
                else:
                    last = answer
        # Everybody else goes on as ever, and sees nothing of it.
        refreshed = notebook.refresh(tokens["refresh_token"])
        assert refreshed.status_code == 200
        tokens = refreshed.json
        page = admin.get("/org/oauth/")
        assert "Robot" not in page.text and "Acme Notebook" in page.text
        let_time_pass(hours=1)
    took = time.monotonic() - began
    assert sum(answers.values()) == 20_000
    # Twenty an hour of each address; of more than may be that nobody uses, the oldest have made room.
    made = _HOURS * REGISTRATIONS.most * len(_ADDRESSES)
    assert made > MOST_UNUSED
    assert answers == {201: made, 429: 20_000 - made}
    assert _count(app, SelfRegistration) == MOST_UNUSED
    assert _state(app) == before
    assert admin.get("/org/oauth/").text.count("Acme") == dashboard.count("Acme")

    # A person is led to one of them, and it asks again and again, wrongly.
    wanted = last.json
    agent = Integrator(app, wanted["client_id"], None, _URI, "memories:read")
    given = agent.tokens(signed_in, choose={"selection": "all"})
    assert agent.me(given["access_token"]).status_code == 200
    for _ in range(30):
        agent.post("/oauth/token", {"grant_type": "password"})
    app.extensions["services"].notes.of(RequestLog).flush()
    listing = time.monotonic()
    listed = run_in(app, "clients", "list", options={"--origin": "dynamic", "--json": True})
    listing = time.monotonic() - listing
    assert json.loads(listed.stdout)["total"] == MOST_UNUSED

    let_time_pass(days=8)
    purging = time.monotonic()
    assert purge(app)["unused_clients"] == MOST_UNUSED - 1
    purging = time.monotonic() - purging
    with app.app_context():
        assert set(db.session.scalars(select(Client.client_id))) == {notebook.client_id, wanted["client_id"]}
    assert [_count(app, model) for model in (SelfRegistration, ClientOrigin)] == [1, 1]
    assert robot.post("/oauth/register", json=_SAID).status_code == 201

    # And that one too, when nobody has used it for a year; what she allowed it stays hers to read.
    let_time_pass(days=366)
    assert purge(app).items() >= {"unused_clients": 1, "idle_clients": 1}.items()
    let_time_pass(days=2)
    purge(app)
    assert _state(app) == before
    assert [_count(app, model) for model in (SelfRegistration, ClientOrigin, RequestRecord)] == [0, 0, 0]
    with app.app_context():
        assert [(event.kind, event.client_name) for event in list_events(db.session(), alice.id)][:2] == [
            ("ended", "Robot"),
            ("given", "Robot"),
        ]
    signed_in.enter(alice)
    assert "Robot" in signed_in.get(f"/account/apps/{given['grant_id']}/activity").text
    with capsys.disabled():
        print(
            f"\n{db_name(app)}: 20000 registrations in {took:.0f} s: {dict(answers)};"
            f" listed in {listing:.2f} s, purged in {purging:.1f} s"
        )


def db_name(app) -> str:
    with app.app_context():
        return db.engine.dialect.name


# -- a real server ---------------------------------------------------------------------------------


@pytest.fixture(params=_BOTH_BACKENDS)
def running(request, pytestconfig, tmp_path, apps_in_use):
    with (
        new_database(request.param, pytestconfig.stash[_cluster], tmp_path) as url,
        running_server(url, tmp_path, WEB_CONCURRENCY="2", TRUSTED_PROXIES="1", PURGE_INTERVAL="0") as server,
    ):
        apps_in_use.append(server.app)
        yield server
        apps_in_use.remove(server.app)


class TestServer:
    """The same with fewer, over the wire, at two workers, and purged by the command that the README names."""

    @pytest.fixture
    def app(self, running) -> RemoteApp:
        return RemoteApp(running)

    def test_many_at_once_from_fifty_addresses_keep_nobody_out(self, app, running, alice, notebook, capsys):
        browser = Browser(app)
        browser.sign_in(alice.email, alice.password)
        tokens = notebook.tokens(browser)
        waits: list[float] = []

        def knock(number: int) -> tuple[int, bool]:
            address = _ADDRESSES[number % len(_ADDRESSES)]
            headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
            told = ask(running.url, Ask("register", "POST", "/oauth/register", json.dumps(_SAID), headers))
            return told.status, told.retry_after is not None

        with ThreadPoolExecutor(8) as hands:
            knocks = [hands.submit(knock, number) for number in range(1500)]
            for _ in range(5):
                began = time.monotonic()
                refreshed = notebook.refresh(tokens["refresh_token"])
                waits.append(time.monotonic() - began)
                assert refreshed.status_code == 200, refreshed.text
                tokens = refreshed.json
            answers = Counter(knock.result() for knock in knocks)
        # Two workers count in one place.
        assert answers == {(201, False): 1000, (429, True): 500}
        with running.app.app_context():
            age = "datetime('now', '-8 days') || '.000000+00:00'"
            if db.engine.dialect.name == "postgresql":
                age = "now() - interval '8 days'"
            db.session.execute(
                text(f"UPDATE clients SET created_at = {age}, review_at = {age} WHERE origin = 'dynamic'")
            )
            db.session.commit()
        purged = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "purge", "--json"],
            cwd=_ROOT,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": running.database_url, "SECRET_KEY": "0" * 32},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(purged.stdout)["unused_clients"] == 1000
        assert notebook.refresh(tokens["refresh_token"]).status_code == 200
        with capsys.disabled():
            print(
                f"\n{running.database_url.partition(':')[0]}: {dict(answers)}; the longest refresh {max(waits):.2f} s"
            )
        assert max(waits) < 10
        assert "Robot" not in running.log and "Unexpected error" not in running.log
