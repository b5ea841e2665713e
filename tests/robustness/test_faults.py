"""The database is busy, hangs up or is away: requests wait, or fail once and cleanly, and none is half done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.robustness.locking import administrator, locked, wait_until
from tests.robustness.remote import RemoteApp, all_at_once

_TIMEOUT_SECONDS = 20
# Far longer than any request needs, and far shorter than what a locked SQLite is waited for.
_LOCKED_SECONDS = 1.0


@pytest.fixture(scope="session")
def app(each_server) -> RemoteApp:
    return RemoteApp(each_server)


class Started:
    """An act in a thread of its own."""

    def __init__(self, act: Callable[[], Any]):
        self._act, self._result = act, None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._result = self._act()

    def is_over_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self):
        assert self.is_over_within(_TIMEOUT_SECONDS), "The request hangs."
        return self._result


@pytest.mark.parametrize("each_server", ["sqlite"], indirect=True)
class TestBusySqlite:
    """Another process writes, such as ``flask purge`` or a backup that is being restored."""

    def test_writing_requests_wait_until_it_is_done(self, app, notebook, signed_in):
        code, tokens = notebook.code(signed_in), notebook.tokens(signed_in)
        with locked(app):
            started = [
                # Three, as many as one worker lets wait, if one gets them all.
                Started(lambda: notebook.exchange(code)),
                Started(lambda: notebook.refresh(tokens["refresh_token"])),
                Started(lambda: signed_in.get(notebook.authorize_url())),
            ]
            assert not any(act.is_over_within(_LOCKED_SECONDS / len(started)) for act in started)
        assert [act.result().status_code for act in started] == [200, 200, 302]

    def test_reading_requests_do_not_wait(self, app, notebook, signed_in):
        tokens = notebook.tokens(signed_in)
        # The first use in a minute is written down; after that a request only reads.
        assert notebook.is_alive(tokens["access_token"])
        with locked(app):
            assert Started(lambda: notebook.me(tokens["access_token"])).result().status_code == 200
            assert Started(lambda: notebook.introspect(tokens["access_token"])).result().json["active"]
            assert Started(lambda: signed_in.get("/account/")).result().status_code == 200


@pytest.mark.postgresql
@pytest.mark.parametrize("each_server", ["postgresql"], indirect=True)
class TestPostgresqlThatHangsUp:
    """It restarts, fails over, or an administrator ends connections."""

    def test_dead_connections_are_noticed_before_they_are_used(self, app, notebook, signed_in):
        tokens = notebook.tokens(signed_in)
        everything = [
            notebook.client_credentials,
            lambda: notebook.me(tokens["access_token"]),
            lambda: notebook.introspect(tokens["access_token"]),
            lambda: signed_in.get("/account/"),
        ] * 4
        assert {answer.status_code for answer in all_at_once(everything)} == {200}
        with administrator(app) as connection:
            assert hang_up(connection) >= 3
        assert [answer.status_code for answer in all_at_once(everything)] == [200] * 16

    def test_refresh_that_is_cut_off_fails_cleanly_and_can_be_repeated(self, app, notebook, signed_in):
        """The rotation is one transaction: either the old token still works, or the new one was answered."""
        tokens = notebook.tokens(signed_in)
        before = len(app.server.log)
        with administrator(app) as connection, administrator(app) as rival:
            rival.execute("BEGIN")
            # The token is marked as rotated by then, and its successor waits to be stored.
            rival.execute("SELECT 1 FROM oauth_families FOR UPDATE")
            cut_off = Started(lambda: notebook.refresh(tokens["refresh_token"]))
            wait_until(lambda: count_activity(connection, "wait_event_type = 'Lock'") == 1)
            hang_up(connection, "wait_event_type = 'Lock'")
            answer = cut_off.result()
        assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
        assert tokens["refresh_token"] not in app.server.log[before:]

        again = notebook.refresh(tokens["refresh_token"])
        assert again.status_code == 200
        assert notebook.is_alive(again.json["access_token"])

    def test_database_that_is_away_is_an_answer_and_then_forgotten(self, app, notebook):
        client = app.test_client()
        assert client.get("/readyz").status_code == 200
        with away(app):
            answer = Started(notebook.client_credentials).result()
            assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
            page = Started(lambda: client.get(notebook.authorize_url())).result()
            assert (page.status_code, page.mimetype) == (503, "text/html")
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
        assert [answer.status_code for answer in all_at_once([notebook.client_credentials] * 16)] == [200] * 16

    def test_a_database_that_only_reads_is_an_answer_and_then_forgotten(self, app, notebook, signed_in):
        """A replica that nobody has promoted, or a cluster whose disk is nearly full. Whatever only reads goes on."""
        tokens, code = notebook.tokens(signed_in), notebook.code(signed_in)
        assert notebook.is_alive(tokens["access_token"])
        writes = (
            notebook.client_credentials,
            lambda: notebook.refresh(tokens["refresh_token"]),
            lambda: notebook.exchange(code),
            lambda: notebook.revoke(tokens["access_token"]),
        )
        with only_reading(app):
            for write in writes:
                answer = Started(write).result()
                assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
            assert Started(lambda: signed_in.get(notebook.authorize_url())).result().status_code == 503
            assert Started(lambda: notebook.me(tokens["access_token"])).result().status_code == 200
            assert Started(lambda: notebook.introspect(tokens["access_token"])).result().json["active"]
            assert Started(lambda: signed_in.get("/account/")).result().status_code == 200
            assert signed_in.get("/readyz").status_code == 200
        assert [write().status_code for write in writes] == [200] * len(writes)


# -- what is done to the databases -----------------------------------------------------------------------


@contextmanager
def away(app) -> Iterator[None]:
    """Let nobody connect to the server's database, and end every connection there is."""
    name = make_url(app.server.database_url).database
    with administrator(app, database="postgres") as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            hang_up(connection, datname=name)
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def only_reading(app) -> Iterator[None]:
    """Let no connection to the server's database write, as on a replica."""
    name = make_url(app.server.database_url).database
    with administrator(app, database="postgres") as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            hang_up(connection, datname=name)
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            hang_up(connection, datname=name)


_OTHERS = "FROM pg_stat_activity WHERE datname = coalesce(%s, current_database()) AND pid <> pg_backend_pid() AND "


def count_activity(connection: psycopg.Connection, condition: str = "true", *, datname: str | None = None) -> int:
    return connection.execute(f"SELECT count(*) {_OTHERS} {condition}", (datname,)).fetchone()[0]


def hang_up(connection: psycopg.Connection, condition: str = "true", *, datname: str | None = None) -> int:
    """End the connections of which the condition is true, and wait until they are gone; how many they were."""
    pids = [pid for (pid,) in connection.execute(f"SELECT pid {_OTHERS} {condition}", (datname,))]
    for pid in pids:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    wait_until(lambda: count_activity(connection, f"pid = ANY(ARRAY{pids}::int[])", datname=datname) == 0)
    return len(pids)
