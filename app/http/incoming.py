"""What comes in: a request as we read it, with the limits and the faults of its body."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from time import monotonic
from typing import IO, Any

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property

from app.http.doors import Door

#: Under this key of the environ the server says with which status it refuses a request that it could not read.
REFUSED = "reliquary.refused"

#: How many fields a form may have. Each costs a hundred times what it takes to send, and no page of ours has as many.
MOST_FIELDS = 20_000

_MOST_READ_IN_VAIN = 64 * 1024 * 1024
_SECONDS_READ_IN_VAIN = 20
_SECONDS_OF_SILENCE = 2


def takes_forms_of(size: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view take a form of so many bytes, where what its fields may hold is more than others' do."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        view.largest_form = size  # type: ignore[attr-defined]
        return view

    return decorate


def takes_files_of(size: int, count: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view take so many files of so many bytes together. What else its form holds stays as small as others'."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        view.largest_files = (size, count)  # type: ignore[attr-defined]
        return view

    return decorate


class _FormParser(FormDataParser):
    """Werkzeug counts the parts of a form with files, and no other form's fields."""

    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        if mimetype == "application/x-www-form-urlencoded":
            body = stream.read()
            if body.count(b"&") >= MOST_FIELDS:
                raise RequestEntityTooLarge
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class IncomingRequest(Request):
    """Werkzeug decodes a query strictly. One that is not UTF-8 is the sender's mistake, not ours."""

    form_data_parser_class = _FormParser

    #: Who comes in here: the application sets it as soon as the request is there.
    door: Door

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        # With it, Werkzeug takes a body that was cut off for a whole one, and half of a scope, or of a choice
        # of mementos, is another. Without it, fewer bytes than were announced are a 400 (RFC 9112 section 8).
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)
        elif environ.get("HTTP_TRANSFER_ENCODING"):
            environ["wsgi.input"] = _ChunkedBody(environ["wsgi.input"])
        super().__init__(environ, *args, **kwargs)

    def read_body(self) -> bytes:
        """Returns the whole body. Raises a 400 for one that was cut off and a 413 for one that is too large."""
        length = self.environ.get("CONTENT_LENGTH", "")
        if not (length.isascii() and length.isdecimal() and int(length) <= (self.max_content_length or 0)):
            return self.get_data(cache=False)
        # What Werkzeug does, without its stream in between.
        body = self.environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise BadRequest
        return body

    def read_in_vain(self) -> None:
        """Read what is left of the body, within limits: whoever is cut off while sending never reads the answer."""
        if not self.environ.get("CONTENT_LENGTH") and not self.environ.get("HTTP_TRANSFER_ENCODING"):
            return
        left, deadline = _MOST_READ_IN_VAIN, monotonic() + _SECONDS_READ_IN_VAIN
        # Whatever is wrong with the body, there is an answer already.
        with suppress(OSError, HTTPException), self._waiting_at_most(_SECONDS_OF_SILENCE):
            while left > 0 and monotonic() < deadline:
                piece = self.environ["wsgi.input"].read(min(left, 64 * 1024))
                if not piece:
                    break
                left -= len(piece)

    @contextmanager
    def _waiting_at_most(self, seconds: float) -> Iterator[None]:
        """Let no read of the connection take longer, where the server lets us have it."""
        connection = self.environ.get("gunicorn.socket")
        if connection is None:
            yield
            return
        before = connection.gettimeout()
        connection.settimeout(seconds)
        try:
            yield
        finally:
            connection.settimeout(before)

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """Returns the query. Raises a 400 for one that is no text."""
        try:
            return super().args
        except UnicodeDecodeError:
            raise BadRequest from None

    @cached_property
    def full_path(self) -> str:
        """Returns the path with its query. Raises a 400 for one that is no text."""
        try:
            return super().full_path
        except UnicodeDecodeError:
            raise BadRequest from None


class _ChunkedBody:
    """A body in chunks. Those that are malformed are the sender's mistake, not ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        try:
            return self._body.read(size)
        except HTTPException:
            raise
        # A server has exceptions of its own for it. Werkzeug makes of this one a 400.
        except Exception as error:
            raise OSError("The body is malformed.") from error
