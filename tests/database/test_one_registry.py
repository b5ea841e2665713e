"""The migration that gave clients a key: up and down with data, and under the version before, which knows no key."""

import re
from collections.abc import Iterable, Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.clients.life import delete_client
from app.clients.models import Client
from app.credentials import digest
from app.extensions import db
from tests.database.test_migrations import _FILES
from tests.migrated import app_on, bring_up_to_date

_REVISION = next(path.name[:4] for path in _FILES if path.stem.endswith("one_registry"))
_BEFORE = f"{int(_REVISION) - 1:04}"
#: The last revision that has the token tables of the version before.
_LAST = "0042"
_AT = "2026-01-01 00:00:00.000000+00:00"

#: As the version before sends it: with neither a key nor an origin.
_REGISTER = (
    "INSERT INTO clients (client_id, organization_id, name, description, homepage_url, privacy_url, terms_url, type,"
    " redirect_uris, scope, optional_scope, native_app, require_pkce, access_token_lifetime, refresh_token_lifetime,"
    " version, created_at, updated_at, suspended_at, drafted_at)"
    " VALUES (:client, 'org_1', :client, '', '', '', '', 'confidential', 'https://app.example/callback',"
    " 'memories:read', '', false, false, NULL, NULL, 1, :at, :at, NULL, NULL)"
)
#: One row of each table that belongs to a client, as the version before adds them.
_ADD = (
    "INSERT INTO client_secrets (digest, id, hint, label, client_id, created_at)"
    " VALUES (':digest:secret', 'sec_' || :client, 'abcd', '', :client, :at)",
    "INSERT INTO client_origins (client_id, origin) VALUES (:client, 'https://app.example')",
    "INSERT INTO client_logos (client_id, digest, image) VALUES (:client, 'd', 'png')",
    "INSERT INTO consents (grant_id, user_id, client_id, scope, selection, issued_at, updated_at)"
    " VALUES ('grant_' || :client, 'usr_1', :client, 'memories:read', 'all', :at, :at)",
    "INSERT INTO token_families (family_id, grant_id, issued_at) VALUES ('fam_' || :client, 'grant_' || :client, :at)",
    "INSERT INTO access_tokens (digest, hint, client_id, family_id, scope, issued_at, expires_at)"
    " VALUES (':digest:access', 'abcd', :client, 'fam_' || :client, 'memories:read', :at, :at)",
    "INSERT INTO refresh_tokens (digest, hint, client_id, family_id, scope, issued_at, expires_at)"
    " VALUES (':digest:refresh', 'abcd', :client, 'fam_' || :client, 'memories:read', :at, :at)",
    "INSERT INTO access_records (id, grant_id, minute, action, memento_key, count)"
    " VALUES ('acc_' || :client, 'grant_' || :client, :at, 'read', '', 3)",
    "INSERT INTO authorization_requests (digest, browser_digest, client_id, parameters, memento_ids, writable_ids,"
    " issued_at, expires_at) VALUES (':digest:request', 'b', :client, '{}', '', '', :at, :at)",
    "INSERT INTO request_records (client_id, at, endpoint, grant_type, redirect_uri, expected_uri, scope, detail)"
    " VALUES (:client, :at, 'token', '', '', '', '', '')",
    "INSERT INTO playground_callbacks (id, client_id, user_id, redirect_uri, created_at, expires_at)"
    " VALUES ('try_' || :client, :client, 'usr_1', 'https://app.example/callback', :at, :at)",
    "INSERT INTO idempotency_keys (digest, client_id, request_digest, status, body, expires_at)"
    " VALUES (':digest:key', :client, 'd', 201, '{}', :at)",
    "INSERT INTO integrations (id, user_id, kind, name, status, created_at)"
    " VALUES ('int_' || :client, 'usr_1', 'memory', 'Saved', 'connected', :at)",
    "INSERT INTO mementos (id, user_id, name, created_at) VALUES ('mem_' || :client, 'usr_1', :client, :at)",
    "INSERT INTO saved_mementos (user_id, client_id, memento_id, integration_id)"
    " VALUES ('usr_1', :client, 'mem_' || :client, 'int_' || :client)",
)
#: Every table with a row that is a client's, or hangs on one that is.
_TABLES = (
    "clients",
    "client_secrets",
    "client_origins",
    "client_logos",
    "consents",
    "token_families",
    "access_tokens",
    "refresh_tokens",
    "access_records",
    "authorization_requests",
    "request_records",
    "playground_callbacks",
    "idempotency_keys",
    "saved_mementos",
)
#: Of them, those that :data:`_LAST` is the last to have.
_DROPPED = {"token_families", "access_tokens", "refresh_tokens"}
#: What people keep of a client that is deleted.
_KEPT = {"clients", "consents", "access_records", "saved_mementos"}


