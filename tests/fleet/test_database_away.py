"""The database is locked, moved away, full, stopped, killed or cut off under load: what callers are told meanwhile.

A ledger outside keeps what was answered with success. Afterwards it must find every memory that it saved, once, and the
last refresh token that it was given must go on: nothing lost, nothing twice.
"""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from app.extensions import db
from app.memories.models import Memory
from tests.databases import Cluster, missing_postgresql, new_database
from tests.fleet.callers import HEALTH, READY, Ask, Told, ask, asking, figures, me_request, token_request
from tests.fleet.processes import postmaster_of
from tests.integrator import basic
from tests.robustness.remote import RemoteApp
from tests.server import running_server

_SCOPE = "memories:read memories:write integrations:read"
#: Within three seconds is the promise; the rest is for a machine that does other things beside.
_SOON = 3.0 + 1.0
_BACK = 5.0


@dataclass
class Ledger:
    """An app that saves memories and refreshes, one after the other, and tries again where it was told to."""

    url: str
    client_id: str
    client_secret: str
    tokens: dict
    saved: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    refreshed: int = 0
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        over = threading.Event()
        threads = [threading.Thread(target=what, args=(over,), daemon=True) for what in (self._save, self._refresh)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(60)

    def _save(self, over: threading.Event) -> None:
        number = 0
        while not over.wait(0.03):
            headers = {
                "Authorization": f"Bearer {self.tokens['access_token']}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"ledger-{number}",
            }
            body = json.dumps({"title": f"Ledger {number}", "text": "Kept."})
            told = ask(self.url, Ask("save", "POST", "/api/v1/memories/", body, headers))
            self.told.append(told)
            if told.status == 201:
                self.saved.append(f"Ledger {number}")
                number += 1
            elif told.status == 401:
                # The refresh beside it has rotated it meanwhile; the new one is there.
                continue
            elif told.status not in (0, 503):
                self.problems.append(f"save: {told.status} {told.body[:200]!r}")

    def _refresh(self, over: threading.Event) -> None:
        while not over.wait(0.1):
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": basic(self.client_id, self.client_secret),
            }
            body = f"grant_type=refresh_token&refresh_token={self.tokens['refresh_token']}"
            told = ask(self.url, Ask("refresh", "POST", "/oauth/token", body, headers))
            self.told.append(told)
            if told.status == 200:
                self.tokens = json.loads(told.body)
                self.refreshed += 1
            elif told.status not in (0, 503):
                self.problems.append(f"refresh: {told.status} {told.body[:200]!r}")

    def check(self, app) -> str:
        """Hold it against the database. Returns what it found, in a line."""
        assert self.problems == []
        with app.app_context():
            titles = list(db.session.scalars(db.select(Memory.title).where(Memory.title.startswith("Ledger "))))
        lost, twice = set(self.saved) - set(titles), {title for title in titles if titles.count(title) > 1}
        assert (lost, twice) == (set(), set())
        return f"ledger: {len(self.saved)} saved, {self.refreshed} refreshed, none lost, none twice"


@pytest.fixture
def ledger(app, browser, alice, notebook) -> Ledger:
    browser.enter(alice)
    tokens = notebook.tokens(browser, scope=_SCOPE)
    return Ledger(app.server.url, notebook.client_id, notebook.client_secret, tokens)


@pytest.fixture
def app(server):
    return RemoteApp(server)


def _fault(app, ledger, notebook, capsys, name: str, fault, *, reads_go_on: bool = False) -> list[Told]:
    """Let a fault happen under load; what was answered meanwhile, after everything that is always so was checked."""
    reads = me_request(ledger.tokens["access_token"]) if reads_go_on else READY
    token = token_request(notebook.client_id, notebook.client_secret)
    with ledger.keeping(), asking(app.server.url, token, reads, HEALTH) as told:
        time.sleep(1.0)
        began = time.monotonic()
        fault()
        ended = time.monotonic()
        back = _wait_until_back(told, ended)
        time.sleep(1.0)
    everything = [*told, *ledger.told]
    meanwhile = [one for one in everything if one.ended >= began and one.began <= ended]
    kept = ledger.check(app)
    with capsys.disabled():
        print(f"\n{name}: {figures(meanwhile)}; back {back:.2f} s after; {kept}")
    assert {one.status for one in everything} <= {200, 201, 401, 503}
    assert max(one.seconds for one in everything) < _SOON
    assert all(one.retry_after for one in everything if one.status == 503)
    assert {one.status for one in told if one.what == "healthz"} == {200}
    assert back < _BACK
    if reads_go_on:
        assert {one.status for one in told if one.what == "me"} <= {200, 401}
    return meanwhile


