"""Flask's test client, which puts plain requests together with less ado.

Werkzeug's own way takes as long as some answers do: twice it makes an address of what an address was taken apart for.
What is not plain is left to it. ``tests/test_client.py`` holds the two against each other.
"""

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.urls import _urlencode
from werkzeug.wrappers import Request, Response

#: What stands in an address as it is, and may hold a query that is not empty.
_PLAIN_PATH = re.compile(r"/(?!/)[!-\"$-\[\]-~]*(?<!\?)")
_PLAIN_HOST = re.compile(r"([a-z0-9.-]+)(?::[0-9]+)?")
_PLAIN_PLACE = re.compile(r"[A-Za-z0-9/._~-]+")


class QuickClient(FlaskClient):
    """A client whose requests and answers are those of Flask's."""

    def __init__(self, application: Flask, response_wrapper: type[Response], **how: Any):
        super().__init__(application, _wrap(response_wrapper), **how)

    def open(self, *args: Any, **how: Any) -> TestResponse:
        environ = None if self.preserve_context else self.put_together(*args, **how)
        if environ is None:
            return super().open(*args, **how)
        self._context_stack.close()
        answer = self.response_wrapper(*self.run_wsgi_app(environ), request=Request(environ))
        answer.json_module = self.application.json
        return answer

    def put_together(
        self,
        path: Any = "/",
        *more: Any,
        method: str = "GET",
        base_url: str | None = None,
        headers: dict[str, str] | None = None,
        data: Any = None,
        json: Any = None,
        content_type: str | None = None,
        query_string: dict[str, Any] | None = None,
        environ_overrides: dict[str, Any] | None = None,
        **others: Any,
    ) -> dict[str, Any] | None:
        """Returns what the app is called with, or None for a request that is not plain."""
        if more or others or not isinstance(path, str) or not _PLAIN_PATH.fullmatch(path):
            return None
        said = _read_headers(headers)
        if said is None or (json is not None and data is not None):
            return None
        type_said = said.pop("HTTP_CONTENT_TYPE", None)
        content_type = content_type or type_said
        if json is not None:
            data, content_type = self.application.json.dumps(json), content_type or "application/json"
        body = _read_body(data, content_type)
        place, mark, query = path.partition("?")
        if body is None or (query_string is not None and (mark or type(query_string) is not dict)):
            return None
        return {
            **self.environ_base,
            **_read_base_url(base_url or self._find_base_url()),
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(place).encode().decode("latin1"),
            "QUERY_STRING": _urlencode(MultiDict(query_string)) if query_string else query,
            "REQUEST_URI": path,
            "RAW_URI": path,
            "wsgi.errors": sys.stderr,
            **body,
            **said,
            **(environ_overrides or {}),
        }

    def _add_cookies_to_wsgi(self, environ) -> None:
        place = _find_place(environ)
        if place is None:
            return super()._add_cookies_to_wsgi(environ)
        kept = self._cookies.values() if self._cookies else ()
        sent = "; ".join(cookie._to_request_header() for cookie in kept if cookie._matches_request(*place))
        if sent:
            environ["HTTP_COOKIE"] = sent
        elif self._cookies is not None:
            environ.pop("HTTP_COOKIE", None)
        return None

    def run_wsgi_app(self, environ, buffered: bool = False) -> tuple[Iterable[bytes], str, Headers]:
        """Returns what the app answers."""
        if _find_place(environ) is None:
            return super().run_wsgi_app(environ, buffered)
        self._add_cookies_to_wsgi(environ)
        answer = run_wsgi_app(self.application, environ, buffered=buffered)
        if (said := answer[2].getlist("Set-Cookie")) and (place := _find_place(environ)):
            self._update_cookies_from_response(*place, said)
        return answer

    def _find_base_url(self) -> str:
        known = self.application.config
        host, root = known["SERVER_NAME"] or "localhost", known["APPLICATION_ROOT"].lstrip("/")
        return f"{known['PREFERRED_URL_SCHEME']}://{host}/{root}"


def _find_place(environ) -> tuple[str, str] | None:
    """The host and the path that cookies are for, where they stand there as they are."""
    host, path = _PLAIN_HOST.fullmatch(environ.get("HTTP_HOST", "")), environ.get("PATH_INFO", "")
    return (host[1], path) if host and not environ.get("SCRIPT_NAME") and _PLAIN_PLACE.fullmatch(path) else None


@lru_cache(maxsize=64)
def _wrap(answers: type[Response]) -> type[TestResponse]:
    """Returns the class that a client of Flask's makes of the app's, and each client anew."""
    return type("WrapperTestResponse", (TestResponse, answers), {})


@lru_cache(maxsize=64)
def _read_base_url(base_url: str) -> dict[str, Any]:
    """Returns what follows from it, and what is the same for all requests."""
    return EnvironBuilder("/", base_url).get_environ()


def _read_headers(headers: Any) -> dict[str, str] | None:
    """Returns what is said in plain headers."""
    said: dict[str, str] = {}
    if type(headers) is not dict:
        return None if headers is not None else said
    for name, value in headers.items():
        key = f"HTTP_{name.upper().replace('-', '_')}"
        is_plain = isinstance(value, str) and "\n" not in value and "\r" not in value
        if not is_plain or key in said or key == "HTTP_CONTENT_LENGTH":
            return None
        said[key] = value
    return said


def _read_body(data: Any, content_type: str | None) -> dict[str, Any] | None:
    """Returns what a plain body says of itself: none, bytes, or a form of text."""
    if not data:
        return {"wsgi.input": BytesIO()} if content_type is None else None
    if isinstance(data, dict):
        lists = data.to_dict(flat=False) if isinstance(data, MultiDict) else data
        values = [one for value in lists.values() for one in (value if isinstance(value, list) else [value])]
        if content_type is not None or not all(isinstance(value, str) for value in values):
            return None
        data, content_type = _urlencode(lists), "application/x-www-form-urlencoded"
    if not isinstance(data, str | bytes):
        return None
    sent = data.encode() if isinstance(data, str) else data
    said = {"wsgi.input": BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
    return said | {"CONTENT_TYPE": content_type} if content_type is not None else said
