"""The version before goes on working on the migrated database, until its last server is replaced."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import upgrade

from app import create_app, credentials
from app.config import Settings
from app.extensions import db
from tests.database.running_version import REDIRECT_URI, RUNNING, SCOPE, STATEMENT_NAMES, RunningVersion
from tests.migrated import bring_up_to_date

_V = RunningVersion
_DIGEST, _OTHER, _HANDLE = b"1" * 32, b"2" * 32, "3" * 64
_SOON = "2120-01-01 00:00:00.000000+00:00"
_NOW = "2026-03-01 12:00:00.000005+00:00"
#: The same in the tables of tokens, where they are microseconds since 1970.
_ISSUED, _EXPIRES = 1_772_366_400_000_005, 4_733_510_400_000_000
_TOKEN = {"client_key": _V.client_id, "family_id": 1, "audience": "api", "scope": SCOPE} | {
    "issued_at": _ISSUED,
    "expires_at": _EXPIRES,
}
_HELD = {"held_client": _V.client_id, "held_family": 1}
_REQUEST = {"handle_digest": _HANDLE, "at": _NOW, "user": _V.user_id}
_PAIR = {"user": _V.user_id, "client": _V.client_id, "installation": ""}
_CONSENT = {"grant": _V.grant_id, "user": _V.user_id}

#: What that version does, in an order in which it can: a statement, its values, and how many rows it finds or changes.
_ACTS = (
    ("find_password", {"email": "a@acme.example"}, 1),
    ("limits_count", {"key": "k", "first_count": 1, "window_end": _SOON, "at": _NOW, "amount": 1}, 1),
    ("limits_find", {"key_": "k", "at": _NOW}, 1),
    ("limits_clear", {"key_": "k"}, 1),
    ("limits_clear_all", {}, 0),
    ("sessions_find_signed_in", {"digest": _HANDLE, "at": _NOW}, 0),
    (
        "audit_add_event",
        {"id": "evt_1", "occurred_at": _NOW, "kind": "client.created", "actor_user_id": _V.user_id}
        | {"organization_id": _V.organization_id, "client_key": _V.client_id, "details": json.dumps({})},
        1,
    ),
    ("cross_origin_find_any", {"origin_": "https://a.example"}, 0),
    ("cross_origin_find_own", {"client": _V.client_id, "origin_": "https://a.example"}, 0),
    ("cross_origin_find_client", {"client": _V.client_id}, 1),
    (
        "find_client",
        {"client_id": _V.client_id, "secret_digest": credentials.digest(_V.client_secret), "at": _NOW},
        1,
    ),
    ("touch_secret", {"secret_digest": credentials.digest(_V.client_secret), "at": _NOW}, 1),
    ("self_registration_find_default", {"client": _V.client_id}, 0),
    ("self_registration_note_use", {"client": _V.client_id, "at": _NOW}, 0),
    ("playground_find_open", {"client": _V.client_id, "at": _NOW}, 0),
    ("drop_expired", {"network": "n", "at": _NOW}, 0),
    ("count_unsigned", {"network": "n"}, 1),
    (
        "insert_request",
        {"digest": _HANDLE, "browser_digest": "4" * 64, "client_key": _V.client_id, "user_id": None, "network": "n"}
        | {"parameters": "{}", "defect": None, "memento_ids": "", "writable_ids": ""}
        | {"issued_at": _NOW, "expires_at": _SOON},
        1,
    ),
    ("find_request", {"handle_digest": _HANDLE}, 1),
    ("renew_request", {**_REQUEST, "network": None, "until": _SOON}, 1),
    ("choose_account", _REQUEST, 1),
    ("save_choice", {**_REQUEST, "chosen": "all", "chosen_ids": "", "chosen_writable_ids": ""}, 1),
    ("remember_shown_picker", {"handle_digest": _HANDLE, "seal": "s"}, 1),
    ("remember_shown_consent", {"handle_digest": _HANDLE, "seal": "s"}, 1),
    ("lock_user", {"user": _V.user_id}, 1),
    ("lock_client", {"client": _V.client_id}, 1),
    ("lock_consent", {"user": _V.user_id, "client": _V.client_id}, 1),
    ("lock_request", {"handle_digest": _HANDLE}, 1),
    (
        "release_request",
        {"handle_digest": _HANDLE, "at": _NOW, "user_id": _V.user_id, "from_network": None, "selection": None}
        | {"no_ids": "", "account_chosen_at": None},
        1,
    ),
    ("consume_request", _REQUEST, 1),
    ("consents_lock_person", {"user": _V.user_id}, 1),
    ("consents_lock", {**_CONSENT, "at": _NOW}, 1),
    ("consents_read", _CONSENT, 1),
    ("find_consent", {"user_id": _V.user_id, "client_key": _V.client_id, "installation": "", "at": _NOW}, 1),
    ("consents_find_open", _PAIR, 1),
    (
        "consents_upsert",
        {**_PAIR, "grant_id": "grant_2", "scope": SCOPE, "declined": "", "selection": "selected", "resources": "api"}
        | {"at": _NOW, "until": None, "resumes": True},
        1,
    ),
    ("consents_list_of_client", {"client": _V.client_id}, 1),
    ("consents_list_with_memento", {"memento": _V.memento_id, "at": _NOW}, 1),
    ("consents_delete_choice", {"grant": _V.grant_id}, 1),
    ("consents_insert_choice", {**_CONSENT, "memento": _V.memento_id, "may_write": True}, 1),
    ("consents_set_choice", {"grant": _V.grant_id, "chosen": "selected", "at": _NOW}, 1),
    ("consents_set_end", {"grant": _V.grant_id, "until": None}, 1),
    ("consents_set_pause", {"grant": _V.grant_id, "since": None}, 1),
    ("consents_add_event", {"grant": _V.grant_id, "at": _NOW, "kind": "given", "actor": "person", "changed": "{}"}, 1),
    ("touch_consent", {"consent": _V.grant_id, "at": _NOW}, 1),
    (
        "saved_insert",
        {"user_id": _V.user_id, "client_key": _V.client_id}
        | {"memento_id": _V.memento_id, "integration_id": _V.integration_id},
        1,
    ),
    ("saved_find", {"user": _V.user_id, "client": _V.client_id}, 1),
    ("insert_family", {"grant_id": _V.grant_id, "issued_at": _ISSUED}, 1),
    ("insert_code", {**_TOKEN, "digest": _DIGEST, "redirect_uri": REDIRECT_URI, "code_challenge": None}, 1),
    ("find_code", {"code_digest": _DIGEST}, 1),
    ("redeem_code", {**_HELD, "code_digest": _DIGEST, "at": _ISSUED}, 1),
    ("redeem_code", {**_HELD, "code_digest": _DIGEST, "at": _ISSUED}, 0),
    ("insert_access_token", {**_TOKEN, "digest": _DIGEST}, 1),
    ("insert_refresh_token", {**_TOKEN, "digest": _DIGEST}, 1),
    ("find_access_token", {"token_digest": _DIGEST}, 1),
    ("find_speaking_token", {"token_digest": _DIGEST}, 1),
    ("find_refresh_token", {"token_digest": _DIGEST}, 1),
    (
        "rotate_refresh_token",
        {**_HELD, "token_digest": _DIGEST, "at": _ISSUED, "next_digest": _OTHER, "next_salt": _OTHER},
        1,
    ),
    (
        "rotate_refresh_token",
        {**_HELD, "token_digest": _DIGEST, "at": _ISSUED, "next_digest": _OTHER, "next_salt": _OTHER},
        0,
    ),
    ("insert_refresh_token", {**_TOKEN, "digest": _OTHER}, 1),
    ("count_repeat", {**_HELD, "token_digest": _DIGEST, "most": 1}, 1),
    ("count_repeat", {**_HELD, "token_digest": _DIGEST, "most": 1}, 0),
    ("revoke_access_token", {"token_digest": _DIGEST, "at": _ISSUED}, 1),
    ("revoke_family", {"family": 1, "at": _ISSUED}, 1),
    ("revoke_family", {"family": 1, "at": _ISSUED}, 0),
    ("insert_replay", {"family_id": "fam_1", "grant_id": _V.grant_id, "presented": "code", "at": _NOW}, 1),
    ("consents_end", {**_CONSENT, "at": _NOW}, 1),
    ("consents_end_by_grant", {"grant": _V.grant_id, "at": _NOW}, 0),
    ("drop_oldest", {"user": _V.user_id}, 1),
    ("drop", {"digest_": _HANDLE}, 0),
)


@pytest.fixture
def migrated(each_database_url) -> Iterator[Flask]:
    """An app on a database that the version before has used, and that was then migrated to the newest revision."""
    app = create_app(Settings(each_database_url, "only-for-tests-" + "0" * 32, "http://127.0.0.1:8000"))
    with app.app_context():
        bring_up_to_date(app, RUNNING)
        RunningVersion(db.engine).add_people()
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_every_statement_of_the_running_version_works_on_the_newest_database(migrated):
    """A revision may add, and may not take away what a server that still runs reads or writes."""
    running = RunningVersion(db.engine)
    told = [(name, running.run(name, **values)) for name, values, _ in _ACTS]
    assert told == [(name, rows) for name, _, rows in _ACTS]


def test_every_recorded_statement_is_run():
    assert {name for name, _, _ in _ACTS} == set(STATEMENT_NAMES)
