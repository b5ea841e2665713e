"""A request as an endpoint without Flask sees it, and the rows of the fast door's table."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from app.http.direct.written import Written
from app.http.doors import Door
from app.logs import present
from app.services import Services

#: What WSGI calls the headers that it gives another name than ``HTTP_`` and their own.
_APART = {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}
_KNOWN = {"Authorization": "HTTP_AUTHORIZATION"} | _APART


class SentHeaders:
    """The headers of a request, by their names."""

    __slots__ = ("_environ",)

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ

    def get(self, key: str, /) -> str | None:
        """Returns the value, or None where there is none."""
        value: str | None = self._environ.get(_KNOWN.get(key) or "HTTP_" + key.upper().replace("-", "_"))
        return value


class Call:
    """One request: where it came to, and what came. ``caller`` is the client that it is from, once that is known.

    ``read_body`` returns the whole body. It raises what is to be answered for one that is not whole.
    """

    __slots__ = ("caller", "environ", "method", "path", "read_body", "services")

    def __init__(
        self, environ: dict[str, Any], services: Services, method: str, path: str, read_body: Callable[[], bytes]
    ) -> None:
        self.environ, self.services = environ, services
        self.method, self.path, self.read_body = method, path, read_body
        self.caller: str | None = None

    @property
    def headers(self) -> SentHeaders:
        """The headers that came with it."""
        return SentHeaders(self.environ)

    @property
    def authorization(self) -> str:
        """The header of that name; empty where there is none."""
        value: str = self.environ.get("HTTP_AUTHORIZATION", "")
        return value

    @property
    def address(self) -> str:
        """The network address it comes from; empty where nobody knows."""
        return self.environ.get("REMOTE_ADDR") or ""

    @property
    def request_id(self) -> str:
        """Its id."""
        return present.request_id(self.environ)


#: Answers a call. None says that it is for Flask to answer, and that nothing was done for it: no row was written,
#: nothing was noted and nothing counted.
Act = Callable[[Call], Written | None]


class Row(Struct, frozen=True):
    """One endpoint of the fast door: its route's method, rule and door, and the paths it is called at.

    A POST brings a form. Only with ``takes_query`` may a query follow the path.
    """

    method: str
    paths: tuple[str, ...]
    rule: str
    door: Door
    act: Act
    takes_query: bool = False


def both_spellings(path: str) -> tuple[str, str]:
    """Returns a path without its last slash and with it: neither spelling is answered by a redirect."""
    plain = path.rstrip("/")
    return plain, f"{plain}/"
