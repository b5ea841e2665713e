"""Which addresses lie on the public internet, by the registries of special-purpose addresses (:rfc:`6890`)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: Not on the public internet, whatever Python's release of these registries says.
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            # Azure answers there to each machine of its own, with what only that machine may know.
            "168.63.129.16/32",
            # Teredo, benchmarks, ORCHID and what else IETF protocols use.
            "2001::/23",
            "2001:db8::/32",
            # 6to4: an IPv4 address, which a router nearby would reach.
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
#: All that IANA has given out to be routed.
_UNICAST = ip_network("2000::/3")
#: Stands before an IPv4 address where a network has no other way to those (:rfc:`6052#section-2.1`).
_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Returns whether the address is one that anybody on the internet may reach; false for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            return False
        if parsed in _NAT64:
            parsed = IPv4Address(int(parsed) & 0xFFFFFFFF)
        elif parsed not in _UNICAST:
            return False
    return parsed.is_global and not any(parsed in network for network in _SPECIAL)


def is_same(one: str, other: str) -> bool:
    """Returns whether both are spellings of one address."""
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
