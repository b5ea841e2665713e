"""gunicorn's settings: ``gunicorn -c python:app.serving wsgi:app``."""

import os
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response
from gunicorn.workers.base import Worker

from app import logs, metrics
from app.config import ConfigurationError, read_settings
from app.database.engine import serve_requests
from app.extensions import db
from app.management.listener import open_management
from app.start_check import find_start_problem

_INSTANCE = Path(__file__).resolve().parent.parent / "instance"

try:
    _settings = read_settings(os.environ, _INSTANCE)
except ConfigurationError as error:
    sys.exit(f"Reliquary cannot start: {error}")


class _Logger(glogging.Logger):
    """gunicorn's records in our format.

    There is no access log unless an operator asks for one (``--access-logfile -``), and then it shows paths
    without their queries: those may hold a handle, a state, or a credential in a place where none belongs.
    """

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers = [logs.handler]
        for handler in self.access_log.handlers:
            handler.setFormatter(logs.OneLineFormatter())

    def atoms(self, resp: Response, req: Request, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        atoms = super().atoms(resp, req, environ, request_time)
        atoms["r"] = f"{environ['REQUEST_METHOD']} {_without_query(environ['RAW_URI'])} {environ['SERVER_PROTOCOL']}"
        return atoms | {"q": "-", "f": _without_query(atoms["f"])}


def _without_query(address: str) -> str:
    return address.partition("?")[0]


bind = _settings.bind
worker_class = "app.worker.Worker"
workers = _settings.workers
threads = 4
preload_app = True
# Not the one in C, if it is there: it has gunicorn's own limits and answers, and not those of our worker.
http_parser = "python"
# A load balancer that keeps connections open for a minute must not find them closed by us first.
keepalive = 65
graceful_timeout = 30
# A heartbeat on a slow disk would get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# ProxyFix reads X-Forwarded-*, as far as TRUSTED_PROXIES says; a second reader would only disagree with it.
forwarded_allow_ips = ""
# Its default path is the same for every instance of one user.
control_socket_disable = True
logger_class = _Logger


def on_starting(server: Arbiter) -> None:
    """Say what stops the start before there is a worker that could only fail."""
    with server.app.wsgi().app_context():
        problem = find_start_problem()
    if problem:
        sys.exit(f"Reliquary cannot start: {problem}")
    if _settings.management:
        metrics.share(server.cfg.uid, server.cfg.gid)
    else:
        metrics.turn_off()


def when_ready(server: Arbiter) -> None:
    """Listen for management before there is a worker."""
    open_management(server, _settings.management)


def on_reload(server: Arbiter) -> None:
    """gunicorn may have made its listeners anew."""
    open_management(server, _settings.management)


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Give the worker the first place among the workers that nobody has."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in count(1) if place not in taken)


def post_fork(server: Arbiter, worker: Worker) -> None:
    """A worker forgets, unclosed, the connections it inherited: they belong to the process that opened them."""
    metrics.become_worker(worker.place)
    metrics.WORKERS.set(1)
    with server.app.wsgi().app_context():
        db.engine.dispose(close=False)
        serve_requests(db.engine, threads)


def worker_exit(server: Arbiter, _worker: Worker) -> None:
    """A worker that ends writes down first what it has noted."""
    server.app.wsgi().extensions["services"].notes.stop()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """A worker has ended, also by force."""
    metrics.forget_worker(worker.place)


def on_exit(_server: Arbiter) -> None:
    """Leave nothing behind."""
    metrics.leave()
