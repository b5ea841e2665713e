"""How an organization proves that a resource server is its own: by a file there that names this server (:rfc:`9728`)."""

from collections.abc import Mapping
from typing import Any

from app.clients.address_problems import quoted
from app.clients.models import match_address
from app.clients.uri import cut
from app.sentences import _

_WELL_KNOWN = "/.well-known/oauth-protected-resource"
#: Not of the RFC: by it the service says which client asks about its tokens, so that no other can be taken for it.
_CLIENT = "client_id"


def proof_address(address: str) -> str:
    """Returns where the file must be: what is well known stands before the path (:rfc:`9728#section-3.1`)."""
    parts = cut(match_address(address))
    return f"{parts.scheme}://{parts.authority}{_WELL_KNOWN}{parts.path}"


def example_proof(address: str, issuer: str, client_id: str) -> dict[str, Any]:
    """Returns what the file must hold at least, and by which client the service asks."""
    return {"resource": address, "authorization_servers": [issuer], _CLIENT: client_id}


def find_proof_problem(members: Mapping[str, Any], address: str, issuer: str, client_id: str) -> str | None:
    """Returns why a file does not prove it, as a sentence; None when it does."""
    about, servers = members.get("resource"), members.get("authorization_servers")
    if not isinstance(about, str) or match_address(about) != match_address(address):
        return _("Its member “resource” must be %(uri)s, to the letter.", uri=quoted(address))
    if not isinstance(servers, list) or issuer not in servers:
        return _("Its member “authorization_servers” must be a list that holds %(uri)s.", uri=quoted(issuer))
    if members.get(_CLIENT, client_id) != client_id:
        return _("Its member “client_id” names another app than this one.")
    return None
