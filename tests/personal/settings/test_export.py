"""Everything that an account holds, as one file: all of it, and no secret."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.util import find_tables

from app.accounts.models import Session, User
from app.accounts.notices.models import Notice
from app.database.types import UtcDateTime
from app.extensions import db
from app.leaving.export.folders import FOLDERS
from app.leaving.export.parts import LEFT_OUT, PARTS
from app.memories.models import Memory
from tests.actors import Browser
from tests.databases import BACKEND
from tests.personal.bringing.conftest import bring
from tests.statements import find_plan, takes_all

PAGE = "/account/settings/export/"
#: These stand in the archive of memories.
OF_MEMORIES = {"integrations", "mementos", "memento_contents", "memories", "memory_origins", "memory_tags"}


@pytest.fixture
def take(signed_in):
    """Take everything along; the files by their paths, as they are."""

    def act() -> dict[str, str]:
        answer = signed_in.submit(signed_in.get(PAGE), press="Take everything along")
        assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
        archive = zipfile.ZipFile(io.BytesIO(answer.data))
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}

    return act


def test_all_that_is_known_of_the_person_is_in_it(take, saved, connected, record, alice, in_database):
    record(5, "read", 3, Recipes=3)
    files = take()
    told = {name: json.loads(words) for name, words in files.items() if name.endswith(".json")}
    [profile] = told["account/profile.json"]
    assert (profile["id"], profile["email"], profile["name"]) == (alice.id, alice.email, alice.name)
    assert told["account/organizations.json"][0]["role"] == "member"
    assert {one["grant_id"] for one in told["account/consents.json"]} == {connected.grant_id}
    assert told["account/consents.json"][0]["app"] == "Acme Notebook"
    assert told["account/consents-mementos.json"][0]["memento"] == "Recipes"
    assert [one["kind"] for one in told["account/history/0001.json"]] == ["given"]
    assert told["account/history/0001.json"][0]["changed"]["scopes"]
    assert {one["count"] for one in told["account/receipts/0001.json"]} == {3}
    assert len(told["account/sessions.json"]) == in_database(
        lambda session: session.query(Session).filter_by(user_id=alice.id).count()
    )
    assert told["reliquary.json"]["memories"] == 9 and "memories/0001.json" in told


def test_an_app_that_only_asked_is_in_it_by_its_own_name(take, connected, pocket, signed_in):
    signed_in.submit(pocket.start(signed_in), press="Cancel")
    [asked] = json.loads(take()["account/asked-apps.json"])
    assert (asked["app"], asked["app_id"]) == ("Acme Pocket", pocket.client_id)


def test_no_secret_is_in_it(take, app, connected, saved, alice, in_database):
    """Not one that is stored, and none of the digests by which others are known."""
    words = "\n".join(take().values())
    assert connected.access_token not in words and connected.refresh_token not in words

    def stored(session):
        secrets = [session.get_one(User, alice.id).password_hash]
        for table in db.metadata.tables.values():
            columns = [
                one for one in table.columns if "digest" in one.name or one.name in ("sealed", "pending", "public_key")
            ]
            for column in columns if table.name != "memory_origins" else ():
                secrets += session.scalars(select(column).where(column.is_not(None))).all()
        return [str(one) for one in secrets]

    leaked = [one for one in in_database(stored) if one and one in words]
    assert leaked == []


def test_every_table_that_hangs_on_a_person_is_in_it_or_left_out_for_a_reason(app):
    of_person = {"users"}
    tables = db.metadata.tables.values()
    while True:
        more = {
            table.name
            for table in tables
            for key in table.foreign_keys
            if key.ondelete == "CASCADE" and key.column.table.name in of_person - {"clients", "organizations"}
        }
        if more <= of_person:
            break
        of_person |= more
    told = {table.name for part in [*PARTS, *FOLDERS] for table in find_tables(part.rows, include_joins=True)}
    assert of_person - told - OF_MEMORIES - LEFT_OUT.keys() == set()
    assert LEFT_OUT.keys() <= of_person


def test_more_than_a_page_of_rows_stands_in_several_files(take, signed_in, shelf, alice, monkeypatch):
    monkeypatch.setattr("app.leaving.export.archive._IN_ONE_FILE", 1)
    other = Browser(signed_in.client.application)
    other.enter(alice)
    files = take()
    assert len(json.loads(files["account/sessions.json"])) == 2


def test_what_apps_did_is_told_once_in_however_many_pieces(take, record, connected, monkeypatch):
    monkeypatch.setattr("app.leaving.export.archive._IN_ONE_FILE", 2)
    for minutes in range(5):
        record(minutes, "read", minutes + 1)
    files = take()
    pieces = [json.loads(words) for name, words in files.items() if name.startswith("account/receipts/")]
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    assert sorted(one["count"] for piece in pieces for one in piece) == [1, 2, 3, 4, 5]


@pytest.mark.skipif(BACKEND != "sqlite", reason="asks SQLite how it would do it")
@pytest.mark.parametrize("part", FOLDERS, ids=lambda part: part.name)
def test_what_there_may_be_much_of_is_found_where_the_last_piece_ended(app, part):
    """Or a million receipts are sorted for every five hundred of them."""
    after = [datetime(2026, 1, 1, tzinfo=UTC) if isinstance(column.type, UtcDateTime) else "" for column in part.key]
    query = part.page("grant_1", after, 500).compile(dialect=sqlite.dialect())
    assert not takes_all(find_plan(app, str(query)))


def test_where_a_piece_ended_is_said_of_one_table_alone():
    """PostgreSQL looks a place up in no index when a second table is part of it: each piece began at the first again."""
    [part] = [part for part in FOLDERS if part.name == "receipts-memories"]
    query = str(part.page("grant_1", [datetime(2026, 1, 1, tzinfo=UTC), "searched", "key", "mry_1"], 500))
    places = re.findall(r"\(([\w., ]+)\) (>=?) \(", query)
    names = "receipt_details.minute, receipt_details.kind, receipt_details.question_key"
    assert places == [(names, ">="), (f"{names}, receipt_memories.memory_id", ">")]


def test_nothing_of_anybody_else_is_in_it(take, signed_in, stranger, carol, bob, connected):
    words = "\n".join(take().values())
    assert carol.id not in words and bob.id not in words and carol.email not in words


def test_it_comes_in_again_and_says_what_is_no_memory(take, app, saved, stranger, carol, in_database):
    files = take()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, words in files.items():
            archive.writestr(name, words)
    page = bring(stranger, ("account.zip", packed.getvalue()))
    assert page.status_code == 200
    kept = select(Memory.title).where(Memory.user_id == carol.id)
    assert len(in_database(lambda session: session.scalars(kept).all())) == 9


def test_the_person_is_told_that_it_was_taken(take, alice, in_database):
    take()
    kinds = select(Notice.kind).where(Notice.user_id == alice.id)
    assert in_database(lambda session: session.scalars(kinds).all()) == ["exported"]


def test_an_old_sign_in_is_not_enough(signed_in, shelf, let_time_pass):
    page = signed_in.get(PAGE)
    let_time_pass(minutes=11)
    answer = signed_in.submit(page, press="Take everything along")
    assert answer.status_code == 303 and answer.location.startswith("/sign-in?again=1")
    assert signed_in.get(PAGE).status_code == 303
