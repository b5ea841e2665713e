"""A client's fields, each said once: the form, the command line, the audit log and the wire are derived from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from msgspec.structs import replace

from app import text
from app.clients import field_problems as problems
from app.clients.errors import ClientError
from app.clients.field import CLIENT, OPERATOR, Field, access_token_bounds, has, refresh_token_bounds
from app.clients.keys.fields import JWKS, JWKS_URI
from app.clients.kinds import SERVERS_OWN, Flag, Lines, Named, OneOfList, Scopes, Seconds, Text, with_plain_lines
from app.clients.models import AUTH_METHODS, CONFIDENTIAL, DEVICE_GRANT, PUBLIC, Client
from app.clients.redirect_uris import find_origin_problems, find_redirect_uri_problems
from app.clients.resources.addresses import find_resource_problems
from app.config import Settings
from app.sentences import _

_LIFETIME = _("In seconds, from %(least)s to %(most)s. Leave it empty for the server's own, %(most)s.")
_LIFETIME_OPTION = f"In seconds, or “{SERVERS_OWN}”."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFields:
    """What a client is registered with, in the order in which a person thinks of it."""

    name: str = has(
        "",
        Text(text.clean_name),
        problems.find_name_problems,
        wire="client_name",
        label=_("Name"),
        help=_("People see it when they decide what the app may do."),
    )
    description: str = has(
        "",
        Text(with_plain_lines),
        problems.find_description_problems,
        label=_("Description"),
        help=_(
            "What the app does with people's memories. Up to %(most)s characters.",
            most=problems.MAX_DESCRIPTION,
        ),
        option="What the app does.",
    )
    homepage_url: str = has(
        "",
        Text(),
        problems.find_address_problems,
        wire="client_uri",
        label=_("Landing page"),
        help=_(
            "Where people can read what the app does and how it uses what they share, as in https://app.example.com."
            " They can follow it where they decide."
        ),
        option="The landing page, where people can read about the app.",
    )
    privacy_url: str = has(
        "",
        Text(),
        problems.find_address_problems,
        wire="policy_uri",
        label=_("Privacy policy"),
        help=_("Its address. People can follow it where they decide."),
        option="Where its privacy policy is.",
    )
    terms_url: str = has(
        "",
        Text(),
        problems.find_address_problems,
        wire="tos_uri",
        label=_("Terms of use"),
        help=_("Their address. It stands beside the privacy policy."),
        option="Where its terms of use are.",
    )
    type: str = has(
        "",
        Named({"none": PUBLIC} | dict.fromkeys(AUTH_METHODS[CONFIDENTIAL], CONFIDENTIAL)),
        problems.find_type_problems,
        wire="token_endpoint_auth_method",
        stays=True,
        label=_("Type"),
        help=_("This cannot be changed later."),
    )
    redirect_uris: Collection[str] = has(
        (),
        Lines(in_order=True),
        find_redirect_uri_problems,
        wire="redirect_uris",
        makes_it_work=True,
        label=_("Redirect URIs"),
        help=_(
            "Where people come back to in your app, one address a line, each exactly as your app sends it:"
            " https://app.example.com/callback, or http://127.0.0.1:5000/callback while you build."
        ),
        option="May be given several times.",
    )
    request_origins: Collection[str] = has(
        (),
        Lines(in_order=False),
        find_origin_problems,
        label=_("Authorized request origins"),
        help=_(
            "Only for an app that calls us from a web page (CORS): the origins of its pages, one a line, as in"
            " https://app.example.com, without a path."
        ),
        option="May be given several times.",
    )
    resources: Collection[str] = has(
        (),
        Lines(in_order=False),
        find_resource_problems,
        # An admin proves each of them, on a page of its own.
        said_by=frozenset({OPERATOR}),
        label=_("Resource servers"),
        help=_("Services of the organization that take our tokens and ask us about them, by their addresses."),
        option="A service that takes our tokens. May be given several times.",
    )
    scopes: Collection[str] = has(
        (),
        Scopes(),
        problems.find_scope_problems,
        wire="scope",
        column="scope",
        makes_it_work=True,
        label=_("Scopes"),
        help=_("What the app may ask people for; below each name, what they read. Tick only what it needs."),
        option="May be given several times, or hold several.",
    )
    optional_scopes: Collection[str] = has(
        (),
        Scopes(),
        problems.find_optional_scope_problems,
        column="optional_scope",
        label=_("Scopes that people may leave out"),
        help=_("Of the scopes above, those that people can untick when they decide. The others are required."),
        option="Of the scopes, one to leave out.",
    )
    native_app: bool = has(
        False,
        Named({"native": True, "web": False}),
        wire="application_type",
        label=_("Native app"),
        help=_(
            "It runs on people's own devices and listens on any free port: the port of an http address on 127.0.0.1,"
            " [::1] or localhost may then differ from the registered one."
        ),
        option="Let a loopback redirect URI's port vary.",
    )
    require_pkce: bool = has(
        False,
        Flag(),
        label=_("Require PKCE"),
        help=_("Refuse requests without a code_challenge. Public apps must always send one."),
        option="Refuse requests without a challenge.",
    )
    require_pushed: bool = has(
        False,
        Flag(),
        wire="require_pushed_authorization_requests",
        label=_("Require pushed requests"),
        help=_(
            "Refuse requests that your app has not sent to /oauth/par first (RFC 9126), so that nobody can read or change"
            " them on the way."
        ),
        option="Refuse authorization requests that were not pushed.",
    )
    device_flow: bool = has(
        False,
        OneOfList(DEVICE_GRANT),
        wire="grant_types",
        label=_("Devices: people enter a code"),
        help=_(
            "For what has no browser, such as a television: it shows a code, which people enter at /device. An app that"
            " asks in no other way needs no redirect URI."
        ),
        option="Let people connect devices by a code.",
    )
    jwks: str = JWKS
    jwks_uri: str = JWKS_URI
    published: bool = has(
        False,
        Flag(),
        label=_("Public: list it for everybody"),
        help=_(
            "Anybody finds it in the list of apps, with its name, logo, description, your organization and how many people"
            " use it; the entry leads to its landing page. An app of another organization whose name looks like this one"
            " says so when it asks. Without the tick it is private: known to your organization, and to whoever has its link."
        ),
        option="List it for everybody, or keep it private.",
    )
    access_token_lifetime: int | None = has(
        None,
        Seconds(),
        lives=_("An access token"),
        bounds=access_token_bounds,
        label=_("Access tokens live"),
        help=_LIFETIME,
        option=_LIFETIME_OPTION,
    )
    refresh_token_lifetime: int | None = has(
        None,
        Seconds(),
        lives=_("A refresh token"),
        bounds=refresh_token_bounds,
        label=_("Refresh tokens live"),
        help=_LIFETIME,
        option=_LIFETIME_OPTION,
    )

    def clean(self) -> "ClientFields":
        """Returns the fields as they are checked and kept."""
        return ClientFields(**{one.name: one.kind.clean(getattr(self, one.name)) for one in FIELDS})

    def find_problems(self, settings: Settings, *, draft: bool = False) -> list[tuple[str, str]]:
        """Returns every problem as ``(field, sentence)``, in order. A draft may lack what makes an app work."""
        found = [
            (one.name, sentence)
            for one in FIELDS
            if getattr(self, one.name) or not (one.makes_it_work and problems.may_lack(self, one.name, draft=draft))
            for sentence in one.list_problems(getattr(self, one.name), settings)
        ]
        return found + list(problems.find_problems_between(self, settings))

    def columns(self) -> dict[str, Any]:
        """Returns what the record holds of them, by its attributes."""
        return {one.column: one.kind.to_column(getattr(self, one.name)) for one in FIELDS}

    @classmethod
    def of(cls, client: Client, **changed: Any) -> "ClientFields":
        """Returns what the client has now, but for what is ``changed``."""
        return cls(**{one.name: one.read(client) for one in FIELDS} | changed)

    @classmethod
    def from_json(cls, metadata: Mapping[str, Any], **known: Any) -> "ClientFields":
        """Returns what a client says of itself (:rfc:`7591#section-2`); ``known`` is what it has no say in.

        Members that no field has are ignored, as the RFC wants it. Raises :class:`ClientError`, by our names.
        """
        said, wrong = {}, []
        for one in FIELDS:
            if one.wire is not None and one.wire in metadata and CLIENT in one.said_by:
                try:
                    said[one.name] = one.kind.from_json(metadata[one.wire])
                except ValueError as error:
                    wrong.append((one.name, f"The member '{one.wire}' must be {error}."))
        if wrong:
            raise ClientError(*wrong[0], wrong)
        return cls(**said | known)


_SAID: dict[str, Field] = {one.name: one.metadata["says"] for one in fields(ClientFields)}
#: Every field, in order.
FIELDS: Final = tuple(replace(says, name=name, column=says.column or name) for name, says in _SAID.items())
BY_NAME: Final = {one.name: one for one in FIELDS}
BY_COLUMN: Final = {one.column: one for one in FIELDS}
