"""Where a chunked body ends (:rfc:`9112#section-7.1`), found while it comes.

It only says when enough is there. gunicorn reads the body afterwards and judges it.
"""

import re

_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_LONGEST_LINE = 8192
_LONGEST_TRAILERS = 64 * 1024


class Chunks:
    """Is fed a body piece by piece."""

    def __init__(self) -> None:
        # What was fed and not understood yet: part of a line.
        self._rest = bytearray()
        # Bytes of the present chunk that are still to come, with its line end.
        self._owed = 0
        self._is_in_trailers = False

    def feed(self, piece: bytes) -> bool:
        """Returns whether the body is whole, or cannot become so."""
        if self._owed > len(piece):
            self._owed -= len(piece)
            return False
        self._rest += piece[self._owed :]
        self._owed = 0
        while not self._is_in_trailers:
            end = self._rest.find(b"\r\n")
            if end < 0:
                return len(self._rest) > _LONGEST_LINE
            size = _SIZE.fullmatch(self._rest, 0, end)
            if size is None:
                return True
            length = int(size[1], 16)
            del self._rest[: end + 2]
            if length == 0:
                self._is_in_trailers = True
            elif length + 2 > len(self._rest):
                self._owed = length + 2 - len(self._rest)
                self._rest.clear()
                return False
            else:
                del self._rest[: length + 2]
        return self._rest[:2] == b"\r\n" or b"\r\n\r\n" in self._rest or len(self._rest) > _LONGEST_TRAILERS
