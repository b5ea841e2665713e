"""Servers that a test starts, stops and kills at will, all on one database."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.fleet.callers import READY, wait_until_served
from tests.fleet.processes import children_of

_ROOT = Path(__file__).resolve().parent.parent.parent


class Instance:
    """One of them, always at the same port."""

    def __init__(self, port: int, environ: dict[str, str], log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environ = environ | {"PORT": str(port)}
        self._log = log
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:app.serving", "wsgi:app"],
                cwd=_ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until_served(self.url, READY)

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> float:
        """How long it took to end."""
        began = time.monotonic()
        self._process.send_signal(sent)
        self._process.wait(timeout=40)
        return time.monotonic() - began

    def kill(self) -> None:
        """With -9, and its workers too, as when the machine is gone."""
        for pid in (self._process.pid, *children_of(self._process.pid)):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()


def environ_of(database_url: str, issuer: str) -> dict[str, str]:
    """The settings that they share."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-tests-" + "0" * 32,
        "ISSUER": issuer,
        "WEB_CONCURRENCY": "2",
        "TRUSTED_PROXIES": "1",
    }
