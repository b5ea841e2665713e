"""Deleting anything leaves no row that refers to nothing, and no token that still works."""

from functools import cache

import pytest
from sqlalchemy import CompoundSelect, delete, func, literal_column, select, text, union_all

from app.accounts.models import Organization, User
from app.accounts.organizations import find_organization
from app.clients.models import Client
from app.consents.receipts.log import AccessLog
from app.database.engine import let_write
from app.extensions import db
from app.http.services import services
from app.memories.models import Integration, Memento, Memory
from tests.tables import each

NEW = {"title": "Bread", "text": "Flour and water."}
KEY = {"Idempotency-Key": "one-request"}


@pytest.fixture
def house(app, shelf, connect, organization, notebook, signed_in):
    """Something in as many tables as possible: what to delete, by name, and two callers that work."""
    drive = shelf.connect()
    memory = shelf.keep("Lisbon", drive, folder="Trips", tags=["city"])
    memento = shelf.memento("Trips", (drive, "Trips"), memory)
    caller = connect(memento)
    notebook.start(signed_in, prompt="consent")
    assert caller.post("memories/", NEW, headers=KEY).status_code == 201
    assert organization.post("memories/", NEW, headers=KEY).status_code == 201
    assert len(caller.titles()) == 2
    with app.app_context():
        services().notes.of(AccessLog).flush()
        acme = find_organization("acme").id
    things = {
        "memento": (Memento, memento),
        "integration": (Integration, drive),
        "memory": (Memory, memory),
        "client": (Client, notebook.client_id),
        "organization": (Organization, acme),
        "user": (User, shelf.user_id),
    }
    return things, caller, organization


@each("name", ["memento", "integration", "memory", "client", "organization", "user"])
def test_nothing_is_left_that_refers_to_nothing(app, house, name):
    things, _, _ = house
    _delete(app, *things[name])
    with app.app_context():
        assert _find_orphans() == {}
        assert _count_index_rows() == db.session.scalar(select(func.count()).select_from(Memory))


@each(
    ("name", "tokens_work"),
    [
        ("memento", (True, True)),
        ("integration", (True, True)),
        ("memory", (True, True)),
        ("client", (False, False)),
        ("organization", (False, False)),
        ("user", (False, True)),
    ],
)
def test_no_token_still_reaches_what_is_gone(app, house, name, tokens_work):
    things, caller, organization = house
    memory_id = things["memory"][1]
    assert caller.get(f"memories/{memory_id}/").status_code == 200
    _delete(app, *things[name])
    assert caller.get(f"memories/{memory_id}/").status_code == (404 if tokens_work[0] else 401)
    for whoever, works in zip((caller, organization), tokens_work, strict=True):
        assert whoever.get("memories/").status_code == (200 if works else 401)
    if tokens_work[0]:
        assert caller.titles() == caller.titles(q="flour") == ["Bread"]
        assert "Lisbon" not in caller.titles(q="lisbon")


def test_with_a_person_everything_of_theirs_is_gone(app, house):
    things, _, _ = house
    _delete(app, *things["user"])
    with app.app_context():
        left = {table.name: _count(table) for table in db.metadata.sorted_tables}
    for table in (
        "consents",
        "consent_mementos",
        "oauth_families",
        "oauth_refresh_tokens",
        "mementos",
        "memento_contents",
        "saved_mementos",
        "access_records",
    ):
        assert left[table] == 0, table
    # What is left is the organization's: one memory in one integration, and one token.
    assert (left["memories"], left["integrations"], left["oauth_access_tokens"]) == (1, 1, 1)


def test_an_orphan_would_be_found(app, house):
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("PostgreSQL refuses to make one")
        connection = db.engine.raw_connection()
        # The pool's may be one that was let only read.
        let_write(connection, True)
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("DELETE FROM consents")
        assert set(_find_orphans()) >= {"oauth_families.grant_id", "access_records.grant_id"}
        db.session.rollback()
        for table in (
            "oauth_families",
            "access_records",
            "consent_mementos",
            "oauth_access_tokens",
            "oauth_refresh_tokens",
        ):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.close()


def _delete(app, model, id) -> None:
    with app.app_context():
        key = model.__table__.primary_key.columns.values()[0]
        assert db.session.execute(delete(model).where(key == id)).rowcount == 1
        db.session.commit()


def _find_orphans() -> dict[str, int]:
    """For every foreign key of every table: how many rows refer to a row that is not there."""
    return {name: count for name, count in db.session.execute(_select_orphans()) if count}


@cache
def _select_orphans() -> CompoundSelect:
    counts = []
    for table in db.metadata.sorted_tables:
        for constraint in table.foreign_key_constraints:
            (element,) = constraint.elements
            target = element.column.table.alias()
            there = select(target.c[element.column.name]).where(target.c[element.column.name] == element.parent)
            counts.append(
                select(literal_column(f"'{table.name}.{element.parent.name}'"), func.count())
                .select_from(table)
                .where(element.parent.is_not(None), ~there.exists())
            )
    return union_all(*counts)


def _count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


def _count_index_rows() -> int:
    """Of the full-text index, which has no foreign key on SQLite and is a column of the memory on PostgreSQL."""
    name = "memory_search_rows" if db.engine.dialect.name == "sqlite" else "memories"
    return db.session.scalar(text(f"SELECT count(*) FROM {name}"))
