"""The server as it is really run: gunicorn with our settings, in processes of its own."""

import json
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app import create_app
from app.config import Settings
from tests.clone import Clone, get, read_welcome
from tests.migrated import bring_up_to_date
from tests.ports import free_port
from tests.server import GUNICORN, running_server

_SECRET = "rlq_ac_" + "0123456789abcdef" * 4


# -- gunicorn ------------------------------------------------------------------------------------


def test_several_workers_serve_and_none_shares_a_connection(server):
    assert len(_children(server.pid, 3)) == 3
    for _ in range(20):
        assert get(f"{server.url}/readyz") == (200, b'{"status":"ok"}\n')


def test_a_static_file_comes_whole(server):
    """A stylesheet is a file, which gunicorn would hand to the kernel to send."""
    path = Path(__file__).resolve().parent.parent / "static" / "css" / "tokens.css"
    assert get(f"{server.url}/static/css/tokens.css") == (200, path.read_bytes())


def test_an_address_line_that_is_too_long_is_refused(server):
    assert get(f"{server.url}/oauth/authorize?state={'x' * 8000}")[0] < 500
    assert get(f"{server.url}/oauth/authorize?state={'x' * 9000}")[0] == 414


def test_no_address_and_no_credential_is_logged(server):
    get(f"{server.url}/oauth/authorize?state=only-in-the-address&code={_SECRET}")
    # gunicorn quotes a request line that it cannot read.
    with socket.create_connection(urlsplit(server.url).netloc.split(":")) as connection:
        connection.sendall(f"G\x01T /?code={_SECRET} HTTP/1.1\r\n\r\n".encode())
        assert b" 400 " in connection.recv(1000)
    assert "Invalid request from ip=127.0.0.1" in server.log
    assert _SECRET[-20:] not in server.log and "only-in-the-address" not in server.log


def test_every_line_of_the_log_is_a_record(server):
    record = re.compile(r"\d{4}-\d\d-\d\dT\S+Z [A-Z]+ \[\d+\] ")
    assert server.log
    assert [line for line in server.log.splitlines() if not record.match(line)] == []


