"""A connection to a host on the public internet: its addresses are looked up once, and only they are connected to."""

import socket

from app.fetch.addresses import is_public, is_same
from app.fetch.deadline import Deadline
from app.fetch.errors import FetchFailed, Why
from app.fetch.lookups import Lookups
from app.fetch.network import Network

#: So many of a host's addresses are tried, and none but the last for longer than a third of what is left.
_MOST_TRIES = 3


def open_connection(network: Network, lookups: Lookups, host: str, deadline: Deadline) -> socket.socket:
    """Returns a connection to port 443 of the host. Raises :class:`FetchFailed`."""
    addresses = lookups.resolve(network.resolve, host, deadline)
    if not addresses:
        raise FetchFailed(Why.UNKNOWN_HOST, host)
    # All of them: a name that has an address within our walls beside one on the internet is no honest host's.
    if not all(map(is_public, addresses)):
        raise FetchFailed(Why.NOT_PUBLIC, host, "by its name")
    tried = addresses[:_MOST_TRIES]
    for more, address in zip(range(len(tried) - 1, -1, -1), tried, strict=True):
        try:
            return _connect(network, host, address, deadline.left() / (3 if more else 1))
        except TimeoutError:
            failed = FetchFailed(Why.TIMEOUT, host, "while it was connected to")
        except OSError as error:
            failed = FetchFailed(Why.UNREACHABLE, host, type(error).__name__)
    raise failed


def _connect(network: Network, host: str, address: str, seconds: float) -> socket.socket:
    connection = network.connect(address, seconds)
    try:
        peer = network.peer_of(connection)
        # Whatever stands between the name and the wire: nothing is sent to another address than the one that was looked at.
        if not is_same(peer, address) or not is_public(peer):
            raise FetchFailed(Why.NOT_PUBLIC, host, "by the other end of the connection")
    except BaseException:
        connection.close()
        raise
    return connection
