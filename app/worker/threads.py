"""Threads, as gunicorn has them, and a few of their own for the management port."""

from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import Any

from gunicorn import util
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.http import health
from app.management.application import Management
from app.management.listener import split_listeners
from app.worker.refusals import LongRequest, find_status, refuse

_MANAGEMENT_THREADS = 4


class Worker(ThreadWorker):
    """A process that answers requests, and questions at the management port by other threads."""

    #: Answers a request.
    wsgi: Any
    #: Its number among the workers, from 1; whoever comes after it has the same.
    place = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _, management = split_listeners(self.sockets)
        self._management_names = [listener.getsockname() for listener in management]
        self._management_pool: ThreadPoolExecutor | None = None
        self._management: Any = None
        self._app: Any = None

    def init_process(self) -> None:
        if self._management_names:
            self._management_pool = ThreadPoolExecutor(_MANAGEMENT_THREADS, "management")
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self._app = self.wsgi
        # The benchmark's bare app has no doors.
        if not hasattr(self.wsgi, "find_door"):
            return
        LongRequest.find_door = staticmethod(self.wsgi.find_door)
        if self._management_names:
            self._management = Management(self.wsgi)
            self.wsgi = self._answer

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        connection = environ["gunicorn.socket"]
        is_management = connection.getsockname() in self._management_names
        return (self._management if is_management else self._app)(environ, start_response)

    def enqueue_req(self, conn: TConn) -> None:
        if conn.server not in self._management_names or self._management_pool is None:
            super().enqueue_req(conn)
            return
        future = self._management_pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle_exit(self, sig: int, frame: Any) -> None:
        health.begin_stop()
        super().handle_exit(sig, frame)

    def handle_error(self, req: Request | None, client: socket, addr: tuple[str, int] | None, exc: Exception) -> None:
        # gunicorn's own answer and line quote what came in, which may hold a credential.
        status = find_status(exc)
        if status < 500:
            self.log.warning("Invalid request from ip=%s: %s", addr[0] if addr else "", type(exc).__name__)
        else:
            self.log.error("A request failed outside the app", exc_info=exc)
        try:
            util.write_nonblock(client, refuse(self._app, getattr(exc, "began", b""), status))
        except OSError:
            self.log.debug("Whoever asked is gone.")
