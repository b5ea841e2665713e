"""A Redis of the test's own, on a socket of its own."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

_START_SECONDS = 20


@dataclass
class RedisServer:
    """A running Redis. It can be frozen, thawed, ended and started anew."""

    url: str
    _directory: Path
    _options: tuple[str, ...]
    _process: subprocess.Popen | None = None

    def start(self) -> None:
        socket = self._directory / "redis.sock"
        socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no",
             "--dir", str(self._directory), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.RedisError:
                assert self._process.poll() is None and time.monotonic() < deadline, "Redis did not come up."
                time.sleep(0.02)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_redis(*options: str, password: str = "") -> Iterator[RedisServer]:
    """Returns a Redis that nobody else uses. Skips the test where there is no redis-server."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server not found; apt-get install redis-server")
    # The path of a socket may have about 100 characters, and pytest's folders are longer.
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        asked = f"&password={password}" if password else ""
        options += ("--requirepass", password) if password else ()
        server = RedisServer(f"unix://{directory}/redis.sock?db=0{asked}", Path(directory), options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
