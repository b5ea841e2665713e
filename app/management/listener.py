"""Where the management port listens: one more of gunicorn's listeners, so that gunicorn passes it on as it does its own.

It is opened before the first worker is made, survives a reload, and goes over to a new server on USR2.
"""

import errno
import os
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.sock import BaseSocket, TCP6Socket, TCPSocket

Address = tuple[str, int]


def open_management(server: Arbiter, address: Address | None) -> None:
    """Listen there, if anywhere. What prevents it stops the start with one sentence."""
    if address is None:
        return
    if address in server.cfg.address:
        sys.exit(f"Reliquary cannot start: MANAGEMENT_PORT {address[1]} is where requests come in; choose another.")
    listener = next((listener for listener in server.LISTENERS if _is_at(listener, address)), None)
    # After USR2 it is there already.
    if listener is None:
        kind = TCP6Socket if ":" in address[0] else TCPSocket
        try:
            listener = kind(address, server.cfg, server.log)
        except OSError as error:
            sys.exit(f"Reliquary cannot start: {_find_problem(address, error)}")
        server.LISTENERS.append(listener)
    listener.is_management = True


def split_listeners(listeners: list[Any]) -> tuple[list[Any], list[Any]]:
    """Returns those for requests, and those for management."""
    management = [listener for listener in listeners if getattr(listener, "is_management", False)]
    return [listener for listener in listeners if listener not in management], management


def _find_problem(address: Address, error: OSError) -> str:
    """Returns the sentence for an address that cannot be listened to."""
    if error.errno == errno.EADDRINUSE:
        return f"MANAGEMENT_PORT {address[1]} is taken; stop what uses it or choose another."
    # What Python adds to some is a tuple of its own.
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return f"MANAGEMENT_PORT cannot be listened to at {address[0]} port {address[1]}: {reason}."


def _is_at(listener: BaseSocket, address: Address) -> bool:
    name = listener.getsockname()
    return isinstance(name, tuple) and name[:2] == address
