"""What came in on a connection and is not answered yet, until it is a whole request.

Where a request ends is only looked for, so that no thread need wait for it. gunicorn reads it afterwards, and its word
alone counts: what it does not take for part of the request is the beginning of the next.
"""

import re
from enum import Enum
from tempfile import TemporaryFile
from typing import IO

from gunicorn.http.errors import LimitRequestHeaders, ParseException
from gunicorn.http.unreader import Unreader
from werkzeug.exceptions import RequestTimeout, ServiceUnavailable

from app.worker.bounds import (
    BODY_IN_MEMORY,
    LARGEST_BODY,
    LARGEST_HEAD,
    LARGEST_UPLOAD,
    UPLOAD_BEGINS,
)
from app.worker.chunks import Chunks
from app.worker.room import Room

_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"0*([0-9]{1,15})")
_VERSION_1_0 = re.compile(rb"(?:\r\n)?[^\r\n]* HTTP/1\.0\r\n")
_PIECE = 1024 * 1024


class SlowHead(ParseException):
    """The head of a request did not come in time."""


class End(Enum):
    """Why no more is waited for."""

    #: It is whole, as far as can be seen, or gunicorn will refuse it.
    WHOLE = "whole"
    #: Whoever sends it has sent all they will.
    HUNG_UP = "hung up"
    LATE = "late"
    #: More than is waited for.
    TOO_MUCH = "too much"
    #: Bodies of others take all the room there is.
    NO_ROOM = "no room"


class Inbox(Unreader):
    """Is fed by the loop until it has an end, and read by the thread that answers."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room
        self._data = bytearray()
        self._disk: IO[bytes] | None = None
        self._on_disk = 0
        # What the body still lacks, once the head is there.
        self._missing = 0
        self._largest = LARGEST_BODY
        self._chunks: Chunks | None = None
        self.end: End | None = None
        self.has_head = False
        #: Whether the other side waits for leave to send the body (RFC 9110 section 10.1.1).
        self.awaits_leave = False
        #: Whether more was read than had come: where the next request begins, nobody knows.
        self.ran_dry = False

    @property
    def size(self) -> int:
        """Bytes that came so far."""
        return len(self._data) + self._on_disk

    @property
    def takes_room(self) -> bool:
        """Whether some of it lies on disk."""
        return self._on_disk > 0

    @property
    def in_memory(self) -> bytearray:
        """What came so far, where nothing was read of it, and none of it lies on disk; else only a part."""
        return self._data

    def drop(self) -> None:
        """Take what is in memory for read."""
        self._data.clear()

    def feed(self, piece: bytes) -> None:
        """Take what came, and look whether it is enough."""
        if self.has_head:
            self._keep(piece)
            self._look_for_end(piece)
            return
        searched = max(0, len(self._data) - 3)
        self._data += piece
        head = self._data.find(b"\r\n\r\n", searched)
        if head >= 0:
            self.has_head = True
            self._read_framing(head + 4)
        elif len(self._data) > LARGEST_HEAD or (b"\n" in piece and self._has_bare_line_feed()):
            self.end = End.TOO_MUCH

    def give_up(self, end: End) -> None:
        """Wait for no more. For want of room, what lies on disk is given back."""
        self.end = self.end or end
        self.awaits_leave = False
        if end is End.NO_ROOM:
            self.close()

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Returns what gunicorn reads next; empty at the end. Raises what is to be said where more should have come."""
        if self._data:
            data, self._data = bytes(self._data), bytearray()
            return data
        if self._disk is not None and (data := self._disk.read(min(size_hint or _PIECE, _PIECE))):
            return data
        if self.end is End.LATE:
            raise RequestTimeout if self.has_head else SlowHead
        if self.end is End.NO_ROOM:
            raise ServiceUnavailable(retry_after=10)
        if self.end is End.TOO_MUCH:
            raise OSError("The body is larger than what is read.") if self.has_head else LimitRequestHeaders
        self.ran_dry = True
        return b""

    def take_rest(self) -> bytes:
        """Returns what belongs to the next request."""
        rest = self.take_buffered() + bytes(self._data)
        return rest + self._disk.read() if self._disk is not None else rest

    def settle(self, *, goes_on: bool) -> None:
        """Give back the room, which whoever reads the answer slowly would keep from others. What follows stays where it ``goes_on``."""
        if self.takes_room:
            rest = self.take_rest() if goes_on else b""
            self.close()
            self._data = bytearray(rest)

    def close(self) -> None:
        """Give back the room on disk."""
        if self._disk is not None:
            self._disk.close()
            self._disk = None
        self._room.give_back(self._on_disk)
        self._on_disk = 0

    def _read_framing(self, body_begins: int) -> None:
        lengths, codings, self.end = [], [], End.WHOLE
        if self._data.startswith(UPLOAD_BEGINS):
            self._largest = LARGEST_UPLOAD
        for name, value in _FRAMING.findall(self._data, 0, body_begins):
            kind = name[:1].lower()
            if kind == b"c":
                lengths.append(value.strip())
            elif kind == b"t":
                codings.append(value)
            elif value.strip().lower() == b"100-continue":
                # HTTP/1.0 knows no answer before the answer.
                self.awaits_leave = _VERSION_1_0.match(self._data) is None
        body = bytes(self._data[body_begins:])
        # Anything else gunicorn refuses, or there is no body.
        if len(codings) == 1 and not lengths and _ends_chunked(codings[0]):
            self._chunks = Chunks()
        elif len(lengths) == 1 and not codings and (length := _LENGTH.fullmatch(lengths[0])):
            self._missing = int(length[1])
            if self._missing > self._largest:
                self.give_up(End.TOO_MUCH)
                self.end = End.TOO_MUCH
                return
        else:
            return
        self.end = None
        self._look_for_end(body)
        if self.end or body:
            self.awaits_leave = False

    def _look_for_end(self, piece: bytes) -> None:
        if self._chunks is not None:
            is_whole = self._chunks.feed(piece)
        else:
            self._missing -= len(piece)
            is_whole = self._missing <= 0
        if is_whole:
            self.end = self.end or End.WHOLE
        elif self.size > LARGEST_HEAD + self._largest:
            self.end = End.TOO_MUCH

    def _keep(self, piece: bytes) -> None:
        if self._disk is None and len(self._data) + len(piece) <= BODY_IN_MEMORY:
            self._data += piece
            return
        try:
            # Without a buffer: a full disk is told now, and not when it is read or closed.
            self._disk = self._disk or TemporaryFile(buffering=0)  # noqa: SIM115, it is closed by close()
            if not self._room.take(len(piece), self):
                raise OSError("There is no room for another body.")
            self._on_disk += len(piece)
            if self._disk.write(piece) < len(piece):
                raise OSError("There is no room for the whole of it.")
        except OSError:
            self.end = End.NO_ROOM

    def rewind(self) -> None:
        """From here on it is read."""
        if self._disk is not None:
            self._disk.seek(0)

    def _has_bare_line_feed(self) -> bool:
        return self._data.count(b"\n") != self._data.count(b"\r\n")


def _ends_chunked(coding: bytes) -> bool:
    """Returns whether the body says itself where it ends. Of any other nobody knows (:rfc:`9112#section-6.3`)."""
    return coding.rpartition(b",")[2].strip().lower() == b"chunked"
