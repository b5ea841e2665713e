"""What may be fetched: how large, of which type, and who must have been asked."""

from msgspec import Struct

from app.limits.table import DOCUMENT_FETCHES, KEYS_FETCHES, LOGO_FETCHES, PROOF_FETCHES, Limit

_JSON = ("application/json",)


class Kind(Struct, frozen=True):
    """A kind of thing to fetch. ``name`` is what logs and metrics call it.

    ``types`` are the media types that it may have; ``takes_json`` adds all that end in ``+json``. Where
    ``obeys_allowed`` is false, the operator's list of allowed hosts says nothing of it, and only the denied ones do.
    """

    name: str
    most_bytes: int
    types: tuple[str, ...]
    takes_json: bool
    obeys_allowed: bool
    limit: Limit


#: A client id metadata document.
DOCUMENT = Kind("document", 5 * 1024, _JSON, takes_json=True, obeys_allowed=True, limit=DOCUMENT_FETCHES)
#: The logo that such a document names.
LOGO = Kind(
    "logo",
    256 * 1024,
    ("image/png", "image/jpeg", "image/webp"),
    takes_json=False,
    obeys_allowed=True,
    limit=LOGO_FETCHES,
)
#: What a resource server says of itself (:rfc:`9728`), by which an organization proves that it is its own.
PROOF = Kind("proof", 5 * 1024, _JSON, takes_json=True, obeys_allowed=False, limit=PROOF_FETCHES)
#: The public keys of an app that nobody registered, and of one that an organization did (:rfc:`7517#section-5`).
STRANGERS_KEYS = Kind("keys", 64 * 1024, _JSON, takes_json=True, obeys_allowed=True, limit=KEYS_FETCHES)
KEYS = Kind("keys", 64 * 1024, _JSON, takes_json=True, obeys_allowed=False, limit=KEYS_FETCHES)
