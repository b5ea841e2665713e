"""Where supervisors and scrapers ask."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from app.config.errors import ConfigurationError
from app.config.values import Environment, show

_LOOPBACK = "127.0.0.1"


def read_management(environment: Environment) -> dict[str, Any]:
    text = environment.text("MANAGEMENT_PORT")
    return {"management": _read_address(text) if text else None}


def _read_address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    try:
        address = _read_host(host) if colon else _LOOPBACK
        if port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535:
            return address, int(port)
    except AddressValueError:
        pass
    raise ConfigurationError(
        f"MANAGEMENT_PORT is {show(text)}; give a port of 127.0.0.1, as in 9090,"
        " or with the address to listen to, as in 0.0.0.0:9090 or [::1]:9090."
    )


def _read_host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        return str(IPv6Address(host[1:-1]))
    return str(IPv4Address(host))
