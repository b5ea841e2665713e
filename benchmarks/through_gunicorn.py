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
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from benchmarks.load import Answer, send
from benchmarks.operations import Request
from benchmarks.peers.node import Node

_ROOT = Path(__file__).resolve().parent.parent
_CONNECTIONS = 8
_START_SECONDS = 30


class ThroughGunicorn:
    """Runs requests on the product's and the bare app's servers."""

    def __init__(
        self,
        ports: dict[str, int],
        pids: dict[str, int],
        load: ProcessPoolExecutor,
        observer: psycopg.Connection | None,
    ):
        self._ports = ports
        self._pids = pids
        self._load = load
        self._observer = observer

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]:
        """User and system time of the server's workers for all requests, in seconds, and their answers."""
        port, workers = self._ports[target], _children(self._pids[target])
        wire = [_wire(request, port) for request in requests]
        begin = sum(_seconds(pid) for pid in workers)
        answers = self._load.submit(send, port, wire, _CONNECTIONS).result()
        seconds = sum(_seconds(pid) for pid in workers) - begin
        assert _children(self._pids[target]) == workers, "A worker was replaced meanwhile."
        return seconds, answers

    def peak_megabytes(self) -> dict[str, float]:
        """The most memory that a worker of each server has had so far, in 10^6 bytes."""
        return {
            target: max(_peak_bytes(worker) for worker in _children(pid)) / 1e6 for target, pid in self._pids.items()
        }

    def database_seconds(self) -> dict[int, float]:
        """What each PostgreSQL process that serves our database has used so far; empty if none is on this machine."""
        if self._observer is None:
            return {}
        rows = self._observer.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid: _seconds(pid) for (pid,) in rows if _is_postgresql(pid)}


@contextmanager
def servers(environ: dict[str, str], directory: Path, peer: Node | None = None) -> Iterator[ThroughGunicorn]:
    """The product and the bare app, both served with the product's settings, and the peer if there is one."""
    ports = {"product": int(environ["PORT"]), "bare": free_port()}
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as started:
        start = started.enter_context
        pids = {
            "product": start(_gunicorn("app.serving", "wsgi:app", ports["product"], environ, directory)),
            "bare": start(
                _gunicorn("benchmarks.bare_serving", "benchmarks.bare:app", ports["bare"], environ, directory)
            ),
        }
        if peer:
            ports["peer"] = free_port()
            command, its_environ = peer.command(environ["DATABASE_URL"], directory, ports["peer"])
            pids["peer"] = start(_started(command, its_environ, ports["peer"], os.cpu_count() or 1, directory))
            peer.sign_in(ports["peer"])
        load = start(ProcessPoolExecutor(1, mp_context=spawn))
        yield ThroughGunicorn(ports, pids, load, start(_observer(environ["DATABASE_URL"])))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _gunicorn(
    config: str, app: str, port: int, environ: dict[str, str], directory: Path
) -> AbstractContextManager[int]:
    command = [sys.executable, "-m", "gunicorn", "-c", f"python:{config}", app]
    return _started(command, environ | {"PORT": str(port)}, port, int(environ["WEB_CONCURRENCY"]), directory)


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


@contextmanager
def _observer(database_url: str) -> Iterator[psycopg.Connection | None]:
    """A connection that sees who else is connected; None for SQLite, which has no processes of its own."""
    if database_url.startswith("sqlite"):
        yield None
        return
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _wire(request: Request, port: int) -> bytes:
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
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
