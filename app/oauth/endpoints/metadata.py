"""What a client library can find out by itself (:rfc:`8414`, :rfc:`9728`)."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response

from app.clients.keys import ALGORITHMS
from app.clients.models import DEVICE_GRANT, PRIVATE_KEY_JWT
from app.config import Settings
from app.consents.details import TYPE
from app.consents.resources import API, MCP
from app.http.direct.call import Call, Row, both_spellings
from app.http.direct.written import Written, dump_document, write_ready
from app.http.doors import META
from app.http.routes import Blueprint
from app.oauth.calling import answer_by
from app.oauth.resources import address_of
from app.scopes import OF_AGENTS, SCOPES

# draft-ietf-oauth-client-id-metadata-document-02 section 6.
_READS_DOCUMENTS = {"client_id_metadata_document_supported": True}

blueprint = Blueprint("metadata", __name__, door=META)


_SERVER = "/.well-known/oauth-authorization-server"
_ISSUER = "/.well-known/oauth-protected-resource"
_API, _MCP = f"{_ISSUER}/api/v1", f"{_ISSUER}/mcp"


class _Document:
    """One document, written once for the settings that there are. ``describe`` returns its members."""

    def __init__(self, describe: Callable[[Settings], dict[str, Any]]) -> None:
        self._describe = describe
        self._ready: tuple[Settings | None, bytes] = (None, b"")

    def __call__(self, call: Call) -> Written:
        settings = call.services.settings
        written_for, data = self._ready
        if written_for is not settings:
            data = dump_document(self._describe(settings))
            self._ready = (settings, data)
        return write_ready(data, 200, (), call.request_id)


def _describe_server(settings: Settings) -> dict[str, Any]:
    issuer = settings.issuer
    auth_methods, algorithms = ["client_secret_basic", "client_secret_post", PRIVATE_KEY_JWT], list(ALGORITHMS)
    registers = {"registration_endpoint": f"{issuer}/oauth/register"} if settings.client_registration != "off" else {}
    reads_documents = {} if "*" in settings.client_document_hosts_denied else _READS_DOCUMENTS
    return (
        registers
        | reads_documents
        | {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
            "service_documentation": f"{issuer}/guide/",
            "ui_locales_supported": ["en"],
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT],
            "token_endpoint_auth_methods_supported": [*auth_methods, "none"],
            "revocation_endpoint_auth_methods_supported": [*auth_methods, "none"],
            "introspection_endpoint_auth_methods_supported": auth_methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "authorization_details_types_supported": [TYPE],
            "protected_resources": [issuer, address_of(API, issuer), address_of(MCP, issuer)],
        }
    )


def _describe_resource(resource: str, settings: Settings, scopes: Iterable[str] = SCOPES) -> dict[str, Any]:
    """Returns the members of :rfc:`9728#section-2`. The resource's address must be the one that was asked for."""
    issuer = settings.issuer
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
        "resource_name": settings.site_name,
        "resource_documentation": f"{issuer}/guide/",
        "authorization_details_types_supported": [TYPE],
    }


_of_server = _Document(_describe_server)
_of_issuer = _Document(lambda settings: _describe_resource(settings.issuer, settings))
_of_api = _Document(lambda settings: _describe_resource(address_of(API, settings.issuer), settings))
_of_mcp = _Document(lambda settings: _describe_resource(address_of(MCP, settings.issuer), settings, OF_AGENTS))

DIRECT = tuple(
    Row("GET", both_spellings(path), path, META, document)
    for path, document in ((_SERVER, _of_server), (_ISSUER, _of_issuer), (_API, _of_api), (_MCP, _of_mcp))
)


@blueprint.get(_SERVER)
def authorization_server_metadata() -> Response:
    """Where the endpoints are and what they can do (:rfc:`8414#section-2`)."""
    return answer_by(_of_server)


@blueprint.get(_ISSUER)
def protected_resource_metadata() -> Response:
    """Who issues the tokens of the resource at the issuer's own address, which is the API (:rfc:`9728#section-3.1`)."""
    return answer_by(_of_issuer)


@blueprint.get(_API)
def api_metadata() -> Response:
    """The same for the API at its own address."""
    return answer_by(_of_api)


@blueprint.get(_MCP)
def mcp_metadata() -> Response:
    """The same for the memory server for agents."""
    return answer_by(_of_mcp)
