"""A client that got a token a moment ago gets the next by one statement, which holds all that the first look saw."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app import clock
from app.accounts.organizations import find_organization
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client, ClientSecret
from app.clients.models.snapshot import CLIENT_COLUMNS
from app.clients.secrets import rotate_client_secret
from app.database.connections import Connection
from app.extensions import db
from app.last_uses import LastUses
from app.logs import present
from app.oauth.grants import client_credentials
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.access import AccessToken
from tests.integrator import Integrator
from tests.tables import each

pytestmark = pytest.mark.database

ONE, LOOKED_UP = ["INSERT"], ["SELECT", "INSERT"]


@pytest.fixture
def client(register) -> Integrator:
    """Acme's, which got a token a moment ago."""
    client = register(scopes=["memories:read", "memories:write"])
    assert client.client_credentials().status_code == 200
    return client


@pytest.fixture
def sent(client, monkeypatch) -> list[str]:
    """What the statements of the hot path begin with, from now on."""
    sent: list[str] = []
    execute = Connection._execute

    def noting(self, compiled, values):
        sent.append(compiled.sql.partition(" ")[0])
        return execute(self, compiled, values)

    monkeypatch.setattr(Connection, "_execute", noting)
    return sent


@pytest.fixture
def seen_just_now(client, sent) -> Callable[[], None]:
    """For each line of a table: the client got a token a moment ago."""

    def seen_just_now() -> None:
        assert client.client_credentials().status_code == 200
        sent.clear()

    return seen_just_now


def outcome(answer: TestResponse) -> tuple:
    if answer.status_code != 200:
        return answer.status_code, answer.json["error"]
    return answer.json["scope"], answer.json["expires_in"]


def test_the_next_token_is_one_statement(client, sent):
    tokens = {client.client_credentials().json["access_token"] for _ in range(3)}
    assert (sent, len(tokens)) == (ONE * 3, 3)
    assert all(client.is_alive(token) for token in tokens)


@pytest.mark.parametrize(
    "changes", [{"scope": "memories:read"}, {"resource": "http://127.0.0.1:8000/mcp"}, {"scope": "offline_access"}]
)
def test_the_answer_is_that_of_a_client_that_was_looked_up(app, client, sent, changes):
    seen = client.client_credentials(**changes)
    app.extensions["services"].seen_clients._known.clear()
    looked_up = client.client_credentials(**changes)
    assert sent == ONE + LOOKED_UP
    assert outcome(seen) == outcome(looked_up)
    assert seen.json.keys() == looked_up.json.keys()
    with app.app_context():
        first, second = db.session.scalars(select(AccessToken).order_by(AccessToken.issued_at.desc()).limit(2))
        assert (first.client_key, first.audience, first.scope) == (second.client_key, second.audience, second.scope)