def _wait_until_back(told: list[Told], since: float) -> float:
    """How long after the fault the next token was issued."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        first = next(
            (one for one in list(told) if one.what == "token" and one.status == 200 and one.began >= since), None
        )
        if first is not None:
            return first.ended - since
        time.sleep(0.02)
    raise AssertionError("No token was issued within 30 seconds after it.")


# -- SQLite ----------------------------------------------------------------------------------------


class TestSqlite:
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory) -> Iterator[Path]:
        """A small disk of our own, where one can be mounted."""
        folder = tmp_path_factory.mktemp("disk")
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, check=False
        )
        yield folder
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=False)

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, folder, tmp_path_factory, apps_in_use):
        with running_server(
            f"sqlite:///{folder}/x.sqlite3", tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="2"
        ) as server:
            apps_in_use.append(server.app)
            yield server
            apps_in_use.remove(server.app)

    @pytest.fixture
    def path(self, folder) -> Path:
        return folder / "x.sqlite3"

    @pytest.mark.parametrize("seconds", [3, 10, 30])
    def test_locked_by_another_process(self, app, ledger, notebook, capsys, path, seconds):
        def lock():
            other = sqlite3.connect(path, isolation_level=None, timeout=10)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
            other.close()

        _fault(app, ledger, notebook, capsys, f"SQLite locked for {seconds} s", lock, reads_go_on=True)

    def test_moved_away_and_back(self, app, ledger, notebook, capsys, path):
        away = path.with_name("elsewhere.sqlite3")

        def move():
            os.rename(path, away)
            time.sleep(3)
            assert not path.exists(), "Somebody has made a new file."
            os.rename(away, path)

        meanwhile = _fault(app, ledger, notebook, capsys, "SQLite's file moved away for 3 s", move)
        assert any(
            one.status == 503 and b"the database is away" in one.body for one in meanwhile if one.what == "readyz"
        )

    def test_full_disk(self, app, ledger, notebook, capsys, folder):
        if not os.path.ismount(folder):
            pytest.skip("no tmpfs can be mounted here, so there is no small disk to fill")

        def fill():
            with open(folder / "filler", "wb", buffering=0) as filler:
                for size in (1 << 20, 1 << 12):
                    try:
                        while True:
                            filler.write(b"x" * size)
                    except OSError:
                        pass
            time.sleep(4)
            os.unlink(folder / "filler")

        meanwhile = _fault(app, ledger, notebook, capsys, "SQLite's disk full for 4 s", fill, reads_go_on=True)
        assert any(one.status == 503 for one in meanwhile), "The disk was not full."


# -- PostgreSQL ------------------------------------------------------------------------------------


@pytest.mark.skipif(missing_postgresql() is not None, reason=str(missing_postgresql()))
class TestPostgresql:
    @pytest.fixture(scope="class")
    @classmethod
    def cluster(cls) -> Iterator[Cluster]:
        """Of our own: it is stopped and killed."""
        cluster = Cluster.in_new_directory()
        try:
            yield cluster
        finally:
            cluster.stop()

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, cluster, tmp_path_factory, apps_in_use):
        with new_database("postgresql", cluster, tmp_path_factory.mktemp("database")) as url:
            # What is answered is to outlive a process that is killed.
            separator = "&" if "?" in url else "?"
            url = f"{url}{separator}options=-c%20synchronous_commit%3Don"
            with running_server(url, tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="2") as server:
                apps_in_use.append(server.app)
                yield server
                apps_in_use.remove(server.app)
                with server.app.app_context():
                    db.engine.dispose()

    def test_stopped_and_started(self, app, ledger, notebook, capsys, cluster):
        def restart():
            _stop(cluster, signal.SIGINT)
            time.sleep(3)
            cluster.start_again()

        _fault(app, ledger, notebook, capsys, "PostgreSQL stopped for 3 s", restart)

    def test_killed(self, app, ledger, notebook, capsys, cluster):
        def kill():
            _stop(cluster, signal.SIGKILL)
            _start_killed(cluster)

        _fault(app, ledger, notebook, capsys, "PostgreSQL killed with -9", kill)

    def test_connections_cut(self, app, ledger, notebook, capsys, cluster):
        url = cluster.url().set(drivername="postgresql", database=make_url(app.server.database_url).database)

        def cut():
            with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
                for _ in range(5):
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                    time.sleep(0.3)

        _fault(app, ledger, notebook, capsys, "PostgreSQL's connections cut five times", cut)

    def test_restarted_three_times(self, app, ledger, notebook, capsys, cluster):
        def restart():
            for _ in range(3):
                _stop(cluster, signal.SIGINT)
                cluster.start_again()
                time.sleep(1)

        _fault(app, ledger, notebook, capsys, "PostgreSQL restarted three times", restart)


def _stop(cluster: Cluster, how: signal.Signals) -> None:
    """End the cluster's processes, and wait until they are gone."""
    first = postmaster_of(cluster)
    children = [int(child) for child in Path(f"/proc/{first}/task/{first}/children").read_text().split()]
    os.kill(first, how)
    deadline = time.monotonic() + 20
    while any(_is_there(pid) for pid in (first, *children)):
        assert time.monotonic() < deadline, "PostgreSQL did not stop."
        time.sleep(0.05)


def _start_killed(cluster: Cluster) -> None:
    """Start it as soon as the last of its processes has noticed that the first is gone."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return cluster.start_again()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
