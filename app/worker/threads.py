"""The threads of a worker: those that answer requests, and a few for the management port."""

import errno
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from gunicorn import util
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData
from gunicorn.http.message import Request

from app.logs import present
from app.management.application import Management
from app.management.listener import split_listeners
from app.worker.answer import PlainResponse
from app.worker.bounds import MANAGEMENT_CONNECTIONS, MANAGEMENT_THREADS
from app.worker.connection import Connection, Crowd
from app.worker.inbox import End
from app.worker.plain import PlainReader, PlainRequest
from app.worker.refusals import LongRequest, find_status, make_refused, refuse
from app.worker.stop import Stopping

# Of a connection: itself, a body and an answer that lie on disk; and beside all of them.
_FILES_OF_ONE, _OTHER_FILES = 3, 256
_PIECE = 1024 * 1024
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ETIMEDOUT)


class Worker(Stopping):
    """A process that answers requests, and questions at the management port by other threads."""

    #: The application.
    wsgi: Any

    @classmethod
    def check_config(cls, cfg: Config, log: Any) -> None:
        """Stops the start when something is asked for that this worker does not do."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            sys.exit("Reliquary cannot start: TLS ends at a proxy in front; leave out --certfile and --keyfile.")

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # The benchmark's bare app has no doors.
        if hasattr(self.wsgi, "find_door"):
            LongRequest.find_door = staticmethod(self.wsgi.find_door)

    def make_crowds(self) -> list[tuple[Crowd, list[Any]]]:
        app = self._app = self.wsgi
        requests, management = split_listeners(self.sockets)
        crowds = [(Crowd(self.tpool, _count_connections(self.worker_connections), app), requests)]
        if hasattr(app, "soon_answered"):
            # Who is at the other end of a Unix socket has no address, and ours is of the request's own telling.
            if all(isinstance(listener.getsockname(), tuple) for listener in requests):
                crowds[0][0].reader = PlainReader(self.cfg, *app.soon_answered)
            self.together = app.together
        self._room.spare = lambda asker: self.spare_body(crowds[0][0], asker)
        if management:
            pool = ThreadPoolExecutor(MANAGEMENT_THREADS, "management")
            crowds.append((Crowd(pool, MANAGEMENT_CONNECTIONS, Management(app)), management))
            self.wsgi = _answer_at_its_port
        return crowds

    def spare_body(self, crowd: Crowd, asker: object) -> bool:
        """Let the body that comes slowest make room for one that comes faster. Returns whether there was one."""
        slowest = crowd.find_slowest_body(asker)
        if slowest is None or slowest.inbox is asker:
            return False
        self.end_wait(slowest, End.NO_ROOM)
        return True

    def handle(self, conn: Connection, plain: PlainRequest | None = None) -> bool:
        """Answer a request, in whatever thread. Returns whether the connection stays open. Raises nothing."""
        try:
            return self._answer_one(conn, plain)
        except BaseException as error:
            conn.sock.drop()
            self.log.error("A connection failed", exc_info=error)
            return False

    def _answer_one(self, conn: Connection, plain: PlainRequest | None) -> bool:
        request = None
        try:
            if plain is not None:
                return self._answer_plain(plain, conn)
            request = LongRequest(self.cfg, conn.inbox, conn.client, conn.count)
            # Whoever waited for leave has it: the body is here.
            request._expected_100_continue = False
            if conn.inbox.end is not End.WHOLE:
                request.force_close()
            if not self.handle_request(request, conn):
                return False
            return _read_to_its_end(request)
        except (NoMoreData, StopIteration) as error:
            self.log.debug("Closing connection. %s", error)
        except OSError as error:
            conn.sock.drop()
            if error.errno is not None and error.errno not in _GONE:
                self.log.exception("Socket error processing request.")
        except Exception as error:
            self.handle_error(request, conn.sock, conn.client, error)
        return False

    def _answer_plain(self, plain: PlainRequest, conn: Connection) -> bool:
        """What gunicorn's ``handle_request`` does, where nothing is unusual."""
        began = time.monotonic()
        response = PlainResponse(plain, conn.sock, self.cfg)
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        try:
            pieces = conn.crowd.wsgi(plain.environ, response.start_response)
            try:
                body = b"".join(pieces)
                # By now we may have been told to stop.
                if not self.alive or not self.cfg.keepalive:
                    response.force_close()
                response.answer(body)
            finally:
                if self.log.access_log_enabled:
                    took = timedelta(seconds=time.monotonic() - began)
                    self.log.access(response, plain, plain.environ, took)
                if hasattr(pieces, "close"):
                    pieces.close()
        except Exception:
            if not response.headers_sent:
                raise
            # What is said is said.
            self.log.exception("Error handling request")
            conn.sock.close()
            return False
        return not response.should_close()

    def handle_error(self, req: Request | None, client: Any, addr: tuple[str, int] | None, exc: Exception) -> None:
        # gunicorn's own answer and line quote what came in, which may hold a credential.
        status, address = find_status(exc), addr[0] if addr else ""
        environ = make_refused(getattr(exc, "began", b""), status)
        told = present.tell(environ) | {"status": status, "address": address}
        answer = refuse(self._app, environ)
        # Also of one that asks for what we do not do, which is 501: whoever sends it must not fill the log.
        if status != 500:
            self.log.warning("Invalid request from ip=%s: %s", address, type(exc).__name__, extra=told)
        else:
            self.log.error("A request failed outside the app", exc_info=exc, extra=told)
        try:
            util.write_nonblock(client, answer)
        except OSError:
            self.log.debug("Whoever asked is gone.")


def _read_to_its_end(request: LongRequest) -> bool:
    """Read what the application has left of the body: it is not the next request. Returns whether its end was found.

    It has its answer, and whatever else were said now would be taken for the answer to the next one.
    """
    with suppress(Exception):
        while request.body.read(_PIECE):
            pass
    return not request.should_close()


def _answer_at_its_port(environ: dict[str, Any], start_response: Any) -> Any:
    return environ["gunicorn.socket"].wsgi(environ, start_response)


def _count_connections(wanted: int) -> int:
    """Returns how many there may be: as many as wanted, when this process may open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _FILES_OF_ONE * wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(16, min(wanted, (soft - _OTHER_FILES) // _FILES_OF_ONE))
    return wanted
