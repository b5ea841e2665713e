"""The redirect that carries an answer back to the client (:rfc:`6749#section-4.1.2`)."""

from collections.abc import Mapping
from urllib.parse import quote

from app.oauth.wire_request import WireRequest

Redirect = tuple[int, str, list[tuple[str, str]]]


def redirect_back(request: WireRequest, redirect_uri: str, parameters: Mapping[str, str]) -> Redirect:
    """Returns status, body and headers of the redirect, with ``state`` and ``iss`` (:rfc:`9207#section-2`).

    The parameters are appended to the registered URI as it is: parsing and re-encoding its query could change it.
    """
    answer = dict(parameters)
    if request.payload.state is not None:
        answer["state"] = request.payload.state
    answer["iss"] = request.services.settings.issuer
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in answer.items())
    separator = "&" if "?" in redirect_uri else "?"
    status = 303 if request.method == "POST" else 302
    return status, "", [("Location", f"{redirect_uri}{separator}{query}"), ("Cache-Control", "no-store")]


def lead_to_page(request: WireRequest) -> Redirect:
    """Returns the redirect to the page that tells a device's person how it has ended."""
    assert request.told_at is not None
    return 303, "", [("Location", request.told_at), ("Cache-Control", "no-store")]
