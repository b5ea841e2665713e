"""Logging, set up once: one line a record, on standard error, and never a credential or a person's words in it.

A module logs as ever, by ``logging.getLogger(__name__)``, with an exception as an argument or as ``exc_info``. What
request the line belongs to is added here. Nothing that came in belongs in a message: no path, no query, no value.
"""

import logging
import sys
import threading
from typing import Any, TextIO, cast

from werkzeug.local import LocalProxy

from app.logs.lines import JsonFormatter, TextFormatter

__all__ = ["JSON", "TEXT", "catch_what_threads_raise", "configure", "handler"]

#: The two kinds of lines.
TEXT, JSON = "text", "json"
_FORMATTERS = {TEXT: TextFormatter, JSON: JsonFormatter}


class _NoAuthlibDebugging(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not record.name.startswith("authlib")


def _make_handler() -> logging.Handler:
    # Whatever standard error is at the moment.
    handler = logging.StreamHandler(cast(TextIO, LocalProxy(lambda: sys.stderr)))
    handler.setFormatter(TextFormatter())
    handler.addFilter(_NoAuthlibDebugging())
    return handler


#: The one handler; gunicorn's own records go through it too.
handler = _make_handler()


def configure(format: str = TEXT) -> None:
    """Send every record to :data:`handler`, as lines of this kind."""
    if not isinstance(handler.formatter, _FORMATTERS[format]):
        handler.setFormatter(_FORMATTERS[format]())
    root = logging.getLogger()
    if handler not in root.handlers:
        root.addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    # Authlib's DEBUG records hold whole tokens, so they are not even made, however low the root's level is.
    logging.getLogger("authlib").setLevel(logging.WARNING)


def catch_what_threads_raise() -> None:
    """Log what ends a thread, and what cannot be raised, and Python's warnings: by itself it writes many lines."""
    log = logging.getLogger(__name__)

    def tell_thread(raised: Any) -> None:
        log.error("A thread ended by an exception", exc_info=raised.exc_value)

    def tell_unraisable(raised: Any) -> None:
        log.error("An exception could not be raised", exc_info=raised.exc_value)

    threading.excepthook, sys.unraisablehook = tell_thread, tell_unraisable
    logging.captureWarnings(True)
