"""What a client library can find out by itself (:rfc:`8414`, :rfc:`9728`)."""

from typing import Any

from flask import Response, jsonify

from app.config import settings
from app.consents.details import TYPE
from app.consents.resources import API, MCP
from app.http.doors import META
from app.http.routes import Blueprint
from app.oauth.resources import address_of
from app.scopes import SCOPES

# draft-ietf-oauth-client-id-metadata-document-02 section 6.
_READS_DOCUMENTS = {"client_id_metadata_document_supported": True}

blueprint = Blueprint("metadata", __name__, door=META)


@blueprint.get("/.well-known/oauth-authorization-server")
def authorization_server_metadata() -> Response:
    """Where the endpoints are and what they can do (:rfc:`8414#section-2`)."""
    issuer = settings().issuer
    auth_methods = ["client_secret_basic", "client_secret_post"]
    registers = {"registration_endpoint": f"{issuer}/oauth/register"} if settings().client_registration != "off" else {}
    reads_documents = {} if "*" in settings().client_document_hosts_denied else _READS_DOCUMENTS
    return jsonify(
        registers
        | reads_documents
        | {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "service_documentation": f"{issuer}/guide/",
            "ui_locales_supported": ["en"],
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": [*auth_methods, "none"],
            "revocation_endpoint_auth_methods_supported": [*auth_methods, "none"],
            "introspection_endpoint_auth_methods_supported": auth_methods,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "authorization_details_types_supported": [TYPE],
            "protected_resources": [issuer, address_of(API, issuer), address_of(MCP, issuer)],
        }
    )


@blueprint.get("/.well-known/oauth-protected-resource")
def protected_resource_metadata() -> Response:
    """Who issues the tokens of the resource at the issuer's own address, which is the API (:rfc:`9728#section-3.1`)."""
    return jsonify(_describe(settings().issuer))


@blueprint.get("/.well-known/oauth-protected-resource/api/v1")
def api_metadata() -> Response:
    """The same for the API at its own address."""
    return jsonify(_describe(address_of(API, settings().issuer)))


@blueprint.get("/.well-known/oauth-protected-resource/mcp")
def mcp_metadata() -> Response:
    """The same for the memory server for agents."""
    return jsonify(_describe(address_of(MCP, settings().issuer)))


def _describe(resource: str) -> dict[str, Any]:
    """Returns the members of :rfc:`9728#section-2`. The resource's address must be the one that was asked for."""
    issuer = settings().issuer
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": settings().site_name,
        "resource_documentation": f"{issuer}/guide/",
        "authorization_details_types_supported": [TYPE],
    }
