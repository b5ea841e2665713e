"""Logging, set up once: one line a record, on standard error, and never a credential in it."""

import logging
import re
import time
from typing import TextIO, cast

from flask.logging import wsgi_errors_stream

# A credential in a malformed request line, in a traceback or in a driver's message. The prefix stays, it helps.
_CREDENTIAL = re.compile(r"(rlq_[a-z]{2}_)[0-9A-Za-z]{8,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLineFormatter(logging.Formatter):
    """Time in UTC, level, logger, message. Line breaks, also those of a traceback, are written as ``\\n``."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line = _CONTROL.sub(_escape, super().format(record))
        return _CREDENTIAL.sub(r"\1…", line)


class _NoAuthlibDebugging(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or not record.name.startswith("authlib")


def _make_handler() -> logging.Handler:
    # A proxy for the stream of the request that is answered.
    handler = logging.StreamHandler(cast(TextIO, wsgi_errors_stream))
    handler.setFormatter(OneLineFormatter())
    handler.addFilter(_NoAuthlibDebugging())
    return handler


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


#: The one handler; gunicorn's own records go through it too.
handler = _make_handler()


def configure() -> None:
    """Send every record to :data:`handler`. May be called again and changes nothing then."""
    root = logging.getLogger()
    if handler not in root.handlers:
        root.addHandler(handler)
    logging.getLogger("app").setLevel(logging.INFO)
    # Authlib's DEBUG records hold whole tokens, so they are not even made, however low the root's level is.
    logging.getLogger("authlib").setLevel(logging.WARNING)
