"""An interactive bash at a terminal, with somebody who pastes into it, or types."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from pathlib import Path

_BASH = ("bash", "--noprofile", "--norc", "-i")
_CONTROL_SEQUENCE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A bash at a terminal. ``bracketed`` pastes as terminals do today, else each line runs as it comes."""

    def __init__(self, folder: Path, *, bracketed: bool = True, **environment: str):
        self._bracketed = bracketed
        self._count = 0
        self._terminal, bash_side = pty.openpty()
        termios.tcsetwinsize(self._terminal, (24, 80))
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}
        self._bash = subprocess.Popen(
            _BASH,
            cwd=folder,
            env=environ | {"PS1": "$ ", "PS2": "> ", "HISTFILE": ""} | environment,
            stdin=bash_side,
            stdout=bash_side,
            stderr=bash_side,
            start_new_session=True,
            # Ctrl-C reaches what runs there only if it is the terminal of the session.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(bash_side)
        self.read_until(rb"\$ $")

    def run(self, text: str, *, seconds: float = 60) -> str:
        """Paste a text, press Enter, and return everything printed until bash is ready for the next command."""
        self._count += 1
        self.paste(text)
        # Printed in one piece only when it is run: what was pasted is echoed as it stands.
        self._type(f"echo ready-$(({self._count} + 1000))\r")
        printed = self.read_until(rb"ready-%d\r?\n" % (self._count + 1000), seconds=seconds)
        return printed.rpartition("ready-")[0]

    def paste(self, text: str) -> None:
        """Paste a text and press Enter."""
        lines = text.rstrip("\n").replace("\n", "\r")
        self._type(f"\x1b[200~{lines}\x1b[201~\r" if self._bracketed else f"{lines}\r")

    def interrupt(self) -> None:
        """Press Ctrl-C, and Enter: a bash that was just about to read goes on without a new prompt."""
        self._type("\x03")
        self.read_until(rb"\^C")
        self._type("\r")

    def read_until(self, pattern: bytes, *, seconds: float = 60) -> str:
        """Everything printed until it holds the pattern. Raises an AssertionError that shows it if that never comes."""
        printed, deadline = b"", time.monotonic() + seconds
        # Not select(), which knows no file beyond the thousandth.
        poll = select.poll()
        poll.register(self._terminal, select.POLLIN)
        while not re.search(pattern, _CONTROL_SEQUENCE.sub(b"", printed)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} never came:\n{printed.decode(errors='replace')}")
            if poll.poll(100):
                printed += os.read(self._terminal, 65536)
        return _CONTROL_SEQUENCE.sub(b"", printed).decode(errors="replace")

    def close(self) -> None:
        """Hang up, as a terminal does whose window is closed."""
        os.close(self._terminal)
        try:
            self._bash.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._bash.kill()
            self._bash.wait()

    def _type(self, text: str) -> None:
        os.write(self._terminal, text.encode())