def test_either_way_of_authenticating_finds_it(client, sent):
    assert replace(client, auth_method="client_secret_post").client_credentials().status_code == 200
    assert sent == ONE


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://app.acme.example"}])
def test_logs_and_scripts_are_told_the_same(client, sent, there, headers, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(present, "note_client", told.append)
    there(
        lambda: setattr(db.session.get_one(Client, client.client_id), "request_origins", ["https://app.acme.example"])
    )
    seen, looked_up = [
        client.post("/oauth/token", {"grant_type": "client_credentials"} | more, dict(headers))
        for more in ({}, {"redirect_uri": "https://app.acme.example/callback"})
    ]
    assert sent[0] == "INSERT"
    assert told == [client.client_id] * 2
    assert [name for name, _ in seen.headers] == [name for name, _ in looked_up.headers]
    assert seen.headers.get("Access-Control-Allow-Origin") == headers.get("Origin")


# -- one thing is otherwise in the database ---------------------------------------------------------

UNKNOWN, NOT_ALLOWED = (401, "invalid_client"), (400, "unauthorized_client")
BOTH = "memories:read memories:write"

#: A column of the client's row -> its value that another process has written, and what the next request gets.
CLIENT_CHANGES: dict[str, tuple[Callable[[], Any], tuple]] = {
    "ended_at": (lambda: clock.now(), UNKNOWN),
    "suspended_at": (lambda: clock.now(), UNKNOWN),
    "client_id": (lambda: "client_other", UNKNOWN),
    "type": (lambda: "public", UNKNOWN),
    "origin": (lambda: "dynamic", NOT_ALLOWED),
    "organization_id": (lambda: find_organization("globex").id, (BOTH, 3600)),
    "scope": (lambda: "memories:read", ("memories:read", 3600)),
    "implies_profile": (lambda: True, (f"{BOTH} profile", 3600)),
    "optional_scope": (lambda: "memories:write", (BOTH, 3600)),
    "access_token_lifetime": (lambda: 60, (BOTH, 60)),
    "refresh_token_lifetime": (lambda: 86_400, (BOTH, 3600)),
}
#: The same of its secret's row; each ends it.
SECRET_CHANGES: dict[str, Callable[[], Any]] = {
    "revoked_at": lambda: clock.now(),
    "expires_at": lambda: clock.now() - timedelta(seconds=1),
    "digest": lambda: "0" * 64,
    "client_id": lambda: db.session.scalars(select(Client.key).where(Client.name == "Other")).one(),
}


@each("column", CLIENT_CHANGES)
def test_the_next_token_follows_the_clients_row(client, seen_just_now, sent, there, carol, column):
    seen_just_now()
    value, expected = CLIENT_CHANGES[column]
    table = Client.__table__
    there(lambda: db.session.execute(update(table).where(table.c.key == client.client_id).values({column: value()})))
    assert outcome(client.client_credentials()) == expected
    # In vain, and then from the beginning.
    assert sent[:2] == ["INSERT", "SELECT"]
    if expected not in (UNKNOWN, NOT_ALLOWED):
        assert outcome(client.client_credentials()) == expected
        assert sent == [*ONE, *LOOKED_UP, *ONE]


def test_every_column_that_a_token_could_follow_is_changed_above():
    of_people = {"name", "redirect_uris", "native_app", "require_pkce", "require_pushed", "device_flow"}
    assert {column.key for column in CLIENT_COLUMNS} - of_people - {"key"} <= CLIENT_CHANGES.keys()


@each("column", SECRET_CHANGES)
def test_the_next_token_follows_the_secrets_row(client, seen_just_now, sent, there, register, column):
    seen_just_now()
    register(name="Other")
    table = ClientSecret.__table__
    mine = table.c.client_id == client.client_id
    there(lambda: db.session.execute(update(table).where(mine).values({column: SECRET_CHANGES[column]()})))
    assert outcome(client.client_credentials()) == UNKNOWN
    assert sent[:2] == ["INSERT", "SELECT"]


def test_a_secret_that_ends_at_a_time_works_until_then(client, sent, there, let_time_pass):
    """As the old one does after a rotation."""
    table = ClientSecret.__table__
    mine, end = table.c.client_id == client.client_id, clock.now() + timedelta(seconds=30)
    there(lambda: db.session.execute(update(table).where(mine).values(expires_at=end)))
    assert client.client_credentials().status_code == 200
    let_time_pass(seconds=31)
    assert outcome(client.client_credentials()) == UNKNOWN
    assert sent[:3] == [*ONE, "INSERT", "SELECT"]


@pytest.mark.parametrize("act", [suspend_client, rotate_client_secret, delete_client])
def test_what_a_person_does_in_another_process_is_felt_at_once(client, there, act):
    there(lambda: act(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None))
    wrong = client.client_credentials(client_id=client.client_id)
    assert outcome(wrong) == outcome(client.client_credentials()) == UNKNOWN


def test_who_is_suspended_and_resumed_goes_on(client, sent, there):
    for act in (suspend_client, resume_client):
        there(lambda act=act: act(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None))
    assert client.client_credentials().status_code == 200
    assert sent[-1:] == ONE


@pytest.mark.parametrize("act", [suspend_client, rotate_client_secret, delete_client])
def test_what_happens_just_before_the_statement_is_felt_by_it(app, client, there, monkeypatch, act):
    add = client_credentials.add_own_token

    def act_and_add(*args: Any) -> None:
        monkeypatch.undo()
        there(lambda: act(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None))
        add(*args)

    monkeypatch.setattr(client_credentials, "add_own_token", act_and_add)
    before = count_tokens(app)
    assert outcome(client.client_credentials()) == UNKNOWN
    assert count_tokens(app) <= before


def count_tokens(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(AccessToken)) or 0


# -- what goes the ordinary way ---------------------------------------------------------------------


def test_each_process_sees_for_itself(client, sent, there):
    elsewhere = Integrator(there.app, client.client_id, client.client_secret, "", "")
    assert [elsewhere.client_credentials().status_code for _ in range(2)] == [200, 200]
    assert sent == LOOKED_UP + ONE


@pytest.mark.parametrize(
    "changes", [{"client_secret": "rlq_cs_wrong"}, {"client_secret": None}, {"client_id": "client_x"}]
)
@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_who_says_anything_else_is_looked_up(client, sent, changes, auth_method):
    stranger = replace(client, auth_method=auth_method, **changes)
    assert outcome(stranger.client_credentials()) == UNKNOWN
    assert sent[:1] == ["SELECT"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "memories:read unknown"}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"resource": "http://127.0.0.1:8000/api http://127.0.0.1:8000/mcp"}, "invalid_target"),
    ],
)
def test_a_refusal_is_noted_of_a_client_that_was_looked_up(app, client, sent, changes, error):
    assert outcome(client.client_credentials(**changes)) == (400, error)
    assert sent[:1] == ["SELECT"]
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        records = db.session.scalars(select(RequestRecord).where(RequestRecord.error.is_not(None))).all()
        assert [(record.client_key, record.error) for record in records] == [(client.client_id, error)]


