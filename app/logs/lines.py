"""A record as one line: as text, or as JSON."""

import json
import logging
import re
import time
from abc import abstractmethod
from typing import Any

from app.logs import present
from app.logs.told_errors import describe, tell_traceback

# A credential in a malformed request line or in a driver's message. The prefix stays, it helps.
_CREDENTIAL = re.compile(r"(rlq_[a-z]{2}_)[0-9A-Za-z]{8,}")
# What would begin another line, move the cursor, turn the direction of writing, or cannot be written at all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# A line is written in one piece where it is shorter than 4 kB, so that workers do not write into each other's.
_MOST_OF_MESSAGE = 1_000

#: What a record may hold beside its message, and what its fields are called.
FIELDS = ("request_id", "client", "method", "route", "status", "duration_ms", "address")


class LineFormatter(logging.Formatter):
    """What both have in common."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line. No exception's words are in it, nor any credential of ours."""
        message = _shorten(_tell(record))
        error = record.exc_info[1] if record.exc_info else None
        trace = tell_traceback(error) if error is not None else ""
        return _CREDENTIAL.sub(r"\1…", self._write(record, message, trace, _fields_of(record)))

    @abstractmethod
    def _write(self, record: logging.LogRecord, message: str, trace: str, fields: dict[str, Any]) -> str: ...


class TextFormatter(LineFormatter):
    """Time in UTC, level, process, logger, the request's id, message. A line break is written as ``\\n``."""

    def _write(self, record: logging.LogRecord, message: str, trace: str, fields: dict[str, Any]) -> str:
        start = f"{self.formatTime(record)} {record.levelname} [{record.process}] {record.name}: "
        request_id = f"{fields['request_id']} " if "request_id" in fields else ""
        text = f"{start}{request_id}{message}" + (f"\n{trace}" if trace else "")
        return _CONTROL.sub(_escape, text)


class JsonFormatter(LineFormatter):
    """One JSON object, in ASCII."""

    def _write(self, record: logging.LogRecord, message: str, trace: str, fields: dict[str, Any]) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": message,
            **fields,
        }
        return json.dumps(line | ({"exception": trace} if trace else {}))


def _tell(record: logging.LogRecord) -> str:
    """The message, with every exception in it described."""
    message = describe(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    if not record.args:
        return message
    args: Any = record.args
    if isinstance(args, tuple):
        args = tuple(describe(one) if isinstance(one, BaseException) else one for one in args)
    try:
        return message % args
    # By itself, logging would print what was to be in it.
    except (TypeError, ValueError, KeyError):
        return message


def _shorten(message: str) -> str:
    return message if len(message) <= _MOST_OF_MESSAGE else f"{message[:_MOST_OF_MESSAGE]}…"


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is known of the request: from the record itself, or of the one that is answered."""
    if hasattr(record, "status"):
        told = {name: getattr(record, name, None) for name in FIELDS}
    elif environ := present.environ():
        told = present.tell(environ)
    else:
        return {}
    return {name: value for name, value in told.items() if value is not None}


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")
