"""Processor time of gunicorn's workers, told by the kernel, while another process sends them requests."""

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import make_url

from benchmarks.comparison import PEER
from benchmarks.load import Answer, send
from benchmarks.operations import Request
from benchmarks.peers.node import Node

_ROOT = Path(__file__).resolve().parent.parent
_CONNECTIONS = 8
_START_SECONDS = 30


@dataclass(slots=True)
class _Served:
    """A server: where it listens, what it takes itself to be called, and what its workers have used so far, in seconds."""

    port: int
    host: str
    pid: int
    observer: psycopg.Connection | None
    began: float = 0.0
    measured: float = 0.0

    def seconds(self) -> float:
        return sum(_seconds(pid) for pid in _children(self.pid))


class ThroughGunicorn:
    """Starts servers, each under a name, and runs requests on them. They end with the ``with`` block."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._served: dict[str, _Served] = {}
        self._started = ExitStack()

    def __enter__(self) -> "ThroughGunicorn":
        spawn = multiprocessing.get_context("spawn")
        self._load = self._started.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        return self

    def __exit__(self, *_error: object) -> None:
        self._started.close()

    def start_product(self, name: str, environ: dict[str, str]) -> None:
        """Start the product as its own settings have it."""
        port = int(environ["PORT"])
        pid = self._started.enter_context(_gunicorn("app.serving", "wsgi:app", environ, self._directory))
        host, observer = urlsplit(environ["ISSUER"]).netloc, self._observe(environ["DATABASE_URL"])
        self._served[name] = _Served(port, host, pid, observer)

    def start_bare(self, name: str, app: str, environ: dict[str, str]) -> None:
        """Start an app with no database as the product is started."""
        port = free_port()
        environ = environ | {"PORT": str(port)}
        pid = self._started.enter_context(_gunicorn("benchmarks.bare_serving", app, environ, self._directory))
        self._served[name] = _Served(port, f"127.0.0.1:{port}", pid, None)

    def start_peer(self, peer: Node, database_url: str) -> None:
        """Start another server, with as many workers as there are cores, and let its person sign in."""
        port = free_port()
        command, environ = peer.command(database_url, self._directory, port)
        started = _started(command, environ, port, os.cpu_count() or 1, self._directory)
        pid = self._started.enter_context(started)
        peer.sign_in(port)
        self._served[PEER] = _Served(port, f"127.0.0.1:{port}", pid, self._observe(database_url))

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]:
        """User and system time of the server's workers for all requests, in seconds, and their answers."""
        served = self._served[target]
        workers = _children(served.pid)
        wire = [_wire(request, served.host) for request in requests]
        begin = served.seconds()
        answers = self._load.submit(send, served.port, wire, _CONNECTIONS).result()
        seconds = served.seconds() - begin
        assert _children(served.pid) == workers, "A worker was replaced meanwhile."
        served.measured += seconds
        return seconds, answers

    def begin_count(self) -> None:
        """What was used so far, to start and to become warm, is no part of :meth:`unmeasured`."""
        for served in self._served.values():
            served.began, served.measured = served.seconds(), 0.0

    def unmeasured(self) -> dict[str, float]:
        """What the workers of each server have used while nobody asked them, as a part of what they used when asked."""
        return {
            name: (served.seconds() - served.began) / served.measured - 1
            for name, served in self._served.items()
            if served.measured
        }

    def peak_megabytes(self) -> dict[str, float]:
        """The most memory that a worker of each server has had so far, in 10^6 bytes."""
        return {
            name: max(_peak_bytes(worker) for worker in _children(served.pid)) / 1e6
            for name, served in self._served.items()
        }

    def database_seconds(self, target: str) -> dict[int, float]:
        """What each PostgreSQL process that serves its database has used so far; empty if none is on this machine."""
        observer = self._served[target].observer
        if observer is None:
            return {}
        rows = observer.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid: _seconds(pid) for (pid,) in rows if _is_postgresql(pid)}

    def _observe(self, database_url: str) -> psycopg.Connection | None:
        """A connection that sees who else is connected; None for SQLite, which has no processes of its own."""
        if database_url.startswith("sqlite"):
            return None
        parsed = make_url(database_url).set(drivername="postgresql").difference_update_query(["prepare_threshold"])
        url = parsed.render_as_string(hide_password=False)
        return self._started.enter_context(psycopg.connect(url, autocommit=True))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _gunicorn(config: str, app: str, environ: dict[str, str], directory: Path) -> AbstractContextManager[int]:
    command = [sys.executable, "-m", "gunicorn", "-c", f"python:{config}", app]
    return _started(command, environ, int(environ["PORT"]), int(environ["WEB_CONCURRENCY"]), directory)


@contextmanager
def _started(command: list[str], environ: dict[str, str], port: int, workers: int, directory: Path) -> Iterator[int]:
    """A server that answers on the port, with so many workers; the id of its master process."""
    log_path = directory / f"server-{port}.log"
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_it_is_up(process, port, workers, log_path)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_is_up(process: subprocess.Popen, port: int, workers: int, log_path: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            # It listens before the last of its workers is there.
            if len(_children(process.pid)) == workers:
                return
        time.sleep(0.05)
    raise RuntimeError(f"A server did not come up:\n{log_path.read_text(errors='replace')}")


def _wire(request: Request, host: str) -> bytes:
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(request.body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def _children(pid: int) -> list[int]:
    """gunicorn's workers: it has no other children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int) -> float:
    """User and system time of a process so far, to the nanosecond: /proc/PID/stat would count in hundredths."""
    # The clock id of another process, as clock_getcpuclockid(3) makes it on Linux.
    return time.clock_gettime((~pid << 3) | 2)


def _peak_bytes(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _is_postgresql(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except OSError:
        return False


def server_environ(database_url: str) -> dict[str, str]:
    """The environment of both servers, and the settings of the product in this process."""
    port = free_port()
    return {name: value for name, value in os.environ.items() if not name.startswith("GUNICORN")} | {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-benchmarks-" + "0" * 32,
        "PORT": str(port),
        "ISSUER": f"http://127.0.0.1:{port}",
        "WEB_CONCURRENCY": "2",
        # Codes are made long before they are redeemed.
        "AUTHORIZATION_CODE_LIFETIME": "600",
        # Counted as ever, and never reached.
        "API_CALLS_PER_MINUTE": "1000000",
    }
