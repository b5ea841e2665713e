"""Failures that are counted: one too many is answered with 429 instead of its error.

They are counted after they have failed, so that what is right is never refused (:mod:`app.limits.table`).
"""

from app.clients.models import ClientSnapshot
from app.limits.networks import network_of
from app.limits.table import ADDRESS_CLIENT_FAILURES, CLIENT_FAILURES, UNKNOWN_TOKENS
from app.oauth.client_authentication import claimed_client_id
from app.oauth.refusals import Reason, Refused, refuse
from app.oauth.wire_request import WireRequest


def count_failure(request: WireRequest, refused: Refused) -> Refused:
    """Count a failed client authentication. Returns what is to be answered: the refusal, or that these are too many.

    Whatever failed is counted alike, so that the answer still tells nothing apart.
    """
    if refused.error != "invalid_client":
        return refused
    limits, network = request.services.limits, network_of(request.address)
    claimed = claimed_client_id(request.headers.get("Authorization"), request.form)
    seconds = limits.fail(CLIENT_FAILURES, network, claimed)
    # Whoever tries one client over and over uses up nothing that others behind the same address have.
    if seconds is None:
        seconds = limits.fail(ADDRESS_CLIENT_FAILURES, network)
    return refused if seconds is None else refuse(Reason.TOO_MANY_FAILURES, client=refused.client, seconds=seconds)


def count_unknown_token(request: WireRequest, client: ClientSnapshot) -> None:
    """Count a token that was asked about and is not known. Raises :class:`Refused` when these are too many."""
    seconds = request.services.limits.fail(UNKNOWN_TOKENS, client.key)
    if seconds is not None:
        raise refuse(Reason.TOO_MANY_UNKNOWN_TOKENS, client=client, seconds=seconds)
