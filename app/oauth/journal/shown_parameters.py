"""What may be kept and shown of the parameters that a client sent, so that nothing secret is among it.

People send the wrong thing to the wrong place: a code as a scope, a token in an address. So what stays is what is
known, and of the rest only what cannot be a credential.
"""

import re
from collections.abc import Collection

from app.clients.uri import Uri, cut
from app.scopes import OFFLINE_ACCESS, SCOPES

#: Stands where something was left out.
LEFT_OUT = "…"

_MOST_OF_URI = 2000
_MOST_OF_SCOPE = 300
# The grant types that have a name of their own, offered here or not.
_GRANT_TYPES = frozenset(
    (
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "implicit",
        *(f"urn:ietf:params:oauth:grant-type:{name}" for name in ("device_code", "jwt-bearer", "token-exchange")),
    )
)
# A name that somebody made up for a scope: short words of letters. Random text is longer, or has digits.
_SCOPE_NAME = re.compile(r"[A-Za-z]{1,19}([._:/\-]+[A-Za-z]{1,19}){0,9}")
_CREDENTIAL = re.compile(r"rlq_[a-z]{2}_[0-9A-Za-z]*")
# So many characters with a digit among them are perhaps a credential.
_LEAST_OF_CREDENTIAL = 20
_DIGIT = re.compile(r"[0-9]")
# As it stands, or percent-encoded, however often: perhaps in somebody's address.
_AT_SIGN = re.compile(r"@|%(25)*40")


def shown_grant_type(grant_type: str | None) -> str:
    """Returns the grant type if it is one that has a name, else nothing."""
    return grant_type if grant_type in _GRANT_TYPES else ""


def shown_scope(scope: str) -> str:
    """Returns the scope, without what is no name of one."""
    names = [name if _may_be_scope(name) else LEFT_OUT for name in scope.split(" ") if name]
    return " ".join(dict.fromkeys(names))[:_MOST_OF_SCOPE]


def shown_uri(uri: str, known: Collection[str]) -> str:
    """Returns the address: its origin and path as sent, but of the query only names.

    What stands in a known address too, such as a registered one, is shown as it is, so that what differs can be seen. Of the path, a segment is
    left out that could be a credential or name somebody.
    """
    if uri in known:
        return uri
    parts = cut(uri)
    start, origin = "", ""
    if _names_a_host(parts):
        authority = parts.authority or ""
        start = f"{parts.scheme}://{authority}"
        origin = f"{parts.scheme}://{authority.rpartition('@')[2]}"
    rest, hash_, fragment = uri[len(start) :].partition("#")
    path, mark, query = rest.partition("?")
    words = _words_of(known)
    segments = [one if one in words else _harmless(one) for one in path.split("/")]
    pairs = [one if one in words else _without_value(one) for one in query.split("&")]
    shown = origin + "/".join(segments) + mark + "&".join(pairs) + hash_ + (LEFT_OUT if fragment else "")
    return _CREDENTIAL.sub(LEFT_OUT, shown)[:_MOST_OF_URI]


def has_user_name(uri: str) -> bool:
    """Returns whether something stands before the host, which is never shown."""
    parts = cut(uri)
    return _names_a_host(parts) and "@" in (parts.authority or "")


def _names_a_host(parts: Uri) -> bool:
    return parts.has_scheme and parts.authority is not None


def _may_be_scope(name: str) -> bool:
    return name in SCOPES or name == OFFLINE_ACCESS or _SCOPE_NAME.fullmatch(name) is not None


def _words_of(uris: Collection[str]) -> set[str]:
    """The path segments and the ``name=value`` pairs of the addresses."""
    return {word for uri in uris for word in re.split(r"[/?&]", uri)}


def _without_value(pair: str) -> str:
    name, equals, value = pair.partition("=")
    name = "/".join(_harmless(one) for one in name.split("/"))
    return name + equals + (LEFT_OUT if value else "")


def _harmless(segment: str) -> str:
    """The segment, unless it could be a credential or name somebody; in a time that grows with its length alone."""
    may_be_credential = len(segment) >= _LEAST_OF_CREDENTIAL and _DIGIT.search(segment)
    return LEFT_OUT if may_be_credential or _AT_SIGN.search(segment) else segment
