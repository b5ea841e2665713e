"""What a client asks for by itself, before any browser comes: a pushed request, and the request of a device."""

from collections.abc import Callable
from typing import Any

from authlib.consts import default_json_headers

from app.clients.models import PRIVATE_KEY_JWT, ClientSnapshot
from app.database.connections import RowGone
from app.database.repeat import repeat
from app.oauth.client_authentication import BASIC, NONE, POST
from app.oauth.exchange import Answer, exchange, nothing_stands
from app.oauth.journal.log import note_success
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.wire_request import WireRequest

#: Checks a request and keeps it. Returns the status and the body to answer with, and raises a refusal.
Keep = Callable[[WireRequest, ClientSnapshot], tuple[int, dict[str, Any]]]


def answer_beforehand(request: WireRequest, endpoint: str, keep: Keep) -> Any:
    """Answer with what becomes of the request of an authenticated client, or with what is wrong; its people read of both."""
    request.endpoint = endpoint
    return repeat(lambda: _answer(request, endpoint, keep), may_repeat=nothing_stands)


def _answer(request: WireRequest, endpoint: str, keep: Keep) -> Any:
    try:
        client = exchange.authenticate_client(request, [BASIC, POST, NONE, PRIVATE_KEY_JWT], endpoint)
        # Whoever named it in the header alone means it here, too.
        request.form["client_id"], request.client_seen = client.client_id, client
        status, body = keep(request, client)
    except Refused as refused:
        return exchange.refuse_form(request, refused, endpoint)
    except RowGone:
        # The client was deleted since it was looked up.
        return exchange.handle_error_response(request, refuse(Reason.CLIENT_UNKNOWN))
    note_success(request, endpoint)
    return Answer(status, body, default_json_headers)
