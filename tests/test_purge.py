"""``flask purge`` removes what has expired, and nothing that still means something."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app import clock, create_app
from app.accounts.models import User
from app.clients.models import Client
from app.config import Settings
from app.consents.models import Consent
from app.consents.receipts import AccessRecord
from app.database.access import expect_writes
from app.database.leases import take_lease
from app.extensions import db
from app.oauth.journal.log import RequestLog
from app.oauth.playground.callbacks import open_callback
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from app.operations.models import IdempotencyKey
from app.purge import batches
from app.purge.rules import find_rules
from app.purge.run import LEASE, Purge
from tests.purging import purge


@pytest.fixture
def tokens(notebook, browser, alice) -> dict:
    browser.enter(alice)
    return notebook.tokens(browser)


@pytest.fixture
def purge_after(app, monkeypatch):
    """Let time pass, then purge."""

    def wait_and_purge(**time) -> dict[str, int]:
        later = clock.now() + timedelta(**time)
        monkeypatch.setattr("app.clock.now", lambda: later)
        return purge(app)

    return wait_and_purge


def _count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def test_nothing_that_lives_is_purged(app, tokens, purge_after, notebook):
    purged = purge_after(seconds=1)
    assert sum(purged.values()) == 0
    assert notebook.is_alive(tokens["access_token"])


def test_expired_access_tokens_go_and_their_refresh_token_stays(app, tokens, purge_after, notebook):
    purged = purge_after(hours=2)
    assert purged["access_tokens"] == 1
    assert purged["refresh_tokens"] == purged["token_families"] == 0
    assert notebook.refresh(tokens["refresh_token"]).status_code == 200


def test_a_rotated_refresh_token_that_comes_back_is_still_noticed_after_a_purge(app, tokens, purge_after, notebook):
    renewed = notebook.refresh(tokens["refresh_token"]).json
    purge_after(days=2)
    assert notebook.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert notebook.refresh(renewed["refresh_token"]).json["error"] == "invalid_grant"


def test_a_family_goes_when_its_last_token_has_expired(app, tokens, purge_after):
    purged = purge_after(days=31)
    assert purged["token_families"] == 1
    assert [_count(app, model) for model in (AuthorizationCode, AccessToken, RefreshToken, TokenFamily)] == [0] * 4


def test_what_is_prolonged_after_it_was_found_stays(app, tokens, purge_after, monkeypatch):
    delete = batches._delete_batch

    def prolong_and_delete(engine, rule, keys):
        with expect_writes(), engine.begin() as connection:
            connection.execute(update(AccessToken).values(expires_at=clock.now() + timedelta(days=1)))
        return delete(engine, rule, keys)

    monkeypatch.setattr(batches, "_delete_batch", prolong_and_delete)
    assert purge_after(hours=2)["access_tokens"] == 0
    assert _count(app, AccessToken) == 1


def test_more_rows_than_a_batch_are_all_purged(app, tokens, purge_after, notebook, monkeypatch):
    for bound in ("_FIRST_ROWS", "_FEWEST_ROWS", "_MOST_ROWS"):
        monkeypatch.setattr(f"app.purge.batches.{bound}", 2)
    for _ in range(4):
        notebook.client_credentials()
    assert purge_after(hours=2)["access_tokens"] == 5


def test_expired_sessions_and_waiting_requests_are_purged(app, purge_after, notebook, browser, alice):
    browser.enter(alice)
    # One that was answered, one that waits, and one that nobody has opened.
    notebook.code(browser)
    notebook.start(browser, prompt="consent")
    notebook.push()
    purged = purge_after(days=30)
    assert purged["sessions"] == 1
    assert purged["authorization_requests"] == 3


def test_a_playground_that_nobody_closed_is_purged_after_an_hour(app, purge_after, notebook, bob):
    with app.app_context():
        client = db.session.get_one(Client, notebook.client_id)
        open_callback(client, "http://127.0.0.1:8000/back", user_id=bob.id)
        db.session.commit()
    assert purge_after(minutes=59)["playground_callbacks"] == 0
    assert purge_after(minutes=2)["playground_callbacks"] == 1


def test_what_apps_did_is_forgotten_after_ninety_days_and_repeated_posts_after_their_time(
    app, tokens, purge_after, notebook
):
    with app.app_context():
        minute = clock.now().replace(second=0, microsecond=0)
        db.session.add(AccessRecord(grant_id=tokens["grant_id"], minute=minute, action="read", count=1))
        db.session.add(
            IdempotencyKey(
                digest="0" * 64,
                client_key=notebook.client_id,
                request_digest="1" * 64,
                status=201,
                body="{}",
                expires_at=clock.now() + timedelta(days=1),
            )
        )
        db.session.commit()
    purged = purge_after(hours=23)
    assert purged["access_records"] == purged["idempotency_keys"] == 0
    assert purge_after(hours=2)["idempotency_keys"] == 1
    assert purge_after(days=88)["access_records"] == 0
    assert purge_after(days=2)["access_records"] == 1


def test_what_people_keep_for_longer_is_looked_through_in_pieces(app, tokens, alice, bob, monkeypatch):
    """Millions of receipts that stay for a year were looked at by each purge of a server, every five minutes."""
    monkeypatch.setattr("app.purge.batches._FIRST_ROWS", 10)
    monkeypatch.setattr("app.purge.run._MOST_LOOKED_AT", 10)
    hundred_days_ago = clock.now().replace(second=0, microsecond=0) - timedelta(days=100)
    with app.app_context():
        user = db.session.get(User, alice.id)
        user.receipts_days = 365
        kept = {"grant_id": tokens["grant_id"], "action": "read", "count": 1}
        for number in range(20):
            db.session.add(AccessRecord(minute=hundred_days_ago + timedelta(minutes=number), **kept))
        other = Consent(user_id=bob.id, client_key=_find_client_key(), scope="memories:read", selection="none")
        db.session.add(other)
        db.session.flush()
        over = kept | {"grant_id": other.grant_id, "minute": hundred_days_ago + timedelta(hours=1)}
        db.session.add(AccessRecord(**over))
        db.session.commit()
        engine = db.engine
    server = Purge(engine, app.extensions["services"].settings, lambda _seconds: True, app.app_context)
    gone = [server.run(everything=False)[0]["access_records"] for _ in range(4)]
    assert gone == [0, 0, 1, 0]
    assert _count(app, AccessRecord) == 20


def _find_client_key() -> str:
    key: str = db.session.scalar(select(Consent.client_key).limit(1))
    return key


def test_requests_of_apps_are_forgotten_after_thirty_days(app, tokens, purge_after):
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    assert purge_after(days=29)["request_records"] == 0
    assert purge_after(days=2)["request_records"] == 2


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def purge_by_command(app, monkeypatch):
    """Let time pass, then run ``flask purge``."""

    def wait_and_run(*options: str, **time):
        _move_clocks(monkeypatch, timedelta(**time))
        result = app.test_cli_runner().invoke(args=["purge", *options])
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return wait_and_run


def _move_clocks(monkeypatch, by: timedelta) -> None:
    """This machine's, and the database's."""
    later = clock.now() + by
    monkeypatch.setattr("app.clock.now", lambda: later)
    monkeypatch.setattr("app.purge.run.read_clock", lambda _engine: later.timestamp())


def test_the_command_removes_what_has_expired_and_says_how_much_of_each_table(app, tokens, purge_by_command):
    purged = json.loads(purge_by_command("--json", hours=2))
    assert purged["access_tokens"] == 1
    assert {table for table, count in purged.items() if count} == {"access_tokens"}
    assert (_count(app, AccessToken), _count(app, RefreshToken)) == (0, 1)


def test_the_command_says_when_a_server_is_at_it_and_goes_on(app, tokens, monkeypatch):
    with app.app_context():
        assert take_lease(db.engine, LEASE, "box-7, process 12", seconds=60)
    _move_clocks(monkeypatch, timedelta(hours=2))
    result = app.test_cli_runner().invoke(args=["purge", "--json"])
    assert (result.exit_code, result.stderr) == (0, "A server purges at this moment too: box-7, process 12.\n")
    assert json.loads(result.stdout)["access_tokens"] == 1


def test_the_command_tells_a_person_each_table_and_the_sum(app, tokens, purge_by_command):
    lines = dict(line.split() for line in purge_by_command(days=31).splitlines())
    assert lines["access_tokens:"] == lines["refresh_tokens:"] == lines["sessions:"] == "1"
    assert int(lines.pop("total:")) == sum(map(int, lines.values())) > 3
    assert _count(app, TokenFamily) == 0


def test_the_command_removes_nothing_by_a_clock_that_is_ahead(app, tokens, monkeypatch):
    """As where it is run daily, and by a machine that is not that of the database."""
    later = clock.now() + timedelta(days=365)
    monkeypatch.setattr("app.clock.now", lambda: later)
    result = app.test_cli_runner().invoke(args=["purge", "--json"])
    assert (result.exit_code, result.stdout) == (1, "")
    told = r"Error: This machine's clock is 315\d{5} s ahead of the database's\. Put it right\. Nothing was removed\.\n"
    assert re.fullmatch(told, result.stderr)
    assert _count(app, AccessToken) == 1


def test_the_command_says_what_lives_is_untouched(tokens, purge_by_command, notebook):
    assert set(json.loads(purge_by_command("--json", seconds=1)).values()) == {0}
    assert notebook.is_alive(tokens["access_token"])


def test_the_command_on_a_database_that_is_not_ready_says_what_to_do(tmp_path):
    app = create_app(Settings(f"sqlite:///{tmp_path}/new.sqlite3", secret_key="0" * 32, issuer="http://localhost"))
    result = app.test_cli_runner().invoke(args=["purge"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: The database does not work: DATABASE_URL names the SQLite file {tmp_path}/new.sqlite3,"
        " which is not there: put it back, or run flask db upgrade for a new one.\n"
    )


#: Tables with an end that stay, and why.
_KEPT = {
    "consents": "A person reads under “Apps that were connected” what an app did.",
    "leases": "One row a job, which stays.",
    "client_secrets": "A secret that has ended is told from one that never was.",
}


def test_every_table_with_an_end_is_purged_or_kept_for_a_reason(app):
    purged = _purged_tables(app)
    with_an_end = {name for name, table in db.metadata.tables.items() if "expires_at" in table.columns}
    assert with_an_end - purged == _KEPT.keys()
    assert purged <= db.metadata.tables.keys()


def test_a_purged_row_is_found_by_a_key_of_one_column(app):
    """Batches are chosen by the first column of the key: with a second one, they would take others along."""
    purged = _purged_tables(app)
    assert {len(db.metadata.tables[name].primary_key.columns) for name in purged} == {1}


def test_what_the_purge_tells_has_names_that_do_not_change(app):
    """Whoever watches the numbers of ``flask purge --json`` need not follow the tables."""
    assert {"authorization_codes", "access_tokens", "refresh_tokens", "token_families"} <= purge(app).keys()


def _purged_tables(app) -> set[str]:
    return {rule.model.__tablename__ for rule in find_rules(app.extensions["services"].settings)}
