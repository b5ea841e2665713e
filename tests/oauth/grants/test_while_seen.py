"""A code or refresh token of a client that was seen a moment ago is found and used at once; else it is looked up.

What may be said at once is said in SQL, and what is looked up in Python. So each state of what a token depends on is met
both ways here, and must come to the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select, union_all, update
from werkzeug.test import TestResponse

from app import clock
from app.accounts.disabling import disable_account
from app.accounts.models import User
from app.accounts.organizations import find_organization
from app.clients.life import delete_client, resume_client, suspend_client
from app.clients.models import Client, ClientSecret
from app.clients.models.snapshot import CLIENT_COLUMNS
from app.clients.secrets import rotate_client_secret
from app.consents.changes import end, pause
from app.consents.models import Consent
from app.credentials import digest
from app.database.access import expect_writes
from app.database.connections import Connection, connect
from app.database.types import Base
from app.extensions import db
from app.last_uses import LastUses
from app.oauth.grants import authorization_code, refresh_token
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily, revoke_family
from app.oauth.tokens.refresh import RefreshToken
from tests.actors import Browser
from tests.integrator import Integrator
from tests.tables import each

pytestmark = pytest.mark.database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCOPE = "memories:read integrations:read"
CODE, REFRESH_TOKEN = "code", "refresh token"
PLACES = {CODE: (authorization_code, "redeem_while_seen"), REFRESH_TOKEN: (refresh_token, "rotate_while_seen")}


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def signed_in(browser, alice):
    browser.enter(alice)
    return browser


@pytest.fixture
def client(register, signed_in, make_memento) -> Integrator:
    """Acme's, which was seen just now, and which Alice lets look through a memento."""
    client = register(scopes=[*SCOPE.split(), "memories:write", "profile"])
    mementos = {"selection": "selected", "memento_ids": [make_memento("Work")]}
    assert client.refresh(client.tokens(signed_in, choose=mementos)["refresh_token"]).status_code == 200
    return client


@dataclass
class Presented:
    """What a client presents to get tokens: a code, or a refresh token."""

    client: Integrator
    browser: Browser
    kind: str
    table: type[Base]

    def new(self, count: int = 2) -> list[str]:
        """Returns so many, of as many families, of which everything is the same."""
        codes = [self.client.code(self.browser) for _ in range(count)]
        return codes if self.kind == CODE else [self.client.exchange(code).json["refresh_token"] for code in codes]

    def use(self, text: str, client: Integrator | None = None, **changes: str) -> TestResponse:
        client = client or self.client
        return client.exchange(text, **changes) if self.kind == CODE else client.refresh(text, **changes)


@pytest.fixture(params=[REFRESH_TOKEN, CODE])
def presented(request, client, signed_in) -> Presented:
    table = AuthorizationCode if request.param == CODE else RefreshToken
    return Presented(client, signed_in, request.param, table)


@pytest.fixture
def tokens(client, signed_in) -> list[str]:
    return Presented(client, signed_in, REFRESH_TOKEN, RefreshToken).new()