@pytest.mark.parametrize("changes", [{"scope": "unknown"}, {"resource": "https://unknown.example/"}, {}])
def test_whatever_is_wrong_beside_it_a_client_that_is_suspended_there_is_unknown(client, there, changes):
    there(lambda: suspend_client(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None))
    assert outcome(client.client_credentials(**changes)) == UNKNOWN


def test_an_address_that_is_sent_along_is_compared_with_those_of_now(client, sent):
    """The log of requests shows it by what the client has registered, which is not compared."""
    assert client.client_credentials(redirect_uri="https://app.acme.example/callback").status_code == 200
    assert sent == LOOKED_UP


def test_a_public_client_is_not_remembered(app, pocket):
    seen = app.extensions["services"].seen_clients
    before = len(seen)
    pocket.client_credentials()
    assert len(seen) == before


def test_the_use_of_the_secret_is_noted_once_a_minute_by_a_look(app, client, sent, let_time_pass):
    def used_at() -> Any:
        with app.app_context():
            app.extensions["services"].notes.of(LastUses).flush()
            mine = ClientSecret.client_key == client.client_id
            return db.session.scalars(select(ClientSecret.last_used_at).where(mine)).one()

    first = used_at()
    assert first is not None
    client.client_credentials()
    assert (sent, used_at()) == (ONE, first)
    let_time_pass(seconds=61)
    client.client_credentials()
    assert sent == ONE + LOOKED_UP
    assert used_at() > first + timedelta(minutes=1)


def test_after_a_fault_it_is_looked_up(client, sent, monkeypatch):
    execute = Connection._execute
    with monkeypatch.context() as broken:

        def fail(self, compiled, values):
            raise OSError("The database is away.")

        broken.setattr(Connection, "_execute", fail)
        assert client.client_credentials().status_code == 500
    assert Connection._execute is execute
    assert client.client_credentials().status_code == 200
    assert sent == LOOKED_UP


def test_what_is_noted_and_counted_is_the_same(app, client, sent):
    client.client_credentials()
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        records = db.session.scalars(select(RequestRecord).order_by(RequestRecord.at)).all()
    looked_up, seen = [
        {
            name: value
            for name, value in vars(record).items()
            if name not in ("id", "at", "request_id", "_sa_instance_state")
        }
        for record in records
    ]
    assert looked_up == seen
