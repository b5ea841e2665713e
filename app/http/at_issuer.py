"""Where a request came to: the issuer's address, whatever a proxy wrote."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from app.http.addresses import PlainAddresses

#: Where the environment keeps which host was asked for, as far as the last proxy says it. No address is made of it.
ASKED_HOST = "reliquary.asked_host"


def init_app(app: Flask) -> None:
    """Put it in front of the app, and before that what reads the address of whoever sends, as far as proxies say it."""
    wsgi_app: Callable[..., Iterable[bytes]] = AtIssuer(app.wsgi_app, app)
    if proxies := app.extensions["services"].settings.trusted_proxies:
        wsgi_app = PlainAddresses(wsgi_app, proxies)
    app.wsgi_app = wsgi_app  # type: ignore[method-assign]


class AtIssuer:
    """Tells the app inside that every request came to the issuer's address, whatever ``Host`` says.

    A proxy writes there what it likes: nginx and Apache, left to themselves, their own name for us. An address that
    were made of it, or a redirect that were decided by it, would lead nowhere, or to where a stranger wants.
    """

    def __init__(self, inside: Callable[..., Iterable[bytes]], app: Flask):
        self._inside = inside
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scheme, _, host = self._app.extensions["services"].settings.issuer.partition("://")
        environ[ASKED_HOST] = environ.get("HTTP_HOST", "")
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = host, scheme
        return self._inside(environ, start_response)
