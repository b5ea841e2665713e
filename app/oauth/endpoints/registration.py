"""Dynamic client registration (:rfc:`7591`), and its management by the client itself (:rfc:`7592`)."""

import hmac
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response
from flask import request as http_request
from werkzeug.exceptions import RequestEntityTooLarge

from app import metrics
from app.clients.errors import ClientError, ClientGone
from app.clients.fields import BY_NAME
from app.clients.self_registration import (
    Registered,
    TooManyUnused,
    change_itself,
    describe,
    end_itself,
    find_own_registration,
    register_itself,
)
from app.config import settings
from app.database.access import read_anew
from app.extensions import db
from app.http.doors import SELF
from app.http.services import services
from app.http.wire import error_uri, json_answer, no_content
from app.limits.errors import TooManyAttempts
from app.limits.networks import network_of
from app.limits.table import REGISTRATION_CHANGES, REGISTRATIONS
from app.logs.sparing import SparingLog
from app.oauth.bearer_check import REALM
from app.oauth.endpoints import aliases, blueprint
from app.strict_json import NOT_COMPRESSED, BadBody, is_compressed, parse_body
from app.text import in_ascii

_log = logging.getLogger(__name__)
_refusals = SparingLog(_log)

_LARGEST = 64 * 1024
_OF_REDIRECTS = "redirect_uris"


class _Refused(Exception):
    """A registration that is not made: the status, the members of the answer, and what it is counted as."""

    def __init__(
        self,
        status: int,
        error: str,
        description: str,
        headers: tuple[tuple[str, str], ...] = (),
        counted: str = "malformed",
    ) -> None:
        super().__init__(description)
        self.status, self.error, self.description, self.headers = status, error, description, headers
        self.counted = counted


