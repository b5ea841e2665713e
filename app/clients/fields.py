"""A client's fields, each said once: the form, the command line, the audit log and the wire are derived from it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from app import text
from app.clients import field_problems as problems
from app.clients.address_problems import quoted
from app.clients.errors import ClientError
from app.clients.kinds import Flag, Kind, Lines, Named, Scopes, Seconds, Text, with_plain_lines
from app.clients.models import CONFIDENTIAL, PUBLIC, Client
from app.clients.redirect_uris import find_origin_problems, find_redirect_uri_problems
from app.config import Settings
from app.sentences import _

#: Who may say what a field holds: an organization's admin on a page, an operator on the command line, and the client
#: itself in JSON (:rfc:`7591#section-2`), by its registration or in its document.
ADMIN: Final = "admin"
OPERATOR: Final = "operator"
CLIENT: Final = "client"
_PEOPLE: Final = frozenset({ADMIN, OPERATOR})

# The shortest lifetimes, in seconds, that leave an app time to work. The longest are the server's own.
_LEAST_ACCESS_TOKEN_LIFETIME = 60
_LEAST_REFRESH_TOKEN_LIFETIME = 60 * 60


def access_token_bounds(settings: Settings) -> tuple[int, int]:
    """Returns the least and the most seconds that a client's access tokens may live."""
    most = settings.access_token_lifetime
    return min(_LEAST_ACCESS_TOKEN_LIFETIME, most), most


def refresh_token_bounds(settings: Settings) -> tuple[int, int]:
    """Returns the least and the most seconds that its refresh tokens may live, from their last rotation."""
    most = settings.refresh_token_lifetime
    return min(_LEAST_REFRESH_TOKEN_LIFETIME, most), most


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: what kind of value it holds, what may be wrong with it, and its name in each place.

    ``wire`` is its name in JSON, where a client may say it itself. ``column`` is the attribute of the record. A draft
    may lack what ``makes_it_work``; what ``stays`` is settled by the registration. ``lives`` is what a lifetime is of,
    and ``bounds`` the least and the most of it.
    """

    kind: Kind
    find_problems: Callable[[Any], Iterable[str]] = problems.find_no_problems
    wire: str | None = None
    default: Any
    name: str = ""
    column: str = ""
    said_by: frozenset[str] = _PEOPLE
    makes_it_work: bool = False
    stays: bool = False
    lives: str = ""
    bounds: Callable[[Settings], tuple[int, int]] | None = None

    def read(self, client: Client) -> Any:
        """Returns the value that the client has now."""
        return self.kind.from_column(getattr(client, self.column))

    def list_problems(self, value: Any, settings: Settings) -> Iterable[str]:
        yield from self.find_problems(value)
        if self.bounds is not None and value is not None:
            least, most = self.bounds(settings)
            if not least <= value <= most:
                yield _(
                    "%(what)s may live from %(least)s to %(most)s seconds on this server.",
                    what=self.lives,
                    least=least,
                    most=most,
                )


def _has(
    default: Any, kind: Kind, find_problems: Callable[[Any], Iterable[str]] = problems.find_no_problems, **more: Any
) -> Any:
    # What has a name in JSON, a client may say of itself.
    said_by = _PEOPLE | {CLIENT} if "wire" in more else _PEOPLE
    says = Field(kind=kind, find_problems=find_problems, said_by=said_by, default=default, **more)
    return field(default=default, metadata={"says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFields:
    """What a client is registered with, in the order in which a person thinks of it."""

    name: str = _has("", Text(text.clean_name), problems.find_name_problems, wire="client_name")
    description: str = _has("", Text(with_plain_lines), problems.find_description_problems)
    homepage_url: str = _has("", Text(), problems.find_address_problems, wire="client_uri")
    privacy_url: str = _has("", Text(), problems.find_address_problems, wire="policy_uri")
    terms_url: str = _has("", Text(), problems.find_address_problems, wire="tos_uri")
    type: str = _has(
        "",
        Named({"none": PUBLIC, "client_secret_basic": CONFIDENTIAL, "client_secret_post": CONFIDENTIAL}),
        problems.find_type_problems,
        wire="token_endpoint_auth_method",
        stays=True,
    )
    redirect_uris: Collection[str] = _has(
        (), Lines(in_order=True), find_redirect_uri_problems, wire="redirect_uris", makes_it_work=True
    )
    request_origins: Collection[str] = _has((), Lines(in_order=False), find_origin_problems)
    scopes: Collection[str] = _has(
        (), Scopes(), problems.find_scope_problems, wire="scope", column="scope", makes_it_work=True
    )
    optional_scopes: Collection[str] = _has(
        (), Scopes(), problems.find_optional_scope_problems, column="optional_scope"
    )
    native_app: bool = _has(False, Named({"native": True, "web": False}), wire="application_type")
    require_pkce: bool = _has(False, Flag())
    access_token_lifetime: int | None = _has(None, Seconds(), lives=_("An access token"), bounds=access_token_bounds)
    refresh_token_lifetime: int | None = _has(None, Seconds(), lives=_("A refresh token"), bounds=refresh_token_bounds)

    def clean(self) -> "ClientFields":
        """Returns the fields as they are checked and kept."""
        return ClientFields(**{one.name: one.kind.clean(getattr(self, one.name)) for one in FIELDS})

    def find_problems(self, settings: Settings, *, draft: bool = False) -> list[tuple[str, str]]:
        """Returns every problem as ``(field, sentence)``, in order. A draft may lack what makes an app work."""
        found = [
            (one.name, sentence)
            for one in FIELDS
            if getattr(self, one.name) or not (draft and one.makes_it_work)
            for sentence in one.list_problems(getattr(self, one.name), settings)
        ]
        beyond = sorted(set(self.optional_scopes) - set(self.scopes))
        if beyond:
            named = ", ".join(quoted(name) for name in beyond[:5])
            sentence = _("%(named)s can be optional only if it is among the scopes too.", named=named)
            found.append(("optional_scopes", sentence))
        return found

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


def _field_of(name: str, says: Field) -> Field:
    return replace(says, name=name, column=says.column or name)


#: Every field, in order.
FIELDS: Final = tuple(_field_of(one.name, one.metadata["says"]) for one in fields(ClientFields))
BY_NAME: Final = {one.name: one for one in FIELDS}
BY_COLUMN: Final = {one.column: one for one in FIELDS}
