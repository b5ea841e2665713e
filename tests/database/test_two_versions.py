"""Two releases serve one database: what one issues the other finds, what one ends the other refuses, once is once.

The release before is played by its own recorded statements, ours by the app.
"""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, current_app
from flask_migrate import downgrade, upgrade
from sqlalchemy import Executable, inspect, select, text, update

from app import clock, credentials
from app.clients.models import find_client
from app.consents.receipts import AccessRecord
from app.database.connections import connect
from app.extensions import db
from app.oauth.grants.bearer import new_bearer_tokens, stored_values
from app.oauth.resources import Resource
from app.oauth.tokens.access import AccessToken, add_access_token
from app.oauth.tokens.code import find_authorization_code, redeem_authorization_code
from app.oauth.tokens.family import TokenFamily, revoke_family
from app.oauth.tokens.refresh import RefreshToken
from tests.database.earlier_version import (
    BEGINNING,
    EARLIER,
    REDIRECT_URI,
    SCOPE,
    EarlierVersion,
    as_instant,
    stored_digest,
)
from tests.integrator import Integrator
from tests.migrated import app_on, bring_up_to_date
from tests.robustness.locking import administrator, wait_until

#: What the version before kept twice: what it had beside, and what each of it is.
_KEPT_TWICE = {
    "token_families": "oauth_families",
    "token_family_numbers": "oauth_families",
    "authorization_codes": "oauth_codes",
    "access_tokens": "oauth_access_tokens",
    "refresh_tokens": "oauth_refresh_tokens",
}


@pytest.fixture
def empty(each_database_url) -> Iterator[Flask]:
    """An app whose database has no table."""
    with app_on(each_database_url) as app:
        yield app


@pytest.fixture
def house(each_database_url, filled_once) -> Iterator[SimpleNamespace]:
    """A server of each release, on a database of the one before with what it had issued, migrated to ours."""
    before = filled_once(_fill_and_migrate, each_database_url)
    with app_on(each_database_url) as app:
        old = EarlierVersion(db.engine)
        new = Integrator(
            app, old.client_id, old.client_secret, REDIRECT_URI, SCOPE, code_verifier=EarlierVersion.code_verifier
        )
        yield SimpleNamespace(app=app, old=old, new=new, before=before, engine=db.engine)


def _fill_and_migrate(url: str) -> dict[str, str]:
    """What the release before had issued, in a database that is then migrated to ours."""
    with app_on(url) as app:
        bring_up_to_date(app, BEGINNING)
        old = EarlierVersion(db.engine)
        old.add_people()
        upgrade(revision=EARLIER)
        # The code outlives the minute that they have, as not every test is the first.
        code, _ = old.issue_code(hours=1)
        before = {"code": code, "own": old.issue_own_token(), **old.issue_tokens()}
        upgrade()
    return before


# -- what was issued -----------------------------------------------------------------------------


def test_what_was_issued_before_works_after(house):
    """A live consent, its code, its tokens, its receipts, and the app's secret."""
    tokens = house.before
    assert house.new.is_alive(tokens["access_token"]) and house.new.is_alive(tokens["own"])
    assert house.new.introspect(tokens["access_token"]).json["grant_id"] == house.old.grant_id
    assert house.new.exchange(tokens["code"]).status_code == 200
    assert house.new.refresh(tokens["refresh_token"]).status_code == 200
    assert _read(select(AccessRecord.count).where(AccessRecord.id == "rec_1")) == 7
    assert house.new.client_credentials().status_code == 200


def test_points_in_time_are_told_as_before(house):
    """Introspection's ``iat`` and ``exp`` come from the same instants, to the microsecond."""
    told = house.new.introspect(house.before["access_token"]).json
    digest = credentials.digest(house.before["access_token"])
    stored = house.old.first("find_access_token", token_digest=stored_digest(house.before["access_token"]))
    assert (told["iat"], told["exp"]) == tuple(
        int(as_instant(stored[name]).timestamp()) for name in ("issued_at", "expires_at")
    )
    for name in ("issued_at", "expires_at"):
        assert _read(select(getattr(AccessToken, name)).where(AccessToken.digest == digest)) == as_instant(stored[name])
    assert _read(select(AccessToken.audience).where(AccessToken.digest == digest)) == "api"


def test_what_the_older_version_issues_afterwards_works_here(house):
    code, _ = house.old.issue_code()
    tokens, own = house.old.issue_tokens(), house.old.issue_own_token()
    assert house.new.is_alive(tokens["access_token"]) and house.new.is_alive(own)
    assert house.new.exchange(code).status_code == house.new.refresh(tokens["refresh_token"]).status_code == 200


def test_what_is_issued_here_works_in_the_older_version(house):
    tokens = house.new.exchange(house.before["code"]).json
    own = house.new.client_credentials().json
    assert house.old.is_alive(tokens["access_token"]) and house.old.is_alive(own["access_token"])
    found = house.old.first("find_access_token", token_digest=stored_digest(tokens["access_token"]))
    assert (found["grant_id"], found["scope"]) == (house.old.grant_id, SCOPE)
    assert house.old.first("find_access_token", token_digest=stored_digest(own["access_token"]))["user_id"] is None
    following = house.old.rotate(tokens["refresh_token"])
    assert house.new.refresh(following).status_code == 200


