"""A copy of what the repository holds, as a fresh clone has it, with an instance folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.forked.popen import Forked, end_those_of
from tests.ports import free_port

_ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("app", "benchmarks", "migrations", "static", "templates", "tests")
_FILES = ("Makefile", "README.md", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "wsgi.py")


class Clone:
    """A clone whose dependencies are there: its ``.venv`` runs the Python of whoever runs the tests."""

    def __init__(self, path: Path):
        self.path = path
        for name in _FOLDERS:
            # With what is compiled: that takes longer than to start.
            shutil.copytree(_ROOT / name, path / name, copy_function=_link)
        for name in _FILES:
            shutil.copy(_ROOT / name, path)
        self._make_environment()
        self._started: list[subprocess.Popen] = []

    def start(self, port: int | None = None, **settings: str) -> subprocess.Popen:
        """What ``make run`` starts once the dependencies are there, but forked."""
        process = Forked(
            [sys.executable, "-m", "app.demonstration.local"],
            cwd=self.path,
            env={"PATH": os.environ["PATH"], "PORT": str(port or free_port()), "WEB_CONCURRENCY": "1"} | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def welcome(self, **settings: str) -> str:
        """Start, read what is printed, and stop as at Ctrl-C, which takes the least time."""
        port = int(settings.pop("PORT", 0)) or free_port()
        process = self.start(port, **settings)
        welcome = read_welcome(process)
        # A worker that has only just begun does not hear that it is to stop.
        assert get(f"http://127.0.0.1:{port}/healthz")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0, process.stderr.read()
        return welcome

    def kill(self) -> None:
        """Ends what was started and still runs."""
        for process in self._started:
            process.kill()
            process.communicate()
        self._started.clear()

    def stop(self) -> None:
        """Ends all of it, when no more will be started."""
        self.kill()
        end_those_of(self.path)

    def _make_environment(self) -> None:
        programs = self.path / ".venv" / "bin"
        programs.mkdir(parents=True)
        # Not links: a Python finds its packages by the place of its own file.
        for name, words in {"python": "", "flask": "-m flask", "gunicorn": "-m gunicorn"}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            (programs / name).chmod(0o755)
        # By these copies make knows that there is nothing to install.
        for name in ("requirements.lock", "requirements-dev.lock"):
            shutil.copy(_ROOT / name, programs.parent)


def _link(source: str, target: str) -> None:
    """Nobody writes into a file that is there, and what is compiled anew takes the place of what was."""
    try:
        os.link(source, target)
    except OSError:
        # A link leads nowhere from one file system to another.
        shutil.copy2(source, target)


def read_welcome(process: subprocess.Popen) -> str:
    """What a starting server prints once it listens. It ends in one of three lines."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if any(last in line for last in ("Sign up at", "before SMTP_URL is set", "secret is in")):
            return "".join(lines)
    raise AssertionError(f"It did not start: {process.stderr.read()}")


def get(url: str) -> tuple[int, bytes]:
    """The status and body of what a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
