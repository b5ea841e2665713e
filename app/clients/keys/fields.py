"""The fields of a client's keys: the set itself, or where it lies."""

from app.clients.field import has
from app.clients.keys.key_set import find_jwks_problems, find_jwks_uri_problems
from app.clients.kinds import KeySet, Text
from app.sentences import _

JWKS: str = has(
    "",
    KeySet(),
    find_jwks_problems,
    wire="jwks",
    label=_("Public keys"),
    help=_(
        "For an app that signs what it sends to the token endpoint (private_key_jwt): its public keys, as a JSON Web Key"
        " Set. Never the private ones. It can then do without a secret."
    ),
    option="Its public keys, as a JSON Web Key Set.",
)
JWKS_URI: str = has(
    "",
    Text(),
    find_jwks_uri_problems,
    wire="jwks_uri",
    label=_("Address of its public keys"),
    help=_("In place of the keys themselves: where they lie, as in https://app.example.com/jwks.json."),
    option="Where its public keys lie, in place of the keys themselves.",
)