def test_who_sends_forwarded_headers_is_not_believed(server):
    """Without TRUSTED_PROXIES nobody is a proxy, also not who is on this machine."""
    request = urllib.request.Request(f"{server.url}/sign-in", headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(request) as response:
        assert "Strict-Transport-Security" not in response.headers


def test_it_starts_as_the_readme_says_and_stops_when_it_is_told_to(tmp_path):
    """With an interpreter of its own, and the application that is served in earnest."""
    processes: list[subprocess.Popen] = []

    def begin(*arguments, **options) -> subprocess.Popen:
        processes.append(subprocess.Popen(*arguments, **options))
        return processes[0]

    with running_server(f"sqlite:///{tmp_path}/x.sqlite3", tmp_path, begin=begin, WEB_CONCURRENCY="1") as server:
        assert processes[0].args[1:] == ["-m", *GUNICORN.split()]
        assert get(f"{server.url}/readyz") == (200, b'{"status":"ok"}\n')
        processes[0].terminate()
        assert processes[0].wait(timeout=20) == 0
    assert "Traceback" not in server.log


# -- make run ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started_once(tmp_path_factory):
    """A clone after its first start, the port it was started on, and what it said then.

    All its starts are forked. ``make run`` starts it with an interpreter of its own in ``test_readme``.
    """
    clone, port = Clone(tmp_path_factory.mktemp("started") / "clone"), str(free_port())
    yield clone, port, clone.welcome(PORT=port)
    clone.stop()


@pytest.fixture
def fresh(started_once):
    """The same clone as it was before its first start, which has what it needs to fork."""
    clone, _, _ = started_once
    made, kept = clone.path / "instance", clone.path / "kept"
    made.rename(kept)
    yield clone
    clone.kill()
    shutil.rmtree(made)
    kept.rename(made)


@pytest.fixture
def migrated(tmp_path) -> str:
    """The address of an SQLite database that is up to date, as every later start finds it."""
    url = f"sqlite:///{tmp_path}/migrated.sqlite3"
    bring_up_to_date(create_app(Settings(url, "0" * 32, "http://127.0.0.1:8000")))
    return url


def test_the_first_start_says_how_to_sign_in_and_what_to_try(started_once):
    clone, port, welcome = started_once
    assert f"Reliquary is at http://127.0.0.1:{port} " in welcome
    assert f"Passkeys are at http://localhost:{port}:" in welcome
    data = json.loads((clone.path / "instance" / "demonstration.json").read_text())
    for user in data["users"]:
        assert user["email"] in welcome and user["password"] in welcome


def test_the_secret_is_kept_for_its_owner_alone_and_not_printed(started_once):
    clone, _, welcome = started_once
    kept = clone.path / "instance" / "demonstration.json"
    (confidential,) = (one for one in json.loads(kept.read_text())["clients"] if one["type"] == "confidential")
    assert confidential["client_secret"].startswith("rlq_cs_")
    assert "rlq_cs_" not in welcome and "instance/demonstration.json" in welcome
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_later_start_says_the_same_and_adds_nothing(started_once):
    clone, port, first = started_once
    kept = (clone.path / "instance" / "demonstration.json").read_bytes()
    process = clone.start(int(port))
    assert read_welcome(process) == first
    assert (clone.path / "instance" / "demonstration.json").read_bytes() == kept
    url = re.search(r"http://127\.0\.0\.1:\d+/demonstration/", first).group()
    status, page = get(url)
    assert status == 200 and b"Connect your memories" in page
    children = _children(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert "Traceback" not in process.stderr.read()
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_a_second_database_leaves_what_is_kept_of_the_first_alone(started_once, migrated):
    clone, _, _ = started_once
    kept = (clone.path / "instance" / "demonstration.json").read_bytes()
    welcome = clone.welcome(DATABASE_URL=migrated)
    other = re.search(r"secret is in (instance/demonstration-[0-9a-f]{8}\.json)", welcome)[1]
    assert (clone.path / "instance" / "demonstration.json").read_bytes() == kept != (clone.path / other).read_bytes()


def test_a_public_issuer_gets_no_people_whose_passwords_everybody_knows(started_once, migrated):
    clone, _, _ = started_once
    settings = {"ISSUER": "https://id.example.com", "SECRET_KEY": "0" * 32}
    welcome = clone.welcome(DATABASE_URL=migrated, **settings)
    assert "Sign in" not in welcome and "before SMTP_URL is set; flask users create" in welcome
    settings["SMTP_URL"] = "smtp://127.0.0.1:1"
    welcome = clone.welcome(DATABASE_URL=migrated, **settings)
    assert "Sign up at https://id.example.com/sign-up" in welcome and "Sign in" not in welcome


def test_two_that_start_together_on_a_fresh_clone_both_serve(fresh):
    started = [fresh.start(port) for port in (free_port(), free_port())]
    welcomes = [read_welcome(process) for process in started]
    assert ["Sign in with one of these" in welcome for welcome in welcomes] == [True, True]


def test_a_taken_port_is_one_sentence(started_once, tmp_path):
    clone, _, _ = started_once
    kept = sorted((clone.path / "instance").iterdir())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        database_url = f"sqlite:///{tmp_path}/never.sqlite3"
        _, error = (process := clone.start(port, DATABASE_URL=database_url)).communicate(timeout=30)
    assert process.returncode == 1
    assert error == (
        f"Reliquary cannot start: port {port} is taken;"
        " stop what uses it or choose another, as in: make run PORT=8001\n"
    )
    # Nothing was made, also no database.
    assert sorted((clone.path / "instance").iterdir()) == kept and not any(tmp_path.iterdir())


def test_an_issuer_of_this_machines_other_address_is_listened_to(started_once):
    """``make run`` and gunicorn read the same setting; without PORT, the issuer's own port counts."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    clone, _, _ = started_once
    process = clone.start(PORT="", ISSUER=f"http://[::1]:{port}")
    assert f"http://[::1]:{port}" in read_welcome(process)
    assert get(f"http://[::1]:{port}/healthz")[0] == 200
    process.terminate()
    assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    "url", ["sqlite:////no/such/folder/x.sqlite3", "postgresql://nobody@127.0.0.1:1/none"], ids=["sqlite", "postgresql"]
)
def test_a_database_that_does_not_work_is_one_sentence(started_once, url):
    clone, _, _ = started_once
    _, error = (process := clone.start(DATABASE_URL=url)).communicate(timeout=30)
    assert process.returncode == 1
    assert error.startswith("Reliquary cannot start: the database does not work: ") and error.count("\n") == 1


# -- small things --------------------------------------------------------------------------------


def _children(pid: int, count: int = 1) -> list[int]:
    """The worker processes, once there are that many."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        if len(found) >= count:
            return found
        time.sleep(0.02)
    return []
