"""Which client ids are addresses of documents (section 3 of the draft). Each is compared byte for byte."""

from app.clients.address_problems import find_web_address_problem
from app.clients.uri import cut
from app.sentences import _

#: As long as a client id may be.
MOST_CHARACTERS = 500
_START = "https://"


def looks_like_address(client_id: str) -> bool:
    """Returns whether whoever sent this client id means the address of a document, be it one that can be read or not."""
    return cut(client_id).is_of_web


def find_address_problem(client_id: str) -> str | None:
    """Returns what is wrong with an address as the id of a client, as one sentence; None if nothing is.

    The host is looked at by whoever fetches from it.
    """
    if len(client_id) > MOST_CHARACTERS:
        return _("The client_id is longer than %(most)s characters.", most=MOST_CHARACTERS)
    if not client_id.startswith(_START):
        return _("The client_id must begin with https://, in small letters.")
    problem = find_web_address_problem(client_id)
    if problem is not None:
        return problem
    if not cut(client_id).path:
        return _(
            "The client_id has no path: it must be the address of a document, as in https://app.example.com/app.json."
        )
    return None
