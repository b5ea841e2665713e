"""A line to a server that can be made slow, fall silent without a word, or be cut."""

import asyncio
import threading
from contextlib import suppress


class Tunnel:
    """Listens at a free port of this machine and hands on to a Unix socket what it is sent, and back."""

    def __init__(self, socket_path: str):
        #: Seconds that every answer is kept back.
        self.delay = 0.0
        self.port = 0
        self._socket_path = socket_path
        self._lost: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> "Tunnel":
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)

    def lose(self) -> None:
        """Let the connections of now lead nowhere from here on, as a firewall does that forgets them: nobody is told."""
        self._loop.call_soon_threadsafe(lambda: self._lost.update(self._writers))

    def _stop(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        ended = asyncio.gather(*tasks, return_exceptions=True)
        ended.add_done_callback(lambda _: self._loop.stop())

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket_path)
        self._writers |= {writer, back}
        await asyncio.gather(self._hand_on(reader, back, False), self._hand_on(there, writer, True))

    async def _hand_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, is_answer: bool) -> None:
        with suppress(ConnectionError):
            while part := await source.read(1 << 16):
                if is_answer and self.delay:
                    await asyncio.sleep(self.delay)
                if target not in self._lost:
                    target.write(part)
                    await target.drain()
        if target not in self._lost:
            target.close()
