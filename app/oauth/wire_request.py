"""A request to the protocol, as Authlib wants it: made from strictly parsed parameters, and from nothing of Flask."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Protocol

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from app.clients.models import ClientSnapshot
from app.consents.snapshot import ConsentSnapshot
from app.database.connections import Connection
from app.oauth.parameters import STATE_DEMANDED, demands_state, parse_parameters
from app.oauth.resources import Resource
from app.oauth.tokens.with_client import Presented
from app.scopes import asks_offline_access, format_scope
from app.services import Services

_FORM_TYPE = "application/x-www-form-urlencoded"


class SentHeaders(Protocol):
    """Headers by their names, whatever the case of the letters."""

    def get(self, key: str, /) -> str | None: ...


class WireRequest(OAuth2Request):
    """One request, and all that the protocol needs for it.

    ``connection`` is the driver connection all of it runs on; ``defects`` is what is wrong with the parameters, by
    name, and ``is_form`` whether they came as a form. ``person_id`` is who is signed in, ``address`` the network address
    it comes from, and ``consent`` is set before a code is issued; ``resources`` are those that the request is for, set
    by the checks, as is whether ``profile`` is asked for without being named. ``asks_offline_access`` and
    ``demands_state`` are what the request was begun with. ``caller`` is the client that it is from, or says it is from;
    ``client_seen`` is that client where it was read together with more, so that the checks need not look it up.
    """

    #: What is to be looked up with the client, and not yet looked at.
    presented: Presented | None = None
    #: Which of the endpoints that take a form it is for.
    endpoint = "token"
    client: ClientSnapshot | None
    auth_method: str | None
    consent: ConsentSnapshot | None
    client_seen: ClientSnapshot | None = None
    #: Whether the assertion by which its client authenticates was used up by it.
    has_used_assertion = False
    #: Where the person is told how it has ended whose answer a device waits for.
    told_at: str | None = None

    def __init__(
        self,
        parameters: MutableMapping[str, str],
        connection: Connection,
        services: Services,
        *,
        method: str,
        path: str,
        headers: SentHeaders,
        request_id: str,
        defects: Mapping[str, str] | None = None,
        is_form: bool = True,
        person_id: str | None = None,
        address: str = "",
    ) -> None:
        # Not super().__init__(), which looks whether the address is https: that is the issuer's, checked at the
        # start, and never that of the Host header, which depends on a proxy.
        self.method, self.path, self.headers, self.request_id = method, path, headers, request_id
        self.uri = services.settings.issuer + path
        self.client = self.user = self.auth_method = None
        self.authorization_code = self.refresh_token = self.credential = None
        self._scope = None
        self.payload = BasicOAuth2Payload(parameters)
        self.connection, self.services = connection, services
        self.defects, self.is_form = defects or {}, is_form
        self.person_id, self.address = person_id, address
        self.consent = None
        self.resources: tuple[Resource, ...] = ()
        self.asks_profile_unnamed = self.is_scope_settled = False
        self.caller = parameters.get("client_id")
        # Now, because the screens put into ``scope`` what the person allows.
        self.asks_offline_access = asks_offline_access(parameters.get("scope"))
        self.demands_state = demands_state(path) or STATE_DEMANDED in parameters

    def settle_scope(self, scopes: Iterable[str]) -> None:
        """Go on as if the app had asked for these and no others: what the person leaves of it."""
        self.payload.data["scope"], self.is_scope_settled = format_scope(scopes), True

    def grant_scope(self, scopes: Iterable[str]) -> None:
        """Go on with these, which are all of what was checked or a part of it: they need not be checked again."""
        self.settle_scope(scopes)
        self.scope = self.payload.data["scope"]

    def reopen_scope(self, asked: str | None) -> None:
        """Go on with what the app has asked for."""
        self.is_scope_settled = False
        if asked is None:
            self.payload.data.pop("scope", None)
        else:
            self.payload.data["scope"] = asked

    @property
    def form(self) -> MutableMapping[str, str]:
        """The parameters, under the name that Authlib has for those of a body."""
        parameters: MutableMapping[str, str] = self.payload.data
        return parameters

    @property
    def known_client(self) -> ClientSnapshot:
        """The client, once it is found."""
        assert self.client is not None
        return self.client

    @property
    def given_consent(self) -> ConsentSnapshot:
        """What the person has allowed, once they have."""
        assert self.consent is not None
        return self.consent

    def take_presented(self) -> Presented | None:
        """Returns what was found with the client, once: whoever looks again looks at it as it is by then."""
        presented, self.presented = self.presented, None
        return presented if presented is not None and presented.is_found else None

    @property
    def resource_names(self) -> tuple[str, ...]:
        """The names of the resources, as they are stored."""
        return tuple([one.name for one in self.resources])

    @property
    def defect(self) -> str | None:
        """What is wrong with the parameters, if anything is: the first of it."""
        return next(iter(self.defects.values()), None)


def read_form(
    connection: Connection,
    services: Services,
    *,
    method: str,
    path: str,
    headers: SentHeaders,
    read_body: Callable[[], bytes],
    request_id: str,
    address: str = "",
) -> WireRequest:
    """Returns the request of a token-like endpoint: from a form body alone, never the query string.

    A body of another type is not read.
    """
    is_form = _is_form(headers)
    parameters = parse_parameters(read_body() if is_form else b"")
    return WireRequest(
        parameters.values,
        connection,
        services,
        method=method,
        path=path,
        headers=headers,
        request_id=request_id,
        defects=parameters.defects,
        is_form=is_form,
        address=address,
    )


def _is_form(headers: SentHeaders) -> bool:
    body_type = (headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if body_type:
        return body_type == _FORM_TYPE
    # Without a body there is nothing to name the type of; what is missing then is told by its name.
    length = (headers.get("Content-Length") or "").strip()
    has_body = (length.isdecimal() and length.strip("0") != "") or headers.get("Transfer-Encoding") is not None
    return not has_body
