"""Processor time of a WSGI app that is called directly: no server, no client, no sockets."""

import gc
import io
import sys
import time
from typing import Any

from flask import Flask

from app.metrics.kinds import State
from benchmarks.comparison import FLASK, PRODUCT
from benchmarks.load import Answer
from benchmarks.operations import Request


class InProcess:
    """Runs requests on apps of this very process."""

    def __init__(self, product: Flask, bare: Flask):
        # As in a server without a management port, where nobody could ask.
        State.is_on = False
        self._apps = {PRODUCT: product, FLASK: bare}

    def run(self, target: str, requests: list[Request]) -> tuple[float, list[Answer]]:
        """User and system time of this process for all requests, in seconds, and their answers."""
        app = self._apps[target]
        environs = [_environ(request) for request in requests]
        answers = []
        # What was made beforehand is not the app's, and its garbage collections need not look through it.
        gc.freeze()
        begin = time.process_time()
        for environ in environs:
            answers.append(_call(app, environ))
        seconds = time.process_time() - begin
        gc.unfreeze()
        return seconds, [
            Answer(int(status[:3]), {name.lower(): value for name, value in headers}, body)
            for status, headers, body in answers
        ]

    def database_seconds(self, _target: str) -> dict[int, float]:
        """Nothing: only this process is looked at."""
        return {}


def _environ(request: Request) -> dict[str, Any]:
    """What gunicorn would make of the request."""
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.body:
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        environ["CONTENT_LENGTH"] = str(len(request.body))
    for name, value in request.headers:
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def _call(app: Flask, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    started = []

    def start_response(status, headers, exc_info=None):
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        # A server must, where there is something to close (PEP 3333).
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started[0]
    return status, headers, body
