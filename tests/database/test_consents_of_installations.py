"""A consent from before installations and events lives on through the migration, down again, and up once more."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from app import create_app
from app.config import Settings
from app.consents import changes
from app.consents.choice import Choice
from app.consents.snapshot import find_live_consent
from app.database.session_connection import SessionConnection
from app.extensions import db
from tests.consents.events import list_events
from tests.migrated import bring_up_to_date

pytestmark = pytest.mark.database

_BEFORE = "0014"
_AT = "2026-01-01 00:00:00.000000+00:00"


@pytest.fixture
def migrated_app(each_database_url) -> Iterator[Flask]:
    app = create_app(Settings(each_database_url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    bring_up_to_date(app, _BEFORE)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_consent_outlives_the_way_down_and_up(migrated_app):
    _add_what_the_version_before_wrote()
    before = _read_what_the_version_before_wrote()
    user_id, client_key = "usr_1", "cli_1"
    for direction in ("down", "up"):
        upgrade()
        found = find_live_consent(SessionConnection(db.session()), user_id, client_key)
        assert (found.grant_id, found.choice, found.terms.resources) == (
            "grant_1",
            Choice("selected", {"mem_1": True}),
            {"api"},
        )
        db.session.rollback()
        if direction == "down":
            downgrade(revision=_BEFORE)
            # So the way up again begins where the first one did.
            assert _read_what_the_version_before_wrote() == before
    connection = SessionConnection(db.session())
    fields = {"user_id": user_id, "client_key": client_key, "scope": "memories:read", "choice": Choice("all")}
    assert changes.give_consent(connection, **fields).grant_id == "grant_1"
    # Only what was changed from now on is told.
    assert [(event.kind, event.changed) for event in list_events(db.session(), user_id)] == [
        ("narrowed", {"writing": ["mem_1"]}),
        ("widened", {"selection": "all"}),
    ]
    db.session.rollback()


def _add_what_the_version_before_wrote() -> None:
    with db.engine.begin() as connection:
        for table, said in _ROWS:
            row = _fill(inspect(connection).get_columns(table)) | said
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def _read_what_the_version_before_wrote() -> dict[str, list[dict]]:
    with db.engine.begin() as connection:
        return {
            table: [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
            for table, _ in _ROWS
        }


def _fill(columns: list[dict]) -> dict[str, object]:
    """Something for every column that must have a value; the points in time are said below."""
    kinds = {column["name"]: column["type"].python_type for column in columns if not column["nullable"]}
    return {name: kind() for name, kind in kinds.items() if kind in (str, int, bool)}


_ROWS = [
    ("users", {"id": "usr_1", "email": "a@example.com", "name": "A", "created_at": _AT}),
    ("organizations", {"id": "org_1", "slug": "acme", "name": "Acme", "created_at": _AT}),
    (
        "clients",
        {
            "client_id": "cli_1",
            "organization_id": "org_1",
            "name": "App",
            "type": "public",
            "redirect_uris": "https://a.example/",
            "scope": "memories:read",
            "created_at": _AT,
            "updated_at": _AT,
        },
    ),
    ("mementos", {"id": "mem_1", "user_id": "usr_1", "name": "Recipes", "created_at": _AT}),
    (
        "consents",
        {
            "grant_id": "grant_1",
            "user_id": "usr_1",
            "client_id": "cli_1",
            "scope": "memories:read",
            "selection": "selected",
            "issued_at": _AT,
            "updated_at": _AT,
        },
    ),
    ("consent_mementos", {"grant_id": "grant_1", "memento_id": "mem_1", "can_write": True}),
]
