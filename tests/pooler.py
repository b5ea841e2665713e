"""Debian's pgbouncer before a PostgreSQL of the tests, as an operator would run it: each transaction on any session."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.databases import cluster_owner
from tests.ports import free_port

_START_SECONDS = 20


def missing_pgbouncer() -> str | None:
    """Why there can be no pgbouncer here, or None when there can."""
    return None if _program() else "pgbouncer not found"


def _program() -> str | None:
    return shutil.which("pgbouncer") or next((path for path in ("/usr/sbin/pgbouncer",) if os.path.exists(path)), None)


class Pooler:
    """A running pgbouncer."""

    def __init__(self, database_url: str, directory: Path, settings: dict[str, str]):
        self._target = make_url(database_url)
        self._directory = directory
        self._settings = settings
        self._process: subprocess.Popen | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """The same database, through the pooler."""
        through = self._target.set(query={}, host="127.0.0.1", port=self.port)
        return through.render_as_string(hide_password=False)

    @property
    def pid(self) -> int:
        """Of the running pgbouncer."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self._directory / "pgbouncer.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it, at the same port each time."""
        # It refuses to be run by root, and PostgreSQL's socket is for its owner alone.
        owner = cluster_owner() if os.geteuid() == 0 else None
        (self._directory / "pgbouncer.ini").write_text(self._configuration())
        user = self._target.username or "postgres"
        (self._directory / "userlist.txt").write_text(f'"{user}" ""\n')
        if owner:
            for path in (self._directory, *self._directory.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        with open(self._directory / "pgbouncer.out", "ab") as output:
            self._process = subprocess.Popen(
                [_program(), str(self._directory / "pgbouncer.ini")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **identity,
            )
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"pgbouncer did not start: {(self._directory / 'pgbouncer.out').read_text()}")

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """End it. SIGTERM is its immediate shutdown: every client loses its connection."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal_number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _configuration(self) -> str:
        target = self._target
        where = f"host={target.query.get('host') or target.host or '127.0.0.1'} port={target.port or 5432}"
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": str(self._directory / "userlist.txt"),
            "logfile": str(self._directory / "pgbouncer.log"),
            "pool_mode": "transaction",
            "max_client_conn": "200",
            # Two for each of the four threads of two workers: a page reads in a transaction, and looks up beside it.
            "default_pool_size": "16",
            "admin_users": target.username or "postgres",
            **self._settings,
        }
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        return (
            f"[databases]\n{target.database} = {where} user={target.username or 'postgres'}\n\n[pgbouncer]\n{lines}\n"
        )


@contextmanager
def running_pooler(database_url: str, **settings: str) -> Iterator[Pooler]:
    """A pgbouncer before this database, in transaction mode unless ``settings`` of its own say otherwise."""
    # Its own folder, which another user may enter.
    with tempfile.TemporaryDirectory(prefix="reliquary-pgbouncer-") as directory:
        pooler = Pooler(database_url, Path(directory), settings)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop()
