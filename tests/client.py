"""Flask's test client, which does nothing twice: half of what it takes beside the app goes into addresses nobody reads."""

import re
from collections.abc import Iterable

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

_PLAIN_HOST = re.compile(r"([a-z0-9.-]+)(?::[0-9]+)?")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._~-]+")


class QuickClient(FlaskClient):
    """Keeps and sends cookies as Werkzeug's does. That makes a whole address twice a request, to read its host and path."""

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


def _find_place(environ) -> tuple[str, str] | None:
    """The host and the path that cookies are for, where they stand there as they are."""
    host, path = _PLAIN_HOST.fullmatch(environ.get("HTTP_HOST", "")), environ.get("PATH_INFO", "")
    return (host[1], path) if host and not environ.get("SCRIPT_NAME") and _PLAIN_PATH.fullmatch(path) else None
