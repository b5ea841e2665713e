"""Client authentication by an assertion that the client has signed (:rfc:`7523#section-2.2`)."""

from app.clients.models import ClientSnapshot, find_client
from app.oauth.assertions.keys import KeysAway, is_signed
from app.oauth.assertions.reading import read_assertion
from app.oauth.assertions.used import use_assertion
from app.oauth.refusals import Reason, refuse
from app.oauth.wire_request import WireRequest


def authenticate_by_assertion(request: WireRequest) -> ClientSnapshot:
    """Returns the client that has signed the request's assertion, which is used up by that. Raises :class:`Refused`.

    Whatever depends on the client is refused alike, as a wrong secret is: that it is unknown or suspended, has no key,
    or another one.
    """
    form = request.form
    if request.headers.get("Authorization") is not None or "client_secret" in form:
        raise refuse(Reason.ASSERTION_BESIDE)
    assertion = read_assertion(form, _audiences(request))
    find = find_client if request.presented is None else request.presented.find_client
    client = find(request.connection, assertion.client_id, "")
    if client is None:
        raise refuse(Reason.CLIENT_UNKNOWN)
    if client.suspended_at is not None:
        raise refuse(Reason.CLIENT_SUSPENDED, client=client)
    try:
        is_right = is_signed(request.connection, request.services, client, assertion)
    except KeysAway as away:
        if not client.is_confidential:
            # It need not have signed, and nothing is taken for signed by it.
            return client
        raise refuse(Reason.ASSERTION_KEYS_AWAY, client=client, seconds=away.seconds) from None
    if not is_right:
        raise refuse(Reason.ASSERTION_KEY_WRONG, client=client)
    # What begins anew because the database asks for that brings the same one again.
    if not request.has_used_assertion:
        if not use_assertion(request.connection, client.key, assertion):
            raise refuse(Reason.ASSERTION_USED, client=client)
        request.has_used_assertion = True
    return client


def _audiences(request: WireRequest) -> set[str]:
    """Returns what an assertion may say that it is for: this server, its token endpoint, or where it was sent (:rfc:`9126#section-2`)."""
    issuer = request.services.settings.issuer
    return {issuer, f"{issuer}/", f"{issuer}/oauth/token", request.uri, request.uri.removesuffix("/")}
