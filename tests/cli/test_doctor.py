"""``flask doctor`` on deployments that are broken in one way each: it says which, and what to do, and never a secret."""

import json
import os
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
import redis
from msgspec import structs
from sqlalchemy import make_url

from app import clock, create_app
from app.accounts.models import Session, User
from app.config import Settings
from app.credentials import digest
from app.extensions import db
from app.limits.models import RateLimitCounter
from app.mail.models import OutgoingMail
from tests.databases import database_in, for_libpq, new_database
from tests.migrated import bring_up_to_date
from tests.pooler import missing_pgbouncer, running_pooler
from tests.ports import free_port
from tests.redis_servers import running_redis
from tests.resources import _cluster

_KEY = "a-key-0123456789-that-nobody-ever-sees"
_PASSWORD = "hunter2-the-password"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "reliquary.sqlite3"
    bring_up_to_date(create_app(Settings(f"sqlite:///{path}", _KEY, "http://127.0.0.1:8000")))
    return path


@pytest.fixture
def file(migrated, tmp_path) -> Path:
    """A migrated database of the test's own."""
    path = tmp_path / "data" / "reliquary.sqlite3"
    path.parent.mkdir()
    shutil.copy(migrated, path)
    path.chmod(0o600)
    return path


@pytest.fixture
def examine(file, tmp_path):
    """Run the command for a deployment that is well but for ``changes``: its exit code and its findings."""

    def run(**changes) -> tuple[int, list[dict[str, str]]]:
        honest = Settings(f"sqlite:///{file}", _KEY, f"http://127.0.0.1:{free_port()}")
        app = create_app(structs.replace(honest, **changes))
        app.instance_path = str(tmp_path / "instance")
        result = app.test_cli_runner().invoke(args=["doctor", "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert _KEY not in result.output and _PASSWORD not in result.output
        told = json.loads(result.stdout)
        with app.app_context():
            db.engine.dispose()
        return result.exit_code, told["findings"]

    return run


def _find(findings, check: str, level: str) -> dict[str, str]:
    found = [finding for finding in findings if (finding["check"], finding["level"]) == (check, level)]
    assert found, findings
    assert all(finding["do"] for finding in found if level != "ok")
    return found[0]


def _errors(findings) -> set[str]:
    return {finding["check"] for finding in findings if finding["level"] == "error"}


def test_one_that_is_well_has_no_error_and_exit_code_zero(examine):
    code, findings = examine()
    assert (code, _errors(findings)) == (0, set())
    checks = {finding["check"] for finding in findings}
    assert {"keys", "issuer", "disk", "database", "sqlite", "migrations", "clock", "proxies", "purge"} <= checks


def test_a_database_that_nobody_migrated(examine, file):
    file.write_bytes(b"")
    code, findings = examine()
    assert (code, _errors(findings)) == (1, {"migrations"})
    assert _find(findings, "migrations", "error")["do"] == "Run flask db upgrade."


def test_a_database_of_an_older_and_of_a_newer_version(examine, file):
    _set_revision(file, "0016")
    code, findings = examine()
    assert code == 1 and "revision 0016" in _find(findings, "migrations", "error")["says"]
    _set_revision(file, "9999")
    code, findings = examine()
    assert code == 0 and "a later version has migrated it" in _find(findings, "migrations", "warning")["says"]


def _set_revision(file: Path, revision: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.commit()
    connection.close()


def test_a_file_that_was_moved_away_is_not_made_anew(examine, file):
    file.unlink()
    code, findings = examine()
    assert code == 1 and "is not there" in _find(findings, "database", "error")["says"]
    assert not file.exists()


def test_a_server_that_is_away_does_not_stop_the_other_checks(examine):
    code, findings = examine(database_url=f"postgresql+psycopg://anna:{_PASSWORD}@127.0.0.1:{free_port()}/reliquary")
    assert (code, _errors(findings)) == (1, {"database"})
    assert "start PostgreSQL there" in _find(findings, "database", "error")["do"].replace("Start", "start")
    assert {"keys", "issuer", "disk"} <= {finding["check"] for finding in findings}


def test_a_server_that_never_answers_takes_seconds(examine):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        code, findings = examine(
            database_url=f"postgresql+psycopg://anna:{_PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/reliquary"
        )
    assert (code, _errors(findings)) == (1, {"database"}) and time.monotonic() - began < 20


@pytest.fixture
def _as_somebody_else() -> Iterator[Path]:
    """A folder that the one who runs the test may read, and not write."""
    folder = Path(tempfile.mkdtemp(prefix="reliquary-doctor-"))
    yield folder
    os.seteuid(os.getuid())
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_file_and_a_folder_that_may_not_be_written(examine, file, _as_somebody_else):
    shutil.copy(file, _as_somebody_else / "reliquary.sqlite3")
    (_as_somebody_else / "reliquary.sqlite3").chmod(0o444)
    _as_somebody_else.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    code, findings = examine(database_url=f"sqlite:///{_as_somebody_else}/reliquary.sqlite3")
    assert code == 1 and "may not write" in _find(findings, "sqlite", "error")["says"]


def test_a_key_that_others_can_read(examine, tmp_path):
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    (folder / "secret_key").write_text(_KEY)
    (folder / "secret_key").chmod(0o644)
    code, findings = examine()
    assert code == 1
    assert f"chmod 600 {folder}/secret_key" in _find(findings, "permissions", "error")["do"]


def test_memories_that_others_can_read(examine, file):
    file.chmod(0o644)
    code, findings = examine()
    assert code == 0 and _find(findings, "sqlite", "warning")["do"] == f"Run chmod 600 {file}"


def test_memories_in_a_folder_that_others_may_not_enter(examine, file):
    """As ``make run`` leaves them: the file may be read, but its folder is its owner's alone."""
    file.chmod(0o644)
    file.parent.chmod(0o700)
    _, findings = examine()
    assert not [finding for finding in findings if (finding["check"], finding["level"]) == ("sqlite", "warning")]


def test_a_key_that_can_be_guessed_and_one_that_is_still_accepted(examine):
    code, findings = examine(secret_key="0" * 40, secret_key_fallbacks=(_KEY,))
    assert (code, _errors(findings)) == (1, {"keys"})
    assert "SESSION_LIFETIME" in _find(findings, "keys", "warning")["do"]


@pytest.mark.parametrize("key", [f"{_KEY}\n", f"{_KEY},{_KEY}"])
def test_a_key_that_the_list_of_keys_cannot_name(examine, key):
    _, findings = examine(secret_key=key)
    assert "letters and digits" in _find(findings, "keys", "warning")["do"]


def test_a_clock_that_is_wrong(examine, monkeypatch):
    now = clock.now
    monkeypatch.setattr("app.clock.now", lambda: now() + timedelta(minutes=5))
    code, findings = examine()
    assert (code, _errors(findings)) == (1, {"clock"}) and "300." in _find(findings, "clock", "error")["says"]
    monkeypatch.setattr("app.clock.now", lambda: now() + timedelta(seconds=10))
    assert examine()[0] == 0


def test_a_proxy_in_front_that_is_not_trusted(examine, file):
    """Everybody seems to come from it."""
    _sign_in_from(file, "10.0.0.7")
    code, findings = examine(issuer="https://id.example.invalid")
    assert code == 1 and "TRUSTED_PROXIES is 0" in _find(findings, "proxies", "error")["says"]
    code, findings = examine(issuer="https://id.example.invalid", trusted_proxies=1)
    assert code == 0 and "came from addresses inside" in _find(findings, "proxies", "warning")["says"]
    assert "cannot be reached from here" in _find(findings, "issuer", "warning")["says"]


def test_people_without_an_address(examine, file):
    """As at a Unix socket, where nothing in front is counted."""
    _sign_in_from(file, "")
    code, findings = examine()
    assert code == 1 and "came without an address" in _find(findings, "proxies", "error")["says"]


def _sign_in_from(file: Path, address: str) -> None:
    app = create_app(Settings(f"sqlite:///{file}", _KEY, "http://127.0.0.1:8000"))
    with app.app_context():
        user = User(email="a@example.com", name="A", password_hash="x")
        db.session.add(user)
        db.session.flush()
        at = clock.now() + timedelta(days=1)
        db.session.add(Session(digest=digest("x"), user_id=user.id, expires_at=at, address=address))
        db.session.commit()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("status", "answer", "location", "says"),
    [
        (200, b'{"issuer": "https://id.example.com"}', None, "calls itself 'https://id.example.com'"),
        (200, b"<h1>Welcome to nginx</h1>", None, "something that is not this server"),
        (404, b"", None, "answers 404"),
        (301, b"", "https://id.example.com/", "redirects to 'https://id.example.com/'"),
    ],
)
def test_an_issuer_that_leads_elsewhere(examine, status, answer, location, says):
    with _answering(status, answer, location) as port:
        code, findings = examine(issuer=f"http://127.0.0.1:{port}")
    assert (code, _errors(findings)) == (1, {"issuer"})
    assert says in _find(findings, "issuer", "error")["says"]


@contextmanager
def _answering(status: int, body: bytes, location: str | None) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_nobody_who_purges(examine, file):
    app = create_app(Settings(f"sqlite:///{file}", _KEY, "http://127.0.0.1:8000"))
    with app.app_context():
        db.session.add(RateLimitCounter(key="0" * 64, count=1, expires_at=clock.now() - timedelta(days=3)))
        db.session.commit()
        db.engine.dispose()
    code, findings = examine(purge_interval=0)
    found = _find(findings, "purge", "warning")
    assert code == 0 and "nobody has ever purged" in found["says"] and "run flask purge daily" in found["do"]


def test_letters_that_do_not_go_out(examine, file):
    assert _find(examine()[1], "mail", "ok")["says"] == "0 letters wait, and all others went out."
    found = _find(examine(issuer="https://id.example.com")[1], "mail", "warning")
    assert "SMTP_URL is not set" in found["says"]
    unsafe = examine(smtp_url=f"smtp://user:{_PASSWORD}@mail.example.com")[1]
    assert "in clear text" in _find(unsafe, "mail", "warning")["says"]
    _put_letter(file, "failed")
    assert "1 were refused and 0 may not have arrived" in _find(examine()[1], "mail", "warning")["says"]
    _put_letter(file, "waiting")
    found = _find(examine()[1], "mail", "error")
    assert "1 letter waits, and for 60 minutes none has gone out. The last attempt said: 451 not now" in found["says"]
    assert "flask mail list" in found["do"]


def test_one_full_mailbox_while_others_get_their_letters_is_no_fault_of_the_server(examine, file):
    _put_letter(file, "waiting")
    _put_letter(file, "sent", minutes_ago=5)
    assert _find(examine()[1], "mail", "ok")["says"].startswith("1 letter waits")
    later = clock.now() + timedelta(minutes=11)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.clock.now", lambda: later)
        assert "for 16 minutes none has gone out" in _find(examine()[1], "mail", "error")["says"]


def _put_letter(file: Path, state: str, minutes_ago: int = 60) -> None:
    app = create_app(Settings(f"sqlite:///{file}", _KEY, "http://127.0.0.1:8000"))
    at = clock.now() - timedelta(minutes=minutes_ago)
    with app.app_context():
        fields = {"kind": "trial", "recipient": "a@b.c", "facts": {}, "state": state, "says": "451 not now"}
        db.session.add(OutgoingMail(**fields, created_at=at, **{"next_at" if state == "waiting" else "over_at": at}))
        db.session.commit()
        db.engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_every_letter(examine, pytestconfig, encoding):
    with database_in(encoding, pytestconfig.stash[_cluster]) as url:
        code, findings = examine(database_url=url)
    assert code == 1 and _errors(findings) == {"postgresql", "migrations"}
    assert f"stores text as {encoding}:" in _find(findings, "postgresql", "error")["says"]
    assert not [finding for finding in findings if finding["level"] == "ok" and encoding in finding["says"]]
    assert _find(findings, "pooler", "ok")["says"] == "No connection pooler stands in between."


@pytest.mark.postgresql
def test_a_database_that_only_reads(examine, sorted_database_url):
    bring_up_to_date(create_app(Settings(sorted_database_url, _KEY, "http://127.0.0.1:8000")))
    code, findings = examine(database_url=f"{sorted_database_url}&options=-c%20default_transaction_read_only%3Don")
    assert code == 1 and _errors(findings) == {"postgresql"}
    assert "Nothing can be written" in _find(findings, "postgresql", "error")["says"]


@pytest.fixture
def environ(monkeypatch) -> dict[str, str]:
    """What the doctor finds in the environment: nothing of this machine's."""
    names: dict[str, str] = {}
    monkeypatch.setattr("app.cli.doctor.site.os", SimpleNamespace(environ=names))
    return names


def test_a_setting_that_is_spelled_in_another_way_is_told(examine, environ):
    """It is obeyed by nobody, and nothing else says so. What it is stays unsaid: it may be a password."""
    _, findings = examine()
    assert "nothing that reads like a setting" in _find(findings, "settings", "ok")["says"]
    environ |= dict.fromkeys(("REDIS_URI", "trusted_proxies", "DATABASE", "REDIS_PORT"), _PASSWORD)
    code, findings = examine()
    told = [(one["says"].split()[3], one["do"]) for one in findings if one["check"] == "settings"]
    assert code == 0 and told == [
        ("REDIS_URI,", "If REDIS_URL is meant, call it so."),
        ("trusted_proxies,", "If TRUSTED_PROXIES is meant, call it so."),
    ]


def test_a_setting_that_stands_in_a_file_is_one(examine, environ):
    environ |= dict.fromkeys(("SECRET_KEY_FILE", "DATABASE_URL_FILE"), "/run/secrets/one")
    _, findings = examine()
    assert "nothing that reads like a setting" in _find(findings, "settings", "ok")["says"]
    environ["SECRET_KEY_FILES"] = _PASSWORD
    _, findings = examine()
    assert _find(findings, "settings", "warning")["do"] == "If SECRET_KEY_FILE is meant, call it so."


def test_a_database_that_goes_with_its_container(examine, file, monkeypatch):
    monkeypatch.setattr("app.cli.doctor.files._find_filesystem", lambda path: "overlay")
    code, findings = examine()
    found = _find(findings, "sqlite", "warning")
    assert code == 0 and f"{file} lies on overlay" in found["says"] and f"a volume at {file.parent}" in found["do"]


def test_where_no_temporary_file_can_be_written(examine, monkeypatch):
    """As in a container whose disk is read-only, and which nobody gave a ``/tmp``."""

    def find_none():
        raise FileNotFoundError

    monkeypatch.setattr("app.cli.doctor.files.tempfile", SimpleNamespace(gettempdir=find_none))
    code, findings = examine()
    assert code == 1 and "--tmpfs /tmp" in _find(findings, "disk", "error")["do"]
    assert "MB are free" in _find(findings, "disk", "ok")["says"]


@pytest.mark.postgresql
def test_a_schema_may_have_any_name(examine, sorted_database_url):
    with psycopg.connect(for_libpq(make_url(sorted_database_url)), autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "Our-Tables"')
    _, findings = examine(database_url=f"{sorted_database_url}&options=-csearch_path%3D%22Our-Tables%22")
    assert _errors(findings) == {"migrations"}, findings


@pytest.mark.postgresql
def test_the_collation_that_is_told_is_the_one_that_compares(examine, sorted_database_url):
    _, findings = examine(database_url=sorted_database_url)
    says = [finding["says"] for finding in findings if (finding["check"], finding["level"]) == ("postgresql", "ok")]
    assert "the database's own collation is en-US;" in says[1]


@pytest.mark.postgresql
def test_a_pooler_in_front_is_noticed(examine, pytestconfig, tmp_path):
    if missing_pgbouncer():
        pytest.skip(str(missing_pgbouncer()))
    with (
        new_database("postgresql", pytestconfig.stash[_cluster], tmp_path) as url,
        running_pooler(url, default_pool_size="1") as pooler,
    ):
        _, findings = examine(database_url=pooler.url)
        assert "leads to a connection pooler" in _find(findings, "pooler", "ok")["says"]
        _, findings = examine(database_url=f"{pooler.url}?prepare_threshold=5")
        assert "names a prepare_threshold" in _find(findings, "pooler", "warning")["says"]


def test_a_machine_that_trusts_no_authority(examine, tmp_path, monkeypatch):
    _code, findings = examine()
    assert _find(findings, "authorities", "ok")
    (tmp_path / "nobody").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nobody"))
    code, findings = examine()
    assert code == 0 and "ca-certificates" in _find(findings, "authorities", "warning")["do"]
    _code, findings = examine(client_document_hosts_denied=("*",))
    assert "Nothing is fetched" in _find(findings, "authorities", "ok")["says"]


@pytest.mark.skipif("redis_url" not in Settings.__struct_fields__, reason="There is no setting for Redis yet.")
def test_a_redis_that_is_away_is_no_error(examine):
    """Limits go on in each process."""
    code, findings = examine(redis_url=f"redis://:{_PASSWORD}@127.0.0.1:{free_port()}/0")
    assert code == 0 and "does not answer" in _find(findings, "redis", "warning")["says"]


def test_a_redis_that_takes_no_count_is_told_of(examine):
    """It answers, and each process counts for itself all the same."""
    with running_redis() as server, redis.from_url(server.url) as client:
        assert _find(examine(redis_url=server.url)[1], "redis", "ok")["says"] == "Redis answers."
        client.config_set("maxmemory", "100kb")
        assert "is full" in _find(examine(redis_url=server.url)[1], "redis", "warning")["says"]
        client.config_set("maxmemory-policy", "volatile-ttl")
        assert _find(examine(redis_url=server.url)[1], "redis", "ok")
        client.replicaof("127.0.0.1", "1")
        assert "a replica" in _find(examine(redis_url=server.url)[1], "redis", "warning")["says"]
        client.replicaof("no", "one")
        client.acl_setuser(
            "default", enabled=True, nopass=True, reset=True, keys=["*"], categories=["+@all"], commands=["-info"]
        )
        assert _find(examine(redis_url=server.url)[1], "redis", "ok")


@pytest.mark.postgresql
def test_more_workers_than_the_server_has_connections(examine, pytestconfig, tmp_path):
    with new_database("postgresql", pytestconfig.stash[_cluster], tmp_path) as url:
        _, findings = examine(database_url=url, workers=64)
    assert "64 workers may open" in _find(findings, "connections", "warning")["says"]


def test_a_check_that_breaks_or_hangs_is_told_and_stops_no_other(examine, monkeypatch):
    from app.cli.doctor import examination

    def breaks(_deployment):
        raise KeyError(_PASSWORD)

    def hangs(_deployment):
        threading.Event().wait(20)

    rows = (examination.Check("one", breaks), examination.Check("two", hangs), *examination.CHECKS[:1])
    monkeypatch.setattr(examination, "CHECKS", rows)
    monkeypatch.setattr(examination, "MOST_SECONDS", 0.2)
    code, findings = examine()
    assert code == 1 and [finding["check"] for finding in findings] == ["one", "two", "settings"]


def test_a_person_reads_a_line_a_finding_and_what_to_do(file, tmp_path, environ):
    app = create_app(Settings(f"sqlite:///{file}", "0" * 40, f"http://127.0.0.1:{free_port()}"))
    app.instance_path = str(tmp_path / "instance")
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1 and result.stdout.endswith("\n1 errors, 2 warnings.\n")
    assert "error    keys" in result.stdout and "→ Make one by python3" in result.stdout


def test_as_many_registrations_that_nobody_uses_as_may_be(examine, monkeypatch):
    """Nobody can register any more, which nobody would notice."""
    assert "0 apps have registered" in _find(examine()[1], "registrations", "ok")["says"]
    monkeypatch.setattr("app.cli.doctor.database.count_unused", lambda _session: 4100)
    assert "CLIENT_REGISTRATION=token" in _find(examine()[1], "registrations", "warning")["do"]
    monkeypatch.setattr("app.cli.doctor.database.count_unused", lambda _session: 5000)
    code, findings = examine()
    assert code == 0 and "The oldest make room" in _find(findings, "registrations", "warning")["says"]
    assert "is off" in _find(examine(client_registration="off")[1], "registrations", "ok")["says"]