def _answering(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let a view refuse by raising, in the shape of :rfc:`7591#section-3.2.2`."""

    @wraps(view)
    def answering(*args: Any, **kwargs: Any) -> Response:
        try:
            return view(*args, **kwargs)
        except _Refused as refused:
            db.session.rollback()
            _note_refusal(refused.counted)
            return _tell(refused.error, refused.description, refused.status, refused.headers)
        except ClientError as error:
            db.session.rollback()
            kind, sentence = _describe_problem(error)
            _note_refusal(kind)
            return _tell(kind, sentence, 400)

    return answering


def _tell(error: str, description: str, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    body = {"error": error, "error_description": description, "error_uri": error_uri(f"registration-{error}")}
    return json_answer(body, status, headers)


def _note_refusal(why: str) -> None:
    metrics.REGISTRATIONS.inc(why)
    _refusals.info("A registration was refused: %s", why)


def _note_done(what: str, client_key: str) -> None:
    metrics.REGISTRATIONS.inc(what)
    _log.info("Registration %s: %s", what, client_key)


@blueprint.post("/oauth/register", door=SELF)
@aliases.post("/register", door=SELF)
@_answering
def register() -> Response:
    """Register whoever asks, as far as the operator lets anybody. Raises a refusal."""
    _demand_open()
    metadata = _read_metadata()
    try:
        services().limits.take(REGISTRATIONS, network_of(http_request.remote_addr or ""))
        own = register_itself(db.session(), settings(), metadata)
    except TooManyAttempts as error:
        told = "Too many registrations came from your network."
        raise _too_many(error.seconds, told, "too_many_of_network") from None
    except TooManyUnused:
        told = "Too many clients are registered that nobody uses."
        raise _too_many(3600, told, "too_many_unused") from None
    body, key = describe(own, address=_address(own)), own.client.key
    db.session.commit()
    _note_done("made", key)
    return json_answer(body, 201)


@blueprint.get("/oauth/register/<client_id>", door=SELF)
@_answering
def read_registration(client_id: str) -> Response:
    """Tell a client what it is registered with (:rfc:`7592#section-2.1`)."""
    own = _demand_own(client_id)
    return json_answer(describe(own, address=_address(own)))


@blueprint.put("/oauth/register/<client_id>", door=SELF)
@_answering
def change_registration(client_id: str) -> Response:
    """Replace what the client says of itself (:rfc:`7592#section-2.2`). Raises a refusal."""
    # Before it is counted: nobody else uses up what the client may do.
    key = _demand_own(client_id).client.key
    read_anew(db.session)
    metadata = _read_metadata()
    try:
        services().limits.take(REGISTRATION_CHANGES, key)
        changed = change_itself(db.session(), settings(), _demand_own(client_id), metadata)
    except TooManyAttempts as error:
        raise _too_many(error.seconds, "This client has changed itself too often.", "too_many_changes") from None
    except ClientGone:
        raise _not_its_own() from None
    body = describe(changed, address=_address(changed))
    db.session.commit()
    _note_done("changed", key)
    return json_answer(body)


@blueprint.delete("/oauth/register/<client_id>", door=SELF)
@_answering
def end_registration(client_id: str) -> Response:
    """End the client, with all that it was given (:rfc:`7592#section-2.3`). Raises a refusal."""
    own = _demand_own(client_id)
    # Nothing is asked of the database once that has said that it is done.
    key = own.client.key
    try:
        end_itself(db.session(), own)
    except ClientGone:
        raise _not_its_own() from None
    db.session.commit()
    _note_done("ended", key)
    return no_content(204)


def _demand_open() -> None:
    """Raises a refusal where the operator registers nobody, or only who has the operator's token."""
    if settings().client_registration == "off":
        raise _Refused(
            403, "access_denied", "This server registers no clients by itself: ask who runs it.", (), "closed"
        )
    if settings().client_registration == "token":
        expected = settings().client_registration_token
        if not hmac.compare_digest(_read_bearer().encode(), expected.encode()):
            raise _unauthorized("Send the token that the operator of this server has given you, as a bearer token.")


def _demand_own(client_id: str) -> Registered:
    own = find_own_registration(db.session(), client_id, _read_bearer())
    if own is None:
        raise _not_its_own()
    return own


def _not_its_own() -> _Refused:
    # RFC 7592 section 2: the same for a client that does not exist, and for another's token.
    return _unauthorized("Send the registration_access_token of this client as a bearer token.")


def _unauthorized(description: str) -> _Refused:
    # RFC 6750 section 3.1: no error code for a request that tried no bearer token.
    challenge = f'Bearer realm="{REALM}"' + (', error="invalid_token"' if _read_bearer() else "")
    return _Refused(401, "invalid_token", description, (("WWW-Authenticate", challenge),), "unauthorized")


def _too_many(seconds: int, description: str, counted: str) -> _Refused:
    told = f"{description} Try again in {seconds} seconds."
    return _Refused(429, "too_many_requests", told, (("Retry-After", str(seconds)),), counted)


def _read_bearer() -> str:
    scheme, _space, token = http_request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _read_metadata() -> dict[str, Any]:
    if http_request.mimetype != "application/json":
        raise _Refused(400, "invalid_client_metadata", "Send JSON, with 'Content-Type: application/json'.")
    http_request.max_content_length = _LARGEST
    try:
        metadata = parse_body(http_request.get_data(cache=True))
    except RequestEntityTooLarge:
        raise _Refused(413, "invalid_client_metadata", "Send at most 64 kB.") from None
    except BadBody as error:
        sentence = NOT_COMPRESSED if is_compressed(http_request.headers) else str(error)
        raise _Refused(400, "invalid_client_metadata", sentence) from None
    if not isinstance(metadata, dict):
        raise _Refused(400, "invalid_client_metadata", "Send one JSON object.")
    return metadata


def _describe_problem(error: ClientError) -> tuple[str, str]:
    """Returns the error and its sentence."""
    kind = "invalid_redirect_uri" if error.field == _OF_REDIRECTS else "invalid_client_metadata"
    sentence = str(error.sentence)
    known = BY_NAME.get(error.field)
    if known is not None and known.wire is not None and known.wire not in sentence:
        sentence = f"{known.wire}: {sentence}"
    return kind, in_ascii(sentence)


def _address(own: Registered) -> str:
    return f"{settings().issuer}/oauth/register/{own.client.client_id}"
