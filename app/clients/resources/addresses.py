"""The one rule for the addresses of resource servers (:rfc:`8707#section-2`): lists of what may be registered."""

from collections.abc import Iterable, Sequence

from app.clients.address_problems import find_resource_problem, quoted
from app.clients.models import match_address
from app.clients.uri import Uri, cut
from app.sentences import _

MAX_RESOURCES = 20
MAX_LENGTH = 500
_DEFAULT_PORTS = {"https": "443", "http": "80"}


def find_resource_problems(addresses: Sequence[str]) -> Iterable[str]:
    """Returns what is wrong with a list of addresses that are to be registered: one sentence for each."""
    if len(addresses) > MAX_RESOURCES:
        yield _("There are %(count)s resources; %(most)s is the most.", count=len(addresses), most=MAX_RESOURCES)
        return
    matched = [match_address(address) for address in addresses]
    for address in dict.fromkeys(addresses):
        if len(address) > MAX_LENGTH:
            yield _("%(uri)s is longer than %(most)s characters.", uri=quoted(address), most=MAX_LENGTH)
        elif problem := find_resource_problem(address):
            yield problem
        elif matched.count(match_address(address)) > 1:
            yield _("%(uri)s is listed more than once.", uri=quoted(address))


def find_place_problem(address: str, issuer: str) -> str | None:
    """Returns what is wrong with where an address lies, as seen from the issuer; None if nothing is."""
    here, there = cut(issuer), cut(address)
    if _place_of(here) == _place_of(there):
        return _(
            "%(uri)s lies at this server's own address: name the address of your own service.", uri=quoted(address)
        )
    if there.scheme == "http" and here.scheme != "http":
        return _("%(uri)s uses http: on this server only https will do.", uri=quoted(address))
    return None


def _place_of(parts: Uri) -> tuple[str, str]:
    # Scheme and host may name one server in several ways: 127.0.0.1 and localhost are one computer.
    host, port = parts.host_and_port or ("", None)
    return ("loopback" if parts.is_loopback else host, port or _DEFAULT_PORTS.get(parts.scheme, ""))