@pytest.fixture
def ways(client, monkeypatch) -> list[bool]:
    """Whether what was asked for from now on was done at once; nothing where that was not even tried."""
    ways: list[bool] = []

    def note(use: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            used = use(*args, **kwargs)
            ways.append(used is not None)
            return used

        return noting

    monkeypatch.setattr(refresh_token, "rotate_while_seen", note(refresh_token.rotate_while_seen))
    monkeypatch.setattr(authorization_code, "redeem_while_seen", note(authorization_code.redeem_while_seen))
    return ways


@pytest.fixture
def just_before(presented, monkeypatch) -> Callable[[Callable[[], Any]], None]:
    """Do something once, just before what is presented is found and used."""

    def just_before(do: Callable[[], Any]) -> None:
        module, name = PLACES[presented.kind]
        use = getattr(module, name)

        def do_and_use(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(module, name, use)
            do()
            return use(*args, **kwargs)

        monkeypatch.setattr(module, name, do_and_use)

    return just_before


@pytest.fixture
def forget(app) -> Callable[[], None]:
    """Let this process have seen nobody."""
    return app.extensions["services"].seen_clients._known.clear


@pytest.fixture
def comes_to(app) -> Callable[[TestResponse], tuple]:
    """All that comes of a refresh, but for what is random."""

    def comes_to(answer: TestResponse) -> tuple:
        told = dict(answer.json)
        if answer.status_code != 200:
            return answer.status_code, told["error"], told["error_description"]
        access, refresh = told.pop("access_token"), told.pop("refresh_token")
        with app.app_context():
            stored = [
                db.session.get_one(AccessToken, digest(access)),
                db.session.get_one(RefreshToken, digest(refresh)),
            ]
            random = {"digest", "family_id"}
            return told, *(
                {c.key: getattr(row, c.key) for c in inspect(type(row)).columns if c.key not in random}
                for row in stored
            )

    return comes_to


def test_what_comes_of_it_is_what_comes_of_a_client_that_was_looked_up(presented, ways, forget, comes_to):
    first, second = presented.new()
    ways.clear()
    at_once = comes_to(presented.use(first))
    forget()
    assert at_once == comes_to(presented.use(second))
    assert ways == [True]
    told, access, refresh = at_once
    assert (told["scope"], told["expires_in"], access["scope"], refresh["scope"]) == (SCOPE, 3600, SCOPE, SCOPE)
    assert told["authorization_details"]


def test_what_it_gives_works(client, tokens, ways):
    token = tokens[0]
    for _ in range(3):
        renewed = client.refresh(token).json
        token = renewed["refresh_token"]
        assert client.is_alive(renewed["access_token"])
    assert ways == [True] * 3


@pytest.mark.parametrize("grace", [0, 30])
def test_what_comes_back_is_looked_up(app, client, tokens, ways, change_settings, grace):
    """Within the grace it gets its successor again, and without one its family ends."""
    change_settings(refresh_token_grace=grace)
    first, again = client.refresh(tokens[0]), client.refresh(tokens[0])
    assert ways == [True, False]
    assert client.is_alive(first.json["access_token"]) == bool(grace)
    assert again.json.get("refresh_token") == (first.json["refresh_token"] if grace else None)


def test_a_code_that_comes_twice_ends_its_family(client, signed_in, ways):
    code = client.code_by_consent(signed_in)
    first = client.exchange(code).json["access_token"]
    assert client.is_alive(first)
    assert client.exchange(code).json["error"] == "invalid_grant"
    assert not client.is_alive(first)
    assert ways == [True, False]


def test_either_way_of_authenticating_finds_it(presented, client, ways):
    (one,) = presented.new(1)
    ways.clear()
    assert presented.use(one, replace(client, auth_method="client_secret_post")).status_code == 200
    assert ways == [True]


def test_offline_access_is_told_to_whoever_once_asked_for_it(client, signed_in, ways):
    tokens = client.exchange(client.code(signed_in, scope=f"{SCOPE} offline_access")).json
    assert tokens["scope"] == client.refresh(tokens["refresh_token"]).json["scope"] == f"{SCOPE} offline_access"
    assert ways == [True, True]


def test_a_client_that_was_seen_with_less_gets_no_more_than_that(presented, ways, forget, comes_to, change_client):
    """The person and the token still say more."""
    first, second = presented.new()
    change_client(presented.client, scope="memories:read")
    assert presented.client.client_credentials().status_code == 200
    ways.clear()
    at_once = comes_to(presented.use(first))
    forget()
    assert at_once == comes_to(presented.use(second))
    assert at_once[0]["scope"] == "memories:read"
    assert ways == [False]


# -- one thing is otherwise in the database ---------------------------------------------------------

LATER, BEFORE, LONG_AGO = NOW + timedelta(days=2), NOW - timedelta(minutes=10), NOW - timedelta(days=366)
#: A value that the test makes.
ANOTHER_CLIENT, ANOTHER_ORGANIZATION = "another client", "another organization"

#: Columns of a table -> values that one has, each with whether a refresh is still done at once.
OF_BOTH: dict[str, list[tuple[Any, Any]]] = {
    "issued_at": [(LONG_AGO, True)],
    "expires_at": [(BEFORE, False), (NOW, False), (NOW + timedelta(seconds=1), True)],
    "client_key": [(ANOTHER_CLIENT, False)],
    "audience": [("mcp", True), ("api mcp", False), ("mcp api", False), ("res_none", False), ("API", False)],
    "resources": [("api res_none", False), ("mcp api", False)],
    "scope": [
        ("memories:read", True),
        ("memories:read memories:write", False),
        ("memories:write", False),
        ("profile", False),
        ("memories", False),
        ("memories:read integrations:read unknown", False),
        ("", False),
    ],
}
#: Of some it depends on what is presented: then its name stands there.
STATES: dict[type[Base], dict[str, list[tuple[Any, Any]]]] = {
    RefreshToken: OF_BOTH
    | {
        "rotated_at": [(BEFORE, False), (NOW, False)],
        "successor_digest": [("ab" * 32, True)],
        "successor_salt": [("cd" * 32, True)],
        "repeats": [(3, True)],
    },
    AuthorizationCode: OF_BOTH
    | {
        "redeemed_at": [(BEFORE, False), (NOW, False)],
        "redirect_uri": [("https://app.acme.example/other", False)],
        "code_challenge": [("A" * 43, False), (None, False)],
    },
    TokenFamily: {
        "issued_at": [
            (LONG_AGO, False),
            (NOW - timedelta(days=365), False),
            (NOW - timedelta(days=364, hours=23, minutes=30), False),
            (NOW - timedelta(days=350), False),
            (NOW - timedelta(days=300), True),
        ],
        "revoked_at": [(BEFORE, False)],
        "keeps_first_end": [(None, True), (True, False), (False, True)],
        "names_profile": [(None, False), (False, True)],
    },
    Consent: {
        "scope": [
            (f"{SCOPE} profile", True),
            ("integrations:read memories:read", True),
            ("memories:read", False),
            ("memories:write", False),
            ("memories:reads integrations:reads", False),
        ],
        "names_profile": [(None, True), (False, True)],
        "declined_scope": [("profile", True)],
        "selection": [("all", True), ("none", True)],
        "installation": [("another", True)],
        "name": [("Mine", True)],
        "browser_digest": [("ab" * 32, True)],
        "continued_by": [("grant_another", True)],
        "resources": [("mcp", True)],
        "issued_at": [(LONG_AGO, True)],
        "updated_at": [(LATER, True)],
        "expires_at": [(BEFORE, False), (NOW, False), (NOW + timedelta(minutes=10), False), (LATER, True)],
        "revoked_at": [(BEFORE, False)],
        "paused_at": [(BEFORE, False)],
        "last_used_at": [(LONG_AGO, True), (None, True)],
        "memory_setting": [("own", True), ("", True)],
        "decided_at": [(BEFORE, True)],
    },
    User: {
        "disabled_at": [(BEFORE, False)],
        "deletes_at": [(LATER, False)],
        "memory_setting": [("apps", True)],
        "never_shares_at": [(BEFORE, True)],
    },
    Client: {
        "ended_at": [(BEFORE, False)],
        "suspended_at": [(BEFORE, False)],
        "client_id": [("client_other", False)],
        "type": [("public", False)],
        "origin": [("dynamic", False), ("document", False)],
        "organization_id": [(ANOTHER_ORGANIZATION, False)],
        "scope": [("memories:read", False), (f"{SCOPE} memories:write integrations:write profile", False)],
        "implies_profile": [(True, False)],
        "optional_scope": [("profile", False)],
        "access_token_lifetime": [(60, False)],
        "refresh_token_lifetime": [(86_400, False)],
        "version": [(7, True)],
        "name": [("Another name", True)],
        "require_pkce": [(True, True)],
        "redirect_uris": [(["https://app.acme.example/other"], REFRESH_TOKEN)],
        "native_app": [(True, REFRESH_TOKEN)],
    },
    ClientSecret: {
        "revoked_at": [(BEFORE, False)],
        "expires_at": [(BEFORE, False), (NOW, False), (NOW + timedelta(seconds=1), True)],
        "digest": [("0" * 64, False)],
        "last_used_at": [(None, True)],
        "client_id": [(ANOTHER_CLIENT, False)],
    },
}
#: What says which row it is, and to which others it belongs.
KEYS = {
    RefreshToken: {"digest", "family_id"},
    TokenFamily: {"id", "grant_id"},
    Consent: {"grant_id", "user_id", "client_id"},
}


@pytest.mark.parametrize("table", ["what is presented", TokenFamily, Consent, User, Client, ClientSecret])
def test_each_state_comes_to_the_same_at_once_and_looked_up(
    app, presented, client, ways, forget, register, carol, comes_to, table
):
    table = presented.table if isinstance(table, str) else table
    made = {ANOTHER_CLIENT: register(name="Another").client_id}
    with app.app_context():
        made[ANOTHER_ORGANIZATION] = find_organization("globex").id

    def change(column: Any, value: Any, texts: list[str]) -> Any:
        """Returns what stood there."""
        with app.app_context(), expect_writes():
            its = of_the_client(table, client, texts)
            before = db.session.scalars(select(column).where(its)).first()
            db.session.execute(update(table.__table__).where(its).values({column: value}))
            db.session.commit()
            return before

    for name, value, is_plain in [(name, *case) for name, cases in STATES[table].items() for case in cases]:
        column = table.__table__.c[name]
        texts = presented.new()
        assert client.client_credentials().status_code == 200
        ways.clear()
        before = change(column, made[value] if value in (ANOTHER_CLIENT, ANOTHER_ORGANIZATION) else value, texts)
        at_once = comes_to(presented.use(texts[0]))
        forget()
        assert at_once == comes_to(presented.use(texts[1])), (name, value)
        assert ways == [is_plain in (True, presented.kind)], (name, value)
        change(column, before, texts)


def of_the_client(table: type[Base], client: Integrator, texts: list[str]) -> Any:
    """Returns the condition on a row that what is presented depends on it; there is nobody else's."""
    rows, digests = table.__table__, [digest(text) for text in texts]
    families = [select(one.family_id).where(one.digest.in_(digests)) for one in (RefreshToken, AuthorizationCode)]
    return {
        RefreshToken: lambda: rows.c.digest.in_(digests),
        AuthorizationCode: lambda: rows.c.digest.in_(digests),
        TokenFamily: lambda: rows.c.id.in_(union_all(*families)),
        Consent: lambda: rows.c.client_id == client.client_id,
        User: lambda: rows.c.id.in_(select(Consent.user_id)),
        Client: lambda: rows.c.key == client.client_id,
        ClientSecret: lambda: rows.c.client_id == client.client_id,
    }[table]()


@pytest.mark.parametrize("table", KEYS)
def test_every_column_of_what_a_token_depends_on_is_changed_above(table):
    assert STATES[table].keys() | KEYS[table] == {column.name for column in table.__table__.columns}


def test_every_column_that_is_read_of_a_client_is_changed_above():
    assert {column.key for column in CLIENT_COLUMNS} - {"key"} <= STATES[Client].keys()


# -- who acts at the same time ----------------------------------------------------------------------

UNKNOWN = (401, "invalid_client")

#: What somebody does -> what becomes of a refresh that comes then.
ACTS: dict[str, tuple[Callable[[Integrator, str], Any], tuple]] = {
    "suspends the client": (lambda client, _: on_client(suspend_client, client), UNKNOWN),
    "rotates the secret": (lambda client, _: on_client(rotate_client_secret, client), UNKNOWN),
    "deletes the client": (lambda client, _: on_client(delete_client, client), UNKNOWN),
    "ends the consent": (lambda _, grant_id: on_consent(end, grant_id), (400, "invalid_grant")),
    "pauses the consent": (lambda _, grant_id: on_consent(pause, grant_id), (400, "invalid_grant")),
    "disables the account": (lambda _, grant_id: disable(grant_id), (400, "invalid_grant")),
    "ends the family": (lambda _, grant_id: end_families(grant_id), (400, "invalid_grant")),
    "suspends and resumes the client": (
        lambda client, _: (on_client(suspend_client, client), on_client(resume_client, client)),
        (200, None),
    ),
}


def on_client(act: Callable[..., Any], client: Integrator) -> None:
    act(db.session(), db.session.get_one(Client, client.client_id), actor_user_id=None)
    db.session.flush()


def on_consent(act: Callable[..., Any], grant_id: str) -> None:
    user_id = db.session.get_one(Consent, grant_id).user_id
    db.session.rollback()
    with connect(db.engine) as connection, connection.transaction():
        assert act(connection, user_id, grant_id)


def disable(grant_id: str) -> None:
    assert disable_account(db.session(), db.session.get_one(Consent, grant_id).user_id, actor_user_id=None)


def end_families(grant_id: str) -> None:
    families = db.session.scalars(select(TokenFamily.id).where(TokenFamily.grant_id == grant_id)).all()
    db.session.rollback()
    with connect(db.engine) as connection:
        assert any([revoke_family(connection, family) for family in families])


@each("act", ACTS)
def test_what_is_done_elsewhere_just_before_the_decision_is_felt_by_it(
    presented, client, ways, there, just_before, act
):
    do, (status, error) = ACTS[act]
    (one,) = presented.new(1)
    assert client.client_credentials().status_code == 200
    with client.app.app_context():
        grant_id = db.session.scalars(select(Consent.grant_id)).one()
    ways.clear()
    just_before(lambda: there(lambda: do(client, grant_id)))
    answer = presented.use(one)
    assert (answer.status_code, answer.json.get("error")) == (status, error)
    assert ways == [status == 200]


@pytest.mark.parametrize("presented", [REFRESH_TOKEN], indirect=True)
def test_who_comes_second_gets_what_the_first_one_got(presented, ways, just_before):
    (one,) = presented.new(1)
    first: list[str] = []
    just_before(lambda: first.append(presented.use(one).json["refresh_token"]))
    ways.clear()
    assert presented.use(one).json["refresh_token"] == first[0]
    assert ways == [True, False]


@pytest.mark.parametrize("presented", [CODE], indirect=True)
def test_who_comes_second_with_a_code_ends_its_family(presented, client, ways, just_before):
    (one,) = presented.new(1)
    first: list[str] = []
    just_before(lambda: first.append(presented.use(one).json["access_token"]))
    assert presented.use(one).json["error"] == "invalid_grant"
    assert ways == [True, False]
    assert not client.is_alive(first[0])


# -- what goes the ordinary way ---------------------------------------------------------------------


def test_each_process_sees_for_itself(client, tokens, ways, there):
    elsewhere = replace(client, app=there.app)
    renewed = elsewhere.refresh(tokens[0]).json["refresh_token"]
    assert ways == []
    assert elsewhere.refresh(renewed).status_code == 200
    assert ways == [True]


@pytest.mark.parametrize(
    "changes", [{"client_secret": "rlq_cs_wrong"}, {"client_secret": None}, {"client_id": "client_x"}]
)
def test_who_says_anything_else_is_looked_up(client, tokens, ways, changes):
    assert replace(client, **changes).refresh(tokens[0]).status_code == 401
    assert ways == []
    assert client.refresh(tokens[0]).status_code == 200


@each(
    ("changes", "error"),
    [
        ({"scope": "memories:read"}, None),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "offline_access"}, None),
        ({"resource": "http://127.0.0.1:8000/api"}, None),
        ({"resource": "http://127.0.0.1:8000/mcp"}, "invalid_target"),
        ({"redirect_uri": "https://app.acme.example/callback"}, None),
    ],
)
def test_a_request_that_says_more_is_looked_up(client, tokens, ways, changes, error):
    assert client.client_credentials().status_code == 200
    assert client.refresh(tokens[0], **changes).json.get("error") == error
    assert ways == []


