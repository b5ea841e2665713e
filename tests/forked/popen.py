"""Processes that run a module of ours, and need not import it first.

What a server or a command imports takes it most of a second, each time. For each folder a process that has it all
imported (:mod:`tests.forked.ready`) is started once and forks a child for whoever asks. That child is then the asker's
own, and has the arguments, environment and streams that it was asked for, as if it had been started.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from tests.databases import BACKEND

#: What is read before any of our code runs, or when a library is imported. It is as asked for from the beginning.
_READ_AT_ONCE = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "TZ", "PROMETHEUS_", "PSYCOPG_")
_PR_SET_CHILD_SUBREAPER = 36

#: Where the names of what a server imports are kept, for all processes of a run.
_kept = [Path(os.devnull)]
_ready: dict[tuple[Path, frozenset[tuple[str, str]]], "Ready"] = {}
_one_at_a_time = Lock()


class Forked(subprocess.Popen):
    """``Popen(["…/python", "-m", module, …])`` as it always is, but forked. Other systems than Linux start it.

    ``ready`` forks it; by default whoever has imported what a server does.
    """

    def __init__(
        self, command: list[str], *, cwd: Path, env: Mapping[str, str], ready: "Ready | None" = None, **streams: Any
    ) -> None:
        if command[:2] != [sys.executable, "-m"] or streams.keys() - {"stdin", "stdout", "stderr", "text"}:
            raise ValueError(f"Only a module can be forked, and only with streams: {command}, {streams}")
        self._ready = ready
        super().__init__(command, cwd=cwd, env=env, **streams)

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others) -> None:
        if sys.platform != "linux":
            super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others)
            return
        # Those of our side and of the child's side, one after the other.
        stdin, ours_in, ours_out, stdout, ours_err, stderr = others[3:9]
        streams = [own if stream == -1 else stream for own, stream in enumerate((stdin, stdout, stderr))]
        with _one_at_a_time:
            self.pid = (self._ready or _ready_in(Path(cwd), env)).fork([*args[1:]], env, streams)
        self._child_created = True
        self._close_pipe_fds(stdin, ours_in, ours_out, stdout, ours_err, stderr)


def run_forked(command: list[str], *, timeout: float, **options: Any) -> subprocess.CompletedProcess:
    """``subprocess.run`` with what is printed captured as text, but forked."""
    with Forked(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            printed, complained = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, printed, complained)


def share_names(directory: Path) -> None:
    """Say where the processes of this run keep the names of what a server imports: one has to find them out."""
    _kept[:] = [directory / f"imported-on-{BACKEND}"]


def end_those_of(folder: Path) -> None:
    """Ends what is ready in a folder that goes."""
    for of, environ in [*_ready]:
        if of == folder:
            _ready.pop((of, environ)).end()


class Ready:
    """A process that has everything imported, and ends with the one that it is for: ``python -m MODULE SOCKET …``."""

    def __init__(self, module: str, arguments: Iterable[str], folder: Path, environ: Mapping[str, str]) -> None:
        self._orders, its_end = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(its_end.fileno()), *arguments],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[its_end.fileno()],
        )
        its_end.close()

    def fork(self, arguments: list[str], environ: Mapping[str, str], streams: list[int]) -> int:
        """Returns the id of a new child of this process."""
        order = json.dumps({"arguments": arguments, "environ": dict(environ)}).encode()
        told = b""
        # It may have ended, before it was asked or by what it was asked.
        with _taking_in(), suppress(ConnectionError):
            socket.send_fds(self._orders, [len(order).to_bytes(4, "big")], streams)
            self._orders.sendall(order)
            told = self._orders.recv(5, socket.MSG_WAITALL)
        if len(told) < 5:
            raise RuntimeError(f"What forks has ended ({self._process.wait()}); it has said why.")
        child = int.from_bytes(told[:4], "big")
        # Raises an error unless it is ours. Of the child of another nobody would hear how it ended.
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return child

    def end(self) -> None:
        self._orders.close()
        self._process.wait(timeout=20)


def _ready_in(folder: Path, environ: Mapping[str, str]) -> Ready:
    read = frozenset((name, value) for name, value in environ.items() if name.startswith(_READ_AT_ONCE))
    if (folder, read) not in _ready:
        own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        _ready[folder, read] = Ready("tests.forked.ready", [BACKEND, str(_kept[0])], folder, own | dict(read))
    return _ready[folder, read]


@contextmanager
def _taking_in() -> Iterator[None]:
    """Meanwhile this process is the parent of each below it whose own parent ends."""
    system = ctypes.CDLL(None, use_errno=True)
    try:
        if system.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "No child can be taken in.")
        yield
    finally:
        system.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
