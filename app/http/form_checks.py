"""Whether a form is ours: asked before the view, at the doors that take forms."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_login import current_user

from app.config import settings
from app.extensions import csrf
from app.http.doors import SAFE_METHODS
from app.http.error_answers import error_page
from app.http.form_origin import is_from_us
from app.http.incoming import IncomingRequest
from app.sentences import _

_CHECKS_ITSELF = "checks_its_own_token"


def checks_its_own_token(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that calls ``csrf.protect()`` itself: it has an answer of its own for a form without a good token."""
    setattr(view, _CHECKS_ITSELF, True)
    return view


def check_form(request: IncomingRequest, views: Mapping[str, Callable[..., Any]]) -> Any:
    """Returns the answer to a form that was sent from elsewhere; None for one of ours and for what changes nothing.

    Raises a ``CSRFError`` for one of ours without its token.
    """
    view = None if request.endpoint is None else views.get(request.endpoint)
    if view is None:
        return None
    if request.method not in SAFE_METHODS and not _is_from_us(request):
        return _refusal()
    largest = getattr(view, "largest_form", None)
    # Said here, because the first to come reads the form; and only to somebody, as whoever asks for it knows nobody.
    if largest is not None and current_user.is_authenticated:
        request.max_content_length = request.max_form_memory_size = largest
    files = getattr(view, "largest_files", None)
    # Only these lie on disk: any other body would be read into memory.
    if files is not None and request.mimetype == "multipart/form-data" and current_user.is_authenticated:
        request.max_content_length, request.max_form_parts = files
    if request.method not in SAFE_METHODS and not hasattr(view, _CHECKS_ITSELF):
        csrf.protect()
    return None


def _is_from_us(request: IncomingRequest) -> bool:
    return is_from_us(request.headers.get("Origin"), request.headers.get("Referer"), settings().issuer)


def _refusal() -> Any:
    return error_page(
        400,
        _("That form came from another address"),
        _(
            "Nothing was changed. %(site_name)s takes forms from its own pages at %(issuer)s alone. Open it there and"
            " try again.",
            site_name=settings().site_name,
            issuer=settings().issuer,
        ),
    )
