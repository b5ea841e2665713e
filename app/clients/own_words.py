"""What a client says of itself (:rfc:`7591#section-2`), in its registration or in a document: read, checked, written down.

Nobody has checked that any of it is true.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import inspect
from sqlalchemy.orm import Session, object_session

from app.clients.errors import ClientError
from app.clients.fields import FIELDS, ClientFields
from app.clients.keys import PRIVATE_MEMBERS
from app.clients.models import DEVICE_GRANT, PRIVATE_KEY_JWT, PUBLIC, Client
from app.clients.redirect_uris import find_redirect_uri_problems, host_of, is_web, web_origin_of
from app.config import Settings
from app.scopes import SCOPES, format_scope, parse_scope
from app.sentences import _

#: How a client can authenticate here without keys.
_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
_KEYS = ("jwks", "jwks_uri")


def read_own_words(
    settings: Settings, metadata: Mapping[str, Any], type_: str | None = None
) -> tuple[ClientFields, str, str]:
    """Returns the fields, the default scope and the type of application, checked. Raises :class:`ClientError`."""
    # Libraries send null and nothing for what they do not know.
    sent = {name: value for name, value in metadata.items() if value not in (None, "")}
    _check_protocol(sent)
    _leave_out_addresses_of_device(sent)
    _choose_auth_method(sent)
    signs = sent.get("token_endpoint_auth_method") == PRIVATE_KEY_JWT
    for name in () if signs else _KEYS:
        # It has them for something else.
        sent.pop(name, None)
    fields = ClientFields.from_json(sent, optional_scopes=SCOPES, **({} if type_ is None else {"type": type_}))
    default_scope = format_scope(parse_scope(" ".join(fields.scopes)) & SCOPES.keys()) if fields.scopes else ""
    uris = list(fields.redirect_uris)
    fields = ClientFields(
        **{one.name: getattr(fields, one.name) for one in FIELDS}
        | {
            "type": fields.type or PUBLIC,
            "scopes": list(SCOPES),
            "name": fields.name or (host_of(uris[0]) if uris else ""),
            "native_app": bool(uris) and not any(map(is_web, uris)),
            "request_origins": sorted({origin for uri in uris if (origin := web_origin_of(uri)) is not None}),
        }
    ).clean()
    problems = fields.find_problems(settings)
    if signs and not (fields.jwks or fields.jwks_uri):
        problems.append(
            ("jwks", _("With a token_endpoint_auth_method of private_key_jwt there must be jwks or jwks_uri."))
        )
    if not uris:
        # What it is called by default is told by its addresses.
        problems.sort(key=lambda problem: problem[0] != "redirect_uris")
    if problems:
        raise ClientError(*problems[0], problems)
    return fields, default_scope, sent.get("application_type", "")


class Told(Struct, frozen=True):
    """What people were told of an app before it changed itself."""

    name: str
    redirect_uris: tuple[str, ...]


#: What another package does when an app has changed itself: it is given the session, the client, and what it was.
Telling = Callable[[Session, Client, Told], None]
_tellings: list[Telling] = []


def when_app_changes_itself(act: Telling) -> Telling:
    """Have a function called whenever an app gives itself another name or other redirect URIs. For a decorator."""
    _tellings.append(act)
    return act


def write_own_words(client: Client, fields: ClientFields) -> None:
    """Give the record these fields. Whoever has the app connected is told of another name and of other addresses."""
    before = Told(client.name, tuple(client.redirect_uris)) if inspect(client).persistent else None
    for column, value in fields.columns().items():
        setattr(client, column, value)
    after = Told(client.name, tuple(client.redirect_uris))
    session = object_session(client)
    if session is None or before is None:
        return
    if (before.name, set(before.redirect_uris)) != (after.name, set(after.redirect_uris)):
        session.flush()
        for act in _tellings:
            act(session, client, before)


def _choose_auth_method(sent: dict[str, Any]) -> None:
    """Take how a client can authenticate where it cannot here as it would like to, as by a certificate.

    It may list what it can (OpenID Connect Relying Party Metadata Choices 1.0), and takes what our metadata name.
    """
    liked, possible = sent.get("token_endpoint_auth_method"), sent.get("token_endpoint_auth_methods_supported")
    can = (*_AUTH_METHODS, PRIVATE_KEY_JWT) if any(name in sent for name in _KEYS) else _AUTH_METHODS
    if liked is not None and liked not in can and isinstance(possible, list):
        sent["token_endpoint_auth_method"] = next((one for one in _AUTH_METHODS if one in possible), liked)


def _leave_out_addresses_of_device(sent: dict[str, Any]) -> None:
    """Take no redirect URI of a client that says that it asks by devices alone: no answer is to go there."""
    if "authorization_code" not in sent.get("grant_types", ["authorization_code"]):
        sent.pop("redirect_uris", None)


def _check_protocol(sent: Mapping[str, Any]) -> None:
    """What is no field of ours, and must all the same be such that the client can work here."""
    grants, responses = sent.get("grant_types", ["authorization_code"]), sent.get("response_types", ["code"])
    by_device = isinstance(grants, list) and DEVICE_GRANT in grants
    if not isinstance(grants, list) or not ("authorization_code" in grants or by_device):
        either = f"'authorization_code' or '{DEVICE_GRANT}'"
        raise ClientError("grant_types", f"The member 'grant_types' must be a list with {either} in it.")
    if by_device and "authorization_code" in grants and not sent.get("redirect_uris"):
        # RFC 7591 section 2: whoever uses a flow with redirection must register where to.
        raise ClientError("redirect_uris", find_redirect_uri_problems([])[0])
    if not isinstance(responses, list) or ("code" not in responses and "authorization_code" in grants):
        raise ClientError("response_types", "The member 'response_types' must be a list with 'code' in it.")
    if "jwks" in sent and "jwks_uri" in sent:
        raise ClientError("jwks", "The members 'jwks' and 'jwks_uri' must not both be there.")
    keys = sent.get("jwks", {}).get("keys", []) if isinstance(sent.get("jwks", {}), dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ClientError("jwks", "The member 'jwks' must be an object with a list of keys.")
    if any(name in key for key in keys for name in PRIVATE_MEMBERS):
        raise ClientError("jwks", "The member 'jwks' holds a private key: keep that to yourself, and make a new one.")
