"""The address of the mail server: read once, and named without its password."""

from enum import Enum
from urllib.parse import SplitResult, unquote, urlsplit

import idna
from msgspec import Struct

_EXAMPLE = (
    "as in smtps://user:password@mail.example.com, smtp+starttls://user:password@mail.example.com:587,"
    " or smtp://127.0.0.1:25."
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Security(Enum):
    """How a connection is kept from others."""

    #: TLS from the first byte.
    TLS = 465
    #: STARTTLS, and nothing without it.
    STARTTLS = 587
    #: STARTTLS where the server offers it; never a password without. A server on this machine is spoken to as it is.
    AS_OFFERED = 25


_SCHEMES = {"smtps": Security.TLS, "smtp+starttls": Security.STARTTLS, "smtp": Security.AS_OFFERED}


class SmtpServer(Struct, frozen=True):
    """Where letters are given to, and as whom."""

    # Shows none of its values.
    __repr__ = object.__repr__

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""

    @property
    def is_on_this_machine(self) -> bool:
        """Whether what is sent there leaves no machine."""
        return self.host in _LOOPBACK

    @property
    def plain_credentials(self) -> str:
        """User and password as AUTH PLAIN has them (:rfc:`4616#section-2`)."""
        return f"\0{self.user}\0{self.password}"

    @property
    def name(self) -> str:
        """The server in words, without user and password."""
        return f"{self.host}:{self.port}"


def read_smtp_url(text: str) -> SmtpServer:
    """Returns the server. Raises ``ValueError`` with a sentence that repeats nothing of it: it may hold a password."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, _read_host(parts.hostname or "")
    except (ValueError, idna.IDNAError):
        raise ValueError(f"SMTP_URL has a host or a port that is none; give it {_EXAMPLE}") from None
    security = _SCHEMES.get(parts.scheme)
    if security is None:
        raise ValueError(f"SMTP_URL does not begin with smtps://, smtp+starttls:// or smtp://; give it {_EXAMPLE}")
    if not host or port == 0:
        raise ValueError(f"SMTP_URL names no host, or the port 0; give it {_EXAMPLE}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            "SMTP_URL goes on after the host and the port; a '/', '?' or '#' in the user or the password is written"
            f" %2F, %3F or %23, {_EXAMPLE}"
        )
    user, password = _read_credentials(parts)
    return SmtpServer(host, port or security.value, security, user, password)


def _read_host(host: str) -> str:
    return host if host.isascii() else idna.encode(host, uts46=True).decode()


def _read_credentials(parts: SplitResult) -> tuple[str, str]:
    try:
        user = unquote(parts.username or "", errors="strict")
        password = unquote(parts.password or "", errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"SMTP_URL has a user or a password that is not UTF-8; give it {_EXAMPLE}") from None
    if bool(user) != bool(password):
        raise ValueError(f"SMTP_URL has a user or a password, and not both; give it {_EXAMPLE}")
    if any(not letter.isprintable() for letter in user + password):
        raise ValueError(
            f"SMTP_URL has a user or a password with a line break or another sign of control; give it {_EXAMPLE}"
        )
    return user, password
