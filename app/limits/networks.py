"""What is counted as one address."""

from ipaddress import ip_address, ip_network


def network_of(address: str) -> str:
    """Returns what is counted as one address: an IPv4 address, or the /64 that one IPv6 customer has at least."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False))