def test_a_token_for_another_resource_is_taken_by_neither(house):
    """Each lets into the API what is for the API alone."""
    values = {"client_key": house.old.client_id, "scope": SCOPE, "family_id": None, "audience": "mcp"}
    token = credentials.new_credential(credentials.ACCESS_TOKEN)
    at = clock.now()
    with connect(db.engine) as connection:
        digest = credentials.digest(token)
        add_access_token(connection, digest=digest, issued_at=at, expires_at=at + timedelta(hours=1), **values)
    assert not house.old.is_alive(token) and not house.new.is_alive(token)


# -- what happens once ---------------------------------------------------------------------------


def test_a_code_that_the_older_version_redeemed_is_refused_here_and_ends_the_family(house):
    code, family_id = house.old.issue_code()
    assert house.old.redeem(code)
    tokens = house.old.issue_tokens(family_id)
    assert house.new.exchange(code).json["error"] == "invalid_grant"
    assert not house.new.is_alive(tokens["access_token"]) and not house.old.is_alive(tokens["access_token"])


def test_a_code_that_was_redeemed_here_is_not_redeemed_by_the_older_version(house):
    assert house.new.exchange(house.before["code"]).status_code == 200
    assert not house.old.redeem(house.before["code"])
    assert house.old.first("find_code", code_digest=stored_digest(house.before["code"]))["redeemed_at"] is not None


def test_a_rotation_by_the_older_version_gives_the_same_successor_here(house):
    """Within the grace, by the salt; once that successor is used, the old token is a replay and ends the family."""
    first = house.before["refresh_token"]
    following = house.old.rotate(first)
    repeated = house.new.refresh(first).json
    assert repeated["refresh_token"] == following
    assert _read(select(RefreshToken.repeats).where(RefreshToken.digest == credentials.digest(first))) == 1
    used = house.new.refresh(following).json
    assert house.new.refresh(first).json["error"] == "invalid_grant"
    assert not house.old.is_alive(used["access_token"]) and not house.old.is_alive(house.before["access_token"])


def test_a_rotation_here_is_one_for_the_older_version_too(house):
    first = house.before["refresh_token"]
    second = house.new.refresh(first).json["refresh_token"]
    assert house.old.rotate(first) is None
    found = house.old.first("find_refresh_token", token_digest=stored_digest(first))
    assert credentials.successor(first, found["successor_salt"].hex()) == second
    third = house.old.rotate(second)
    assert house.new.refresh(second).json["refresh_token"] == third


def test_repetitions_are_counted_across_both(house):
    """Five may repeat, whoever asks whom (:rfc:`9700#section-4.14.2`)."""
    first = house.before["refresh_token"]
    house.new.refresh(first)
    counted = [house.new.refresh(first).status_code for _ in range(2)]
    counted += [house.old.count_repeat(first) for _ in range(3)]
    assert counted == [200, 200, 1, 1, 1]
    assert house.old.count_repeat(first) == 0
    assert house.new.refresh(first).json["error"] == "invalid_grant"


@pytest.mark.parametrize("is_here", [True, False], ids=["here", "there"])
def test_a_revocation_is_seen_by_both(house, is_here):
    own, family = house.before["own"], house.before["family_id"]
    if is_here:
        house.new.revoke(own)
        house.new.revoke(house.before["refresh_token"])
        assert house.old.run("revoke_family", family=family, at=house.old.at()) == 0
    else:
        assert house.old.run("revoke_access_token", token_digest=stored_digest(own), at=house.old.at()) == 1
        assert house.old.run("revoke_family", family=family, at=house.old.at()) == 1
        with connect(db.engine) as connection:
            assert not revoke_family(connection, family)
    for token in (own, house.before["access_token"]):
        assert not house.new.is_alive(token) and not house.old.is_alive(token)


def test_ending_all_tokens_of_an_app_at_once_is_seen_by_the_older_version(house):
    """One UPDATE of many rows, as the dashboard does it."""
    tokens = [house.old.issue_tokens(), house.new.exchange(house.before["code"]).json]
    db.session.execute(update(TokenFamily).values(revoked_at=clock.now()))
    db.session.commit()
    assert not any(house.old.is_alive(one["access_token"]) for one in tokens)


def redeem(ours, digest: str) -> bool:
    """Redeem a code as this version does, which knows whose it is and adds its tokens at once."""
    code = find_authorization_code(ours, digest)
    tokens = new_bearer_tokens(
        current_app.extensions["services"].settings,
        scope=code.scope,
        client=find_client(ours, EarlierVersion.client_id),
        audience=Resource("api", "http://127.0.0.1:8000/api/v1"),
        origin=code,
        refresh_scope=code.scope,
    )
    values = stored_values(tokens)
    return redeem_authorization_code(ours, digest, client_key=code.client_key, family_id=code.family_id, tokens=values)


