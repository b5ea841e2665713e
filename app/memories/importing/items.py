"""The items of a list in JSON, one after another: a file of hundreds of megabytes never stands in memory.

An item that is broken is told as such, and the next one is found again.
"""

import re
from collections.abc import Iterator
from typing import IO, Any

import orjson
from msgspec import Struct

from app.memories.importing.bounds import LARGEST_ITEM, MOST_TOKENS
from app.memories.importing.skips import Reason

_PIECE = 256 * 1024
_DEEPEST = 200
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SIGN = re.compile(rb'["{}\[\],]')
_QUOTE, _COMMA, _BACKSLASH = b'",\\'
_CLOSER = {ord("{"): ord("}"), ord("["): ord("]")}
_NAME = re.compile(rb'"(?:title|name|filename)"\s*:\s*("(?:[^"\\]|\\.){1,300}")')
_FIRST_KEY = re.compile(rb'\{\s*("(?:[^"\\]|\\.){1,100}")\s*:')
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.DOTALL
)
#: How often the beginning of an item is looked for where one has no end.
_MOST_LOOKS = 50


class Broken(Struct, frozen=True):
    """An item that cannot be read. ``name`` is its title, where that can be seen; ``is_rest`` that all after it is lost."""

    name: str
    reason: Reason
    is_rest: bool = False


def read_items(stream: IO[bytes]) -> Iterator[dict[str, Any] | Broken]:
    """Returns the objects of a list, or the one object that a file holds instead."""
    yield from _Scanner(stream).run()


class _Scanner:
    """Finds where an item begins and ends, by its brackets, and keeps no more than it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._data = bytearray()
        self._at = 0
        self._looks = 0
        self._is_within = False
        self._opening: re.Pattern[bytes] | None = None

    def run(self) -> Iterator[dict[str, Any] | Broken]:
        is_list = self._skip_to_first()
        while is_list is not None and self._find_item(is_list):
            problem = self._walk()
            self._learn()
            if problem is None:
                item = _parse(bytes(self._data[: self._at]))
                if item is not None:
                    self._is_within = False
                    yield item
                    if not is_list:
                        return
                    continue
                name = self._find_name()
                # Where none begins in it, the next one comes after it.
                is_found = is_list and (self._look_inside() or True)
            else:
                name = self._find_name()
                if self._opening is not None and self._opening.search(self._data, 1, self._at):
                    # It is as large as that because it has no end.
                    problem = Reason.BROKEN
                is_found = is_list and self._look_further()
            # A part of one that is broken already has no name of its own.
            if name or not self._is_within:
                yield Broken(name, problem or Reason.BROKEN, is_rest=not is_found)
            self._is_within = True
            if not is_found:
                return

    def _more(self) -> bool:
        piece = self._stream.read(_PIECE)
        self._data += piece
        return bool(piece)

    def _skip_to_first(self) -> bool | None:
        """Whether a list comes (True) or one object (False); None for neither."""
        while self._more() and len(self._data) < _PIECE:
            if self._data.strip(_BLANK):
                break
        self._data = self._data.lstrip(_BLANK)
        if self._data[:1] == b"[":
            self._at = 1
            return True
        return False if self._data[:1] == b"{" else None

    def _find_item(self, is_list: bool) -> bool:
        """Go to where the next object begins. What is none, between two, is passed over."""
        if not is_list:
            return True
        while True:
            begin, end = self._data.find(b"{", self._at), self._data.find(b"]", self._at)
            # After something broken, a bracket may be what is left of it; and behind the end of a list nothing comes.
            if end >= 0 and not self._looks and (begin < 0 or end < begin):
                self._data += self._stream.read(_PIECE)
                if self._data.find(b"{", end) < 0:
                    return False
                self._looks += 1
                continue
            if begin >= 0:
                del self._data[:begin]
                self._at = 0
                return True
            self._data.clear()
            self._at = 0
            if not self._more():
                return False

    def _walk(self) -> Reason | None:
        """Go to the end of the object that begins here. Returns why it cannot be read, or None."""
        closers, tokens = bytearray(), 0
        while True:
            match = _SIGN.search(self._data, self._at)
            if match is None:
                self._at = len(self._data)
                if problem := self._reach():
                    return problem
                continue
            self._at = match.end()
            sign = self._data[self._at - 1]
            tokens += 1
            if sign == _QUOTE:
                if problem := self._pass_text():
                    return problem
            elif sign in _CLOSER:
                closers.append(_CLOSER[sign])
            elif sign != _COMMA:
                if closers.pop() != sign:
                    return Reason.BROKEN
                if not closers:
                    return None
            if len(closers) > _DEEPEST or tokens > MOST_TOKENS:
                return Reason.LARGE_ITEM

    def _pass_text(self) -> Reason | None:
        """Go behind the end of a text, whose quotation mark is one with no odd number of backslashes before it."""
        while True:
            end = self._data.find(b'"', self._at)
            if end < 0:
                self._at = len(self._data)
                if problem := self._reach():
                    return problem
                continue
            self._at = end + 1
            first = end
            while self._data[first - 1] == _BACKSLASH:
                first -= 1
            if (end - first) % 2 == 0:
                return None

    def _reach(self) -> Reason | None:
        """Read on. Returns why the item cannot be read, if it is too large or has no end."""
        if len(self._data) > LARGEST_ITEM:
            return Reason.LARGE_ITEM
        return None if self._more() else Reason.BROKEN

    def _learn(self) -> None:
        """Remember how the first item begins: the others of its list do too."""
        if self._opening is None and (key := _FIRST_KEY.match(self._data)):
            self._opening = re.compile(rb"[,\]}]\s*(?=\{\s*" + re.escape(key[1]) + rb"\s*:)")

    def _find_name(self) -> str:
        """The title of the item that begins here, which is not that of one in it."""
        following = self._opening.search(self._data, 1) if self._opening else None
        return _name_in(self._data[: min(following.start() if following else _PIECE, 64 * 1024)])

    def _look_inside(self) -> bool:
        """Go back to where another item seems to begin in one that is broken: it may lack its end."""
        self._looks += 1
        if self._opening is None or self._looks > _MOST_LOOKS:
            return False
        match = self._opening.search(self._data, 1, self._at)
        if match is not None:
            self._at = match.end()
        return match is not None

    def _look_further(self) -> bool:
        """Go to where the next item seems to begin, by the first name in the first one."""
        self._at = len(self._data)
        while not self._look_inside():
            if self._opening is None or self._looks > _MOST_LOOKS:
                return False
            # Looking on costs no look.
            self._looks -= 1
            del self._data[:-512]
            if not self._more():
                return False
            self._at = len(self._data)
        return True


def _parse(item: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(item)
    except orjson.JSONDecodeError:
        try:
            # Half of a character that takes two, or bytes that are none.
            found = orjson.loads(_ESCAPE.sub(_whole, item).decode("utf-8", "replace").encode())
        except orjson.JSONDecodeError:
            return None
    return found if isinstance(found, dict) else None


def _whole(match: re.Match[bytes]) -> bytes:
    escape = match[0]
    is_half = len(escape) == 6 and escape[1:2] == b"u"
    return rb"\ufffd" if is_half else escape


def _name_in(item: bytes | bytearray) -> str:
    match = _NAME.search(item)
    if match is None:
        return ""
    try:
        return str(orjson.loads(_ESCAPE.sub(_whole, match[1])))
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        return match[1].strip(b'"').decode("utf-8", "replace")
