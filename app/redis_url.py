"""The address of Redis: read once, and named without its password."""

from urllib.parse import unquote, urlsplit

_EXAMPLE = "as in redis://:password@127.0.0.1:6379/0, rediss://… for TLS, or unix:///run/redis/redis.sock?db=0."
_MOST_DATABASE = 10_000


def read_redis_url(text: str) -> str:
    """Returns the address. Raises ``ValueError`` with a sentence that repeats nothing of it: it may hold a password."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(f"REDIS_URL has a host or a port that is none; give it {_EXAMPLE}") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"REDIS_URL does not begin with redis://, rediss:// or unix://; give it {_EXAMPLE}")
    if parts.scheme == "unix":
        if not parts.path.startswith("/") or parts.path == "/" or port is not None:
            raise ValueError(f"REDIS_URL names no socket; give its path from the root, {_EXAMPLE}")
    elif not host or port == 0:
        raise ValueError(f"REDIS_URL names no host, or the port 0; give it {_EXAMPLE}")
    number = unquote(parts.path).strip("/") if parts.scheme != "unix" else ""
    if number and not (number.isascii() and number.isdecimal() and int(number) < _MOST_DATABASE):
        raise ValueError(f"REDIS_URL has a database that is no number; give it {_EXAMPLE}")
    from redis import ConnectionPool

    try:
        # What connects later reads more of it, such as the parameters behind a question mark.
        pool = ConnectionPool.from_url(text)
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError):
        raise ValueError(f"REDIS_URL ends in parameters that cannot be read; give it {_EXAMPLE}") from None
    return text


def name_redis(url: str) -> str:
    """Returns Redis in words, without user and password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"Redis at {parts.path}"
    return f"Redis at {parts.hostname}:{parts.port or 6379}"
