"""Where somebody goes next who came with an address: to a path of ours, and nowhere else."""

from urllib.parse import quote, urlsplit


def safe_next(target: str | None, default: str = "/") -> str:
    """Returns ``target`` if it is a path of ours, else ``default``. Never another origin, however it is disguised."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return default
    # Browsers read "\" as "/" and drop control characters before they look.
    if "\\" in target or any(ord(character) <= 0x20 or ord(character) == 0x7F for character in target):
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else target


def address_of(path: str, query: bytes) -> str:
    """Returns the address that leads to where a request with this path and query came."""
    return quote(path) + (f"?{escape_query(query)}" if query else "")


def escape_query(query: bytes) -> str:
    """Returns a query, or a part of one, as an address holds it: only what has no place there is escaped."""
    return quote(query, safe="%/?:@!$&'()*+,;=-._~")
