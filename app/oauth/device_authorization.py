"""The device authorization endpoint (:rfc:`8628#section-3.1`), without Flask: a code for a device, and one for a person."""

from typing import Any

from app import credentials, metrics
from app.clients.models import DEVICE_GRANT, REGISTERED, ClientSnapshot
from app.limits.networks import network_of
from app.limits.table import ALL_DEVICE_REQUESTS, CLIENT_DEVICE_REQUESTS, DEVICE_REQUESTS
from app.oauth.authorization_request.device import INTERVAL, AskedByDevice, add_device_request
from app.oauth.authorization_request.kept import keep_parameters
from app.oauth.beforehand import answer_beforehand
from app.oauth.checks import check_of_device
from app.oauth.journal.record import DEVICE
from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest

#: Where people enter a code, below the issuer.
VERIFICATION_PATH = "/device"
#: Parameters that are replayed when a person decides. Nothing else is kept.
_KEPT = ("client_id", "scope", "resource", "authorization_details")


def ask_for_device(request: WireRequest) -> Any:
    """Answer a device: with both codes, or with what is wrong, which is noted for the client's people."""
    # The grant type tells them which of the app's requests this is.
    request.form["grant_type"] = DEVICE_GRANT
    return answer_beforehand(request, DEVICE, _ask)


def _ask(request: WireRequest, client: ClientSnapshot) -> tuple[int, dict[str, Any]]:
    settings = request.services.settings
    # As the client sent it: the checks add to it.
    sent = {name: request.form[name] for name in _KEPT if name in request.form}
    check_of_device(request)
    asked = _keep(request, client, sent)
    metrics.DEVICES_ASKED.inc()
    address = settings.issuer + VERIFICATION_PATH
    return 200, {
        "device_code": asked.device_code,
        "user_code": asked.user_code,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?user_code={asked.user_code}",
        "expires_in": settings.authorization_request_lifetime,
        "interval": INTERVAL,
    }


def _keep(request: WireRequest, client: ClientSnapshot, sent: dict[str, str]) -> AskedByDevice:
    """Keep the request. Raises a refusal where too many wait."""
    settings, network = request.services.settings, network_of(request.address)
    parameters = keep_parameters(request.connection, settings, client, sent) | {"grant_type": DEVICE_GRANT}
    has_own_bound = client.is_confidential and client.origin == REGISTERED
    _demand_bounds(request, client, network, has_own_bound=has_own_bound)
    return add_device_request(
        request.connection,
        settings,
        client_key=client.key,
        parameters=parameters,
        # Not counted among the requests of browsers.
        network=credentials.digest(f"{DEVICE}\n{network}"),
        # A server asks from its own network, which tells the person nothing about their device. Of an app that anybody
        # may have registered nobody knows that it is one: with a secret it could hide where it is.
        asked_from=None if has_own_bound else network[:45],
        ending=credentials.ASKED_OFFLINE if request.asks_offline_access else "",
    )


def _demand_bounds(request: WireRequest, client: ClientSnapshot, network: str, *, has_own_bound: bool) -> None:
    """Refuse what is too much. A server asks for all of its people from one network, and has proved who it is.

    Of all others nobody uses up what another network has, but for what all of them have together.
    """
    limits = request.services.limits
    if has_own_bound:
        seconds = limits.fail(CLIENT_DEVICE_REQUESTS, client.key)
    else:
        seconds = limits.fail(DEVICE_REQUESTS, network)
        if seconds is None:
            seconds = limits.fail(ALL_DEVICE_REQUESTS)
    if seconds is not None:
        raise refuse(Reason.DEVICE_TOO_MANY, client=client, seconds=seconds)
