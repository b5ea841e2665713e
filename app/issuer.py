"""The issuer (:rfc:`8414#section-2`): the address that people and apps reach, in its one spelling.

Clients compare it character by character (:rfc:`8414#section-3.3`), and browsers send an ``Origin`` in the spelling of
the URL standard. So another spelling is not mended, which would surprise a client that was given it, but refused with
the one to write.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHAPE = re.compile(r"(https?)://(\[[^][/?#@\s]+\]|[^][:/?#@\s]+)(?::([0-9]{1,5}))?(/?)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MOST_SHOWN = 100


def default_issuer(port: int) -> str:
    """Returns the issuer of a server that only this machine reaches."""
    return "http://127.0.0.1" if port == _DEFAULT_PORTS["http"] else f"http://127.0.0.1:{port}"


def read_issuer(text: str) -> str:
    """Returns the issuer, which is the text. Raises ``ValueError`` with a sentence that says what to write."""
    found = _SHAPE.fullmatch(text)
    if not found:
        raise _other_shape(text, "https://id.example.com")
    scheme, host, port, slash = found[1].lower(), _spell_host(found[2]), found[3], found[4]
    if host is None or (port and not 0 < int(port) < 65536):
        raise _other_shape(text, "https://id.example.com")
    is_default = bool(port) and int(port) == _DEFAULT_PORTS[scheme]
    spelled = f"{scheme}://{host}" + (f":{int(port)}" if port and not is_default else "")
    if is_default:
        raise ValueError(
            f"ISSUER is {_shown(text)}; leave out the port, which browsers and apps leave out too: write {spelled}."
        )
    if spelled != text or slash:
        raise _other_shape(text, spelled)
    if scheme == "http" and host.strip("[]") not in _LOOPBACK:
        raise ValueError(
            f"ISSUER is {_shown(text)}; OAuth needs https, plain http is for 127.0.0.1 and localhost only."
        )
    return text


def loopback_port(issuer: str) -> int | None:
    """Returns the port at which a server for this machine alone is reached, when the issuer names one."""
    return urlsplit(issuer).port if issuer.startswith("http://") else None


def listening_host(issuer: str) -> str:
    """Returns where to listen so that a loopback issuer reaches us, as an address is written in a URL."""
    return "[::1]" if issuer.startswith("http://[::1]") else "127.0.0.1"


def address_at(issuer: str, path: str) -> str:
    """Returns the address of a path at the issuer. Raises ``ValueError`` for what is no path from its root."""
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("An address at the issuer is made of a path that begins with one slash.")
    return issuer + path


def _spell_host(host: str) -> str | None:
    """The host as browsers write it; None when there is no such host."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]" if "%" not in host else None
        except AddressValueError:
            return None
    try:
        host = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return None
    # What ends in a number, browsers read as an IPv4 address, in whatever base and however short.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            return None
    return host


def _other_shape(text: str, spelled: str) -> ValueError:
    return ValueError(
        f"ISSUER is {_shown(text)}; give a scheme and a host alone, in lower case, without a path or a final slash,"
        f" as in {spelled}."
    )


def _shown(text: str) -> str:
    # Between the scheme and an "@" there may be a password.
    text = re.sub(r"(?<=://).*@", "…@", text, flags=re.DOTALL)
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…")