# -- at the same moment --------------------------------------------------------------------------


@pytest.mark.parametrize("each_database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_who_comes_while_the_other_is_deciding_finds_it_decided(house):
    changed = []
    with connect(db.engine) as ours, ours.transaction():
        assert redeem(ours, credentials.digest(house.before["code"]))
        waiting = Thread(target=lambda: changed.append(house.old.redeem(house.before["code"])))
        waiting.start()
        _wait_for_a_lock(house.app)
    waiting.join(timeout=20)
    assert changed == [False]


@pytest.mark.parametrize("each_database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_who_comes_while_the_older_version_redeems_is_too_late(house):
    digest = credentials.digest(house.before["code"])
    won = []

    def redeem_here() -> None:
        with house.app.app_context(), connect(house.engine) as ours:
            won.append(redeem(ours, digest))

    with administrator(house.app) as older:
        with older.transaction():
            assert older.execute(_REDEEM, [stored_digest(house.before["code"])]).rowcount == 1
            waiting = Thread(target=redeem_here)
            waiting.start()
            _wait_for_a_lock(house.app)
        waiting.join(timeout=20)
    assert won == [False]


_REDEEM = "UPDATE oauth_codes SET redeemed_at = 1 WHERE digest = %s AND redeemed_at IS NULL"


def _wait_for_a_lock(app: Flask) -> None:
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with administrator(app) as connection:
        wait_until(lambda: connection.execute(waits).fetchone() is not None)


# -- down and up again ---------------------------------------------------------------------------


def test_what_lives_goes_down_and_up_again_with_everything(house):
    """A live consent, its tokens, receipts and the app's secret work before, after, and after going down and up."""
    code, _ = house.old.issue_code()
    tokens, own = house.new.exchange(house.before["code"]).json, house.new.client_credentials().json
    rotated = house.new.refresh(house.before["refresh_token"]).json
    house.new.revoke(house.before["own"])
    assert _triggers() == 0

    downgrade(revision=EARLIER)
    assert _differences() == [] and _triggers() > 0
    alive = [house.old.is_alive(one) for one in (tokens["access_token"], own["access_token"], rotated["access_token"])]
    assert alive == [True] * 3
    assert not house.old.is_alive(house.before["own"])
    assert not house.old.redeem(house.before["code"]) and house.old.rotate(house.before["refresh_token"]) is None
    third = house.old.rotate(rotated["refresh_token"])
    ended = house.old.issue_tokens()
    house.old.run("revoke_family", family=ended["family_id"], at=house.old.at())
    assert _differences() == []

    upgrade()
    assert all(house.new.is_alive(one["access_token"]) for one in (tokens, own, rotated))
    assert not house.new.is_alive(house.before["own"]) and not house.new.is_alive(ended["access_token"])
    assert house.new.refresh(third).status_code == house.new.exchange(code).status_code == 200
    assert _read(select(AccessRecord.count).where(AccessRecord.id == "rec_1")) == 7
    assert house.new.client_credentials().status_code == 200


def test_what_was_issued_here_lives_at_the_version_from_before_the_tables_of_tokens(house):
    """Down past revision 0017 and up again: what that version kept is made of ours."""
    tokens = house.new.exchange(house.before["code"]).json
    house.new.revoke(house.before["own"])
    downgrade(revision=BEGINNING)
    alive = "SELECT revoked_at IS NULL FROM access_tokens WHERE digest = :digest"
    kept = {
        name: _read(text(alive).bindparams(digest=credentials.digest(token)))
        for name, token in (("code's", tokens["access_token"]), ("own", house.before["own"]))
    }
    assert kept == {"code's": True, "own": False}
    upgrade()
    assert house.new.is_alive(tokens["access_token"]) and not house.new.is_alive(house.before["own"])


def test_a_database_that_nobody_has_used_gets_no_triggers_on_its_way_down(empty):
    bring_up_to_date(empty)
    downgrade(revision=EARLIER)
    assert _triggers() == 0


def test_nothing_is_kept_twice(house):
    with db.engine.connect() as connection:
        assert _KEPT_TWICE.keys() & set(inspect(connection).get_table_names()) == set()
    assert _triggers() == 0


def _read(statement: Executable) -> Any:
    """One value, by a transaction of its own: SQLite has one for everybody who writes."""
    with db.engine.begin() as connection:
        return connection.scalar(statement)


def _differences() -> list[str]:
    """The tables of which not every row is there twice."""
    with db.engine.begin() as connection:
        return [
            name
            for name, of in _KEPT_TWICE.items()
            if connection.scalar(text(f"SELECT (SELECT count(*) FROM {name}) <> (SELECT count(*) FROM {of})"))
        ]


def _triggers() -> int:
    table, name = ("sqlite_master", "name") if db.engine.dialect.name == "sqlite" else ("pg_trigger", "tgname")
    with db.engine.begin() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {name} LIKE 'mirror%'"))
