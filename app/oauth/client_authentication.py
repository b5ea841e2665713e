"""Client authentication (:rfc:`6749#section-2.3`): ``client_secret_basic``, ``client_secret_post``, ``none``.

Whoever signs in place of that is in :mod:`app.oauth.assertions`.

Every refusal is the same, and costs the same one lookup, whether the client is unknown,
suspended, of the wrong type, or its secret is wrong: the answer tells nothing apart.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes

from app.clients.models import ClientSnapshot, find_client
from app.credentials import digest
from app.database.connections import Connection
from app.oauth.assertions.reading import claimed_by_assertion
from app.oauth.refusals import Reason, Refused, refuse

BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
_MAX_HEADER_LENGTH = 4096


def authenticate_client(
    connection: Connection,
    authorization: str | None,
    form: Mapping[str, str],
    find: Callable[[Connection, str, str], ClientSnapshot | None] = find_client,
) -> tuple[ClientSnapshot, str]:
    """Returns the authenticated client, looked up by ``find``, and the method it used.

    Raises :class:`Refused`: ``invalid_client``, or ``invalid_request`` for two mechanisms, or two client ids, in one
    request. RFC 6749 section 2.3 forbids a client to use two, also when both say the same.
    """
    client_id, client_secret, method = read_credentials(authorization, form)
    client = find(connection, client_id, client_secret)
    if client is None:
        ClientSnapshot.check_unknown_secret(client_secret)
        raise refuse(Reason.CLIENT_UNKNOWN)
    secret_is_right = client.check_client_secret(client_secret)
    if client.suspended_at is not None:
        raise refuse(Reason.CLIENT_SUSPENDED, client=client)
    if client.is_confidential != (method != NONE):
        raise refuse(Reason.SECRET_MISSING if client.is_confidential else Reason.SECRET_UNEXPECTED, client=client)
    if method != NONE and not secret_is_right:
        raise refuse(Reason.SECRET_WRONG, client=client, secret_digest=digest(client_secret))
    return client, method


def claimed_client_id(authorization: str | None, form: Mapping[str, str]) -> str:
    """Returns who a request says it is from, whatever else is wrong with it; empty when it does not say."""
    try:
        if authorization:
            return _read_basic(authorization)[0]
    except Refused:
        pass
    return form.get("client_id") or claimed_by_assertion(form)


def read_credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str, str]:
    """Returns the client id, the secret and the method of a request. Raises :class:`Refused`."""
    client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization is None:
        return client_id, client_secret, POST if client_secret else NONE
    basic_id, basic_secret = _read_basic(authorization)
    if client_id and client_id != basic_id:
        raise refuse(Reason.CLIENT_ID_TWICE)
    if client_secret:
        raise refuse(Reason.SECRET_TWICE if client_secret == basic_secret else Reason.SEVERAL_AUTHENTICATIONS)
    # A client without a secret may send an empty one (RFC 6749 section 2.3.1), and some libraries do.
    return basic_id, basic_secret, BASIC if basic_secret else NONE


def _read_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > _MAX_HEADER_LENGTH:
        raise refuse(Reason.CLIENT_UNKNOWN)
    try:
        userpass = base64.b64decode(encoded.strip(), validate=True)
        raw_id, colon, raw_secret = userpass.partition(b":")
        client_id, client_secret = _form_decode(raw_id), _form_decode(raw_secret)
    except (binascii.Error, ValueError):
        raise refuse(Reason.CLIENT_UNKNOWN) from None
    if not colon or "\x00" in client_id:
        raise refuse(Reason.CLIENT_UNKNOWN)
    return client_id, client_secret


def _form_decode(raw: bytes) -> str:
    """Both halves of Basic credentials are form-encoded first (:rfc:`6749#section-2.3.1`)."""
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
