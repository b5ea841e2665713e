"""A real gunicorn with several workers, as ``make run`` starts it, for tests that must cross a socket.

They are forked (:mod:`tests.forked.popen`), which saves them the imports, but for one that a test of the start asks for.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from msgspec import structs

from app import create_app
from app.config import read_settings
from tests.bridged_hosts import VARIABLE, bridged
from tests.compiled import environ_of_compiled
from tests.document_hosts import DocumentHosts
from tests.forked.popen import Forked
from tests.migrated import bring_up_to_date
from tests.ports import free_port

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 30
#: How the README says that a server is started.
GUNICORN = "gunicorn -c python:app.serving wsgi:app"
#: What a server serves to whose pages people sign in again and again.
CHEAP_PASSWORDS = "tests.served:app"


def environ_of_machine() -> dict[str, str]:
    """What a server is told by the machine; not the settings of whoever runs the tests."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. ``app`` is an application of the test's own process on the same database and settings."""

    url: str
    database_url: str
    app: Flask
    pid: int
    _log_path: Path

    @property
    def log(self) -> str:
        """Everything that the server's processes have written so far."""
        return self._log_path.read_text(errors="replace")


@contextmanager
def running_server(
    database_url: str,
    directory: Path,
    *,
    hosts: DocumentHosts | None = None,
    application: str = "wsgi:app",
    begin: Callable[..., subprocess.Popen] = Forked,
    stops: bool = False,
    **environment: str,
) -> Iterator[Server]:
    """A server on a free port and this database, migrated first. ``environment`` adds settings.

    ``hosts`` are those that it asks for apps' documents, instead of the internet's; ``application`` is what it serves;
    ``begin=subprocess.Popen`` starts it with an interpreter of its own; ``stops=True`` lets it say and write at its end
    what it has to, which takes it a second, where others are killed.
    """
    if hosts is not None:
        with (
            bridged(hosts) as told,
            running_server(database_url, directory, begin=begin, stops=stops, **told, **environment) as server,
        ):
            yield server
        return
    port = free_port()
    environ = {
        **environ_of_machine(),
        **environ_of_compiled(),
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-tests-" + "0" * 32,
        "PORT": str(port),
        "ISSUER": f"http://127.0.0.1:{port}",
        "WEB_CONCURRENCY": "3",
        **environment,
    }
    # People whom the test's own process makes have the cheapest passwords.
    app = create_app(structs.replace(read_settings(environ, directory), password_time_cost=1, password_memory_kib=8))
    bring_up_to_date(app)
    log_path = directory / f"server-{port}.log"
    with open(log_path, "wb") as log:
        process = begin(
            [sys.executable, "-m", *shlex.split(_start(environ, application))],
            cwd=_ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", database_url, app, process.pid, log_path)
    try:
        _wait_until_it_answers(server, process)
        yield server
    finally:
        _end(process, stops)


def _end(process: subprocess.Popen, stops: bool) -> None:
    """As Ctrl-C does: nobody else sends it anything, so it need not wait for that as when it is told to terminate."""
    if process.poll() is not None:
        return
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    # Before its workers are killed, so that it puts none in their places. It tidies up behind them.
    process.send_signal(signal.SIGINT)
    if not stops and workers.exists():
        for worker in map(int, workers.read_text().split()):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(environ: dict[str, str], application: str) -> str:
    return GUNICORN.replace("wsgi:app", CHEAP_PASSWORDS if VARIABLE in environ else application)


def _wait_until_it_answers(server: Server, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"The server did not come up:\n{server.log}")
