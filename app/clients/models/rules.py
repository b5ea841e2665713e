"""What a client may do, by its type and its registration (:rfc:`6749#section-2`)."""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from app.clients.address_problems import find_redirect_uri_problem
from app.clients.private_schemes import allowed_private_schemes
from app.clients.redirect_uris import is_registered, is_web
from app.scopes import format_scope, parse_scope

CONFIDENTIAL, PUBLIC = "confidential", "public"

#: How a client came to be known: an organization registered it, its id is the address of a document about it, or it
#: registered itself.
REGISTERED, DOCUMENT, DYNAMIC = "registered", "document", "dynamic"
ORIGINS = (REGISTERED, DOCUMENT, DYNAMIC)
#: How long a client that no organization registered stays while nobody has allowed it anything; and how long one stays
#: that somebody has, when nobody uses it any more.
UNUSED_FOR, IDLE_FOR = timedelta(days=7), timedelta(days=365)

#: The grant type of devices, whose people enter a code (:rfc:`8628#section-3.4`).
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_GRANT_TYPES = {
    CONFIDENTIAL: ("authorization_code", "refresh_token", "client_credentials"),
    PUBLIC: ("authorization_code", "refresh_token"),
}
#: By a signature is what a client does whose public keys are known (:rfc:`7523#section-2.2`).
PRIVATE_KEY_JWT = "private_key_jwt"
#: How clients of a type authenticate at the token endpoint, by the names of :rfc:`7591#section-2`.
AUTH_METHODS = {
    CONFIDENTIAL: ("client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT),
    PUBLIC: ("none", PRIVATE_KEY_JWT),
}


def _is_usable(registered_uri: str) -> bool:
    return _could_be_registered(registered_uri, allowed_private_schemes())


@lru_cache(maxsize=1024)
def _could_be_registered(registered_uri: str, _schemes: frozenset[str]) -> bool:
    # Asked at each redirect and each code. Only what is registered is kept, never what somebody sends.
    return find_redirect_uri_problem(registered_uri) is None


class ClientRules:
    """What the protocol asks of a client, by the names that Authlib calls; the record and its snapshot both answer.

    They answer from the attributes that both have.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        client_id: str
        origin: str
        type: str
        redirect_uris: list[str]
        scope: str
        implies_profile: bool
        native_app: bool
        require_pkce: bool
        require_pushed: bool
        device_flow: bool

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: ``redirect_uri`` is required at the authorize endpoint."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Returns the resolved scope: the client's own when none is asked for, None when any name is not the client's."""
        registered = parse_scope(self.scope)
        requested = parse_scope(scope) or registered
        return format_scope(requested) if requested and requested <= registered else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Returns whether an answer may go there: registered, and such that it could be registered today.

        The rule runs here too, because what stands in the database may be older than the rule, or have come there
        by another way.
        """
        return self.has_registered(redirect_uri) and _is_usable(redirect_uri)

    def has_registered(self, redirect_uri: str) -> bool:
        # VS Code, for one, registers a web page of its own beside this machine, and listens where a port is free.
        any_port = self.native_app or self.origin != REGISTERED
        return is_registered(redirect_uri, self.redirect_uris, any_port=any_port)

    @property
    def usable_redirect_uris(self) -> list[str]:
        """Those of the registered that an answer may go to, in order."""
        return [uri for uri in self.redirect_uris if _is_usable(uri)]

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in AUTH_METHODS[self.type]

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        # A client credentials token belongs to the organization that owns the client.
        if grant_type == "client_credentials" and self.origin != REGISTERED:
            return False
        if grant_type == DEVICE_GRANT:
            return self.device_flow
        return grant_type in _GRANT_TYPES[self.type]

    @property
    def grant_types(self) -> list[str]:
        """Those by which a person is asked, as a registration names them (:rfc:`7591#section-2`)."""
        by_address = ["authorization_code"] if self.redirect_uris or not self.device_flow else []
        return [*by_address, "refresh_token", *([DEVICE_GRANT] if self.device_flow else [])]

    @property
    def is_confidential(self) -> bool:
        return self.type == CONFIDENTIAL

    @property
    def keeps_first_refresh_end(self) -> bool:
        """Whether its refresh tokens end when the first would have, however often they are rotated.

        So it is for what may run in a browser (:rfc:`10017#section-6.3.2.3`): a public client with the address of
        a web page, unless its admins say that it is a native app, whose address the system hands over to it.
        """
        return self.type == PUBLIC and not self.native_app and any(map(is_web, self.redirect_uris))

    @property
    def demands_pkce(self) -> bool:
        """Whether a ``code_challenge`` must be sent: by whoever is public or known by its own words alone, by others when
        so registered.
        """
        return self.type == PUBLIC or self.origin != REGISTERED or self.require_pkce
