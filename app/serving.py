"""gunicorn's settings: ``gunicorn -c python:app.serving wsgi:app``."""
# ruff: noqa: E402

import gc

# What is loaded from here on stays. Looking through it again and again while it grows takes a fifth of a start.
gc.disable()

import logging
import logging.handlers
import os
import platform
import sys
import tomllib
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response

from app import logs, metrics
from app.config import ConfigurationError, read_settings
from app.database.checkpoints import CheckpointThread
from app.database.engine import serve_requests
from app.database.schema import read_revisions
from app.database.seen import measure_database
from app.extensions import db
from app.http.addresses import say_hidden
from app.logs import present
from app.mail.thread import MailThread
from app.management.listener import open_management
from app.purge.thread import PurgeThread
from app.start_check import find_start_problem
from app.worker.stop import Stopping, announce_stop

_ROOT = Path(__file__).resolve().parent.parent
# What works in a worker beside its answers.
_THREADS = ("checkpoints", "purge", "mail")

try:
    _settings = read_settings(os.environ, _ROOT / "instance")
except ConfigurationError as error:
    sys.exit(f"Reliquary cannot start: {error}")


class _Logger(glogging.Logger):
    """gunicorn's records in our format.

    As text there is no access log unless an operator asks for one (``--access-logfile -``); as JSON there is one unless
    they ask for none (``--access-logfile ''``). It shows the routes' rules and neither paths nor queries: those may
    hold a handle, a state, a person's words, or a credential in a place where none belongs.
    """

    def setup(self, cfg: Config) -> None:
        if cfg.accesslog == "":
            # gunicorn would write to a file without a name.
            cfg.set("accesslog", None)
        super().setup(cfg)
        logs.configure(_settings.log_format)
        own = [handler for handler in self.error_log.handlers if isinstance(handler, logging.FileHandler)]
        self.error_log.handlers = own or [logs.handler]
        if _settings.log_format == logs.JSON and cfg.accesslog == "-":
            self.access_log.handlers = [logs.handler]
        for handler in (*own, *self.access_log.handlers):
            handler.setFormatter(logs.handler.formatter)

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """gunicorn's, without its line of method and path, which says nothing else."""
        if msg != "%s %s":
            super().debug(msg, *args, **kwargs)

    def access(self, resp: Response, req: Request, environ: dict[str, Any], request_time: timedelta) -> None:
        # What supervisors and scrapers ask every few seconds says nothing of the requests.
        if not self.access_log_enabled or environ.get(present.IS_MANAGEMENT):
            return
        if _settings.log_format != logs.JSON:
            super().access(resp, req, environ, request_time)
            return
        told = present.tell(environ) | {
            "status": resp.status_code,
            "duration_ms": round(request_time.total_seconds() * 1000, 1),
            "address": environ.get("REMOTE_ADDR"),
        }
        self.access_log.info("%s answered %s", present.told(environ), resp.status_code, extra=told)

    def atoms(self, resp: Response, req: Request, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        atoms = super().atoms(resp, req, environ, request_time)
        # No header, cookie or user name either.
        told = {name: value for name, value in atoms.items() if not name.startswith("{")}
        route = present.route_of(environ)
        told["r"] = f"{present.method_of(environ)} {route} {environ['SERVER_PROTOCOL']}"
        told |= {"q": "-", "f": "-", "u": "-", "U": route, "m": present.method_of(environ)}
        return told | {"{x-request-id}o": present.request_id(environ)}


bind = _settings.bind
worker_class = "app.worker.Worker"
workers = _settings.workers
threads = 4
preload_app = True
# Answers go out through the worker's outbox, which is no socket that the kernel could copy a file into.
sendfile = False
# Not the one in C, if it is there: it has gunicorn's own limits and answers, and not those of our worker.
http_parser = "python"
# A load balancer that keeps connections open for a minute must not find them closed by us first.
keepalive = 65
graceful_timeout = 30
# A heartbeat on a slow disk would get a healthy worker killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# app.http.addresses reads X-Forwarded-For, as far as TRUSTED_PROXIES says; a second reader would only disagree with it.
forwarded_allow_ips = ""
# Its default path is the same for every instance of one user.
control_socket_disable = True
logger_class = _Logger
accesslog = "-" if _settings.log_format == logs.JSON else None

logs.catch_what_threads_raise()


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
    announce_stop(server)
    if hidden := say_hidden([one.sock for one in server.LISTENERS], _settings.trusted_proxies):
        server.log.warning(hidden)
    # What is there now stays to the end. Looking through it, then too, takes a second.
    gc.freeze()
    gc.enable()


def on_reload(server: Arbiter) -> None:
    """gunicorn may have made its listeners anew."""
    open_management(server, _settings.management)


def pre_fork(server: Arbiter, worker: Stopping) -> None:
    """Give the worker the first place among the workers that nobody has."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in count(1) if place not in taken)


def post_fork(server: Arbiter, worker: Stopping) -> None:
    """A worker forgets, unclosed, the connections it inherited: they belong to the process that opened them."""
    worker.hear_early(server)
    metrics.become_worker(worker.place)
    metrics.WORKERS.set(1)
    with server.app.wsgi().app_context():
        db.engine.dispose(close=False)
        serve_requests(db.engine, threads)
        server.app.wsgi().extensions["checkpoints"] = CheckpointThread(db.engine)


def post_worker_init(worker: Stopping) -> None:
    """A worker that is ready to answer begins what it does beside that: it purges, sends letters, and tells what is so in it."""
    # Not the worker's own, which the management port stands in front of.
    app = worker.app.wsgi()
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    metrics.BUILD.set(1, project["version"], platform.python_version())
    with app.app_context():
        metrics.watch([partial(measure_database, db.engine, read_revisions())])
        app.extensions["purge"] = PurgeThread(db.engine, app.extensions["services"].settings, app.app_context)
    app.extensions["mail"] = MailThread(app)
    for name in _THREADS:
        app.extensions[name].start()


def worker_exit(server: Arbiter, worker: Stopping) -> None:
    """A worker that ends lets go of what it purges, and writes down what it has noted."""
    app = server.app.wsgi()
    for name in _THREADS:
        if name in app.extensions:
            app.extensions[name].stop()
    app.extensions["services"].notes.stop()
    if worker.has_stopped:
        with app.app_context():
            db.engine.dispose()
        # Python would wait for threads that were left behind, and take long to tidy up what goes anyway.
        os._exit(0)


def child_exit(_server: Arbiter, worker: Stopping) -> None:
    """A worker has ended, also by force."""
    metrics.forget_worker(worker.place)


def on_exit(_server: Arbiter) -> None:
    """Leave nothing behind."""
    metrics.leave()
