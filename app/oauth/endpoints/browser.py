"""Which browser a waiting request belongs to: the one that holds its nonce in a cookie.

One cookie serves all requests of a browser. A browser that has none yet may begin two requests at the very same
moment, in two tabs: each answer brings a nonce, and the later one is kept. So the first requests of a browser have
a cookie of their own besides, which goes when they do.
"""

import hmac

from flask import Response
from flask import request as http_request

from app import credentials
from app.config import settings

#: Requests of one browser that have a cookie of their own; about 110 bytes each.
_MOST_OWN_COOKIES = 8
_HANDLE_LENGTH = 16
_SIGNATURE_LENGTH = 32


def find_browser() -> str | None:
    """Returns the nonce of this browser, None if it has none yet."""
    nonce = http_request.cookies.get(_name(), "")
    return nonce if nonce.startswith(credentials.BROWSER) else None


def find_or_make_browser() -> tuple[bool, str]:
    """Returns whether this browser has a nonce already, and the nonce."""
    known = find_browser()
    return known is not None, known or credentials.new_credential(credentials.BROWSER)


def is_of_this_browser(handle: str, browser_digest: str) -> bool:
    """Returns whether the request with this handle was begun in this browser."""
    held = [http_request.cookies.get(name, "") for name in (_name(), _own_name(handle))]
    # Each is compared, so that the time it takes does not tell which.
    return any([credentials.matches(nonce, browser_digest) for nonce in held])


def remember_browser(response: Response, nonce: str) -> Response:
    """Returns the answer, which gives a new browser its nonce."""
    _set_cookie(response, _name(), nonce)
    return response


def bind_browser(response: Response, handle: str, nonce: str) -> Response:
    """Returns the answer, which gives a new browser its nonce, and the request a cookie of its own."""
    remember_browser(response, nonce)
    _set_cookie(response, _own_name(handle), nonce, max_age=settings().authorization_request_max_lifetime)
    # Browsers send the oldest first.
    own = [name for name in http_request.cookies if name.startswith(f"{_name()}_")]
    for name in own[: max(0, len(own) - _MOST_OWN_COOKIES + 1)]:
        _delete_cookie(response, name)
    return response


def sign_for_browser(text: str, nonce: str) -> str:
    """Returns a signature that says that this browser was sent there by us."""
    return _sign(text, nonce, settings().secret_key)


def is_signed_for_this_browser(text: str, signature: str) -> bool:
    """Returns whether the signature is one that this browser got for the text."""
    nonce = find_browser()
    return nonce is not None and any(
        [hmac.compare_digest(_sign(text, nonce, key).encode(), signature.encode()) for key in settings().secret_keys]
    )


def _sign(text: str, nonce: str, key: str) -> str:
    return hmac.new(f"{key}\n{nonce}".encode(), text.encode(), "sha256").hexdigest()[:_SIGNATURE_LENGTH]


def forget_request(handle: str, response: Response) -> Response:
    """Returns the answer that leads back to the app, which takes the request's own cookie away."""
    name = _own_name(handle)
    if name in http_request.cookies and response.status_code == 303 and not response.location.startswith("/"):
        _delete_cookie(response, name)
    return response


def _name() -> str:
    return "__Host-reliquary_browser" if settings().is_https else "reliquary_browser"


def _own_name(handle: str) -> str:
    return f"{_name()}_{credentials.digest(handle)[:_HANDLE_LENGTH]}"


def _set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(
        name, value, httponly=True, samesite="Lax", secure=settings().is_https, path="/", max_age=max_age
    )


def _delete_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, httponly=True, samesite="Lax", secure=settings().is_https, path="/")
