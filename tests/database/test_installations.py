"""What one installation of an app has, and what becomes of it on the way down, which knows no installations."""

from collections.abc import Iterator

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from tests.database.running_version import MADE, RUNNING, RunningVersion
from tests.migrated import app_on, bring_up_to_date

pytestmark = pytest.mark.database


@pytest.fixture
def old(each_database_url, filled_once) -> Iterator[RunningVersion]:
    """The version before and what it had stored, on a database that is then migrated to the newest revision."""
    filled_once(_fill_and_migrate, each_database_url)
    with app_on(each_database_url):
        yield RunningVersion(db.engine)


def _fill_and_migrate(url: str) -> None:
    with app_on(url) as app:
        bring_up_to_date(app, RUNNING)
        RunningVersion(db.engine).add_people()
        upgrade()


def add_consent(installation: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO consents (grant_id, user_id, client_id, installation, scope, selection, issued_at, updated_at)"
                f" SELECT 'grant_{installation}', user_id, client_id, '{installation}', scope, selection, issued_at,"
                " updated_at FROM consents WHERE grant_id = 'grant_1'"
            )
        )
        connection.execute(
            text(
                "INSERT INTO saved_mementos (user_id, client_id, installation, memento_id, integration_id)"
                f" VALUES ('usr_1', 'client_1', '{installation}', 'mem_1', 'int_1')"
            )
        )


def read(column: str, table: str) -> list[str]:
    with db.engine.begin() as connection:
        return sorted(connection.execute(text(f"SELECT {column} FROM {table}")).scalars())


def test_a_person_has_one_live_connection_for_each_installation(old):
    add_consent("ins_1")
    add_consent("ins_2")
    with pytest.raises(IntegrityError):
        add_consent("ins_2")
    assert read("grant_id", "consents") == ["grant_1", "grant_ins_1", "grant_ins_2"]


def test_the_way_down_ends_what_the_version_before_cannot_tell_apart(old):
    """What was there before lives on, down and up again; the mementos stay the person's."""
    old.run("saved_insert", user_id="usr_1", client_key="client_1", memento_id="mem_1", integration_id="int_1")
    add_consent("ins_1")
    add_consent("ins_2")
    downgrade(revision=RUNNING)
    is_live = "CASE WHEN revoked_at IS NULL THEN 'live' ELSE 'ended' END"
    assert read(f"grant_id || ' ' || {is_live}", "consents") == [
        "grant_1 live",
        "grant_ins_1 ended",
        "grant_ins_2 ended",
    ]
    pair = {"user": old.user_id, "client": old.client_id}
    assert old.run("saved_find", **pair) == 1 and read("id", "mementos") == ["mem_1"]
    assert old.run("find_consent", user_id="usr_1", client_key="client_1", installation="", at=MADE) == 1
    upgrade()
    assert old.run("saved_find", **pair) == 1
    assert read(f"grant_id || ' ' || {is_live}", "consents")[0] == "grant_1 live"