@each(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code_verifier": None},
        {"redirect_uri": "https://app.acme.example/other"},
        {"redirect_uri": "https://app.acme.example/never"},
        {"redirect_uri": None},
        {"redirect_uri": "https://app.acme.example/callback\0"},
    ],
)
def test_a_code_is_neither_redeemed_nor_used_up_by_who_says_something_else(register, signed_in, ways, changes):
    client = register(redirect_uris=["https://app.acme.example/callback", "https://app.acme.example/other"])
    code = client.code_by_consent(signed_in)
    assert client.client_credentials().status_code == 200
    ways.clear()
    assert client.exchange(code, **changes).status_code == 400
    assert True not in ways
    assert client.exchange(code).status_code == 200


@pytest.mark.parametrize("verifier", [None, "v" * 43, "short"])
def test_a_code_without_a_challenge_takes_no_verifier(client, signed_in, ways, verifier):
    code = client.code(signed_in, code_challenge=None, code_challenge_method=None)
    assert client.exchange(code, code_verifier=verifier).status_code == (200 if verifier is None else 400)
    assert (True in ways) == (verifier is None)


def test_a_code_for_an_address_that_was_removed_is_looked_up(client, signed_in, ways, forget, change_client):
    """Also when the client was seen since."""
    code = client.code_by_consent(signed_in)
    change_client(client, redirect_uris=["https://app.acme.example/other"])
    forget()
    assert client.client_credentials().status_code == 200
    assert client.exchange(code).json["error"] == "invalid_grant"
    assert ways == []


