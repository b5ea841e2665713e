"""Where passkeys are made and used: said by the issuer alone, whatever a request says of its address.

Browsers bind a passkey to a host with a name, and have none for IP addresses. A server for this machine alone is reached
by another name too, ``localhost``, and there its passkeys are.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

_LOCALHOST = "localhost"


class RelyingParty(Struct, frozen=True):
    """``rp_id`` is the host that passkeys are bound to, ``origin`` the address of the pages that may ask for one.

    ``is_at_issuer`` is whether that is where apps send people to.
    """

    rp_id: str
    origin: str
    is_at_issuer: bool = True


def find_relying_party(issuer: str) -> RelyingParty | None:
    """Returns what a passkey is made for; None where there can be none, because the issuer is an IP address."""
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return RelyingParty(host, issuer)
    if not address.is_loopback or parts.scheme != "http":
        return None
    return RelyingParty(_LOCALHOST, f"http://{_LOCALHOST}" + (f":{parts.port}" if parts.port else ""), False)
