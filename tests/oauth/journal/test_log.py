"""What the record of a request keeps, and nothing that must not be kept: what, how many, how long, and at what cost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from app import clock
from app.extensions import db
from app.oauth.journal import log as request_log
from app.oauth.journal.log import RequestLog
from app.oauth.journal.record import RequestRecord
from app.oauth.refusals import Reason
from tests.tables import each

# -- what is not kept ------------------------------------------------------------------------------


def test_nothing_secret_and_nobody_stands_in_any_column(app, notebook, signed_in, alice, records):
    """Also when every value is sent in every place where it does not belong."""
    code = notebook.code_by_consent(signed_in)
    tokens = notebook.exchange(code).json
    secrets = [code, notebook.client_secret, notebook.code_verifier, tokens["access_token"], tokens["refresh_token"]]
    secrets += ["S0mething-Secret-And-Long_1", alice.id, alice.email, tokens["grant_id"]]
    for value in secrets:
        notebook.exchange(value), notebook.refresh(value), notebook.exchange(code, code_verifier=value)
        for name in ("grant_type", "redirect_uri", "scope", "resource", "code_verifier", "unknown"):
            notebook.exchange(code, **{name: value})
        for name in ("redirect_uri", "scope", "state", "prompt", "code_challenge", "response_type", "resource"):
            notebook.start(signed_in, **{name: value})
        for uri in (f"?code={value}", f"/{value}", f"#{value}", f"?{value}", f"?x=1&state={value}"):
            notebook.start(signed_in, redirect_uri=notebook.redirect_uri + uri)
        notebook.start(signed_in, redirect_uri=f"https://name:{value}@notebook.acme.example/callback")
        notebook.start(signed_in, redirect_uri=f"name:{value}@notebook.acme.example/callback")
    kept = records(notebook)
    assert len(kept) > 100
    columns = RequestRecord.__mapper__.column_attrs.keys()
    text = "\n".join(str([getattr(record, column) for column in columns]) for record in kept)
    # Neither whole, nor what remains when it is cut off.
    assert [value for value in [*secrets, notebook.state] if value[-20:] in text or value[:20] in text] == []


@each(
    ("sent", "shown"),
    [
        ("https://notebook.acme.example/callback/", "https://notebook.acme.example/callback/"),
        ("https://notebook-git-branch-1234.preview.example/cb", "https://notebook-git-branch-1234.preview.example/cb"),
        ("https://notebook.acme.example/callback?next=/home&a", "https://notebook.acme.example/callback?next=…&a"),
        ("https://user:word@notebook.acme.example/callback", "https://notebook.acme.example/callback"),
        ("https://notebook.acme.example/callback#token", "https://notebook.acme.example/callback#…"),
        ("https://notebook.acme.example/0123456789abcdef0123", "https://notebook.acme.example/…"),
        ("com.acme.notebook:/callback", "com.acme.notebook:/callback"),
        ("notebook.acme.example", "notebook.acme.example"),
    ],
)
def test_of_an_address_what_differs_can_be_seen_and_no_value(notebook, signed_in, records, sent, shown):
    notebook.start(signed_in, redirect_uri=sent)
    assert records(notebook)[-1].redirect_uri == shown


def test_what_a_registered_address_holds_too_is_shown(register, signed_in, records):
    client = register("https://acme.example/tenants/0123456789abcdef0123/callback?env=prod")
    client.start(signed_in, redirect_uri="https://acme.example/tenants/0123456789abcdef0123/callback?env=prod&a=b")
    assert records(client)[-1].redirect_uri.endswith("/0123456789abcdef0123/callback?env=prod&a=…")


def test_an_address_that_is_too_long_is_cut(notebook, signed_in, records):
    notebook.start(signed_in, redirect_uri="https://notebook.acme.example/" + "a/" * 2000)
    assert len(records(notebook)[-1].redirect_uri) == 2000


@each(
    ("sent", "shown"),
    [
        ("openid https://example.com/auth/drive.readonly", "openid https://example.com/auth/drive.readonly"),
        ("memories:reed  memories:reed", "memories:reed"),
        ("memories:read 0123456789abcdef zażółć", "memories:read …"),
        ("abcdefghijklmnopqrstuvwxyz", "…"),
    ],
)
def test_of_a_scope_names_are_kept(notebook, signed_in, records, sent, shown):
    notebook.start(signed_in, scope=sent)
    assert records(notebook)[-1].scope == shown


# -- how many, how long, and what it costs ---------------------------------------------------------


def test_failures_and_successes_are_capped_each_for_themselves(notebook, pocket, records, monkeypatch):
    pocket.refresh("kept")
    for _ in range(3):
        notebook.client_credentials(scope="unknown")
    with monkeypatch.context() as patch:
        patch.setattr(request_log, "MOST_FAILURES", 4)
        patch.setattr(request_log, "MOST_SUCCESSES", 2)
        records(notebook)
        for _ in range(7):
            notebook.client_credentials()
        for _ in range(2):
            notebook.client_credentials(grant_type=None)
        kept = records(notebook)
    expected = [Reason.SCOPE_UNKNOWN] * 2 + [Reason.GRANT_TYPE_MISSING] * 2
    assert [record.reason for record in kept if record.error] == expected
    assert len([record for record in kept if not record.error]) == 2
    assert len(records(pocket)) == 1


def test_no_more_waits_in_memory_than_is_kept(app, notebook):
    log = app.extensions["services"].notes.of(RequestLog)
    for _ in range(request_log.MOST_SUCCESSES + 5):
        notebook.client_credentials()
    assert len(log._notes[notebook.client_id]) == request_log.MOST_SUCCESSES
    assert log._count == sum(map(len, log._notes.values()))


def test_processes_that_write_at_once_wait_for_each_other_and_keep_the_cap(app, notebook, pocket, records):
    """Each cuts off what is too much of the same clients."""
    most = request_log.MOST_FAILURES

    def write(_process: int) -> None:
        with app.app_context():
            for order in ((notebook, pocket), (pocket, notebook)):
                app.extensions["services"].notes.of(RequestLog)._write(
                    {client.client_id: waiting(client) for client in order}
                )

    def waiting(client) -> request_log._Notes:
        notes = request_log._Notes.none()
        note = request_log._Note(clock.now(), "token", None, "", "", [], "invalid_grant", Reason.CODE_UNKNOWN)
        notes.failures.extend([note] * most)
        return notes

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(8)))
    assert (len(records(notebook)), len(records(pocket))) == (most, most)


def test_when_too_much_waits_the_first_client_gives_way(notebook, pocket, records, monkeypatch):
    monkeypatch.setattr(request_log, "_MOST_NOTES", 3)
    notebook.client_credentials(), notebook.client_credentials()
    for _ in range(3):
        pocket.refresh("unknown")
    assert (len(records(notebook)), len(records(pocket))) == (0, 3)


def test_what_could_not_be_written_is_kept_for_the_next_time_in_its_order(app, notebook, records, monkeypatch):
    notebook.client_credentials(scope="unknown")

    def fail(_engine, _notes) -> None:
        # Others go on while this one tries.
        notebook.client_credentials(grant_type=None), notebook.client_credentials()
        raise OSError("The database is away.")

    with monkeypatch.context() as patch, app.app_context():
        patch.setattr(request_log, "_write", fail)
        with pytest.raises(OSError, match="away"):
            app.extensions["services"].notes.of(RequestLog).flush()
    notebook.client_credentials(grant_type="password")
    expected = [Reason.SCOPE_UNKNOWN, Reason.GRANT_TYPE_MISSING, None, Reason.GRANT_TYPE_UNSUPPORTED]
    assert app.extensions["services"].notes.of(RequestLog)._count == len(expected)
    assert [record.reason for record in records(notebook)] == expected


def test_what_is_older_than_thirty_days_goes_when_something_is_written(app, notebook, records):
    with app.app_context():
        for days in (29, 31):
            old = {"client_id": notebook.client_id, "at": clock.now() - timedelta(days=days), "endpoint": "token"}
            db.session.execute(insert(RequestRecord).values(**old))
        db.session.commit()
    notebook.client_credentials()
    assert len(records(notebook)) == 2


def test_a_deleted_client_takes_its_records_and_its_notes_along(app, notebook, records, delete_client):
    notebook.client_credentials()
    assert len(records(notebook)) == 1
    notebook.client_credentials()
    delete_client(notebook)
    assert records(notebook) == []


def test_a_token_request_neither_writes_nor_reads_for_its_record(app, notebook, records):
    """What the hot path runs on is not SQLAlchemy's connection, which only the writing down uses."""
    notebook.client_credentials()
    records(notebook)
    seen = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    before = len(seen)
    notebook.client_credentials()
    assert len(seen) == before
    assert len(records(notebook)) == 2
    assert any("request_records" in statement for statement in seen)
