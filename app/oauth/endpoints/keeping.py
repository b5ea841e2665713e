"""Keeping a request until the person has decided, and what becomes of those that are not kept.

Whoever is signed out may begin requests for nothing, so only a few of them are kept for one network. A further one is
not refused: it travels along in the address of the sign-in page, and begins anew behind it.
"""

from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

from flask import Response, make_response, redirect, url_for
from flask import request as http_request
from flask.typing import ResponseReturnValue

from app import credentials
from app.clients.documents.address import looks_like_address
from app.clients.models import DOCUMENT, ClientSnapshot, find_client
from app.database.connections import Connection, connect
from app.extensions import db
from app.http.safe_next import escape_query
from app.http.services import services
from app.limits.networks import network_of
from app.oauth.authorization_request import Asked, add_authorization_request, add_unsigned_request
from app.oauth.authorization_request.kept import keep_parameters
from app.oauth.endpoints.browser import (
    bind_browser,
    find_or_make_browser,
    is_signed_for_this_browser,
    remember_browser,
    sign_for_browser,
)
from app.oauth.endpoints.error_pages import sign_in_first_page
from app.oauth.endpoints.waiting import sign_in_url
from app.oauth.parameters import STATE_DEMANDED, Parameters, demands_state, parse_parameters

# Whoever signs in on the way has done what these ask for.
_DONE_BY_SIGNING_IN = ("login", "select_account")
#: The longest query that is kept while nobody has signed in for it, in bytes.
_LONGEST_UNSIGNED = 8192
#: The longest address of ours that we send somebody to: a little less than what every proxy takes.
_LONGEST_ADDRESS = 7500
_SENT_ALONG = "sent_along"


def keep_request(
    connection: Connection,
    parameters: Parameters,
    client: ClientSnapshot,
    *,
    user_id: str | None,
    lead_on: Callable[[str], str],
    again: bool = False,
) -> Response:
    """Keep the request server-side and go where ``lead_on`` says, given its handle.

    Without ``user_id`` it is nobody's yet. When too many of those wait for this network, it is not kept: then the
    person signs in (once more, with ``again``), and begins it anew. So it is for one that is very long.
    """
    known, browser = find_or_make_browser()
    markers = (STATE_DEMANDED,) if demands_state(http_request.path) else ()
    row: Asked = {
        "lifetime": services().settings.authorization_request_lifetime,
        "browser": browser,
        "client_key": client.key,
        "parameters": keep_parameters(connection, services().settings, client, parameters.values, *markers),
        "defect": parameters.find_defect(),
    }
    if user_id is None:
        is_short = len(http_request.query_string) <= _LONGEST_UNSIGNED
        handle = (
            add_unsigned_request(connection, services().limits, network=this_network(), **row) if is_short else None
        )
    else:
        handle = add_authorization_request(connection, user_id=user_id, **row)
    if handle is None:
        return begin_again_behind_sign_in(again)
    response = make_response(redirect(lead_on(handle), 303))
    return response if known else bind_browser(response, handle, browser)


def begin_again_behind_sign_in(again: bool = False) -> Response:
    """Keep nothing: the request travels along in the address of the sign-in page, and begins anew behind it."""
    known, browser = find_or_make_browser()
    response = make_response(_sign_in_and_begin_again(browser, again))
    return response if known else remember_browser(response, browser)


def this_network() -> str:
    """Returns what stands for the caller's network in the database; it cannot be read there."""
    return credentials.digest(network_of(http_request.remote_addr or ""))


def continue_url(handle: str) -> str:
    """Returns where a kept request goes on."""
    return url_for("oauth.continue_authorization", request=handle)


def leads_to_known_app(query: str) -> bool:
    """Returns whether a request was sent along by us, in this browser, and may be answered at the address it names."""
    sent, _name, signature = query.rpartition(f"&{_SENT_ALONG}=")
    if not is_signed_for_this_browser(sent, signature):
        return False
    parameters = parse_parameters(sent.encode()).values
    with connect(db.engine) as connection:
        client = find_client(connection, parameters["client_id"]) if "client_id" in parameters else None
    if client is None:
        # It is found out behind the sign-in who that is.
        return looks_like_address(parameters.get("client_id", ""))
    return client.origin == DOCUMENT or client.check_redirect_uri(parameters.get("redirect_uri", ""))


def _sign_in_and_begin_again(browser: str, again: bool) -> ResponseReturnValue:
    query = _query_without_sign_in()
    # Ignored where it arrives, as any parameter that nobody knows; the sign-in page looks at it.
    target = f"{quote(http_request.path)}?{query}&{_SENT_ALONG}={sign_for_browser(query, browser)}"
    address = sign_in_url(target, again=again)
    if len(address) > _LONGEST_ADDRESS:
        return sign_in_first_page()
    return redirect(address, 303)


def _query_without_sign_in() -> str:
    """The query as it came, but for a ``prompt`` that asks for the sign-in which comes now."""
    pairs = http_request.query_string.split(b"&")
    # It stays to the letter, and with it the state.
    return "&".join(filter(None, (escape_query(_settle_prompt(pair)) for pair in pairs)))


def _settle_prompt(pair: bytes) -> bytes:
    name, _equals, value = pair.partition(b"=")
    if _unquoted(name) != b"prompt":
        return pair
    prompts = _unquoted(value).decode("utf-8", "replace").split(" ")
    left = [one for one in prompts if one not in _DONE_BY_SIGNING_IN]
    return b"prompt=" + quote(" ".join(left)).encode() if left else b""


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
