"""What a client library can find out by itself (:rfc:`8414`, :rfc:`9728`)."""

from flask import Response, jsonify

from app.config import settings
from app.consents.details import TYPE
from app.http.doors import META
from app.http.routes import Blueprint
from app.scopes import SCOPES

blueprint = Blueprint("metadata", __name__, door=META)


@blueprint.get("/.well-known/oauth-authorization-server")
def authorization_server_metadata() -> Response:
    """Where the endpoints are and what they can do (:rfc:`8414#section-2`)."""
    issuer = settings().issuer
    auth_methods = ["client_secret_basic", "client_secret_post"]
    return jsonify(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
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
            "protected_resources": [issuer],
        }
    )


@blueprint.get("/.well-known/oauth-protected-resource")
def protected_resource_metadata() -> Response:
    """Who issues the tokens of the resource API (:rfc:`9728#section-2`)."""
    issuer = settings().issuer
    return jsonify(
        {
            "resource": issuer,
            "authorization_servers": [issuer],
            "scopes_supported": list(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": settings().site_name,
        }
    )