@pytest.fixture
def migrated(each_database_url, filled_once) -> Iterator[Flask]:
    """An app whose database is as the version before left it, with a client and all that a client has."""
    filled_once(_fill_as_before, each_database_url)
    with app_on(each_database_url) as app:
        yield app


@pytest.fixture
def migrated_to_last(each_database_url, filled_once) -> Iterator[Flask]:
    """The same, migrated to :data:`_LAST`."""
    filled_once(_fill_up_to_last, each_database_url)
    with app_on(each_database_url) as app:
        yield app


def _fill_as_before(url: str) -> None:
    with app_on(url) as app:
        bring_up_to_date(app, _BEFORE)
        run(
            "INSERT INTO users (id, email, name, password_hash, created_at)"
            " VALUES ('usr_1', 'a@example.com', 'A', '', :at)",
            "INSERT INTO organizations (id, slug, name, created_at) VALUES ('org_1', 'acme', 'Acme', :at)",
        )
        add("client_before")


def _fill_up_to_last(url: str) -> None:
    _fill_as_before(url)
    with app_on(url):
        upgrade(revision=_LAST)


def add(client: str) -> None:
    run(_REGISTER, *_ADD, client=client)


def run(*statements: str, client: str = "") -> None:
    """Run each with these values in the places that name them."""
    with db.engine.begin() as connection:
        for statement in statements:
            statement = re.sub(r":digest:(\w+)", lambda what: digest(what[1] + client), statement)
            connection.exec_driver_sql(statement.replace(":client", f"'{client}'").replace(":at", f"'{_AT}'"))


def counts(tables: Iterable[str] = _TABLES) -> dict[str, int]:
    with db.engine.begin() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables}


def rows() -> dict[str, list[str]]:
    """Everything that the version before can read of these tables, but for the order of columns."""
    with db.engine.begin() as connection:
        return {
            table: sorted(
                str(sorted((name, str(one)) for name, one in row._mapping.items() if name not in _NEW))
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            )
            for table in _TABLES
        }


_NEW = ("key", "origin", "ended_at")


def test_what_is_there_keeps_everything_up_down_and_up_again(migrated):
    before = rows()
    upgrade(revision=_REVISION)
    assert rows() == before
    with db.engine.begin() as connection:
        known = connection.execute(text("SELECT key, client_id, origin, ended_at FROM clients")).one()
    assert tuple(known) == ("client_before", "client_before", "registered", None)
    downgrade(revision=_BEFORE)
    assert rows() == before
    upgrade(revision=_REVISION)
    assert rows() == before


def test_the_version_before_registers_changes_and_deletes_while_it_still_runs(migrated_to_last):
    add("client_after")
    with db.engine.begin() as connection:
        known = connection.execute(text("SELECT key, origin FROM clients WHERE client_id = 'client_after'")).one()
    assert tuple(known) == ("client_after", "registered")
    assert counts() == dict.fromkeys(_TABLES, 2)
    run("UPDATE clients SET name = 'Renamed', version = 2, updated_at = :at WHERE clients.client_id = 'client_after'")
    run("DELETE FROM clients WHERE clients.client_id = 'client_after'")
    assert counts() == dict.fromkeys(_TABLES, 1)
    run("DELETE FROM organizations WHERE organizations.id = 'org_1'")
    assert counts() == dict.fromkeys(_TABLES, 0)


def test_each_client_that_the_version_before_registers_gets_its_own_key(migrated_to_last):
    upgrade()
    run(_REGISTER, client="client_one")
    run(_REGISTER, client="client_two")
    with pytest.raises(IntegrityError):
        run(_REGISTER, client="client_two")
    with db.engine.begin() as connection:
        keys = connection.scalars(text("SELECT key FROM clients ORDER BY key")).all()
    assert keys == ["client_before", "client_one", "client_two"]


def test_a_deleted_client_leaves_what_the_person_keeps_and_goes_on_the_way_down(migrated_to_last):
    """The version before deletes a client with all that people had of it, so it cannot know one that has ended."""
    add("client_after")
    upgrade()
    delete_client(db.session, db.session.get_one(Client, "client_before"), actor_user_id=None)
    db.session.commit()
    there = set(_TABLES) - _DROPPED
    assert counts(there) == {table: 2 if table in _KEPT else 1 for table in there}
    downgrade(revision=_BEFORE)
    assert counts() == dict.fromkeys(_TABLES, 1)
    with db.engine.begin() as connection:
        assert connection.scalar(text("SELECT client_id FROM clients")) == "client_after"


def test_only_a_client_that_nobody_registered_or_that_has_ended_lacks_an_organization(migrated_to_last):
    upgrade()
    lose = "UPDATE clients SET organization_id = NULL"
    with pytest.raises(IntegrityError):
        run(lose)
    with pytest.raises(IntegrityError):
        run(lose + ", origin = 'found'")
    run(lose + ", origin = 'document'")
    run("UPDATE clients SET origin = 'registered', ended_at = :at")
