"""Imports what a server imports, then forks a process for each order: ``python -m tests.forked.ready SOCKET BACKEND KEPT``.

For another word than a backend's it imports nothing. ``KEPT`` is a file for the names of what is imported.
"""

import fcntl
import gc
import json
import os
import re
import runpy
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

#: The first two read the environment as they are imported, and the worker makes memory that a server's processes share.
#: So each child imports them itself.
EACH_ITS_OWN = ("app.serving", "wsgi", "app.worker")
#: What no server answers at: a trial does not ask.
URLS = {"sqlite": "sqlite:////nowhere/x.sqlite3", "postgresql": "postgresql://127.0.0.1:1/nowhere"}


def import_all(backend: str, kept: Path) -> None:
    """Import all that a server on this kind of database has loaded once it is made, in that order."""
    for name in _names_of_all(backend, kept):
        # In that order, in which they find each other.
        if name not in sys.modules and not f"{name}.".startswith(tuple(f"{own}." for own in EACH_ITS_OWN)):
            # Some that are made in C are no files.
            with suppress(ImportError):
                import_module(name)


def _names_of_all(backend: str, kept: Path) -> list[str]:
    """What one process has found out by a trial, which takes as long as a start does, the others of its run read."""
    with open(kept, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        names = file.read()
        if not names:
            names = _try(backend)
            file.write(names)
    return json.loads(names)


def _try(backend: str) -> str:
    reading, writing = os.pipe()
    trial = os.fork()
    if not trial:
        settings = {"DATABASE_URL": URLS[backend], "SECRET_KEY": "0" * 64, "ISSUER": "http://127.0.0.1:8000"}
        os.environ.update(settings)
        for name in ("gunicorn.app.wsgiapp", *EACH_ITS_OWN):
            import_module(name)
        with open(writing, "w") as told:
            json.dump([*sys.modules], told)
        os._exit(0)
    os.close(writing)
    with open(reading) as told:
        names = told.read()
    os.waitpid(trial, 0)
    return names


def wait_for_orders(orders: socket.socket) -> dict[str, Any]:
    """Returns the order, in the process that is to do it. The one that forks ends in here."""
    while True:
        head, streams, _, _ = socket.recv_fds(orders, 4, 3)
        if not head:
            # As if it had never been: whoever it was for has gone.
            os._exit(0)
        order = json.loads(orders.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL))
        held, letting_go = os.pipe()
        if not (between := os.fork()):
            if child := os.fork():
                orders.sendall(child.to_bytes(4, "big"))
                os._exit(0)
            os.close(letting_go)
            # Until then it has another parent.
            os.read(held, 1)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            for file in (held, orders.detach(), *streams):
                os.close(file)
            return order
        os.waitpid(between, 0)
        orders.sendall(b"\0")
        for file in (held, letting_go, *streams):
            os.close(file)


def refuse_what_would_be_common(own_files: set[int]) -> None:
    """Raises an error where an import has begun what children would share, or miss."""
    if threading.active_count() != 1 or len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError(f"What was imported has begun a thread: {threading.enumerate()}")
    shared = [line for line in Path("/proc/self/maps").read_text().splitlines() if re.match(r"\S+ .w.s ", line)]
    if shared:
        raise RuntimeError(f"What was imported has made memory that all children would write to: {shared}")
    opened = {int(file) for file in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{file}")}
    if opened != own_files:
        raise RuntimeError(f"What was imported has opened files: {opened - own_files}")


def become_new(arguments: list[str], environ: dict[str, str], *, interrupt: Any) -> None:
    """Look like a process that has just been started, and does at Ctrl-C what ``interrupt`` says."""
    # What the interpreter has put there itself.
    own = {name: value for name, value in os.environ.items() if name == "LC_CTYPE"}
    os.environ.clear()
    os.environ.update(own | environ)
    sys.orig_argv[1:] = arguments
    sys.argv[1:] = arguments[2:]
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
    signal.signal(signal.SIGINT, interrupt)
    gc.enable()


if __name__ == "__main__":
    # Who presses Ctrl-C means the tests. A shell has what it runs in the background ignore it, and its children too.
    inherited = signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    if sys.argv[2] in URLS:
        import_all(sys.argv[2], Path(sys.argv[3]))
    gc.collect()
    # A child that looked through it for garbage would copy all of it, most of all as it ends.
    gc.freeze()
    refuse_what_would_be_common({0, 1, 2, int(sys.argv[1])})
    order = wait_for_orders(socket.socket(fileno=int(sys.argv[1])))
    become_new(**order, interrupt=inherited)
    runpy.run_module(order["arguments"][1], run_name="__main__", alter_sys=True)
