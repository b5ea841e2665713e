"""What the management port answers: a table of paths, and the WSGI application that reads it.

It runs in threads of its own, and no path may wait for what may not come: a probe that hangs says less than one that
says no.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Flask
from msgspec import Struct

from app import metrics
from app.logs import present
from app.management.readiness import Readiness

_Start = Callable[[str, list[tuple[str, str]]], Any]


class Answer(Struct, frozen=True):
    """What a path says."""

    status: str
    body: bytes
    content_type: str = "application/json"


class Management:
    """The application of the port. It is made in each worker, for the app that the worker serves."""

    def __init__(self, app: Flask) -> None:
        readiness = Readiness(app)
        #: Each path, and what answers it.
        self._paths: dict[str, Callable[[], Answer]] = {
            "/healthz": _tell_health,
            "/readyz": lambda: _tell_readiness(readiness),
            "/metrics": _tell_metrics,
        }

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        environ[present.IS_MANAGEMENT] = True
        answer = self._answer(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        headers = [
            ("X-Request-ID", present.request_id(environ)),
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if answer.status.startswith("405"):
            headers.append(("Allow", "GET, HEAD"))
        start_response(answer.status, headers)
        return [answer.body]

    def _answer(self, method: str, path: str) -> Answer:
        find = self._paths.get(path)
        if find is None:
            return Answer("404 Not Found", b'{"error":"not_found"}\n')
        if method not in ("GET", "HEAD"):
            return Answer("405 Method Not Allowed", b'{"error":"method_not_allowed"}\n')
        return find()


def _tell_health() -> Answer:
    return Answer("200 OK", b'{"status":"ok"}\n')


def _tell_readiness(readiness: Readiness) -> Answer:
    problem = readiness.find_problem()
    if problem is None:
        return Answer("200 OK", b'{"status":"ok"}\n')
    body = orjson.dumps({"status": "unavailable", "reason": problem})
    return Answer("503 Service Unavailable", body + b"\n")


def _tell_metrics() -> Answer:
    return Answer("200 OK", metrics.render(), metrics.content_type())
