"""Pushed authorization requests (:rfc:`9126`), from a request object to an answer.

A client sends the parameters of an authorization request from where nobody can look at them or change them, and is
answered with the address that it sends a person's browser to authorize with. The request waits as any other does, but
for a browser.
"""

import json
from typing import Any

from app import metrics
from app.clients.models import REGISTERED, ClientSnapshot
from app.credentials import digest
from app.limits.networks import network_of
from app.limits.table import PUSHED_BY_STRANGERS, PUSHED_OF_NETWORK, PUSHED_OF_UNREGISTERED, PUSHED_REQUESTS
from app.oauth.authorization_request import (
    MOST_PUSHED_OF_NETWORK,
    Asked,
    add_pushed_request,
    add_unsigned_request,
    find_wait,
)
from app.oauth.authorization_request.kept import keep_parameters
from app.oauth.beforehand import answer_beforehand
from app.oauth.checks import check_pushed
from app.oauth.checks.pushed import URI_PREFIX
from app.oauth.journal.record import PUSHED
from app.oauth.parameters import PUSHED as SENT_BEFOREHAND
from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest

#: The longest request that is kept for a client that cannot prove who it is, or that nobody answers for, in bytes.
_LONGEST = 8192


def push(request: WireRequest) -> Any:
    """Answer a pushed request: with its ``request_uri``, or with what is wrong, which is noted for the client's people."""
    return answer_beforehand(request, PUSHED, _push)


def _push(request: WireRequest, client: ClientSnapshot) -> tuple[int, dict[str, Any]]:
    check_pushed(request)
    handle = _keep(request, client)
    metrics.REQUESTS_PUSHED.inc()
    lifetime = request.services.settings.authorization_request_lifetime
    return 201, {"request_uri": URI_PREFIX + handle, "expires_in": lifetime}


def _keep(request: WireRequest, client: ClientSnapshot) -> str:
    """Keep the request. Returns its handle. Raises a refusal where too many wait."""
    connection, limits, settings = request.connection, request.services.limits, request.services.settings
    parameters = keep_parameters(connection, settings, client, request.form, SENT_BEFOREHAND)
    row: Asked = {
        "lifetime": settings.authorization_request_lifetime,
        "browser": None,
        "client_key": client.key,
        "parameters": parameters,
        "defect": None,
    }
    is_registered = client.origin == REGISTERED
    if not (client.is_confidential and is_registered) and len(json.dumps(parameters)) > _LONGEST:
        raise refuse(Reason.PARAMETER_DEFECTIVE, detail=f"The request is longer than {_LONGEST} characters.")
    network = network_of(request.address)
    if not client.is_confidential:
        # Not counted among the requests of browsers.
        network = digest(f"{PUSHED}\n{network}")
        handle = add_unsigned_request(connection, limits, network=network, most=MOST_PUSHED_OF_NETWORK, **row)
        if handle is None:
            raise refuse(Reason.PUSHED_TOO_MANY, client=client, seconds=find_wait(connection, network))
        return handle
    # Its server pushes for all of its people, from one address.
    if is_registered:
        seconds = limits.fail(PUSHED_REQUESTS, client.key)
    else:
        # One that is refused for the first uses up nothing of the others.
        seconds = limits.fail(PUSHED_OF_UNREGISTERED, client.key) or limits.fail(PUSHED_OF_NETWORK, network)
        seconds = seconds or limits.fail(PUSHED_BY_STRANGERS)
    if seconds is not None:
        raise refuse(Reason.PUSHED_TOO_MANY, client=client, seconds=seconds)
    return add_pushed_request(connection, **row)
