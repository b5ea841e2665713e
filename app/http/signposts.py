"""Signposts: addresses that people, browsers and crawlers try unasked, and where each leads.

None of them does anything: whoever wants to be signed out presses a button. They lead on by a path, whatever the Host.
"""

from collections.abc import Callable

from flask import Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.http.doors import PAGE
from app.http.routes import Blueprint

blueprint = Blueprint("signposts", __name__, door=PAGE)

#: What people and programs try -> the endpoint that they mean.
_GUESSES = {
    "/login": "accounts.sign_in",
    "/log-in": "accounts.sign_in",
    "/signin": "accounts.sign_in",
    "/sign_in": "accounts.sign_in",
    "/signup": "accounts.sign_up",
    "/sign_up": "accounts.sign_up",
    "/org": "org.list_clients",
    "/docs": "guide.show_page",
    # What password managers open where a password was found elsewhere (W3C, "A Well-Known URL for Changing Passwords").
    "/.well-known/change-password": "personal.password",
}
_SIGN_OUT_GUESSES = ("/logout", "/log-out", "/signout", "/sign_out")

#: What a crawler leaves alone. The first page and the guide are for everybody.
_NOT_CRAWLED = (
    *("/account", "/api/", "/authorize", "/demonstration", "/device", "/forgotten-password", "/mcp", "/oauth/"),
    *("/operator", "/org", "/reset-password", "/sign-in", "/sign-up", "/take-back-"),
)
_A_DAY = 24 * 60 * 60


def _lead_to(endpoint: str) -> Callable[[], ResponseReturnValue]:
    def lead() -> ResponseReturnValue:
        # The page that comes next decides whether it is a path of ours.
        target = request.args.get("next") if endpoint.startswith("accounts.") else None
        return redirect(url_for(endpoint, next=target), 303)

    return lead


for _path, _endpoint in _GUESSES.items():
    blueprint.add_url_rule(_path, _path.rpartition("/")[2].replace("-", "_"), _lead_to(_endpoint))


def lead_to_signing_out() -> ResponseReturnValue:
    """To a page with the button: a GET, which a link or an image can make, signs nobody out."""
    return redirect(url_for("personal.sessions" if current_user.is_authenticated else "accounts.home"), 303)


for _path in _SIGN_OUT_GUESSES:
    blueprint.add_url_rule(_path, "sign_out", lead_to_signing_out)


@blueprint.get("/favicon.ico")
def show_favicon() -> ResponseReturnValue:
    """For whoever does not read the page's own link to an icon."""
    return _kept_a_day(current_app.send_static_file("favicon.ico"))


@blueprint.get("/robots.txt")
def show_robots() -> ResponseReturnValue:
    """What may be crawled (:rfc:`9309`)."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_CRAWLED)]
    return _kept_a_day(Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8"))


def _kept_a_day(response: Response) -> Response:
    response.cache_control.no_cache = None
    response.cache_control.public, response.cache_control.max_age = True, _A_DAY
    return response
