"""The management port of a real server: what it answers, and that nothing else stands in its way."""

import json
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from app import create_app
from app.config import read_settings
from tests.clone import get
from tests.forked.popen import run_forked
from tests.migrated import bring_up_to_date
from tests.ports import free_port
from tests.server import environ_of_machine, running_server

_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with a management port, and the address of that."""
    directory, port = tmp_path_factory.mktemp("managed"), free_port()
    database_url = f"sqlite:///{directory}/managed.sqlite3"
    with running_server(database_url, directory, MANAGEMENT_PORT=str(port), WEB_CONCURRENCY="2") as server:
        yield server, f"http://127.0.0.1:{port}"


def test_it_tells_health_and_readiness(served):
    _, management = served
    assert get(f"{management}/healthz") == (200, b'{"status":"ok"}\n')
    assert get(f"{management}/readyz") == (200, b'{"status":"ok"}\n')


def test_it_answers_nothing_else(served):
    server, management = served
    assert get(f"{management}/sign-in")[0] == 404
    assert get(f"{management}/oauth/token")[0] == 404
    # And nothing that is asked here is answered there.
    assert get(f"{server.url}/metrics")[0] == 404
    with pytest.raises(urllib.request.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(f"{management}/healthz", b"x"), timeout=10)
    assert (error.value.code, error.value.headers["Allow"]) == (405, "GET, HEAD")


def test_a_head_has_no_body(served):
    _, management = served
    with urllib.request.urlopen(urllib.request.Request(f"{management}/readyz", method="HEAD"), timeout=10) as answer:
        assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (200, b"", "16")


def test_an_ipv6_address_may_be_named(tmp_path):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    with running_server(f"sqlite:///{tmp_path}/x.sqlite3", tmp_path, MANAGEMENT_PORT=f"[::1]:{port}"):
        assert json.loads(get(f"http://[::1]:{port}/readyz")[1]) == {"status": "ok"}


@pytest.mark.parametrize("kind", ["taken", "the main port", "not ours"])
def test_an_address_that_cannot_be_listened_to_stops_the_start_with_one_sentence(kind, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, other = free_port(), taken.getsockname()[1]
        setting, sentence = {
            "taken": (str(other), f"MANAGEMENT_PORT {other} is taken; stop what uses it or choose another."),
            "the main port": (str(port), f"MANAGEMENT_PORT {port} is where requests come in; choose another."),
            "not ours": (
                f"192.0.2.1:{other}",
                f"MANAGEMENT_PORT cannot be listened to at 192.0.2.1 port {other}: Cannot assign requested address.",
            ),
        }[kind]
        environ = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
            "SECRET_KEY": "only-for-tests-" + "0" * 32,
            **environ_of_machine(),
        }
        bring_up_to_date(create_app(read_settings(environ, tmp_path)))
        started = run_forked(
            [sys.executable, "-m", "gunicorn", "-c", "python:app.serving", "wsgi:app"],
            cwd=_ROOT,
            env=environ | {"PORT": str(port), "MANAGEMENT_PORT": setting},
            timeout=60,
        )
    assert started.returncode == 1
    assert started.stderr.splitlines()[-1] == f"Reliquary cannot start: {sentence}"
    assert "Traceback" not in started.stderr