def test_a_client_without_a_secret_is_looked_up(pocket, signed_in, ways):
    token = pocket.tokens(signed_in)["refresh_token"]
    for _ in range(2):
        token = pocket.refresh(token).json["refresh_token"]
    assert ways == []


@pytest.mark.parametrize("kind", ["access_token", "refresh_token", "nothing"])
def test_a_refusal_is_noted_of_a_client_that_was_looked_up(app, client, signed_in, ways, kind):
    sent = {**client.exchange(client.code_by_consent(signed_in)).json, "nothing": "nothing"}[kind]
    if kind == "refresh_token":
        client.revoke(sent)
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
    ways.clear()
    assert client.refresh(sent).json["error"] == "invalid_grant"
    assert ways == [False]
    with app.app_context():
        app.extensions["services"].notes.of(RequestLog).flush()
        records = db.session.scalars(select(RequestRecord).where(RequestRecord.error.is_not(None))).all()
        assert [(record.client_key, record.error) for record in records] == [(client.client_id, "invalid_grant")]


def test_after_a_fault_it_is_looked_up(client, tokens, ways, monkeypatch):
    with monkeypatch.context() as broken:

        def fail(self, compiled, values):
            raise OSError("The database is away.")

        broken.setattr(Connection, "_execute", fail)
        assert client.refresh(tokens[0]).status_code == 500
    assert client.refresh(tokens[0]).status_code == 200
    assert ways == []


def test_what_is_noted_is_the_same(app, client, tokens, ways, forget):
    def written() -> tuple:
        with app.app_context():
            notes = app.extensions["services"].notes
            for kept in (RequestLog, LastUses):
                notes.of(kept).flush()
            requests = db.session.scalars(select(RequestRecord).order_by(RequestRecord.id.desc()).limit(1)).one()
            return (
                {name: getattr(requests, name) for name in ("client_key", "endpoint", "grant_type", "error", "scope")},
                db.session.scalars(select(Consent.last_used_at)).one(),
            )

    def unuse() -> None:
        with app.app_context(), expect_writes():
            db.session.execute(update(Consent).values(last_used_at=None))
            db.session.commit()

    written()
    unuse()
    client.refresh(tokens[0])
    at_once = written()
    unuse()
    forget()
    client.refresh(tokens[1])
    looked_up = written()
    assert ways == [True]
    assert at_once == looked_up
    assert at_once[1] == NOW
