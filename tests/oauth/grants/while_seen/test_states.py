"""Each state of what a token depends on comes to the same at once and looked up."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, union_all, update

from app.accounts.models import User
from app.accounts.organizations import find_organization
from app.clients.models import Client, ClientSecret
from app.clients.models.snapshot import CLIENT_COLUMNS
from app.consents.models import Consent
from app.credentials import digest
from app.database.access import expect_writes
from app.database.types import Base
from app.extensions import db
from app.oauth.tokens.code import AuthorizationCode
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from tests.integrator import Integrator
from tests.oauth.grants.while_seen.conftest import NOW, REFRESH_TOKEN, SCOPE

pytestmark = pytest.mark.database

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
        "require_pushed": [(True, True)],
        "device_flow": [(True, True)],
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
