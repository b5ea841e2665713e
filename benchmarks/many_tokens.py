"""A database full of tokens, made in seconds, to be measured beside one that has few."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import Connection, insert, select, text

from app import clock
from app.accounts.models import Membership, Organization, User
from app.consents.models import Consent
from app.consents.resources import API
from app.database.types import Base
from app.extensions import db
from app.oauth.tokens.access import AccessToken
from app.oauth.tokens.family import TokenFamily
from app.oauth.tokens.refresh import RefreshToken
from benchmarks.operations import SCOPE

#: How many families of tokens a person has.
_FAMILIES_EACH = 100

#: A family is issued every half minute, for each person.
_ADD_FAMILIES = """
    INSERT INTO oauth_families (issued_at, grant_id, keeps_first_end, names_profile)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :each)
    SELECT :now - n * CAST(30000000 AS BIGINT), grant_id, false, true
    FROM numbers CROSS JOIN consents WHERE grant_id LIKE 'grant-many-%'
"""
#: In the order of their digests, so that the tree of them is built from one end to the other.
_ADD_TOKENS = """
    INSERT INTO {table} (digest, client_key, family_id, audience, scope, issued_at, expires_at)
    SELECT {digest}, :client, id, :audience, :scope, oauth_families.issued_at, oauth_families.issued_at + :lives
    FROM oauth_families JOIN consents USING (grant_id) WHERE grant_id LIKE 'grant-many-%' ORDER BY 1
"""
_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_DIGESTS = {"sqlite": "randomblob(32)", "postgresql": "sha256(convert_to('{table}' || id, 'UTF8'))"}
#: For how many microseconds a token of each kind lives.
_LIVES = {AccessToken: 86_400_000_000, RefreshToken: 30 * 86_400_000_000}


def fill(app: Flask, client_key: str, count: int) -> None:
    """Add so many families, each with an access token and a refresh token, all of them live, of many people."""
    now = clock.now()
    with app.app_context():
        with db.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                _hurry(connection)
            _add_people(connection, client_key, -(-count // _FAMILIES_EACH), now)
            with _indexes_afterwards(connection, TokenFamily):
                microseconds = round(now.timestamp() * 1e6)
                connection.execute(text(_ADD_FAMILIES), {"each": min(count, _FAMILIES_EACH), "now": microseconds})
            for kind, lives in _LIVES.items():
                with _indexes_afterwards(connection, kind):
                    _add_tokens(connection, kind, client_key, lives)
        if db.engine.dialect.name == "postgresql":
            _settle()
        db.engine.dispose()


def _settle() -> None:
    """Do what PostgreSQL does by itself in time: else whoever comes first writes out what was filled in."""
    # In no transaction, as our engine would have it.
    with closing(db.engine.raw_connection()) as pooled:
        driver: Any = pooled.driver_connection
        driver.execute("VACUUM ANALYZE")
        if driver.execute(_IS_SUPERUSER).fetchone()[0]:
            driver.execute("CHECKPOINT")


def _hurry(connection: Connection) -> None:
    """Let PostgreSQL sort in memory, and not look for the family of every single token, where this role may say so."""
    for setting in ("work_mem", "maintenance_work_mem"):
        connection.execute(text(f"SET LOCAL {setting} = '256MB'"))
    if connection.scalar(text(_IS_SUPERUSER)):
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def _add_people(connection: Connection, client_key: str, count: int, now: datetime) -> None:
    people = [
        {"id": f"usr-many-{number}", "email": f"many-{number}@example.com", "name": "Many", "password_hash": ""}
        for number in range(count)
    ]
    connection.execute(insert(User.__table__), people)
    organization_id = connection.scalar(select(Organization.id))
    belongs = {"organization_id": organization_id, "role": "member", "created_at": now}
    connection.execute(insert(Membership.__table__), [{**belongs, "user_id": person["id"]} for person in people])
    consents = [
        {
            "grant_id": f"grant-many-{number}",
            "user_id": f"usr-many-{number}",
            "client_id": client_key,
            "scope": SCOPE,
            "names_profile": True,
            "selection": "all",
            "issued_at": now,
            "updated_at": now,
        }
        for number in range(count)
    ]
    connection.execute(insert(Consent.__table__), consents)


def _add_tokens(connection: Connection, kind: type[Base], client_key: str, lives: int) -> None:
    table = kind.__tablename__
    digest = _DIGESTS[connection.dialect.name].format(table=table)
    values = {"client": client_key, "audience": API, "scope": SCOPE, "lives": lives}
    connection.execute(text(_ADD_TOKENS.format(table=table, digest=digest)), values)


@contextmanager
def _indexes_afterwards(connection: Connection, kind: type[Base]) -> Iterator[None]:
    """Build the indexes of a table at once, when all of its rows are there."""
    indexes = list(kind.__table__.indexes)
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)
